import fs from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/codec/digest.ts';
import type { MessageRecord, Remembered } from '../../../src/core/message.ts';
import { openManifest } from '../../../src/state/manifest.ts';
import type { ManifestHeader } from '../../../src/state/manifest-format.ts';
import { ManifestWriter } from '../../../src/state/manifest-writer.ts';
import { formatRecord, parseRecord } from '../../../src/state/record-line.ts';
import { stateName } from '../../../src/state/state-dir.ts';
import { open, tempDir, thrown } from '../io/support.ts';
import { record } from '../plan/model.ts';
import { headerFor } from './manifest-header.ts';

function write(dir: string, records: readonly MessageRecord[], name = 'm'): ManifestHeader {
  const state = open(dir);
  const header = headerFor(records.length);
  const writer = new ManifestWriter(state, name, header);
  for (const message of records) writer.add(message);
  writer.commit();
  state.close();
  return header;
}

function readBack(dir: string): { header: ManifestHeader; records: MessageRecord[] } | undefined {
  const state = open(dir);
  const manifest = openManifest(state, 'm');
  state.close();
  if (manifest === undefined) return undefined;
  try {
    return { header: manifest.header, records: [...manifest.records()] };
  } finally {
    manifest.close();
  }
}

const records = [record(1, 'a'), record(2, 'b', 31, ['$Label', 'caf\u00e9', 'q"\\']), record(9, 'c')];

test('reads back what was written, any number of times', () => {
  const dir = tempDir();
  const header = write(dir, records);
  expect(readBack(dir)).toMatchObject({ header, records });
  const manifest = openManifest(open(dir), 'm');
  expect([...(manifest?.records() ?? [])]).toEqual([...(manifest?.records() ?? [])]);
  expect(fs.statSync(`${dir}/m`).mode & 0o777).toBe(0o600);
  expect(fs.readdirSync(dir)).toEqual(['m']);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing but ASCII is what is looked for
  expect(fs.readFileSync(`${dir}/m`, 'latin1')).toMatch(/^[\x00-\x7f]*$/);
});

test('the digests of the spool’s blocks, on as many lines as they need', () => {
  const dir = tempDir();
  const state = open(dir);
  const blocks = Array.from({ length: 2500 }, (_, i) => i.toString(16).padStart(16, '0'));
  const header = { ...headerFor(3), blocks: { size: 512, count: blocks.length } };
  const writer = new ManifestWriter(state, 'm', header, blocks);
  for (const message of records) writer.add(message);
  writer.commit();
  const manifest = openManifest(state, 'm');
  expect([...(manifest?.blocks() ?? [])]).toEqual(blocks);
  expect([...(manifest?.records() ?? [])]).toEqual(records);
});

test('what is remembered of a message beside what the source says', () => {
  const plain = record(5, 'd');
  const all: Remembered[] = [
    { ...plain, claim: 'none' },
    { ...plain, claim: 'other', sourceUid: 3 },
    { ...plain, gone: true },
    { ...plain, target: { flags: 9, keywords: ['caf\u00e9', '"'] } },
    { ...plain, fields: [], file: { key: '1.M1P1.h', ino: '12', mtimeNs: '1600000000000000001' } },
    {
      ...plain,
      gone: true,
      extra: 'P,\u00e9',
      fields: [
        ['G', 'a"b'],
        ['P', ''],
      ],
    },
  ];
  for (const one of all) expect(parseRecord(formatRecord(one))).toEqual(one);
  for (const more of [
    '{"claim":"x"}',
    '{"gone":false}',
    '{"sourceUid":"3"}',
    '{"target":[1]}',
    '{"fields":[["G"]]}',
    '{"fields":{}}',
    '{"extra":1}',
    '{"file":["key","1"]}',
    '{"file":["key","1",2]}',
    '[]',
    'null',
    '3',
  ])
    expect(parseRecord(`${formatRecord(plain).slice(0, -1)},${more}]`), more).toBeUndefined();
});

test('there may be none, or one without messages', () => {
  const dir = tempDir();
  expect(readBack(dir)).toBeUndefined();
  write(dir, []);
  expect(readBack(dir)?.records).toEqual([]);
});

describe('damage is noticed before anything is used', () => {
  const dir = tempDir();
  write(dir, records);
  const whole = fs.readFileSync(`${dir}/m`);
  const codeOf = (bytes: Uint8Array) => {
    fs.writeFileSync(`${dir}/m`, bytes);
    return thrown(() => readBack(dir)).code;
  };

  test('every single flipped bit', () => {
    const missed: string[] = [];
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ bit;
        if (codeOf(bytes) !== 'STATE_DAMAGED') missed.push(`${at}^${bit}`);
      }
    }
    expect(missed).toEqual([]);
  });

  test('every truncation', () => {
    for (let length = 0; length < whole.length; length++)
      expect(codeOf(whole.subarray(0, length)), `${length} bytes`).toBe('STATE_DAMAGED');
  });

  test('something behind it', () => {
    expect(codeOf(Buffer.concat([whole, Buffer.from('\n')]))).toBe('STATE_DAMAGED');
    expect(codeOf(Buffer.concat([whole, whole]))).toBe('STATE_DAMAGED');
  });

  test('a line that is no record, under a right checksum', () => {
    const lines = whole.toString('latin1').split('\n');
    lines[2] = '[2,0]';
    expect(codeOf(sealed(lines))).toBe('STATE_DAMAGED');
  });

  test('a count that does not fit, under a right checksum', () => {
    const lines = whole.toString('latin1').split('\n');
    lines.splice(2, 1);
    expect(codeOf(sealed(lines, records.length - 1))).toBe('STATE_DAMAGED');
  });

  test('an older version, which did not say which folder it is of', () => {
    const lines = whole.toString('latin1').split('\n');
    lines[0] = (lines[0] ?? '').replace('"version":3', '"version":2');
    expect(codeOf(sealed(lines))).toBe('STATE_DAMAGED');
  });

  test('a newer version is no damage', () => {
    const lines = whole.toString('latin1').split('\n');
    lines[0] = (lines[0] ?? '').replace('"version":3', '"version":4');
    expect(codeOf(sealed(lines))).toBe('STATE_NEWER');
  });

  test('the advice is a command that helps', () => {
    fs.writeFileSync(`${dir}/m`, 'junk');
    expect(thrown(() => readBack(dir))).toMatchObject({
      place: `${dir}/m`,
      advice: expect.stringContaining(`rm '${dir}/m'`) as string,
    });
  });
});

/** A manifest of these lines with a trailer that fits them. */
function sealed(lines: readonly string[], messages = records.length): Buffer {
  const body = Buffer.from(`${lines.slice(0, -2).join('\n')}\n`, 'latin1');
  return Buffer.concat([body, Buffer.from(`{"messages":${messages},"xxh64":"${digestOf(body)}"}\n`)]);
}

describe('writing', () => {
  test('nothing counts before commit, and abandon leaves nothing', () => {
    const dir = tempDir();
    write(dir, records);
    const state = open(dir);
    const writer = new ManifestWriter(state, 'm', headerFor(1));
    writer.add(record(1, 'z'));
    expect(readBack(dir)?.records).toEqual(records);
    writer.abandon();
    expect(fs.readdirSync(dir)).toEqual(['m']);
  });

  test('a half written one of a killed run is replaced', () => {
    const dir = tempDir();
    const state = open(dir);
    new ManifestWriter(state, 'm', headerFor(1)).add(record(1, 'z'));
    write(dir, records);
    expect(readBack(dir)?.records).toEqual(records);
    expect(fs.readdirSync(dir)).toEqual(['m']);
  });

  test('a count that is not kept is a bug of ours', () => {
    const writer = new ManifestWriter(open(tempDir()), 'm', headerFor(2));
    writer.add(record(1, 'a'));
    expect(thrown(() => writer.commit()).code).toBe('INTERNAL');
  });

  test('writing one never touches another mailbox’s', () => {
    const dir = tempDir();
    const other = stateName('.m.new');
    write(dir, records, other);
    write(dir, records, stateName('.m'));
    expect(fs.readdirSync(dir).sort()).toEqual([stateName('.m'), other].sort());
  });
});

test('a large manifest is read as a stream', () => {
  const dir = tempDir();
  const many = Array.from({ length: 20_000 }, (_, i) => record(i + 1, 'a'));
  write(dir, many);
  const state = open(dir);
  const manifest = openManifest(state, 'm');
  const size = fs.statSync(`${dir}/m`).size;
  const reader = manifest?.records();
  expect(reader?.next().value).toEqual(many[0]);
  // The end is cut off behind the reader's back: it cannot have been read yet.
  fs.truncateSync(`${dir}/m`, Math.floor(size / 2));
  expect(thrown(() => [...(reader ?? [])])).toMatchObject({ code: 'STATE_DAMAGED' });
});

test('records round trip as lines of ASCII', () => {
  const numbers = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  const any: fc.Arbitrary<MessageRecord> = fc.record({
    uid: numbers,
    flags: fc.nat({ max: 31 }),
    keywords: fc.array(fc.string({ unit: 'binary' })),
    date: fc.maxSafeInteger(),
    size: numbers,
    vsize: numbers,
    digest: fc.constantFrom('0123456789abcdef', 'ffffffffffffffff'),
    start: numbers,
    end: numbers,
  });
  fc.assert(
    fc.property(any, (message) => {
      const line = formatRecord(message);
      expect(line).toMatch(/^[\x20-\x7e]*$/);
      expect(parseRecord(line)).toEqual(message);
    }),
  );
});

test.each([
  '',
  '[]',
  '{}',
  'null',
  '[1,2,3,4,5,"d",7,8,[]',
  '[1.5,0,0,0,0,"d",0,0,[]]',
  '[1,0,0,0,0,5,0,0,[]]',
])('no record: %s', (line) => {
  expect(parseRecord(line)).toBeUndefined();
});
