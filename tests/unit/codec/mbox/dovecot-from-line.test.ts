import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseDovecotFromLine } from '../../../../src/codec/mbox/dovecot-from-line.ts';
import { createZone } from '../../../../src/codec/time-zone.ts';
import { LIMITS } from '../../../../src/core/limits.ts';

const helsinki = createZone('Europe/Helsinki');

function parse(text: string) {
  const bytes = Buffer.from(`From ${text}\n`, 'latin1');
  return parseDovecotFromLine(bytes, 5, bytes.length - 1);
}

/** The moment that a server in Helsinki shows. */
function moment(text: string): string | undefined {
  const civil = parse(text);
  if (civil === undefined || !helsinki.ok) return undefined;
  return new Date(helsinki.zone.toEpoch(civil) * 1000).toISOString().replace('.000', '');
}

const LOCAL = '2001-11-09T20:33:52Z';

test.each<[string, string]>([
  ['a Thu Nov  9 22:33:52 2001', LOCAL],
  ['a Thu Nov 9 22:33:52 2001', LOCAL],
  ['a Thu Nov 09 22:33:52 2001', LOCAL],
  ['a Thu Nov 19 22:33:52 2001', '2001-11-19T20:33:52Z'],
  ['a Thu Nov  9 22:33 2001', '2001-11-09T20:33:00Z'],
  ['a Thu Nov  9 22:33:52 2001 +0300', '2001-11-09T19:33:52Z'],
  ['a Thu Nov  9 22:33:52 2001 -0300', '2001-11-10T01:33:52Z'],
  ['a Thu Nov  9 22:33:52 +0300 2001', LOCAL],
  ['a Thu Nov  9 22:33:52 EST 2001', LOCAL],
  ['a Thu Nov  9 22:33:52 2001 EST', LOCAL],
  ['a Thu Nov  9 22:33:52 EST 2001 +0200', LOCAL],
  ['a Thu Nov  9 22:33:52 EST 2001 +0300', '2001-11-09T19:33:52Z'],
  ['a Thu Nov  9 22:33:52 MEZ-1MESZ 2001', LOCAL],
  ['a Thu Nov  9 22:33 EST 2001', '2001-11-09T20:33:00Z'],
  ['a Thu, 9 Nov 2001 22:33:52 +0200', LOCAL],
  ['a Thu,  9 Nov 2001 22:33:52 +0300', '2001-11-09T19:33:52Z'],
  ['a Thu, 9 Nov 2001 22:33:52', LOCAL],
  ['a Thu, 09 Nov 2001 22:33 -0500 remote from foo', '2001-11-10T03:33:00Z'],
  ['a Thu Nov  9 22:33:52 2001 remote from host', LOCAL],
  ['a Thu Nov  9 22:33:52 2001garbage', LOCAL],
  ['a Thu Nov  9 22:33:52 2001   ', LOCAL],
  ['a Thu Nov  9 22:33:52 2001 2002', LOCAL],
  ['- Thu Nov  9 22:33:52 2001', LOCAL],
  ['MAILER-DAEMON Fri Jul  8 12:08:34 2011', '2011-07-08T09:08:34Z'],
  [' Thu Nov  9 22:33:52 2001', LOCAL],
  ['a   Thu Nov  9 22:33:52 2001', LOCAL],
  ['"a b"@c Thu Nov  9 22:33:52 2001', LOCAL],
  ['"" Thu Nov  9 22:33:52 2001', LOCAL],
  ['a@b Xyz Nov  9 22:33:52 2001', LOCAL],
  ['a@b thu nov  9 22:33:52 2001', LOCAL],
  ['a@b Thu NOV  9 22:33:52 2001', LOCAL],
  ['a@b 1234Nov  9 22:33:52 2001', LOCAL],
  ['a@b Thu ???  9 22:33:52 2001', '2001-01-09T20:33:52Z'],
  ['a@b Thu Nov 99 88:77:66 2001', '2002-02-10T15:18:06Z'],
  ['a@b Thu Nov  0 22:33:52 2001', '2001-11-01T20:33:52Z'],
  ['a Thu Nov  9 22:33:52 1901', '1901-11-09T20:53:43Z'],
  ['a Thu Nov  9 22:33:52 2040', '2040-11-09T20:33:52Z'],
  ['a Thu Nov  9 22:33:52 9999', '9999-11-09T20:33:52Z'],
  // Minutes of the offset count as seconds.
  ['a Thu Nov  9 22:33:52 2001 +0530', '2001-11-09T17:33:22Z'],
  ['a Thu Nov  9 22:33:52 2001 -0330', '2001-11-10T01:34:22Z'],
])('%j is %s', (text, expected) => {
  const result = moment(text);
  // Before 1921 Helsinki kept its own mean time, whose seconds zone tables give differently.
  expect(text.includes('1901') ? result?.slice(0, 15) : result).toBe(
    text.includes('1901') ? expected.slice(0, 15) : expected,
  );
});

test.each([
  'a Thu Nov  9 22:33:52 PST DST 2001',
  'Thu Nov  9 22:33:52 2001',
  'a b@c Thu Nov  9 22:33:52 2001',
  '"a b@c Thu Nov  9 22:33:52 2001',
  'a@b Thu Nov  9 2:33:52 2001',
  'a@b Thu Nov  9 22.33.52 2001',
  'a@b Thu Nov  9 22:33:52 01',
  'a@b Thu Nov 9 22:33:5 2001',
  'a@b Thu Noc  9 22:33:52 2001',
  'a@b Thu November 9 22:33:52 2001',
  'a@b 2001-11-09 22:33:52 +0200',
  'a@b Thu Nov   9 22:33:52 2001',
  'a@b Thu Nov 123 22:33:52 2001',
  'a@b Thu, 9 Nov 01 22:33:52 +0200',
  'a@b Thu, 9 Noc 2001 22:33:52 +0200',
  'a@b\tThu Nov  9 22:33:52 2001',
  'a@b Thursday Nov  9 22:33:52 2001',
  'a@b',
  '',
  ' ',
  'what I have seen, this is no separator',
])('%j is text', (text) => {
  expect(parse(text)).toBeUndefined();
});

describe('details', () => {
  it('at least 21 bytes must follow the sender', () => {
    expect(parse('a Thu Nov 9 22:33 2001')).toBeUndefined();
    expect(parse('a Thu Nov 9 22:33 2001 ')).toMatchObject({ day: 9, second: 0 });
    expect(parse('a Thu Nov  9 22:33 2001')).toMatchObject({ day: 9, second: 0 });
  });

  it('gives fields as they stand, and an offset only where there is one', () => {
    const civil = { year: 2001, month: 10, day: 99, hour: 88, minute: 77, second: 66 };
    expect(parse('a Thu Nov 99 88:77:66 2001')).toEqual(civil);
    expect(parse('a Thu Nov 99 88:77:66 2001 -0130')).toEqual({ ...civil, offset: -3630 });
    expect(parse('a Thu Nov 99 88:77:66 2001 +013')).toEqual(civil);
  });

  it('reads a line up to its limit', () => {
    const sender = 'x'.repeat(LIMITS.fromLine - ' Thu Nov  9 22:33:52 2001'.length);
    expect(parse(`${sender} Thu Nov  9 22:33:52 2001 garbage`)).toMatchObject({ year: 2001 });
    expect(parse(`x${sender} Thu Nov  9 22:33:52 2001 garbage`)).toBeUndefined();
  });

  it('looks at nothing outside of the line', () => {
    const text = 'From a Thu Nov  9 22:33:52 2001 +0300\n';
    const bytes = Buffer.from(text);
    expect(parseDovecotFromLine(bytes, 5, 31)).not.toHaveProperty('offset');
    expect(parseDovecotFromLine(bytes, 5, 30)).toBeUndefined();
  });

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const civil = parseDovecotFromLine(bytes, 0, bytes.length);
        expect(civil === undefined || Number.isInteger(civil.year)).toBe(true);
      }),
    );
  });

  it('is not slow on hostile lines', () => {
    const started = performance.now();
    for (const piece of ['" ', ' ', '"', '1', 'a ', ' 9', ':', '2001 ']) {
      expect(parse(piece.repeat(LIMITS.fromLine))).toBeUndefined();
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
