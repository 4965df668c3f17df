import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Numbering } from '../../../../src/codec/mbox/dialect.ts';
import { DovecotNumbering } from '../../../../src/codec/mbox/dovecot-numbering.ts';
import { UwNumbering } from '../../../../src/codec/mbox/uw-numbering.ts';

const NUMBERINGS: Record<string, () => Numbering> = {
  dovecot: () => new DovecotNumbering(),
  uw: () => new UwNumbering(),
};

/** A first message that states UIDVALIDITY and the highest UID so far, and claims UID 1. */
function begun(make: () => Numbering, last: number): Numbering {
  const numbering = make();
  numbering.message([
    { name: 'X-IMAPbase', value: ` 1000 ${last}` },
    { name: 'X-UID', value: ' 1' },
  ]);
  return numbering;
}

/** UIDs that ascend, mostly without gaps. */
const UIDS = fc
  .array(fc.constantFrom(1, 1, 1, 1, 2, 5), { minLength: 1, maxLength: 8 })
  .map((gaps) => gaps.map((_, i) => gaps.slice(0, i + 1).reduce((a, b) => a + b, 0)));

test.each(Object.entries(NUMBERINGS))(
  '%s: a stretch that is taken as one is as if taken one by one',
  (_, make) => {
    let taken = 0;
    const property = fc.property(
      fc.integer({ min: 0, max: 30 }),
      fc.array(UIDS, { minLength: 1, maxLength: 3 }),
      (last, stretches) => {
        const [whole, single] = [begun(make, last), begun(make, last)];
        let before = 1;
        for (const gaps of stretches) {
          const uids = gaps.map((gap) => before + gap);
          before = uids.at(-1) ?? before;
          const known = { count: uids.length, firstUid: uids[0] ?? 0, lastUid: before };
          const each = uids.map((uid) => single.replay({ uid, flags: 0, keywords: [] }));
          if (!whole.replayStretch(known)) return;
          taken++;
          expect(each.map((meta) => [meta?.uid, meta?.claim])).toEqual(uids.map((uid) => [uid, undefined]));
          expect(whole.finish()).toEqual(single.finish());
        }
        const next = { uid: before + 1, flags: 0, keywords: [] };
        expect(whole.replay(next)).toEqual(single.replay(next));
      },
    );
    fc.assert(property, { numRuns: 500 });
    expect(taken).toBeGreaterThan(200);
  },
);

test.each(Object.entries(NUMBERINGS))(
  '%s: UIDs that do not go on from those before are not taken as one',
  (_, make) => {
    const numbering = begun(make, 100);
    expect(numbering.replayStretch({ count: 3, firstUid: 10, lastUid: 20 })).toBe(true);
    expect(numbering.replayStretch({ count: 3, firstUid: 20, lastUid: 30 })).toBe(false);
    expect(make().replayStretch({ count: 2, firstUid: 7, lastUid: 9 })).toBe(false);
  },
);
