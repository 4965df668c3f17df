import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { digestNumber, digestOf, runningDigest } from '../../../src/codec/digest.ts';

/** Values of XXH64 with seed 0 that the algorithm's own documentation and other implementations give. */
const KNOWN: [string, string][] = [
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
];

test.each(KNOWN)('%j', (text, hex) => {
  expect(digestOf(Buffer.from(text))).toBe(hex);
  expect(digestNumber(Buffer.from(text))).toBe(BigInt(`0x${hex}`));
  const running = runningDigest();
  running.update(Buffer.from(text));
  expect(running.hex()).toBe(hex);
});

it('always has 16 digits', () => {
  const digests = Array.from({ length: 500 }, (_, i) => digestOf(Buffer.from(`${i}`)));
  for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{16}$/);
  // The guard: without leading zeros among them the test would show nothing.
  expect(digests.some((digest) => digest.startsWith('0'))).toBe(true);
});

it('comes to the same in pieces, and two at a time do not mix', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, pieces, (first, second) => {
      const digests = [runningDigest(), runningDigest()];
      for (let i = 0; i < Math.max(first.length, second.length); i++) {
        digests[0]?.update(first[i] ?? new Uint8Array());
        digests[1]?.update(second[i] ?? new Uint8Array());
      }
      expect(digests.map((digest) => digest.hex())).toEqual([
        digestOf(Buffer.concat(first)),
        digestOf(Buffer.concat(second)),
      ]);
    }),
  );
});
