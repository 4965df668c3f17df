import type { MailboxEvent } from './events.ts';
import type { PassTotals } from './history.ts';

/** Adds a mailbox that is done to the totals of a pass, or of a run. */
export function addMailbox(
  totals: { -readonly [K in keyof PassTotals]: number },
  { messages, bytes, added, reflagged, renumbered = 0, removed }: MailboxEvent,
): void {
  totals.mailboxes++;
  totals.messages += messages;
  totals.bytes += bytes;
  totals.added += added;
  totals.reflagged += reflagged;
  totals.renumbered += renumbered;
  totals.removed += removed;
}
