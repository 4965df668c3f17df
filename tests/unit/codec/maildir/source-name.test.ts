import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareArrival, readSourceName, unusableName } from '../../../../src/codec/maildir/source-name.ts';

describe('names of other servers', () => {
  test.each([
    ['1.M2P3.h,S=5:2,SF', { base: '1.M2P3.h,S=5', info: ':2,SF' }],
    ['1.M2P3.h', { base: '1.M2P3.h', info: '' }],
    ['1.M2P3.h;2,S', { base: '1.M2P3.h', info: ':2,S', separator: ';' }],
    ['1.M2P3.h!2,', { base: '1.M2P3.h', info: ':2,', separator: '!' }],
    ['1.M2P3.h-2,RS', { base: '1.M2P3.h', info: ':2,RS', separator: '-' }],
    // A host whose name ends so.
    ['1.M2P3.h-2,S=10', { base: '1.M2P3.h-2,S=10', info: '' }],
    // Dovecot has changed flags of a name it did not understand: what it says counts.
    ['1.M2P3.h;2,S:2,R', { base: '1.M2P3.h;2,S', info: ':2,R' }],
    [':2,S', { base: '', info: ':2,S' }],
    [';2,S', { base: ';2,S', info: '' }],
  ])('%s', (name, read) => {
    expect(readSourceName(name)).toEqual(read);
  });

  test('nothing of a name is lost', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', minLength: 1 }), (name) => {
        const { base, info, separator } = readSourceName(name);
        expect(base + (separator === undefined ? info : separator + info.slice(1))).toBe(name);
      }),
    );
  });

  test('a line break makes a name unusable, and nothing else does', () => {
    expect(unusableName('1.a\nb')).toContain('line break');
    expect(unusableName('1.a b\x80')).toBeUndefined();
  });
});

describe('the order of arrival', () => {
  const sorted = (...names: string[]) => names.sort(compareArrival);

  test('by seconds, as a number', () => {
    expect(sorted('1000.M1.h', '999.M2.h', 'x.M0.h')).toEqual(['x.M0.h', '999.M2.h', '1000.M1.h']);
  });

  test('then by microseconds, where both have them', () => {
    expect(sorted('5.M20P1.h', '5.M3P1.h', '5.V1M1P9.h')).toEqual(['5.V1M1P9.h', '5.M3P1.h', '5.M20P1.h']);
    expect(sorted('5.M9.h', '5.77.h')).toEqual(['5.77.h', '5.M9.h']);
  });

  test('then by bytes, the colon included', () => {
    expect(sorted('5.M1P1.h:', '5.M1P1.h,S=3:', '5.M1P1.g:')).toEqual([
      '5.M1P1.g:',
      '5.M1P1.h,S=3:',
      '5.M1P1.h:',
    ]);
  });

  test('an M behind the second dot is none', () => {
    expect(sorted('5.b.M1', '5.a.M2')).toEqual(['5.a.M2', '5.b.M1']);
  });
});
