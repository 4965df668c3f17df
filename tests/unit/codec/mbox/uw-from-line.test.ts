import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseUwFromLine } from '../../../../src/codec/mbox/uw-from-line.ts';
import { LIMITS } from '../../../../src/core/limits.ts';
import { FROM_LINES } from '../../../helpers/uw-cases.ts';

/** As in `FROM_LINES`. */
function parse(line: string): string {
  const bytes = Buffer.from(line, 'latin1');
  const parsed = parseUwFromLine(bytes, 0, bytes.length);
  if (parsed === undefined) return 'text';
  if (parsed.date === undefined) return 'undated';
  const { year, month, day, hour, minute, second, offset } = parsed.date;
  const civil = `${year}-${month + 1}-${day} ${hour}:${minute}:${second}`;
  return offset === undefined ? civil : `${civil} ${offset}`;
}

describe('From_ lines as c-client reads them', () => {
  test.each(FROM_LINES)('%j', (line, expected) => expect(parse(`From ${line}`)).toBe(expected));

  it.each([
    ['UTC', 0],
    ['gmt', 0],
    ['MET', 1],
    ['EET', 2],
    ['JST', 9],
    ['ADT', -3],
    ['AST', -4],
    ['EDT', -4],
    ['EST', -5],
    ['CDT', -5],
    ['CST', -6],
    ['MDT', -6],
    ['MST', -7],
    ['PDT', -7],
    ['PST', -8],
    ['YDT', -8],
    ['YST', -9],
    ['HST', -10],
    ['ACT', -6],
  ])('knows the zone %s', (zone, hours) => {
    expect(parse(`From a@b Thu Nov  9 22:33:52 ${zone} 2001`)).toBe(`2001-11-9 22:33:52 ${hours * 3600}`);
  });

  it('wants the word From and a blank', () => {
    expect(parse('From: a@b Thu Nov  9 22:33:52 2001')).toBe('text');
    expect(parse('from a@b Thu Nov  9 22:33:52 2001')).toBe('text');
  });

  it('reads only the part of the buffer that is the line', () => {
    const bytes = Buffer.from('2001\nFrom a@b Thu Nov  9 22:33:52 2001\nFrom a@b');
    const start = '2001\n'.length;
    const end = bytes.indexOf('\n', start);
    expect(parseUwFromLine(bytes, start, end)?.date).toMatchObject({ year: 2001, month: 10, day: 9 });
    expect(parseUwFromLine(bytes, start, end - 1)).toBeUndefined();
  });

  it('takes a line for text whose end is out of sight', () => {
    const date = ' Thu Nov  9 22:33:52 2001';
    const room = LIMITS.fromLine - 'From '.length - date.length;
    expect(parse(`From ${'a'.repeat(room - 1)}${date}`)).toBe('2001-11-9 22:33:52');
    expect(parse(`From ${'a'.repeat(room)}${date}`)).toBe('text');
  });

  it('never throws, and a date is always whole and in range', () => {
    const noise = fc.string({ unit: fc.constantFrom(...' :+-0129ovNST\0\r\xa0\xff'), maxLength: 40 });
    const piece = fc.oneof(
      noise,
      fc.constantFrom('Nov', '22:33:52', '2001', 'EST', '+0200', ' remote from '),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const bytes = Buffer.from(`From ${pieces.join('')}`, 'latin1');
        const date = parseUwFromLine(bytes, 0, bytes.length)?.date;
        if (date === undefined) return;
        expect(date.year).toBeGreaterThanOrEqual(1970);
        expect(date.year).toBeLessThanOrEqual(2097);
        expect(Object.values(date).every(Number.isInteger)).toBe(true);
      }),
    );
  });
});
