import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { NOWHERE } from '../../../src/codec/mbox/message-scanner.ts';
import { createZone } from '../../../src/codec/time-zone.ts';
import type { RunEvent } from '../../../src/core/events.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import type { Remembered, Scanned } from '../../../src/core/message.ts';
import { numbersOf, withUids } from '../../../src/run/numbers.ts';
import { type Reading, readMailbox } from '../../../src/run/read-mailbox.ts';
import { readingKey } from '../../../src/run/source-view.ts';
import { digestBlocks } from '../../../src/source/blocks.ts';
import { Spool } from '../../../src/source/spool.ts';
import type { Manifest } from '../../../src/state/manifest.ts';
import { Random } from '../../helpers/random.ts';
import { EDITS, makeSpool } from '../../helpers/spool-edits.ts';
import { open, tempDir } from '../io/support.ts';
import { messagesIn } from '../state/stretches.ts';

/**
 * A spool is read, changed, and read again with what the first reading knew: the outcome must be that of a reading that
 * knew nothing. Small blocks put their borders everywhere.
 */

const made = createZone('UTC');
if (!made.ok) throw new Error(made.reason);
const reading = { rules: 'auto', zone: made.zone, unquote: 'none' } as const;

interface Outcome {
  readonly records: readonly Scanned[];
  readonly totals: Reading['totals'];
  readonly findings: Reading['findings'];
  readonly said: readonly string[];
  readonly rules: Omit<Reading['rules'], 'dialect'>;
  readonly blocks: readonly string[];
  readonly reused: number;
  readonly framed: number;
  readonly manifest: Manifest;
}

/** Reads the file, and makes the manifest that a pass would leave; what was said is part of the outcome. */
async function read(file: string, blockSize: number, known?: Manifest): Promise<Outcome> {
  const dir = open(path.dirname(file), 'source');
  const said: string[] = [];
  const context = {
    version: '0',
    reading,
    emit: (_: RunEvent) => undefined,
    took: () => undefined,
    checkSignal: () => undefined,
  };
  const result = await readMailbox(context, {
    open: () => dir.openFile(path.basename(file)) ?? raise('no such file'),
    indexes: false,
    store: NOWHERE,
    remark: (severity, code, message, where) => {
      if (severity === 'finding') said.push(`${where?.place ?? ''} ${code} ${message}`);
    },
    rules: () => undefined,
    known,
  });
  try {
    const records = [...result.spill.records(result.complete)];
    const { totals, findings, reused, framed } = result;
    const { dialect: _dialect, ...rules } = result.rules;
    const blocks = await blocksOf(file, blockSize);
    const manifest = manifestOf(result, records, blocks, blockSize, known);
    return { records, totals, findings, said, rules, blocks, reused, framed, manifest };
  } finally {
    result.close();
    dir.close();
  }
}

/** The digests that a pass with blocks of this size would have taken. */
async function blocksOf(file: string, size: number): Promise<readonly string[]> {
  const dir = open(path.dirname(file), 'source');
  const spool = await Spool.open(dir.openFile(path.basename(file)) ?? raise('gone'));
  const blocks = spool.inPlace ? await digestBlocks(spool, size, () => undefined) : [];
  spool.close();
  dir.close();
  return blocks;
}

/** Messages of a stretch, in turn. */
const STRETCHES = [1, 2, 3, 7, 256];

/** Where the source has no UIDs, those that spoolsync gives are remembered in their place. */
function manifestOf(
  result: Reading,
  records: readonly Scanned[],
  blocks: readonly string[],
  size: number,
  before: Manifest | undefined,
): Manifest {
  const { totals, rules, findings, spool } = result;
  const facts = numbersOf(totals, before?.header, 1);
  const numbered = [...withUids(facts, { records: () => before?.records() ?? [] }, records)];
  const remembered = numbered.map(({ ordinal: _o, staged: _s, ...record }): Remembered => record);
  const header = {
    rules: rules.rules,
    reason: rules.reason,
    ground: rules.ground,
    reading: readingKey({ reading }),
    bytes: spool.size,
    findings,
    ...facts,
    uidNext: Math.max(facts.uidNext, (remembered.at(-1)?.uid ?? 0) + 1),
    blocks: { size, count: blocks.length },
  } as unknown as Manifest['header'];
  return {
    header,
    ...messagesIn(remembered, STRETCHES[remembered.length % STRETCHES.length] ?? 1),
    blocks: function* () {
      yield* blocks;
    },
    close: () => undefined,
  };
}

function raise(what: string): never {
  throw new Error(what);
}

/** `undefined` for a file that is refused as a whole. */
async function attempt(work: () => Promise<Outcome>): Promise<Outcome | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SOURCE_NOT_MBOX') return undefined;
    throw error;
  }
}

function told(outcome: Outcome | undefined): unknown {
  if (outcome === undefined) return undefined;
  const { reused: _reused, framed: _framed, manifest: _manifest, ...rest } = outcome;
  return rest;
}

/** Other spools and edits are made with SPOOLSYNC_SEED, and more of them with SPOOLSYNC_SEEDS. */
const SEED = Number(process.env['SPOOLSYNC_SEED'] ?? 1);
const SEEDS = Number(process.env['SPOOLSYNC_SEEDS'] ?? 60);

test(`what is read again is what a full reading would say (seeds ${SEED} to ${SEED + SEEDS - 1})`, async () => {
  const file = path.join(tempDir(), 'spool');
  const names = Object.keys(EDITS) as [string, ...string[]];
  let [steps, reused] = [0, 0];
  for (let seed = SEED; seed < SEED + SEEDS; seed++) {
    const random = new Random(seed);
    const size = random.pick([512, 1000, 4096, 20_000]);
    // The time of the file is the date of messages that have none, and differs each time.
    const write = (bytes: Buffer) => {
      fs.writeFileSync(file, bytes);
      fs.utimesSync(file, 1e9, 1e9 + random.below(1e8));
    };
    let bytes = makeSpool(random);
    write(bytes);
    let before = await attempt(() => read(file, size));
    for (let step = 0; step < 5 && before !== undefined; step++) {
      const name = random.pick(names);
      bytes = EDITS[name]?.(bytes, random, size) ?? bytes;
      write(bytes);
      const whole = await attempt(() => read(file, size));
      const delta = await attempt(() => read(file, size, before?.manifest));
      expect(told(delta), `seed ${seed}, step ${step}, ${name}, blocks of ${size}`).toEqual(told(whole));
      steps++;
      if (delta !== undefined && delta.reused > 0) reused++;
      before = delta;
    }
  }
  // Where a server has numbered the mail, most edits leave most of it as it was; or the test would show nothing.
  if (SEEDS >= 60) expect(reused).toBeGreaterThan(steps / 3);
}, 3_600_000);
const message = (n: number, status = 'RO', base = 'X-IMAPbase: 1234 0000000900\n') =>
  `From a@example.org Thu Nov  9 22:33:${10 + (n % 50)} 2023\n${n === 1 ? base : ''}X-UID: ${n}\nStatus: ${status}\n\n${'a line of some text that goes on\n'.repeat(100)}\n`;

test('what is framed is near what changed', async () => {
  const file = path.join(tempDir(), 'spool');
  const block = 4096;
  const spool = (count: number, status: (n: number) => string = () => 'RO') =>
    Array.from({ length: count }, (_, i) => message(i + 1, status(i + 1))).join('');
  fs.writeFileSync(file, spool(200));
  const { manifest } = await read(file, block);
  const framed = async (text: string) => {
    fs.writeFileSync(file, text);
    return (await read(file, block, manifest)).framed;
  };
  const size = message(100).length;
  // The first message is read in any case; then what touches a changed block or lies less than the rules look before it.
  const near = size + block + 2 * size + LIMITS.fromLine + LIMITS.lookahead;
  expect(await framed(spool(200))).toBe(message(1).length);
  expect(await framed(spool(203))).toBeLessThan(near + 3 * size);
  expect(await framed(spool(200, (n) => (n === 100 ? 'O ' : 'RO')))).toBeLessThan(near);
  expect(await framed(spool(200, (n) => (n % 100 === 50 ? 'O ' : 'RO')))).toBeLessThan(2 * near);
  expect(await framed(spool(200).replace(message(150), ''))).toBeLessThan(51 * size + near);
});

test('messages that are not known in file order are read', async () => {
  const file = path.join(tempDir(), 'spool');
  const parts = Array.from({ length: 12 }, (_, i) => message(i + 1, 'RO', '').replace(/X-UID.*\n/, ''));
  fs.writeFileSync(file, parts.join(''));
  const first = await read(file, 512);
  parts[4] = parts[4]?.replace('some text', 'same text') ?? '';
  fs.writeFileSync(file, parts.join(''));
  const second = await read(file, 512, first.manifest);
  expect(second.reused).toBeGreaterThan(0);
  // The changed message is a new one to a mailbox without UIDs, and comes last.
  expect([...second.manifest.records()].at(-1)?.start).toBeLessThan(20_000);
  fs.writeFileSync(file, parts.slice(0, -1).join(''));
  const third = await read(file, 512, second.manifest);
  expect(third.records.map(({ start }) => start)).toEqual(
    second.records.slice(0, -1).map(({ start }) => start),
  );
});

test('what was found in a message that is taken over is said again, and once', async () => {
  const file = path.join(tempDir(), 'spool');
  const undated = 'From a@example.org Thu Foo  9 22:33:52 2001\nDate: Thu, 9 Nov 2023 10:00:00 +0100\n';
  const parts = Array.from({ length: 12 }, (_, i) => message(i + 1, 'RO', 'X-IMAPbase: 1234 900\n'));
  for (const i of [5, 6]) parts[i] = parts[i]?.replace(/^From .*\n/, undated) ?? '';
  fs.writeFileSync(file, parts.join(''));
  let last = await read(file, 512);
  const { findings, said } = last;
  expect(findings.list.map(({ code }) => code)).toEqual(['WEAK_SEPARATOR', 'WEAK_SEPARATOR']);
  for (const status of ['O ', 'RO', 'O ']) {
    fs.writeFileSync(file, parts.join('').replace('Status: RO', `Status: ${status}`));
    last = await read(file, 512, last.manifest);
    expect(last.reused).toBeGreaterThan(5);
    expect(last).toMatchObject({ findings, said });
  }
});
