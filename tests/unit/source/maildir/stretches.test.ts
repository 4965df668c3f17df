import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MessageRecord, Remembered } from '../../../../src/core/message.ts';
import { isStretch, messagesOf, type Stretch } from '../../../../src/core/stretch.ts';
import { KnownRecords, StretchKeeper } from '../../../../src/source/maildir/stretches.ts';
import { inStretches } from '../../state/stretches.ts';

/** A message of a Maildir as a manifest knows it. */
function record(uid: number): Remembered {
  const content = {
    flags: 0,
    keywords: ['k'],
    date: 5,
    size: 1,
    vsize: 1,
    digest: `d${uid}`,
    start: 0,
    end: 1,
  };
  return {
    ...content,
    uid,
    fields: [['G', `${uid}.h`]],
    file: { key: `${uid}.h`, ino: `${uid}`, mtimeNs: '1' },
  };
}

const CHANGES: readonly ((one: MessageRecord) => MessageRecord)[] = [
  (one) => ({ ...one, flags: 8 }),
  (one) => ({ ...one, keywords: [] }),
  (one) => ({ ...one, fields: [['G', 'other']] }),
  (one) => ({ ...one, extra: 'P' }),
  (one) => ({ ...one, file: { key: '0.h', ino: '1', mtimeNs: '1' } }),
];

interface Passed {
  readonly items: readonly (MessageRecord | Stretch)[];
  readonly now: readonly MessageRecord[];
}

/** Passes messages on as a scan does; `fates`: index of a change, `gone`, or nothing. */
function pass(fates: readonly (number | 'gone' | undefined)[], size: number): Passed {
  const old = fates.map((_, i) => record(i + 1));
  const known = new KnownRecords(inStretches(old, size));
  const items: (MessageRecord | Stretch)[] = [];
  const keeper = new StretchKeeper({
    onMessage: (one) => items.push(one),
    onStretch: (stretch) => items.push(stretch),
  });
  const now = old.flatMap((one, i) => {
    const fate = fates[i];
    if (fate === 'gone') return [];
    return [fate === undefined ? one : (CHANGES[fate]?.(one) ?? one)];
  });
  for (const one of now) keeper.add(one, false, known.of(one.uid));
  keeper.flush();
  return { items, now };
}

test('nothing is lost, doubled or out of order, and only stretches without a change are passed as such', () => {
  const fate = fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat({ max: CHANGES.length - 1 }) },
    { weight: 1, arbitrary: fc.constant('gone' as const) },
  );
  fc.assert(
    fc.property(fc.array(fate, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (fates, size) => {
      const { items, now } = pass(fates, size);
      expect([...messagesOf(items as (Remembered | Stretch)[])]).toEqual(now);
      const whole = fates
        .filter((_, i) => i % size === 0)
        .filter((_, nth) => fates.slice(nth * size, (nth + 1) * size).every((one) => one === undefined));
      expect(items.filter(isStretch)).toHaveLength(whole.length);
    }),
  );
});

test('messages of a Maildir are plain: each begins at 0', () => {
  const [stretch] = inStretches([record(1), record(2), record(3)], 3);
  expect(stretch).toMatchObject({ plain: true, count: 3, firstUid: 1, lastUid: 3 });
  const gone = inStretches([record(1), { ...record(2), gone: true }], 2)[0];
  expect(gone?.plain).toBe(false);
});
