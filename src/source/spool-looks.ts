import { digestOf } from '../codec/digest.ts';
import type { Fingerprint } from '../core/message.ts';
import { Dir } from '../io/dir.ts';
import type { FileId } from '../io/in-use.ts';
import { printable } from '../io/names.ts';
import type { ListedMailbox, MailAccount } from './mail-account.ts';
import { unlessHidden } from './rejected.ts';
import { sameFingerprint } from './spool.ts';
import type { Surroundings } from './surroundings.ts';

/** A file that whoever works on a mailbox holds open. */
export interface WatchedFile {
  /** Printable. */
  readonly path: string;
  readonly id: FileId;
  readonly role: 'spool' | 'index' | 'session';
}

/** One mailbox that was listed, looked at and not read. */
interface ListedSpool {
  readonly mailbox: ListedMailbox;
  readonly print: Fingerprint;
}

/** One spool and what lies around it. */
export interface SpoolLook extends ListedSpool {
  readonly dotlock: Surroundings['dotlock'];
  /** The spool itself, Dovecot's index, and what a session of UW's servers locks. */
  readonly watched: readonly WatchedFile[];
}

/** All mailboxes of an account as they are now. One that vanishes meanwhile, or may not be opened, is left out. */
export function listSpools(account: MailAccount): ListedSpool[] {
  return account.list().mailboxes.flatMap((mailbox) => {
    const print = unlessHidden(mailbox.path, () => account.fingerprint(mailbox));
    return print === undefined ? [] : [{ mailbox, print }];
  });
}

/** Looks for what lies around mailboxes. */
export function lookAround(account: MailAccount, spools: readonly ListedSpool[]): SpoolLook[] {
  const temp = Dir.openRoot('/tmp', 'source');
  try {
    return spools.map(({ mailbox, print }) => {
      const { dotlock, index, files = [] } = account.surroundings(mailbox);
      const id = { dev: BigInt(print.dev), ino: BigInt(print.ino) };
      const session = sessionFile(temp, id);
      const watched: WatchedFile[] = [
        { path: printable(mailbox.path), id, role: 'spool' },
        ...files.map(({ path, stat }) => ({ path: printable(path), id: stat, role: 'spool' as const })),
        ...index.map(({ path, stat }) => ({ path: printable(path), id: stat, role: 'index' as const })),
        ...(session === undefined ? [] : [session]),
      ];
      return { mailbox, print, dotlock, watched };
    });
  } finally {
    temp?.close();
  }
}

/** What a UW session that may write keeps open and locked, all the while it lasts (docs/formats-uw.md, "Locks"). */
function sessionFile(temp: Dir | undefined, { dev, ino }: FileId): WatchedFile | undefined {
  const name = `.${dev.toString(16)}.${ino.toString(16)}`;
  const stat = temp?.lstat(name);
  return temp === undefined || stat?.kind !== 'file'
    ? undefined
    : { path: printable(temp.join(name)), id: stat, role: 'session' };
}

/** What an account's source was at one moment, to be compared with another. */
export interface SourceState {
  /** By path, latin1. */
  readonly spools: ReadonlyMap<string, Fingerprint>;
  /** Digest of the lists of subscriptions. */
  readonly subscriptions: string;
}

/** Takes the state of an account's source; `spools` where they are at hand already. */
export function sourceState(account: MailAccount, spools = listSpools(account)): SourceState {
  const lists = account.subscribed().raw.map((list) => (list === undefined ? '-' : digestOf(list)));
  return {
    spools: new Map(spools.map(({ mailbox, print }) => [mailbox.path, print])),
    subscriptions: lists.join(),
  };
}

/** What changed in an account's source, and where. */
export interface SourceChange {
  /** Completes "WHERE …". */
  readonly what: string;
  /** Printable. */
  readonly where: string;
}

export function changesBetween(before: SourceState, now: SourceState, root: string): SourceChange[] {
  const changes: SourceChange[] = [];
  const say = (path: string, what: string) => changes.push({ what, where: printable(path) });
  for (const [path, old] of before.spools) {
    const found = now.spools.get(path);
    if (found === undefined) say(path, 'vanished');
    else if (!sameFingerprint(old, found)) say(path, howChanged(old, found));
  }
  for (const path of now.spools.keys()) if (!before.spools.has(path)) say(path, 'is new');
  if (before.subscriptions !== now.subscriptions) say(root, 'has other subscriptions');
  return changes;
}

function howChanged(old: Fingerprint, now: Fingerprint): string {
  if (old.dev !== now.dev || old.ino !== now.ino) return 'was replaced by another file';
  const more = now.size - old.size;
  if (more === 0) return 'was changed';
  return more > 0 ? `grew by ${more} bytes` : `shrank by ${-more} bytes`;
}
