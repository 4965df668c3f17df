import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numberForeign } from '../../../src/plan/foreign.ts';
import { mayRemove } from '../../../src/plan/removals.ts';

const at = (uids: readonly number[]) => uids.map((uid) => ({ uid, fields: [], base: `x${uid}` }));
const uids = (from: readonly number[], floor: number) => numberForeign(at(from), floor).map(({ uid }) => uid);

test.each([
  ['above the floor', [10, 12], 5, [10, 12]],
  ['below it', [3, 4], 5, [5, 6]],
  ['on both sides', [3, 5, 9], 5, [5, 6, 9]],
  ['at it', [5], 5, [5]],
  ['none', [], 5, []],
])('mail of others %s', (_name, from, floor, expected) => {
  expect(uids(from, floor)).toEqual(expected);
});

test('keeps its order, is never numbered below the floor, and never down', () => {
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 60 })).map((list) => list.sort((a, b) => a - b));
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 60 }), (from, floor) => {
      const result = uids(from, floor);
      expect(result).toEqual([...new Set(result)].sort((a, b) => a - b));
      for (const [i, uid] of result.entries())
        expect(uid).toBeGreaterThanOrEqual(Math.max(floor, from[i] ?? 0));
      expect(uids(result, floor)).toEqual(result);
    }),
  );
});

test.each([
  [20, 20, true],
  [21, 30, false],
  [100, 1000, true],
  [101, 1000, false],
])('removing %i of %i messages by default: %s', (removed, created, allowed) => {
  expect(mayRemove(removed, created, { share: 0.1, atLeast: 20 })).toBe(allowed);
});
