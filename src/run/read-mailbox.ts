import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ContentStore,
  NOWHERE,
  type ScanOptions,
  type ScanTotals,
} from '../codec/mbox/message-scanner.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Findings } from '../core/message.ts';
import type { OpenFile } from '../io/file.ts';
import { type ChosenRules, scanSpool } from '../source/scan.ts';
import type { Spool } from '../source/spool.ts';
import type { Manifest } from '../state/manifest.ts';
import { formatRecord } from '../state/record-line.ts';
import type { Spill } from '../state/spill.ts';
import type { Remark, RunContext } from './context.ts';
import { readSpool } from './read-spool.ts';

/**
 * Reads one spool to its end, as often as it takes to see one state of it.
 *
 * A spool that is not locked may change while it is read. Then it is read again; one that still only grows is taken up
 * to the last message that was complete; one that changes otherwise is not taken.
 */

export interface ReadInput {
  /** Opens the spool; called once for each attempt. */
  open(): OpenFile;
  /** Whether Dovecot's indexes belong to it. */
  readonly indexes: boolean;
  /** Where the bytes go; `clear` forgets those of an attempt that is repeated. */
  readonly store: ContentStore & { clear(): void };
  readonly remark: Remark;
  /** What the last pass knew of it. */
  readonly known?: Manifest | undefined;
  rules(rules: ChosenRules, place: string): void;
}

/** A spool that has been read. Close it after use. */
export interface Reading {
  readonly spool: Spool;
  readonly options: Omit<ScanOptions, 'onMessage'>;
  readonly rules: ChosenRules;
  readonly totals: ScanTotals;
  readonly spill: Spill;
  /** Whether the spool's times were old enough when it was opened to tell a later change. */
  readonly settled: boolean;
  readonly findings: Findings;
  readonly blocks: readonly string[];
  readonly blockSize: number;
  /** Messages that were taken over from the last pass. */
  readonly reused: number;
  /** Bytes that were framed and filtered: all, unless the last pass knew the rest. */
  readonly framed: number;
  /** How many of the messages count: all, or one less if the spool was growing. */
  readonly complete: number;
  close(): void;
}

/** Milliseconds between attempts, times their number: a delivery lasts no longer. */
const PAUSE = 200;

export async function readMailbox(context: RunContext, input: ReadInput): Promise<Reading> {
  for (let attempt = 1; ; attempt++) {
    const reading = await readSpool(context, input);
    try {
      const moved = howMoved(reading.spool, input);
      if (moved === 'no') return reading;
      if (attempt >= LIMITS.rereads) return await takeComplete(input, reading, moved);
    } catch (error) {
      reading.close();
      throw error;
    }
    reading.close();
    input.store.clear();
    await sleep(PAUSE * attempt);
  }
}

function howMoved(spool: Spool, input: ReadInput): 'no' | 'grew' | 'changed' {
  const now = input.open();
  try {
    return spool.isReplacedBy(now) ? 'changed' : spool.moved();
  } finally {
    now.close();
  }
}

/** A spool that grew: everything but its last message counts, if reading it once more gives the same messages. */
async function takeComplete(input: ReadInput, reading: Reading, moved: 'grew' | 'changed'): Promise<Reading> {
  const { spool, spill, options } = reading;
  const complete = Math.max(0, spill.count - 1);
  const first = spill.records(complete);
  let same = moved === 'grew';
  const onMessage: ScanOptions['onMessage'] = (record) => {
    const next = first.next();
    if (!next.done && formatRecord(next.value) !== formatRecord(record)) same = false;
  };
  const again = { ...options, store: NOWHERE, remark: () => undefined, onMessage };
  if (same) await scanSpool(spool, again, () => undefined);
  if (!same || !first.next().done) {
    throw new SpoolsyncError('SOURCE_MOVED', 'the spool kept changing while it was read, and was not taken', {
      place: spool.place,
      advice: 'run the same command again when its server is quiet',
    });
  }
  const message = 'the spool kept growing while it was read: its last message is left for the next run';
  input.remark('finding', 'SOURCE_MOVED', message, { place: spool.place });
  return { ...reading, complete, settled: false };
}
