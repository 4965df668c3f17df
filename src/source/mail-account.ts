import type { Fingerprint } from '../core/message.ts';
import { isYoung } from '../io/stat.ts';
import type { Placement } from './folders.ts';
import type { Rejected } from './rejected.ts';
import type { Surroundings } from './surroundings.ts';

/** A mailbox as it was listed. */
export interface ListedMailbox {
  /** Hierarchy parts as they stand on disk: latin1. INBOX is `['INBOX']`, wherever it lies. */
  readonly parts: readonly string[];
  /** Absolute path, latin1. */
  readonly path: string;
  readonly isInbox: boolean;
}

export interface Listing<M extends ListedMailbox> {
  /** INBOX first, the rest sorted by name. */
  readonly mailboxes: readonly M[];
  readonly rejected: readonly Rejected[];
}

/** Names that an account's users subscribed to. */
export interface SubscribedNames {
  /** Hierarchy parts in the source's spelling (latin1), without repeats; `undefined`: there is no list. */
  readonly names: readonly (readonly string[])[] | undefined;
  /** Lists that cannot be read, or are in a form that is not known. */
  readonly rejected: readonly Rejected[];
  /** What of them is not brought over, though it can be read. */
  readonly notes?: readonly Rejected[];
  /** The lists as they are, for a digest. */
  readonly raw: readonly (Buffer | undefined)[];
}

/** One person's mail on the old server, whatever its format: opened without following anything. */
export interface MailAccount<M extends ListedMailbox = ListedMailbox> {
  readonly user: string;
  /** uid that all files must belong to. */
  readonly owner: number;
  /** Path of the mail root, latin1. */
  readonly rootPath: string;
  /** Whether the mail root is there. */
  readonly hasRoot: boolean;
  /** The kinds of file systems of the account that other hosts may work on. */
  sharedFileSystems(): readonly string[];
  list(): Listing<M>;
  /** The folder of each mailbox in a Maildir++ target; no two get the same. */
  place(mailboxes: readonly M[]): readonly Placement[];
  /** The folder that a subscribed name leads to, where no mailbox bears that name. */
  placeName(parts: readonly string[]): Placement;
  /** What a listed mailbox is now; `undefined`: it is gone. */
  fingerprint(mailbox: M): Fingerprint | undefined;
  /** Lock and index files of a listed mailbox; what may not be looked at is left out. */
  surroundings(mailbox: M): Surroundings;
  /** Whether another host, on a shared file system, holds an fcntl lock on a listed mailbox. */
  isLockedElsewhere(mailbox: M): boolean;
  subscribed(): SubscribedNames;
  close(): void;
}

/** Whether a mailbox changed so lately that a further change may leave it the same times. `now`: milliseconds since 1970. */
export function isYoungMailbox({ mtimeNs, ctimeNs }: Fingerprint, now?: number): boolean {
  return isYoung({ mtimeNs: BigInt(mtimeNs), ctimeNs: BigInt(ctimeNs) }, now);
}
