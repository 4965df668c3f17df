import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createZone } from '../../../src/codec/time-zone.ts';
import type { RunEvent } from '../../../src/core/events.ts';
import type { Remembered, Scanned } from '../../../src/core/message.ts';
import { type Reading, readMailbox } from '../../../src/run/read-mailbox.ts';
import { readingKey } from '../../../src/run/source-view.ts';
import { digestBlocks } from '../../../src/source/blocks.ts';
import { Spool } from '../../../src/source/spool.ts';
import type { Manifest } from '../../../src/state/manifest.ts';
import { generateMbox } from '../../helpers/mbox-generator.ts';
import { open, tempDir } from '../io/support.ts';

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
  readonly findings: readonly string[];
  readonly rules: string;
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
  const nowhere = {
    begin: () => false,
    data: () => undefined,
    end: () => undefined,
    drop: () => undefined,
    clear: () => undefined,
  };
  const result = await readMailbox(context, {
    open: () => dir.openFile(path.basename(file)) ?? raise('no such file'),
    indexes: false,
    store: nowhere,
    remark: (severity, code, _message, where) => {
      if (severity === 'finding') said.push(`${code} ${where?.place ?? ''}`);
    },
    rules: () => undefined,
    known,
  });
  try {
    const records = [...result.spill.records(result.complete)];
    const { totals, rules, framed } = result;
    const manifest = await manifestOf(file, result, records, blockSize);
    return { records, totals, findings: [...new Set(said)].sort(), rules: rules.rules, framed, manifest };
  } finally {
    result.close();
    dir.close();
  }
}

async function manifestOf(
  file: string,
  result: Reading,
  records: readonly Scanned[],
  size: number,
): Promise<Manifest> {
  const spool = await Spool.open(
    open(path.dirname(file), 'source').openFile(path.basename(file)) ?? raise('gone'),
  );
  const blocks = spool.inPlace ? await digestBlocks(spool, size, () => undefined) : [];
  spool.close();
  const { totals, rules } = result;
  const numbered = totals.uidValidity !== undefined && !totals.renumbered;
  const header = {
    rules: rules.rules,
    reason: rules.reason,
    ground: rules.ground,
    reading: readingKey({ reading }),
    bytes: result.spool.size,
    findings: result.findings,
    numbered,
    uidValidity: totals.uidValidity ?? 1,
    uidNext: totals.uidNext,
    keywords: totals.keywords,
    blocks: { size, count: blocks.length },
  } as unknown as Manifest['header'];
  const remembered = records.map(({ ordinal: _o, staged: _s, ...record }): Remembered => record);
  return {
    header,
    records: function* () {
      yield* remembered;
    },
    blocks: function* () {
      yield* blocks;
    },
    close: () => undefined,
  };
}

function raise(what: string): never {
  throw new Error(what);
}

function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0 || 1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

/**
 * A spool of some hundred kilobytes, as Dovecot, UW or none has left it, with new mail at its end; half of them with odd
 * messages anywhere. One odd UID makes all behind it such as only their headers can tell.
 */
function makeSpool(seed: number): Buffer {
  const roll = dice(seed * 7919);
  const kind = roll(4);
  const oddities = roll(2) === 0;
  const odd = () => generateMbox(roll(1 << 30), kind === 3 ? 'uw' : 'dovecot').bytes;
  const parts: Buffer[] = [];
  let uid = 0;
  const plain = (first: boolean) => {
    uid += 1 + roll(2);
    const date = `Thu Nov  9 22:${String(roll(60)).padStart(2, '0')}:${String(roll(60)).padStart(2, '0')} 2023`;
    const last = kind === 3 ? '900' : '0000000900';
    const base = first && kind !== 2 ? `X-IMAPbase: 1234 ${last} Work $Forwarded\n` : '';
    const fresh = uid > 32;
    const number = kind === 2 || fresh || (oddities && roll(9) === 0) ? '' : `X-UID: ${uid}\n`;
    const status = `Status: ${['RO', 'O ', 'R '][roll(3)]}\n`;
    const words = roll(5) === 0 && kind !== 2 ? 'X-Keywords: Work\n' : '';
    const body = `${'some text that fills the line up to its end\n'.repeat(1 + roll(400))}`;
    return Buffer.from(
      `From a@example.org ${date}\n${base}Subject: ${uid}\n${number}${status}${words}\n${body}\n`,
    );
  };
  for (let i = 0; i < 25; i++)
    parts.push(i > 0 && oddities && roll(4) === 0 ? Buffer.from(odd()) : plain(i === 0));
  return Buffer.concat(parts);
}

const EDITS = [
  'append',
  'append-cut',
  'flags',
  'flip',
  'flip-from',
  'expunge',
  'insert',
  'truncate',
  'base',
  'swap',
  'none',
] as const;
type Edit = (typeof EDITS)[number];

/** Changes a spool as its server, a delivery or a fault does. */
function change(bytes: Buffer, edit: Edit, roll: (sides: number) => number): Buffer {
  const starts = [...bytes.toString('latin1').matchAll(/^From /gm)].map(({ index }) => index);
  const some = starts[roll(Math.max(1, starts.length))] ?? 0;
  const copy = Buffer.from(bytes);
  const splice = (at: number, to: number, put: Uint8Array) =>
    Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(to)]);
  switch (edit) {
    case 'append':
      return Buffer.concat([
        bytes,
        Buffer.from('From b@example.org Fri Nov 10 10:00:00 2023\nSubject: new\n\nnew\n\n'),
      ]);
    case 'append-cut':
      return Buffer.concat([bytes, Buffer.from('From b@example.org Fri Nov 10 10:0')]);
    case 'flags': {
      const at = bytes.indexOf('\nStatus: ', some);
      if (at < 0) return bytes;
      copy.write(['RO', 'O ', 'R '][roll(3)] ?? '', at + 9, 'latin1');
      return copy;
    }
    case 'flip':
      copy[roll(copy.length)] = 32 + roll(90);
      return copy;
    case 'flip-from':
      copy[Math.min(copy.length - 1, some + roll(60))] = 32 + roll(90);
      return copy;
    case 'expunge': {
      const next = starts.find((start) => start > some) ?? bytes.length;
      return some === 0 ? bytes : splice(some, next, Buffer.alloc(0));
    }
    case 'insert':
      return splice(
        some,
        some,
        Buffer.from('From c@example.org Fri Nov 10 10:00:00 2023\nSubject: in\n\nbetween\n\n'),
      );
    case 'truncate':
      return bytes.subarray(0, roll(bytes.length));
    case 'base': {
      const at = bytes.indexOf('X-IMAPbase: 1234 ');
      const value = [' 1234 ', ' 1235 ', ' 1234 0000000950 ', ' 1234 0000000003 Other '][roll(4)] ?? '';
      return at < 0
        ? bytes
        : splice(
            at + 11,
            bytes.indexOf('\n', at),
            Buffer.from(value + (roll(2) ? '0000000900 Work $Forwarded' : '')),
          );
    }
    case 'swap': {
      const at = bytes.indexOf('X-UID: ', some);
      if (at < 0) return bytes;
      copy.write(String(roll(9)), at + 7, 'latin1');
      return copy;
    }
    case 'none':
      return bytes;
  }
}

const SEED = Number(process.env['SPOOLSYNC_SEED'] ?? 1);
const SEEDS = Number(process.env['SPOOLSYNC_SEEDS'] ?? 60);

test(`what is read again is what a full reading would say (seeds ${SEED} to ${SEED + SEEDS - 1})`, async () => {
  const file = path.join(tempDir(), 'spool');
  let reused = 0;
  for (let seed = SEED; seed < SEED + SEEDS; seed++) {
    const roll = dice(seed);
    const size = [512, 1000, 4096, 20_000][roll(4)] ?? 512;
    let bytes = makeSpool(seed);
    fs.writeFileSync(file, bytes);
    let before = await attempt(() => read(file, size));
    for (let step = 0; step < 4 && before !== undefined; step++) {
      const edit = EDITS[roll(EDITS.length)] ?? 'none';
      bytes = change(bytes, edit, roll);
      fs.writeFileSync(file, bytes);
      // A message without a date has the file's.
      fs.utimesSync(file, 1_600_000_000 + step, 1_600_000_000 + step);
      const whole = await attempt(() => read(file, size));
      const delta = await attempt(() => read(file, size, before?.manifest));
      const told = (one: Outcome | undefined) =>
        one && { rules: one.rules, totals: one.totals, records: one.records, findings: one.findings };
      expect(told(delta), `seed ${seed}, step ${step}, ${edit}, blocks of ${size}`).toEqual(told(whole));
      if (delta !== undefined && delta.framed < bytes.length) reused++;
      before = delta;
    }
  }
  // Most edits leave most of the file as it was, or the test would show nothing.
  expect(reused).toBeGreaterThan(SEEDS);
}, 600_000);

/** `undefined` for a file that is refused as a whole. */
async function attempt(work: () => Promise<Outcome>): Promise<Outcome | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SOURCE_NOT_MBOX') return undefined;
    throw error;
  }
}

test('what is framed is near what changed', async () => {
  const file = path.join(tempDir(), 'spool');
  const message = (n: number, status = 'RO') =>
    `From a@example.org Thu Nov  9 22:33:${10 + (n % 50)} 2023\n${n === 1 ? 'X-IMAPbase: 1234 0000000900\n' : ''}X-UID: ${n}\nStatus: ${status}\n\n${'a line of some text that goes on\n'.repeat(100)}\n`;
  const spool = (count: number, status: (n: number) => string = () => 'RO') =>
    Array.from({ length: count }, (_, i) => message(i + 1, status(i + 1))).join('');
  fs.writeFileSync(file, spool(200));
  const { manifest } = await read(file, 4096);
  const framed = async (text: string) => {
    fs.writeFileSync(file, text);
    return (await read(file, 4096, manifest)).framed;
  };
  // The first message is read in any case, and a piece of 64 KiB is framed at once.
  const least = 64 << 10;
  expect(await framed(spool(203))).toBeLessThan(3 * least);
  expect(await framed(spool(200, (n) => (n === 100 ? 'O ' : 'RO')))).toBeLessThan(3 * least);
  expect(await framed(spool(200).replace(message(150), ''))).toBeLessThan(52 * message(1).length + 3 * least);
});
