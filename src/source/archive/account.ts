import { SpoolsyncError } from '../../core/errors.ts';
import type { Fingerprint } from '../../core/message.ts';
import { Dir } from '../../io/dir.ts';
import type { OpenFile } from '../../io/file.ts';
import { printable, splitPath } from '../../io/names.ts';
import { sharedFileSystem } from '../../io/network-fs.ts';
import { accountOwner } from '../../io/owner.ts';
import { tryReadLock } from '../../io/read-lock.ts';
import type { Account } from '../accounts.ts';
import { type Placement, placeMailboxes } from '../folders.ts';
import { isLeftOut } from '../left-out.ts';
import type { ListedMailbox, Listing, MailAccount, SubscribedNames } from '../mail-account.ts';
import { unlessHidden } from '../rejected.ts';
import { dotlockIn, type Surroundings } from '../surroundings.ts';
import {
  type ArchiveListing,
  type ArchiveRules,
  listOneFile,
  listPeriods,
  openArchiveFile,
} from './files.ts';

interface OpenPlace {
  readonly dir: Dir;
  /** Where the archive is one file: its name. */
  readonly single: string | undefined;
  readonly owner: number;
  readonly ownerFrom: ArchiveRules['ownerFrom'];
}

/**
 * The archive of one list: a directory of months, or one cumulative mbox. It has one mailbox, INBOX. Files are opened without
 * following anything, and checked to be the owner's of the directory, or of the group that shares it (`openArchiveFile`).
 */
export class ArchiveAccount implements MailAccount {
  readonly user: string;
  readonly owner: number;
  readonly rootPath: string;
  readonly hasRoot = true;
  /** Whether it is one file. */
  readonly isSingle: boolean;
  readonly #dir: Dir;
  readonly #single: string | undefined;
  readonly #rules: ArchiveRules;

  private constructor({ user, places, exclude }: Account, { dir, single, owner, ownerFrom }: OpenPlace) {
    this.user = user;
    this.rootPath = places.root;
    this.owner = owner;
    this.isSingle = single !== undefined;
    this.#dir = dir;
    this.#single = single;
    this.#rules = { owner, ownerFrom, isLeftOut: (name) => isLeftOut(exclude, [name]) };
  }

  /** Opens an archive; neither directory nor file: `SOURCE_MISSING`, unsafe: `SOURCE_UNSAFE`. Close it. */
  static open(account: Account): ArchiveAccount {
    const { root } = account.places;
    const { dir: above, name } = splitPath(root);
    const parent = Dir.openRoot(above, 'source');
    let stat: ReturnType<Dir['lstat']>;
    try {
      stat = name === '' ? undefined : parent?.lstat(name);
      if (parent !== undefined && stat?.kind === 'file') {
        const ownerFrom = parent.stat.uid === 0 ? 'file' : 'root';
        const owner = accountOwner(parent.stat, stat) ?? stat.uid;
        return new ArchiveAccount(account, { dir: parent.reopen(), single: name, owner, ownerFrom });
      }
    } finally {
      parent?.close();
    }
    const dir = Dir.openRoot(root, 'source');
    if (dir !== undefined) {
      const place = { dir, single: undefined, owner: dir.stat.uid, ownerFrom: 'root' } as const;
      return new ArchiveAccount(account, place);
    }
    throw new SpoolsyncError('SOURCE_MISSING', `${printable(account.user)} has no archive`, {
      place: printable(root),
      advice: `check the location; looked for ${printable(root)}`,
    });
  }

  sharedFileSystems(): readonly string[] {
    const name = sharedFileSystem(this.#dir);
    return name === undefined ? [] : [name];
  }

  list(): Listing<ListedMailbox> {
    const inbox: ListedMailbox = { parts: ['INBOX'], path: this.path, isInbox: true };
    const listing = this.look();
    return { mailboxes: listing === undefined ? [] : [inbox], rejected: listing?.rejected ?? [] };
  }

  /** The archive's files as they are now; `undefined`: its one file is gone. */
  look(): ArchiveListing | undefined {
    if (this.#single === undefined) return listPeriods(this.#dir, this.#rules);
    const file = this.openFile(this.#single);
    file?.close();
    return file && listOneFile(this.#single, file.stat);
  }

  /** Opens one of its files; `undefined`: it is gone. */
  openFile(name: string): OpenFile | undefined {
    return openArchiveFile(this.#dir, name, this.#rules);
  }

  /** Where it is, behind trusted links: latin1. */
  get path(): string {
    return this.#single === undefined ? this.#dir.path : this.pathOf(this.#single);
  }

  /** The path of one of its files: latin1. */
  pathOf(name: string): string {
    return this.#dir.join(name);
  }

  place(mailboxes: readonly ListedMailbox[]): readonly Placement[] {
    return mailboxes.map(() => ({ ok: true, folder: '', changed: false }));
  }

  placeName(parts: readonly string[]): Placement {
    return placeMailboxes([parts])[0] as Placement;
  }

  fingerprint(): Fingerprint | undefined {
    return this.look()?.print;
  }

  surroundings(): Surroundings {
    const single = this.#single;
    const dotlock =
      single === undefined ? undefined : unlessHidden(this.rootPath, () => dotlockIn(this.#dir, single));
    return {
      dotlock,
      index: [],
      files: this.#files().map(({ name, stat }) => ({ path: this.pathOf(name), stat })),
    };
  }

  isLockedElsewhere(): boolean {
    return this.#files().some(({ name }) => {
      const file = this.openFile(name);
      try {
        return file !== undefined && tryReadLock(file.fd) === 'busy';
      } finally {
        file?.close();
      }
    });
  }

  subscribed(): SubscribedNames {
    return { names: undefined, rejected: [], raw: [] };
  }

  close(): void {
    this.#dir.close();
  }

  #files() {
    return (unlessHidden(this.rootPath, () => this.look())?.periods ?? []).flatMap(({ files }) => files);
  }
}
