/** What is remembered of the finished passes of an account (docs/manifest.md, "history.jsonl"). */

export type PassCommand = 'convert' | 'final' | 'merge' | 'verify';

/** One finished pass. Sizes are bytes, times seconds if nothing else is said. */
export interface PassEntry {
  readonly command: PassCommand;
  /** Of spoolsync. */
  readonly version: string;
  /** When it began, ISO 8601, UTC. */
  readonly started: string;
  readonly seconds: number;
  readonly totals: PassTotals;
  /** Mailboxes in which nothing had changed. */
  readonly idle: Effort;
  /** Mailboxes that were read or changed: `messages` that changed, `read` of the spools. */
  readonly busy: Effort;
  /** Mailboxes that were compared: `messages` found equal, `read` on both sides together. */
  readonly compared: Effort;
  /** Written to the target: bytes of messages, and files that hold them. */
  readonly written: number;
  readonly files: number;
  /** The mailboxes of `busy`, those with the most changes first; the ones that the line has no room for are in `more`. */
  readonly mailboxes: readonly MailboxChange[];
  readonly more: MoreChanges;
  /** Of a final pass: what was expected of it just before. */
  readonly forecast?: Estimate;
}

export interface PassTotals {
  readonly mailboxes: number;
  readonly messages: number;
  readonly bytes: number;
  readonly added: number;
  readonly reflagged: number;
  readonly renumbered: number;
  readonly removed: number;
  readonly findings: number;
  readonly failures: number;
  readonly differences: number;
}

/** Time spent on one kind of mailboxes, and what it was spent on. */
export interface Effort {
  readonly mailboxes: number;
  readonly messages: number;
  readonly read: number;
  readonly seconds: number;
}

export interface MailboxChange {
  readonly mailbox: string;
  readonly added: number;
  readonly reflagged: number;
  readonly renumbered: number;
  readonly removed: number;
  /** Size of the spool. */
  readonly bytes: number;
  /** Bytes of it that were read. */
  readonly read: number;
}

export interface MoreChanges {
  readonly mailboxes: number;
  /** Messages added, reflagged, renumbered or removed. */
  readonly changes: number;
  readonly read: number;
}

/** A duration in seconds, and between which bounds it is expected to lie. */
export interface Estimate {
  readonly seconds: number;
  readonly low: number;
  readonly high: number;
}

type Changes = Pick<MailboxChange, 'added' | 'reflagged' | 'renumbered' | 'removed'>;

/** How many messages were changed in one way or another. */
export function changesOf({ added, reflagged, renumbered, removed }: Changes): number {
  return added + reflagged + renumbered + removed;
}
