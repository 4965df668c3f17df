import { createHash } from 'node:crypto';
import { parseOwnBaseName } from '../codec/maildir/name.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { MAX_UID } from '../core/limits.ts';
import type { MailboxFacts, MessageRecord, Scanned } from '../core/message.ts';
import { baseOf } from '../maildir/base-of.ts';
import { assignUids, numberUnknown } from '../plan/pairing.ts';

/** What numbers a mailbox has had so far, from its manifest or, without one, from the target's uidlist. */
export interface OldNumbers {
  readonly uidValidity: number;
  /** UIDNEXT of the source. */
  readonly uidNext: number;
  /** UIDNEXT of the target, where mail of others counts, too. */
  readonly targetNext?: number;
}

/** What a source says of its numbers. */
export interface SourceNumbers {
  readonly uidValidity: number | undefined;
  /** Whether a server would number all of it anew, so that its numbers do not count. */
  readonly renumbered: boolean;
  readonly uidNext: number;
  readonly keywords: readonly string[];
  readonly extensions?: readonly string[];
}

/**
 * UIDVALIDITY, and who gives the UIDs: the source where it has numbers that count, else spoolsync, which then keeps
 * to what it gave before. `now` (seconds since 1970) becomes the UIDVALIDITY of a mailbox that never had one, which is
 * what Dovecot would give it.
 */
export function numbersOf(totals: SourceNumbers, old: OldNumbers | undefined, now: number): MailboxFacts {
  const { keywords, extensions } = totals;
  const more = { keywords, ...(extensions !== undefined && { extensions }) };
  if (totals.uidValidity !== undefined && !totals.renumbered) {
    const { uidValidity } = totals;
    const before = old?.uidValidity === uidValidity ? old.uidNext : 1;
    const uidNext = Math.min(MAX_UID, Math.max(totals.uidNext, before));
    return { uidValidity, numbered: true, uidNext, ...more };
  }
  const uidNext = Math.max(old?.uidNext ?? 1, old?.targetNext ?? 1);
  return { uidValidity: old?.uidValidity ?? now, numbered: false, uidNext, ...more };
}

/** Messages that have a UID of ours, in UID order. */
export interface Numbered {
  records(): Iterable<MessageRecord>;
}

/**
 * The UIDs that spoolsync gave in a folder whose manifest is lost, from the names of its files: under the UIDVALIDITY
 * that the folder still has, no UID may ever mean another message. A date before 1970 is not in a name; such a message
 * gets a new UID.
 *
 * @param bases base names, in any order
 */
export function numberedByName(bases: Iterable<string>): Numbered {
  const unknown = { flags: 0, keywords: [], start: 0, end: 0 };
  const records = [...bases].flatMap((base): MessageRecord[] => {
    const name = parseOwnBaseName(base);
    if (name === undefined) return [];
    const { seconds: date, uid, digest, size, vsize } = name;
    return [{ ...unknown, date, uid, digest, size, vsize }];
  });
  const byUid = new Map(records.sort((a, b) => b.uid - a.uid).map((record) => [record.uid, record]));
  const unique = [...byUid.values()].sort((a, b) => a.uid - b.uid);
  return { records: () => unique };
}

/** Messages whose UIDs spoolsync gave: the manifest's, and those of files that a pass made which was cut off. */
export function knownNumbers(
  { numbered }: MailboxFacts,
  manifest: Numbered | undefined,
  inventory: { readonly own: ReadonlyMap<string, string> } | undefined,
): Numbered {
  if (numbered) return { records: () => [] };
  if (manifest === undefined) return numberedByName(inventory?.own.keys() ?? []);
  if (inventory === undefined) return manifest;
  const unknown = new Set(inventory.own.keys());
  for (const record of manifest.records()) unknown.delete(baseOf(record));
  const known = new Set([...manifest.records()].map(({ uid }) => uid));
  const more = [...numberedByName(unknown).records()].filter(({ uid }) => !known.has(uid));
  if (more.length === 0) return manifest;
  return { records: () => [...manifest.records(), ...more].sort((a, b) => a.uid - b.uid) };
}

/**
 * The messages of a scan with their UIDs, in UID order; new ones are numbered behind all that ever were. `identified`: the
 * scan has told by their files which messages are known, and gives them their UIDs, in order, and the others 0.
 */
export function* withUids(
  facts: MailboxFacts,
  before: Numbered,
  scan: Iterable<Scanned>,
  identified = false,
): Generator<Scanned, void, void> {
  if (facts.numbered) {
    yield* scan;
    return;
  }
  let next = facts.uidNext;
  for (const { uid } of before.records()) next = Math.max(next, uid + 1);
  if (next >= MAX_UID) throw outOfUids(next);
  if (identified) yield* numberUnknown(before.records(), scan, next);
  else yield* assignUids(before.records(), scan, next);
}

function outOfUids(next: number): SpoolsyncError {
  return new SpoolsyncError('TARGET_DAMAGED', `the next UID would be ${next}, which is none`, {
    advice: 'look at the first line of dovecot-uidlist in the target folder: its N is too high',
  });
}

/**
 * The GUID of a mailbox that has none yet: the same in every run, so that a repeated first run gives the same bytes, and
 * another for each account, so that it tells whose mail lies in a folder whose manifest is lost.
 */
export function mailboxGuid(user: string, target: string, folder: string): string {
  const hash = createHash('sha256').update(`spoolsync mailbox\0${user}\0${target}\0${folder}`);
  return hash.digest('hex').slice(0, 32);
}
