import { SpoolsyncError } from '../../core/errors.ts';
import type { Fingerprint } from '../../core/message.ts';
import { Dir } from '../../io/dir.ts';
import { printable } from '../../io/names.ts';
import { sharedFileSystem } from '../../io/network-fs.ts';
import { accountOwner } from '../../io/owner.ts';
import type { Account } from '../accounts.ts';
import { type Placement, placeMailboxes } from '../folders.ts';
import type { ListedMailbox, Listing, MailAccount, SubscribedNames } from '../mail-account.ts';
import { openOrReject } from '../own-file.ts';
import { type Rejected, refusalOf } from '../rejected.ts';
import { indexFilesIn, lockFileIn, type Surroundings } from '../surroundings.ts';
import { openBelow } from '../walk.ts';
import { folderPrint } from './fingerprint.ts';
import { openParts, type SourceFolder } from './folder.ts';
import { placeFolders } from './places.ts';
import { readSubscribed } from './subscribed.ts';
import { findFolders } from './walk.ts';

/** One folder of a Maildir account. */
export interface MaildirMailbox extends ListedMailbox {
  readonly kind: 'maildir';
  /** Its directory below the mail root, name by name; none for INBOX. */
  readonly below: readonly string[];
}

interface OpenPlaces {
  readonly root: Dir | undefined;
  readonly inbox: Dir | undefined;
  readonly rejected: readonly Rejected[];
}

/**
 * An account's Maildir, Maildir++ or with `:LAYOUT=fs`. Every directory is opened without following anything and checked
 * to be the account owner's (io/owner.ts), the files in it when they are read.
 */
export class MaildirAccount implements MailAccount<MaildirMailbox> {
  readonly user: string;
  readonly owner: number;
  readonly #places: Account['places'];
  readonly #root: Dir | undefined;
  /** The root, or the directory of `:INBOX=`. */
  readonly #inbox: Dir | undefined;
  readonly #rejected: readonly Rejected[];

  private constructor(account: Account, { root, inbox, rejected }: OpenPlaces, owner: number) {
    this.user = account.user;
    this.owner = owner;
    this.#places = account.places;
    this.#root = root;
    this.#inbox = inbox;
    this.#rejected = rejected;
  }

  /** Opens an account; neither Maildir nor INBOX on the disk: `SOURCE_MISSING`. Close it. */
  static open(account: Account): MaildirAccount {
    const { root: rootPath, inbox: inboxPath } = account.places;
    const rejected: Rejected[] = [];
    // Where INBOX lies elsewhere one of the two may be unsafe, and the other is read.
    const root =
      inboxPath === undefined ? Dir.openRoot(rootPath, 'source') : openOrReject(rootPath, rejected);
    const inbox = inboxPath === undefined ? root : openOrReject(inboxPath, rejected);
    const owner = accountOwner(root?.stat, inbox?.stat);
    if (owner !== undefined) return new MaildirAccount(account, { root, inbox, rejected }, owner);
    const [first] = rejected;
    if (first !== undefined) throw refusalOf(first);
    throw new SpoolsyncError('SOURCE_MISSING', `${printable(account.user)} has no Maildir`, {
      place: printable(rootPath),
      advice: `check the location; looked for ${printable(rootPath)}`,
    });
  }

  get rootPath(): string {
    return this.#places.root;
  }

  get hasRoot(): boolean {
    return this.#root !== undefined;
  }

  sharedFileSystems(): readonly string[] {
    const dirs = [this.#root, this.#inbox].filter((dir) => dir !== undefined);
    return [...new Set(dirs.flatMap((dir) => sharedFileSystem(dir) ?? []))];
  }

  list(): Listing<MaildirMailbox> {
    const rejected: Rejected[] = [...this.#rejected];
    const inbox = this.#inbox;
    const mailboxes: MaildirMailbox[] = [];
    if (inbox !== undefined)
      mailboxes.push({ kind: 'maildir', parts: ['INBOX'], path: inbox.path, isInbox: true, below: [] });
    const root = this.#root;
    if (root === undefined) return { mailboxes, rejected };
    const layout = { owner: this.owner, fs: this.#places.layout === 'fs', without: this.#ownDirs() };
    const found = findFolders(root, layout);
    for (const { below, parts } of found.folders) {
      const path = [root.path, ...below].join('/');
      mailboxes.push({ kind: 'maildir', parts, path, isInbox: false, below });
    }
    return { mailboxes, rejected: [...rejected, ...found.rejected] };
  }

  /** Opens a listed mailbox; `undefined`: it is gone. */
  openFolder(mailbox: MaildirMailbox): SourceFolder | undefined {
    const dir = this.#openDir(mailbox);
    if (dir === undefined) return undefined;
    let control: Dir | undefined;
    try {
      control = this.#controlOf(mailbox, dir);
    } catch (error) {
      dir.close();
      throw error;
    }
    return openParts(dir, control, this.owner);
  }

  place(mailboxes: readonly MaildirMailbox[]): readonly Placement[] {
    const names = mailboxes.map(({ isInbox, parts }) => (isInbox ? [] : parts));
    return this.#places.layout === 'fs' ? placeMailboxes(names) : placeFolders(names);
  }

  placeName(parts: readonly string[]): Placement {
    const [place] = this.#places.layout === 'fs' ? placeMailboxes([parts]) : placeFolders([parts]);
    return place as Placement;
  }

  fingerprint(mailbox: MaildirMailbox): Fingerprint | undefined {
    const folder = this.openFolder(mailbox);
    try {
      return folder && folderPrint(folder);
    } finally {
      folder?.close();
    }
  }

  /** The lock of the uidlist, and Dovecot's index. */
  surroundings(mailbox: MaildirMailbox): Surroundings {
    const folder = this.openFolder(mailbox);
    try {
      const dotlock = folder?.control && lockFileIn(folder.control, 'dovecot-uidlist.lock');
      return { dotlock, index: (folder && this.#indexFiles(mailbox, folder)) ?? [] };
    } finally {
      folder?.close();
    }
  }

  /** Nobody locks messages of a Maildir; the uidlist's lock is a file, and among the `surroundings`. */
  isLockedElsewhere(): boolean {
    return false;
  }

  subscribed(): SubscribedNames {
    const { root, control, layout } = this.#places;
    return readSubscribed({ root, control: control ?? root, fs: layout === 'fs', owner: this.owner });
  }

  close(): void {
    this.#root?.close();
    this.#inbox?.close();
  }

  /** A descriptor of its own, so that every folder can be closed alike. */
  #openDir({ isInbox, below }: MaildirMailbox): Dir | undefined {
    const top = isInbox ? this.#inbox : this.#root;
    if (top === undefined) return undefined;
    return isInbox ? top.reopen() : openBelow(top, below, this.owner);
  }

  /**
   * Below `:CONTROL=` and `:INDEX=` INBOX is called `.INBOX`, or `INBOX` with `:LAYOUT=fs`; the others as below the root
   * (observed with Dovecot 2.3.19).
   */
  #below({ isInbox, below }: MaildirMailbox): readonly string[] {
    if (!isInbox) return below;
    return [this.#places.layout === 'fs' ? 'INBOX' : '.INBOX'];
  }

  #controlOf(mailbox: MaildirMailbox, dir: Dir): Dir | undefined {
    const { control } = this.#places;
    return control === undefined ? dir.reopen() : this.#openElsewhere(control, mailbox);
  }

  #openElsewhere(place: string, mailbox: MaildirMailbox): Dir | undefined {
    const top = Dir.openRoot(place, 'source');
    try {
      return top && openBelow(top, this.#below(mailbox), this.owner);
    } finally {
      top?.close();
    }
  }

  #indexFiles(mailbox: MaildirMailbox, folder: SourceFolder): Surroundings['index'] {
    const { index } = this.#places;
    if (index === 'MEMORY') return [];
    if (index === undefined) return indexFilesIn(folder.dir);
    const dir = this.#openElsewhere(index, mailbox);
    try {
      return dir === undefined ? [] : indexFilesIn(dir);
    } finally {
      dir?.close();
    }
  }

  /** Index, control and INBOX directories inside the root hold no folders. */
  #ownDirs(): ReadonlySet<string> {
    const { root, index, control, inbox } = this.#places;
    const inside = [index, control, inbox].filter((dir) => dir?.startsWith(`${root}/`));
    return new Set(inside.map((dir) => (dir ?? '').slice(root.length + 1)));
  }
}
