import { createHash } from 'node:crypto';
import type { ScanTotals } from '../codec/mbox/message-scanner.ts';
import type { MailboxFacts, MessageRecord } from '../core/message.ts';
import type { Scanned } from '../plan/action.ts';
import { assignUids } from '../plan/plan.ts';
import type { ManifestHeader } from '../state/manifest.ts';

/** What numbers a mailbox has had so far, from its manifest or, without one, from the target's uidlist. */
export interface OldNumbers {
  readonly uidValidity: number;
  readonly uidNext: number;
}

/**
 * UIDVALIDITY, and who gives the UIDs: the source where it has numbers that count, else spoolsync, which then keeps
 * to what it gave before. `now` (seconds since 1970) becomes the UIDVALIDITY of a mailbox that never had one, which is
 * what Dovecot would give it.
 */
export function numbersOf(totals: ScanTotals, old: OldNumbers | undefined, now: number): MailboxFacts {
  const { keywords } = totals;
  if (totals.uidValidity !== undefined && !totals.renumbered) {
    const { uidValidity } = totals;
    const before = old?.uidValidity === uidValidity ? old.uidNext : 1;
    return { uidValidity, numbered: true, uidNext: Math.max(totals.uidNext, before), keywords };
  }
  return { uidValidity: old?.uidValidity ?? now, numbered: false, uidNext: old?.uidNext ?? 1, keywords };
}

/** The messages of a scan with their UIDs, in UID order. `old` are the messages of the manifest. */
export function withUids(
  facts: MailboxFacts,
  manifest: { readonly header: ManifestHeader; records(): Iterable<MessageRecord> } | undefined,
  scan: Iterable<Scanned>,
): Iterable<Scanned> {
  if (facts.numbered) return scan;
  return assignUids(manifest?.records() ?? [], scan, manifest?.header.uidNext ?? 1);
}

/** The GUID of a mailbox that has none yet: the same in every run, so that a repeated first run gives the same bytes. */
export function mailboxGuid(target: string, folder: string, uidValidity: number): string {
  const hash = createHash('sha256').update(`spoolsync mailbox\0${target}\0${folder}\0${uidValidity}`);
  return hash.digest('hex').slice(0, 32);
}
