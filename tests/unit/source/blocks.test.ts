import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import { blockSizeFor, unchangedBlocks } from '../../../src/source/blocks.ts';

test('blocks are small, and larger where there would be too many', () => {
  expect(blockSizeFor(0)).toBe(LIMITS.block);
  expect(blockSizeFor(LIMITS.block * LIMITS.blocks)).toBe(LIMITS.block);
  expect(blockSizeFor(LIMITS.block * LIMITS.blocks + 1)).toBe(2 * LIMITS.block);
  expect(blockSizeFor(1e12) * LIMITS.blocks).toBeGreaterThanOrEqual(1e12);
});

test('bytes are unchanged where all blocks that they touch are', () => {
  const unchanged = unchangedBlocks(['a', 'b', 'c'], ['a', 'x', 'c', 'd'], 10);
  expect(unchanged(0, 10)).toBe(true);
  expect(unchanged(0, 11)).toBe(false);
  expect(unchanged(20, 30)).toBe(true);
  // What only one of the two has is no block that did not change, and what lies behind the end is none at all.
  expect(unchanged(20, 31)).toBe(false);
  expect(unchanged(20, 41)).toBe(false);
  expect(unchanged(15, 15)).toBe(true);
});
