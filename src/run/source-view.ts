import { assert, SpoolsyncError } from '../core/errors.ts';
import type { Findings, Fingerprint, MailboxFacts, Remembered, Scanned } from '../core/message.ts';
import type { Stretch } from '../core/stretch.ts';
import { isMboxRules, type SourceRules } from '../core/types.ts';
import { sourceUidOf } from '../plan/pairing.ts';
import type { MessageStore } from '../source/maildir/message-store.ts';
import { copyMessage } from '../source/scan.ts';
import { sameFingerprint } from '../source/spool.ts';
import type { Manifest } from '../state/manifest.ts';
import type { ManifestHeader } from '../state/manifest-format.ts';
import type { RunContext } from './context.ts';
import type { MailboxRemarks } from './mailbox-remarks.ts';
import { numbersOf, type OldNumbers } from './numbers.ts';
import type { Reading } from './read-mailbox.ts';

/** What a pass knows of the source of a mailbox: read anew, or from the manifest where nothing can have changed. */
export interface SourceView {
  readonly rules: SourceRules;
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
  /** What decides how it reads: see `readingKey`. */
  readonly reading: string;
  /** GUID of the mailbox, where the source has one. */
  readonly guid?: string | undefined;
  /** Rights on the mailbox, as in `dovecot-acl`; `as-left`: what they were at the last pass. */
  readonly acl?: Buffer | 'as-left' | undefined;
  /** Whether the records tell by their files who they are: see `withUids`. */
  readonly identified: boolean;
  facts(old: OldNumbers | undefined, now: number): MailboxFacts;
  /** In file order, with the source's own UIDs where it has any. */
  records(): Iterable<Scanned>;
  /** The same; what is as the manifest has it may come as stretches of it. */
  items(): Iterable<Scanned | Stretch>;
  /** Opens what a message is to be copied from, where that takes time; to be awaited before `copy`. */
  ready?(message: Scanned): Promise<void>;
  /** Reads a message again; `SOURCE_MOVED` if it is not what it was. */
  copy(message: Scanned, store: MessageStore): void;
}

/** A source that has been read. Close it after use. */
export interface OpenSource extends SourceView {
  /** Bytes that were read. */
  readonly read: number;
  /** Whether all of it was taken: not so where it kept changing. */
  readonly whole: boolean;
  /** Says what all of it has shown, beside what was said while it was read. */
  announce(remarks: MailboxRemarks): void;
  close(): void;
}

/** Grows when the same spool reads differently than before: what an older spoolsync made of it is then not taken over. */
const READER = 1;

/** What decides how a spool reads, as text: this reader, and the options. */
export function readingKey({ reading }: Pick<RunContext, 'reading'>): string {
  return `${READER} ${reading.rules} ${reading.zone.name} ${reading.unquote}${uidlKey(reading)}`;
}

/** The same for what decides about UIDLs. */
export function uidlKey({ uidls }: RunContext['reading']): string {
  return uidls === undefined ? '' : ` ${uidls.text}`;
}

export function sourceOf(context: RunContext, reading: Reading, indexes: boolean): OpenSource {
  const { spool, totals, spill, complete } = reading;
  return {
    reading: readingKey(context),
    identified: false,
    read: spool.size,
    whole: complete === spill.count,
    announce: (remarks) => remarks.totals(reading, indexes),
    close: () => reading.close(),
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
      if (copied?.digest !== message.digest) throw messageMoved(`${spool.place}:${message.start}`);
    },
  };
}

/** Nothing is ever copied from it: what the target lacks of an unchanged source its user removed. */
export function sourceFromManifest({ header, records, stretches, blocks }: Manifest): SourceView {
  const { uidValidity, numbered, uidNext, keywords, extensions } = header;
  const facts = { uidValidity, numbered, uidNext, keywords, ...(extensions !== undefined && { extensions }) };
  return {
    reading: header.reading,
    acl: 'as-left',
    identified: !isMboxRules(header.rules),
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
    facts: () => facts,
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

/** Whether a source is what it was when the manifest was made, and would read the same. */
export function isUnchanged(
  header: ManifestHeader,
  { fingerprint, reading }: { readonly fingerprint: Fingerprint; readonly reading: string },
): boolean {
  return header.settled && header.reading === reading && sameFingerprint(header.source, fingerprint);
}

/** A message of the source is no more what was read of it. */
export function messageMoved(place: string): SpoolsyncError {
  return new SpoolsyncError('SOURCE_MOVED', 'a message changed between two looks at it', {
    place,
    advice: 'run the same command again',
  });
}
