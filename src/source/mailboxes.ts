import { SpoolsyncError } from '../core/errors.ts';
import type { Fingerprint } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import { printable, splitPath } from '../io/names.ts';
import { sharedFileSystem } from '../io/network-fs.ts';
import { accountOwner } from '../io/owner.ts';
import { tryReadLock } from '../io/read-lock.ts';
import type { Account } from './accounts.ts';
import { type Placement, placeMailboxes } from './folders.ts';
import type { ListedMailbox, Listing, MailAccount, SubscribedNames } from './mail-account.ts';
import { openOrReject, openOwn, readOwnAt } from './own-file.ts';
import { type Rejected, refusalOf, rejectedBy, unlessHidden } from './rejected.ts';
import { fingerprintOf } from './spool.ts';
import { subscribedNames } from './subscribed.ts';
import { dotlockIn, indexFilesIn, type Surroundings } from './surroundings.ts';
import { openBelow, walkMailRoot } from './walk.ts';

/** One mbox file of an account; its parts are modified UTF-7 where Dovecot wrote them. */
export interface SourceMailbox extends ListedMailbox {
  readonly kind: 'mailbox';
  /** Present where Dovecot has an index of this mailbox: the file alone may then lack flags, UIDs or more. */
  readonly index?: {
    /** When `dovecot.index.log` last changed (ns); newer than the mbox file means that the file may lag behind. */
    readonly logMtimeNs: bigint | undefined;
  };
}

interface OpenPlaces {
  readonly root: Dir | undefined;
  readonly inboxDir: Dir | undefined;
  readonly inboxName: string;
  readonly rejected: readonly Rejected[];
}

/** Subscriptions as raw bytes. */
export interface SubscriptionFiles {
  /** Dovecot's `.subscriptions`, version 1 or 2. */
  readonly dovecot: Buffer | undefined;
  /** UW's `.mailboxlist`: one name per line. */
  readonly uw: Buffer | undefined;
  readonly rejected: readonly Rejected[];
}

/**
 * An account's mbox files, listed and opened without following anything; every directory and file is checked, once
 * opened, to be the account owner's (io/owner.ts).
 */
export class MboxAccount implements MailAccount<SourceMailbox> {
  readonly user: string;
  /** uid that all files must belong to. */
  readonly owner: number;
  readonly #places: Account['places'];
  readonly #root: Dir | undefined;
  readonly #inboxDir: Dir | undefined;
  readonly #inboxName: string;
  readonly #rejected: readonly Rejected[];
  /** The directory below the mail root that was looked into last: mailboxes come sorted, and many lie in one. */
  #last: { readonly key: string; readonly dir: Dir } | undefined;

  private constructor(account: Account, places: OpenPlaces, owner: number) {
    this.user = account.user;
    this.owner = owner;
    this.#places = account.places;
    this.#root = places.root;
    this.#inboxDir = places.inboxDir;
    this.#inboxName = places.inboxName;
    this.#rejected = places.rejected;
  }

  /**
   * Opens an account; neither mail root nor INBOX on the disk: `SOURCE_MISSING`. Of root and INBOX one may be unsafe: it
   * is then `rejected` in the listing, and the other read. Close it.
   */
  static open(account: Account): MboxAccount {
    const { root: rootPath, inbox: inboxPath = `${rootPath}/inbox` } = account.places;
    const inbox = splitPath(inboxPath);
    const rejected: Rejected[] = [];
    const root = openOrReject(rootPath, rejected);
    const inboxDir = inbox.dir === rootPath ? root : openOrReject(inbox.dir, rejected);
    const stat = inboxDir?.lstat(inbox.name);
    const owner = accountOwner(root?.stat, stat?.kind === 'file' ? stat : undefined) ?? stat?.uid;
    if (owner !== undefined)
      return new MboxAccount(account, { root, inboxDir, inboxName: inbox.name, rejected }, owner);
    inboxDir?.close();
    const [first] = rejected;
    if (first !== undefined) throw refusalOf(first);
    throw new SpoolsyncError('SOURCE_MISSING', `${printable(account.user)} has neither mail root nor INBOX`, {
      place: printable(rootPath),
      advice: `check the location; looked for ${printable(rootPath)} and ${printable(inboxPath)}`,
    });
  }

  /** Path of the mail root, latin1. */
  get rootPath(): string {
    return this.#places.root;
  }

  /** Whether the mail root is there. */
  get hasRoot(): boolean {
    return this.#root !== undefined;
  }

  /** The kinds of file systems of the account that other hosts may work on. */
  sharedFileSystems(): readonly string[] {
    const dirs = [this.#root, this.#inboxDir].filter((dir) => dir !== undefined);
    return [...new Set(dirs.flatMap((dir) => sharedFileSystem(dir) ?? []))];
  }

  /** INBOX and every mailbox below the mail root. */
  list(): Listing<SourceMailbox> {
    const mailboxes: SourceMailbox[] = [];
    const rejected: Rejected[] = [...this.#rejected];
    const inbox = this.#inboxDir?.lstat(this.#inboxName);
    const inboxPath = this.#inboxDir?.join(this.#inboxName) ?? '';
    if (inbox !== undefined) {
      try {
        this.#openInbox()?.close();
        mailboxes.push(this.#mailbox(['INBOX'], inboxPath, true));
      } catch (error) {
        rejected.push(rejectedBy(error, inboxPath));
      }
    }
    if (this.#root === undefined) return { mailboxes, rejected };
    const walk = walkMailRoot(this.#root, this.owner, this.#ownDirs());
    rejected.push(...walk.rejected.filter(({ path }) => inbox === undefined || path !== inboxPath));
    for (const { parts, stat } of walk.files) {
      const path = [this.#root.path, ...parts].join('/');
      // INBOX may lie inside the root. With a second hard link the same file is a mailbox of its own there.
      const sameFile = stat.ino === inbox?.ino && stat.dev === inbox.dev;
      if (sameFile && (path === inboxPath || stat.nlink === 1)) continue;
      if (parts.length === 1 && parts[0]?.toUpperCase() === 'INBOX')
        rejected.push({
          path,
          reason: `is hidden: the name INBOX stands for ${printable(this.#places.inbox ?? '')}`,
        });
      else mailboxes.push(this.#mailbox(parts, path, false));
    }
    this.#leave();
    return { mailboxes, rejected };
  }

  place(mailboxes: readonly SourceMailbox[]): readonly Placement[] {
    return placeMailboxes(mailboxes.map(({ isInbox, parts }) => (isInbox ? [] : parts)));
  }

  placeName(parts: readonly string[]): Placement {
    return placeMailboxes([parts])[0] as Placement;
  }

  fingerprint(mailbox: SourceMailbox): Fingerprint | undefined {
    const file = this.openMailbox(mailbox);
    file?.close();
    return file && fingerprintOf(file.stat);
  }

  isLockedElsewhere(mailbox: SourceMailbox): boolean {
    const file = this.openMailbox(mailbox);
    try {
      return file !== undefined && tryReadLock(file.fd) === 'busy';
    } finally {
      file?.close();
    }
  }

  subscribed(): SubscribedNames {
    const { root, control } = this.#places;
    const { dir: home, name } = splitPath(root);
    const files = this.subscriptions(home);
    const raw = [files.dovecot, files.uw];
    const read = subscribedNames(files, name);
    if (read.ok) return { names: read.names, rejected: files.rejected, raw };
    const unknown = { path: `${control ?? root}/.subscriptions`, reason: read.reason };
    return { names: undefined, rejected: [...files.rejected, unknown], raw };
  }

  /** Opens a listed mailbox for reading; `undefined`: it is gone. Changed for something else: `SOURCE_UNSAFE`. */
  openMailbox(mailbox: SourceMailbox): OpenFile | undefined {
    if (mailbox.isInbox) return this.#openInbox();
    const { parts } = mailbox;
    return openOwn(this.#dirBelow(parts.slice(0, -1)), parts.at(-1) ?? '', this.owner);
  }

  /** The dotlock and the index files of a listed mailbox; what may not be looked at is left out. */
  surroundings({ parts, path, isInbox }: SourceMailbox): Surroundings {
    const { name } = splitPath(path);
    const dotlock = unlessHidden(path, () =>
      isInbox ? dotlockIn(this.#inboxDir, name) : dotlockIn(this.#dirBelow(parts.slice(0, -1)), name),
    );
    const index = unlessHidden(path, () => this.#inIndex(parts, indexFilesIn));
    return { dotlock, index: index ?? [] };
  }

  /** Subscription files, where they exist; `home` (latin1) is the user's, if known. */
  subscriptions(home?: string): SubscriptionFiles {
    const { root, control } = this.#places;
    const rejected: Rejected[] = [];
    const dovecot = this.#small(control ?? root, '.subscriptions', rejected);
    const uw = this.#small(root, '.mailboxlist', rejected) ?? this.#small(home, '.mailboxlist', rejected);
    return { dovecot, uw, rejected };
  }

  close(): void {
    this.#leave();
    this.#root?.close();
    this.#inboxDir?.close();
  }

  #openInbox(): OpenFile | undefined {
    const dir = this.#inboxDir;
    if (dir === undefined) return undefined;
    const knownFromRoot = this.#root !== undefined && this.#root.stat.uid !== 0;
    return openOwn(dir, this.#inboxName, this.owner, knownFromRoot ? 'root' : 'file');
  }

  /** A directory below the mail root, open until the next one is asked for. */
  #dirBelow(parts: readonly string[]): Dir | undefined {
    if (this.#root === undefined || parts.length === 0) return this.#root;
    const key = parts.join('/');
    if (this.#last?.key === key) return this.#last.dir;
    this.#leave();
    const dir = openBelow(this.#root, parts, this.owner);
    if (dir !== undefined) this.#last = { key, dir };
    return dir;
  }

  #leave(): void {
    this.#last?.dir.close();
    this.#last = undefined;
  }

  #mailbox(parts: readonly string[], path: string, isInbox: boolean): SourceMailbox {
    const index = this.#index(parts);
    return { kind: 'mailbox', parts, path, isInbox, ...(index === undefined ? {} : { index }) };
  }

  /** An index that cannot be looked at safely counts as none. */
  #index(parts: readonly string[]): SourceMailbox['index'] {
    return unlessHidden(this.#places.index ?? this.#places.root, () =>
      this.#inIndex(parts, (dir) => {
        const log = dir.lstat('dovecot.index.log');
        const any = log ?? dir.lstat('dovecot.index');
        return any === undefined ? undefined : { logMtimeNs: log?.mtimeNs };
      }),
    );
  }

  /**
   * Looks into the index directory of a mailbox. That of `A/B` is `A/.imap/B/` below the mail root or, with `:INDEX=`,
   * below that directory; INBOX's too is there, wherever its file lies (observed with Dovecot 2.3.19).
   */
  #inIndex<T>(parts: readonly string[], look: (dir: Dir) => T): T | undefined {
    const place = this.#places.index ?? this.#places.root;
    if (place === 'MEMORY') return undefined;
    const below = ['.imap', parts.at(-1) ?? ''];
    if (place === this.#places.root) return this.#inDir(this.#dirBelow(parts.slice(0, -1)), below, look);
    const root = openOrReject(place, []);
    try {
      return this.#inDir(root, [...parts.slice(0, -1), ...below], look);
    } finally {
      root?.close();
    }
  }

  /** Looks into a directory below another, if it exists. */
  #inDir<T>(above: Dir | undefined, parts: readonly string[], look: (dir: Dir) => T): T | undefined {
    const dir = above === undefined ? undefined : openBelow(above, parts, this.owner);
    try {
      return dir === undefined ? undefined : look(dir);
    } finally {
      dir?.close();
    }
  }

  /** Index and control directories inside the mail root hold no mailboxes. */
  #ownDirs(): (readonly string[])[] {
    const prefix = `${this.#places.root}/`;
    const dirs = [this.#places.index, this.#places.control];
    return dirs
      .filter((dir) => dir?.startsWith(prefix))
      .map((dir) => (dir ?? '').slice(prefix.length).split('/'));
  }

  #small(dirPath: string | undefined, name: string, rejected: Rejected[]): Buffer | undefined {
    return dirPath === undefined ? undefined : readOwnAt(dirPath, name, this.owner, rejected)?.bytes;
  }
}
