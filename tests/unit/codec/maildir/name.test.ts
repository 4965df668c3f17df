import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBaseName,
  parseOwnBaseName,
  readSizes,
  splitName,
} from '../../../../src/codec/maildir/name.ts';

const OWN = '1005338032.U7X00ff00ff00ff00ff.spoolsync,S=120,W=125';
const FIELDS = { seconds: 1005338032, uid: 7, digest: '00ff00ff00ff00ff', size: 120, vsize: 125 };

const size = fc.maxSafeNat();
const own = fc.record({
  seconds: fc.maxSafeNat(),
  uid: fc.integer({ min: 1, max: 0xffffffff }),
  digest: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 16, maxLength: 16 }),
  size,
  vsize: size,
});

describe('our base name', () => {
  it('is written from the message alone', () => {
    expect(formatBaseName(FIELDS)).toBe(OWN);
    expect(formatBaseName({ ...FIELDS, seconds: -1 })).toBe(`0${OWN.slice(10)}`);
  });

  it('is read back', () => {
    expect(parseOwnBaseName(OWN)).toEqual(FIELDS);
    fc.assert(
      fc.property(own, (fields) => {
        const base = formatBaseName(fields);
        expect(parseOwnBaseName(base)).toEqual(fields);
        expect(readSizes(base)).toEqual({ size: fields.size, vsize: fields.vsize });
        expect(splitName(base)).toEqual({ base, info: '' });
        expect(base).not.toContain('/');
      }),
    );
  });

  it.each([
    '',
    '1000000000.M1P1.host,S=50,W=55',
    OWN.slice(0, -3),
    `${OWN}\n`,
    ` ${OWN}`,
    `0${OWN}`,
    `${OWN}:2,S`,
    `${OWN},X=1`,
    OWN.replace('U7', 'U07'),
    OWN.replace('U7', 'U0'),
    OWN.replace('U7', 'U4294967296'),
    OWN.replace('00ff', '00FF'),
    OWN.replace('S=120', 'S=0120'),
    OWN.replace('S=120', 'S=9007199254740993'),
    OWN.replace('spoolsync', 'host'),
  ])('is not %j', (base) => {
    expect(parseOwnBaseName(base)).toBeUndefined();
  });

  it('tells two messages apart by any field', () => {
    fc.assert(
      fc.property(own, own, (a, b) => {
        expect(formatBaseName(a) === formatBaseName(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

describe('splitName', () => {
  it.each([
    ['a:2,S', 'a', ':2,S'],
    ['a', 'a', ''],
    ['a:', 'a', ':'],
    [':2,S', '', ':2,S'],
    ['a:b:2,S', 'a', ':b:2,S'],
    ['a;2,S', 'a;2,S', ''],
  ])('cuts %j', (filename, base, info) => {
    expect(splitName(filename)).toEqual({ base, info });
  });

  it('loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (filename) => {
        const { base, info } = splitName(filename);
        expect(base + info).toBe(filename);
        expect(base).not.toContain(':');
      }),
    );
  });
});

describe('readSizes', () => {
  it.each([
    ['1.M1P1.host', {}],
    ['1.M1P1.host,S=50,W=55', { size: 50, vsize: 55 }],
    ['1.M1P1.host,W=55', { vsize: 55 }],
    ['1.M1P1.host,S=50', { size: 50 }],
    ['1.host,S=', {}],
    ['1.host,S=5x,W=6', { vsize: 6 }],
    ['1.host,S=-5', {}],
    ['1.host,S=1,S=2', { size: 1 }],
    ['1.host,S=x,S=2', {}],
    ['1.host,S=99999999999999999999', {}],
    ['1.S=5', {}],
  ])('reads %j', (base, sizes) => {
    expect(readSizes(base)).toEqual(sizes);
  });
});
