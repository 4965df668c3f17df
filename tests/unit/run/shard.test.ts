import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareOf } from '../../../src/run/shard.ts';

const places = {
  kind: 'mbox',
  layout: 'fs',
  root: '/',
  inbox: undefined,
  index: undefined,
  control: undefined,
} as const;
const pairs = (users: readonly string[]) => users.map((user) => ({ account: { user, places } }));
const names = (shares: readonly ReturnType<typeof pairs>[]) =>
  shares.map((share) => share.map(({ account }) => account.user));

test('every account is in one share, and in the same whatever others there are', () => {
  const user = fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' });
  fc.assert(
    fc.property(fc.uniqueArray(user), fc.integer({ min: 1, max: 9 }), (users, count) => {
      const shares = Array.from({ length: count }, (_, i) => shareOf(pairs(users), { index: i + 1, count }));
      expect(names(shares).flat().sort()).toEqual([...users].sort());
      const half = users.filter((_, i) => i % 2 === 0);
      for (const [i, share] of names(shares).entries()) {
        const alone = shareOf(pairs(half), { index: i + 1, count }).map(({ account }) => account.user);
        expect(alone).toEqual(share.filter((name) => half.includes(name)));
      }
    }),
  );
});

test('shares are about as large as each other', () => {
  const users = Array.from({ length: 3000 }, (_, i) => `user${i}@example.org`);
  for (const index of [1, 2, 3]) {
    const { length } = shareOf(pairs(users), { index, count: 3 });
    expect(length).toBeGreaterThan(850);
    expect(length).toBeLessThan(1150);
  }
});
