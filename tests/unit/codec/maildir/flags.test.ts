import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInfo, parseInfo } from '../../../../src/codec/maildir/flags.ts';
import { FLAG } from '../../../../src/core/types.ts';

const flags = fc.integer({ min: 0, max: 31 });
const keywords = fc.uniqueArray(fc.integer({ min: 0, max: 25 }));
const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

describe('formatInfo', () => {
  it.each([
    [0, [], '', ':2,'],
    [FLAG.seen | FLAG.draft | FLAG.flagged, [1, 0], '', ':2,DFSab'],
    [31, [25], '', ':2,DFRSTz'],
    [FLAG.answered | FLAG.seen, [0], 'X,y', ':2,RSXa,y'],
    [FLAG.seen, [3, 3], 'P', ':2,PSd'],
  ])('%i with %j and %j is %s', (bits, indexes, extra, text) => {
    expect(formatInfo(bits, indexes, extra)).toBe(text);
  });

  it.each([-1, 26, 1.5, Number.NaN])('takes keyword %d for a broken contract', (index) => {
    expect(() => formatInfo(0, [index])).toThrow(/keyword/);
  });
});

describe('parseInfo', () => {
  it.each([
    ['', 0, [], ''],
    [':2,', 0, [], ''],
    [':1,foo', 0, [], ''],
    [';2,S', 0, [], ''],
    [':2,TSRFD', 31, [], ''],
    [':2,baS', FLAG.seen, [0, 1], ''],
    [':2,SPSX', FLAG.seen, [], 'PX'],
    [':2,SXa,yS', FLAG.seen, [0], 'X,yS'],
    [':2,,', 0, [], ','],
    [':2,\xe4{`', 0, [], '`{\xe4'],
  ])('reads %j', (suffix, bits, indexes, unknown) => {
    expect(parseInfo(suffix)).toEqual({ flags: bits, keywords: indexes, unknown });
  });

  it('reads back what formatInfo writes', () => {
    fc.assert(
      fc.property(flags, keywords, (bits, indexes) => {
        const sorted = [...indexes].sort((a, b) => a - b);
        expect(parseInfo(formatInfo(bits, indexes))).toEqual({ flags: bits, keywords: sorted, unknown: '' });
      }),
    );
  });

  it('keeps every letter of any suffix, and settles after one rewrite', () => {
    fc.assert(
      fc.property(latin1, (text) => {
        const info = parseInfo(`:2,${text}`);
        const written = formatInfo(info.flags, info.keywords, info.unknown);
        expect(new Set(written)).toEqual(new Set(`:2,${text}`));
        expect(parseInfo(written)).toEqual(info);
      }),
    );
  });
});
