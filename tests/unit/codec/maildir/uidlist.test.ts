import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatUidlistHeader,
  formatUidlistRecord,
  parseUidlistHeader,
  parseUidlistRecord,
  type UidlistHeader,
  UidlistOrder,
} from '../../../../src/codec/maildir/uidlist.ts';

const GUID = '0123456789abcdef0123456789abcdef';

const number32 = fc.integer({ min: 1, max: 0xffffffff });
const uid = fc.integer({ min: 1, max: 0xfffffffe });
const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const latin1 = fc.string({ unit: byte });
const value = fc.string({ unit: byte.filter((char) => !'\0\r\n '.includes(char)) });
const upper = fc.integer({ min: 65, max: 90 }).map((code) => String.fromCharCode(code));
const field = fc.tuple(upper, value).filter(([letter, text]) => letter !== 'G' || text !== '');
const base = fc.string({ unit: byte.filter((char) => !'\0\r\n:/'.includes(char)), minLength: 1 });
const record = fc.record({ uid, fields: fc.array(field), base });
const extension = fc
  .string({ unit: byte.filter((char) => !'\0\r\n '.includes(char)), minLength: 1 })
  .filter((text) => !/^[VNG]/.test(text));
const header = fc.record(
  {
    version: fc.constant(3 as const),
    uidValidity: number32,
    uidNext: number32,
    guid: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 }),
    extensions: fc.array(extension),
  },
  { requiredKeys: ['version', 'uidValidity', 'uidNext', 'extensions'] },
);

describe('header', () => {
  it.each<[string, UidlistHeader]>([
    [`3 V1000 N15 G${GUID}`, { version: 3, uidValidity: 1000, uidNext: 15, guid: GUID, extensions: [] }],
    ['3 V1000 N15\r', { version: 3, uidValidity: 1000, uidNext: 15, extensions: [] }],
    ['3 N15 Zfoo V1000 xbar', { version: 3, uidValidity: 1000, uidNext: 15, extensions: ['Zfoo', 'xbar'] }],
    [
      '3 V4294967295 N4294967295',
      { version: 3, uidValidity: 4294967295, uidNext: 4294967295, extensions: [] },
    ],
    ['1 1195543632 24', { version: 1, uidValidity: 1195543632, uidNext: 24, extensions: [] }],
  ])('reads %j', (line, expected) => {
    expect(parseUidlistHeader(line)).toEqual({ ok: true, header: expected });
  });

  it.each([
    ['', 'version'],
    ['3', 'version'],
    ['2 V1 N1', 'version'],
    ['30 V1 N1', 'version'],
    ['3 V0 N15', 'UIDVALIDITY'],
    ['3 N15', 'UIDVALIDITY'],
    ['3 V1000 N0', 'UIDNEXT'],
    ['3 V1000', 'UIDNEXT'],
    ['3 V4294967296 N15', 'UIDVALIDITY'],
    ['3 V1e3 N15', 'UIDVALIDITY'],
    ['3 V1000 N15 Gabc', 'GUID'],
    ['3 V1000\0 N15', 'control'],
    ['1 1000', 'UIDNEXT'],
    ['1 0 5', 'UIDVALIDITY'],
    ['1 1000 5 6', 'two numbers'],
  ])('refuses %j', (line, word) => {
    expect(parseUidlistHeader(line)).toEqual({ ok: false, reason: expect.stringContaining(word) });
  });

  it('is written in version 3, with unknown fields kept', () => {
    const known = { uidValidity: 1000, uidNext: 15, guid: GUID, extensions: ['Zfoo'] };
    expect(formatUidlistHeader({ version: 3, ...known })).toBe(`3 V1000 N15 G${GUID} Zfoo\n`);
    expect(formatUidlistHeader({ version: 1, uidValidity: 5, uidNext: 6, extensions: [] })).toBe('3 V5 N6\n');
  });

  it('is read back', () => {
    fc.assert(
      fc.property(header, (fields) => {
        const line = formatUidlistHeader(fields);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(parseUidlistHeader(line.slice(0, -1))).toEqual({ ok: true, header: fields });
      }),
    );
  });
});

describe('record', () => {
  it.each([
    ['11 :a', { uid: 11, fields: [], base: 'a' }],
    [
      '11 W61 P0000000b000003e8 :1000000001.M1P1.host',
      {
        uid: 11,
        fields: [
          ['W', '61'],
          ['P', '0000000b000003e8'],
        ],
        base: '1000000001.M1P1.host',
      },
    ],
    [
      '12 P O2 Gmy:guid :a,S=50,W=55',
      {
        uid: 12,
        fields: [
          ['P', ''],
          ['O', '2'],
          ['G', 'my:guid'],
        ],
        base: 'a,S=50,W=55',
      },
    ],
    ['11   W16  :100.M1P1.h:2,S\r', { uid: 11, fields: [['W', '16']], base: '100.M1P1.h' }],
    ['1 :name with space', { uid: 1, fields: [], base: 'name with space' }],
    ['1 :\xe4\xff', { uid: 1, fields: [], base: '\xe4\xff' }],
  ])('reads %j', (line, expected) => {
    expect(parseUidlistRecord(line, 3)).toEqual({ ok: true, record: expected, dropped: [] });
  });

  it('drops what Dovecot drops, and says so', () => {
    expect(parseUidlistRecord('12 P z9 G Q1 :a', 3)).toEqual({
      ok: true,
      record: {
        uid: 12,
        fields: [
          ['P', ''],
          ['Q', '1'],
        ],
        base: 'a',
      },
      dropped: ['z9', 'G'],
    });
  });

  it.each(['1 a', '1  a:2,S\r'])('reads %j of version 1', (line) => {
    expect(parseUidlistRecord(line, 1)).toEqual({
      ok: true,
      record: { uid: 1, fields: [], base: 'a' },
      dropped: [],
    });
  });

  it.each([
    ['', 'UID'],
    ['12', 'UID'],
    ['0 :a', 'UID'],
    ['-1 :a', 'UID'],
    ['12:a', 'UID'],
    [' 12 :a', 'UID'],
    ['4294967295 :a', 'UID too high'],
    ['99999999999 :a', 'UID'],
    ['12 Zbar:name', 'file name'],
    ['12 a', 'file name'],
    ['12 :', 'file name'],
    ['12 ::2,S', 'file name'],
    ['12 :cur/a', 'slash'],
    ['12 :a\0b', 'control'],
    ['12 :a\rb', 'control'],
  ])('refuses %j', (line, word) => {
    expect(parseUidlistRecord(line, 3)).toEqual({ ok: false, reason: expect.stringContaining(word) });
  });

  it('is read back', () => {
    fc.assert(
      fc.property(record, (fields) => {
        const line = formatUidlistRecord(fields);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(parseUidlistRecord(line.slice(0, -1), 3)).toEqual({ ok: true, record: fields, dropped: [] });
      }),
    );
  });

  it.each([
    { uid: 0, fields: [], base: 'a' },
    { uid: 4294967295, fields: [], base: 'a' },
    { uid: 1, fields: [], base: '' },
    { uid: 1, fields: [], base: 'a:2,S' },
    { uid: 1, fields: [], base: 'a\n' },
    { uid: 1, fields: [], base: 'a/b' },
    { uid: 1, fields: [['P', 'a b'] as const], base: 'a' },
    { uid: 1, fields: [['p', 'a'] as const], base: 'a' },
  ])('is never written from %j', (fields) => {
    expect(() => formatUidlistRecord(fields)).toThrow(/uidlist|UID/);
  });
});

it('never throws on any line, and what it accepts it can write', () => {
  const damaged = fc.tuple(record, latin1, fc.nat()).map(([fields, noise, at]) => {
    const line = formatUidlistRecord(fields).slice(0, -1);
    const cut = at % (line.length + 1);
    return line.slice(0, cut) + noise + line.slice(cut);
  });
  fc.assert(
    fc.property(fc.oneof(latin1, damaged), fc.constantFrom(1, 3), (line, version) => {
      const head = parseUidlistHeader(line);
      if (head.ok) expect(parseUidlistHeader(formatUidlistHeader(head.header).slice(0, -1)).ok).toBe(true);
      const parsed = parseUidlistRecord(line, version);
      if (!parsed.ok) return;
      const again = parseUidlistRecord(formatUidlistRecord(parsed.record).slice(0, -1), 3);
      expect(again).toEqual({ ok: true, record: parsed.record, dropped: [] });
    }),
    { numRuns: 500 },
  );
});

describe('UidlistOrder', () => {
  const stale: UidlistHeader = { version: 3, uidValidity: 1, uidNext: 3, extensions: [] };

  it('refuses what does not ascend', () => {
    const order = new UidlistOrder();
    expect([1, 2, 2, 1, 5].map((next) => order.accept(next))).toEqual([true, true, false, false, true]);
  });

  it('knows UIDNEXT where the header is too low', () => {
    const order = new UidlistOrder();
    expect(order.uidNext(stale)).toBe(3);
    order.accept(2);
    expect(order.uidNext(stale)).toBe(3);
    order.accept(7);
    expect(order.uidNext(stale)).toBe(8);
  });
});
