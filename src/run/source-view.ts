import type { ContentStore } from '../codec/mbox/message-scanner.ts';
import { assert, SpoolsyncError } from '../core/errors.ts';
import type { Findings, Fingerprint, MailboxFacts, Remembered, Scanned } from '../core/message.ts';
import type { Stretch } from '../core/stretch.ts';
import type { MboxRules } from '../core/types.ts';
import { sourceUidOf } from '../plan/pairing.ts';
import { copyMessage } from '../source/scan.ts';
import { fingerprintOf, sameFingerprint } from '../source/spool.ts';
import type { Manifest, ManifestHeader } from '../state/manifest.ts';
import type { RunContext } from './context.ts';
import { numbersOf, type OldNumbers } from './numbers.ts';
import type { Reading } from './read-mailbox.ts';

/** What a pass knows of the source of a mailbox: read anew, or from the manifest where nothing can have changed. */
export interface SourceView {
  readonly rules: MboxRules;
  readonly reason: string;
  readonly ground: ManifestHeader['ground'];
  readonly source: Fingerprint;
  readonly settled: boolean;
  /** Bytes of the spool, decompressed. */
  readonly bytes: number;
  readonly findings: Findings;
  readonly blocks: readonly string[];
  readonly blockSize: number;
  readonly messages: number;
  facts(old: OldNumbers | undefined, now: number): MailboxFacts;
  /** In file order, with the source's own UIDs where it has any. */
  records(): Iterable<Scanned>;
  /** The same; what is as the manifest has it may come as stretches of it. */
  items(): Iterable<Scanned | Stretch>;
  /** Reads a message again; `SOURCE_MOVED` if it is not what it was. */
  copy(message: Scanned, store: ContentStore): void;
}

/** Grows when the same spool reads differently than before: what an older spoolsync made of it is then not taken over. */
const READER = 1;

/** What decides how a spool reads, as text: this reader, and the options. */
export function readingKey({ reading }: Pick<RunContext, 'reading'>): string {
  return `${READER} ${reading.rules} ${reading.zone.name} ${reading.unquote}`;
}

export function sourceOf(reading: Reading): SourceView {
  const { spool, totals, spill, complete } = reading;
  return {
    rules: reading.rules.rules,
    reason: reading.rules.reason,
    ground: reading.rules.ground,
    source: spool.fingerprint,
    settled: reading.settled,
    bytes: spool.size,
    findings: reading.findings,
    blocks: reading.blocks,
    blockSize: reading.blockSize,
    messages: complete,
    facts: (old, now) => numbersOf(totals, old, now),
    records: () => spill.records(complete),
    items: () => spill.items(complete),
    copy: (message, store) => {
      const quiet = { ...reading.options, remark: () => undefined };
      const copied = copyMessage(spool, quiet, message, store);
      if (copied?.digest !== message.digest) throw moved(`${spool.place}:${message.start}`);
    },
  };
}

/** Nothing is ever copied from it: what the target lacks of an unchanged source its user removed. */
export function sourceFromManifest({ header, records, stretches, blocks }: Manifest): SourceView {
  const { uidValidity, numbered, uidNext, keywords } = header;
  return {
    rules: header.rules,
    reason: header.reason,
    ground: header.ground,
    source: header.source,
    settled: header.settled,
    bytes: header.bytes,
    findings: header.findings,
    blocks: [...blocks()],
    blockSize: header.blocks.size,
    messages: header.messages,
    facts: () => ({ uidValidity, numbered, uidNext, keywords }),
    records: () => scannedAgain(records()),
    items: () => stretchesAgain(stretches()),
    copy: ({ uid }) => assert(false, `message ${uid} of a source that was not read`),
  };
}

/** A mailbox that the source has no more. */
export function emptySource(manifest: Manifest): SourceView {
  return {
    ...sourceFromManifest(manifest),
    messages: 0,
    bytes: 0,
    records: () => [],
    items: () => [],
    settled: false,
    blocks: [],
  };
}

function* scannedAgain(records: Iterable<Remembered>, from = 0): Generator<Scanned, void, void> {
  let ordinal = from;
  for (const record of records) {
    const { sourceUid: _uid, gone: _gone, target: _target, ...message } = record;
    yield { ...message, uid: sourceUidOf(record), ordinal: ordinal++, staged: false };
  }
}

function* stretchesAgain(stretches: Iterable<Stretch>): Generator<Scanned | Stretch, void, void> {
  let ordinal = 0;
  for (const stretch of stretches) {
    if (stretch.plain) yield stretch;
    else yield* scannedAgain(stretch.records(), ordinal);
    ordinal += stretch.count;
  }
}

/** Whether a spool is what it was when the manifest was made, and would read the same. */
export function isUnchanged(
  header: ManifestHeader,
  now: Parameters<typeof fingerprintOf>[0],
  key: string,
): boolean {
  return header.settled && header.reading === key && sameFingerprint(header.source, fingerprintOf(now));
}

function moved(place: string): SpoolsyncError {
  return new SpoolsyncError('SOURCE_MOVED', 'a message changed between two looks at it', {
    place,
    advice: 'run the same command again',
  });
}
