import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { averageMessage, type MailboxSize, roomFor } from '../../../src/plan/room.ts';

const BLOCK = 4096;
const NONE = { files: 0, bytes: 0 };

function mailbox(more: Partial<MailboxSize> = {}): MailboxSize {
  return { size: 0, compressed: false, known: undefined, present: NONE, folder: true, ...more };
}

const known = (size: number, messages: number, bytes = size) => ({ size, bytes, messages });

describe('the average', () => {
  test('of all that was read, else a usual message', () => {
    expect(averageMessage([])).toBe(16_384);
    expect(averageMessage([mailbox({ size: 9e9 }), mailbox({ known: known(0, 0) })])).toBe(16_384);
    const two = [mailbox({ known: known(1000, 10) }), mailbox({ known: known(5000, 10, 9000) })];
    expect(averageMessage(two)).toBe(500);
  });
});

describe('messages to come', () => {
  test.each([
    ['nothing', mailbox(), 0],
    ['one of unknown size', mailbox({ size: 1 }), 1],
    ['by the average', mailbox({ size: 10_000 }), 10],
    ['by the mailbox itself', mailbox({ size: 12_000, known: known(10_000, 100) }), 20],
    ['of an empty one that grew, by the average', mailbox({ size: 5000, known: known(0, 0) }), 5],
    ['packed', mailbox({ size: 10_000, compressed: true }), 30],
    ['packed, grown as before', mailbox({ size: 2000, compressed: true, known: known(1000, 10, 5000) }), 10],
    ['at rest', mailbox({ size: 10_000, known: known(10_000, 100) }), 0],
    ['shrunk', mailbox({ size: 10, known: known(10_000, 100) }), 0],
  ])('%s', (_name, size, messages) => {
    expect(roomFor(size, 1000, BLOCK).messages).toBe(messages);
  });
});

test('a mailbox at rest needs nothing, a new empty one its folder and its manifest', () => {
  const rest = roomFor(mailbox({ size: 9, known: known(9, 1) }), 1000, BLOCK);
  expect([rest.target, rest.state]).toEqual([NONE, NONE]);
  const fresh = roomFor(mailbox({ folder: false }), 1000, BLOCK);
  expect(fresh.target).toEqual({ files: 7, bytes: 7 * BLOCK });
  expect(fresh.state).toEqual({ files: 2, bytes: 2 * BLOCK });
});

test('what a pass that was cut off has left is subtracted, and never more than is needed', () => {
  const all = roomFor(mailbox({ size: 1e6 }), 1000, BLOCK).target;
  const half = roomFor(
    mailbox({ size: 1e6, present: { files: 500, bytes: 500 * BLOCK } }),
    1000,
    BLOCK,
  ).target;
  expect(half).toEqual({ files: all.files - 500, bytes: all.bytes - 500 * BLOCK });
  const none = roomFor(mailbox({ size: 1e6, present: { files: 5000, bytes: 5e9 } }), 1000, BLOCK).target;
  expect(none.files).toBe(0);
  expect(none.bytes).toBeGreaterThanOrEqual(0);
});

test('messages of any sizes take what was said, within a few percent, if their number is known', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200_000 }), {
    minLength: 2000,
    maxLength: 3000,
    size: 'max',
  });
  fc.assert(
    fc.property(sizes, (messages) => {
      const bytes = messages.reduce((sum, size) => sum + size, 0);
      const taken = messages.reduce((sum, size) => sum + Math.ceil(size / BLOCK) * BLOCK, 0);
      const { target } = roomFor(mailbox({ size: bytes }), bytes / messages.length, BLOCK);
      expect(Math.abs(target.files - messages.length)).toBeLessThanOrEqual(1);
      const said = target.bytes - target.files * 256;
      expect(said).toBeGreaterThan(0.97 * taken);
      expect(said).toBeLessThan(1.03 * taken);
    }),
    { numRuns: 20 },
  );
});

test('small messages take a block each', () => {
  const { target } = roomFor(mailbox({ size: 100_000 }), 100, BLOCK);
  expect(target).toEqual({ files: 1000, bytes: 1000 * (BLOCK + 256) });
});
