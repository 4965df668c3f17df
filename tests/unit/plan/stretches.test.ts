import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Remembered, Scanned } from '../../../src/core/message.ts';
import { isStretch, type Stretch } from '../../../src/core/stretch.ts';
import type { Action } from '../../../src/plan/action.ts';
import { makePlan, Summary } from '../../../src/plan/plan.ts';
import { inStretches } from '../state/stretches.ts';
import { record, scanned, targetWith } from './model.ts';

/** What became of a message in the source. */
const CHANGE = fc.oneof(
  { weight: 9, arbitrary: fc.constant('same') },
  { weight: 1, arbitrary: fc.constantFrom('flags', 'gone', 'replaced') },
);
const ODDITY = fc.oneof(
  { weight: 12, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom('gone', 'claim', 'target') },
);

interface Case {
  readonly old: readonly Remembered[];
  readonly now: readonly Scanned[];
  readonly same: readonly boolean[];
}

/** Messages at places that ascend, some of them not plain, and what the source has of them now, with new ones behind. */
const CASE = fc
  .record({
    gaps: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 40 }),
    odd: fc.array(ODDITY, { minLength: 40, maxLength: 40 }),
    changes: fc.array(CHANGE, { minLength: 40, maxLength: 40 }),
    added: fc.integer({ min: 0, max: 3 }),
    size: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ gaps, odd, changes, added, size }) => {
    let uid = 0;
    const old = gaps.map((gap, i): Remembered => {
      uid += gap;
      return {
        ...at(record(uid, 'a', uid % 4, uid % 5 === 0 ? [`k${uid % 3}`] : []), i),
        ...oddity(odd[i] ?? ''),
      };
    });
    const now = old.flatMap((one, i) => changed(one, changes[i] ?? 'same'));
    const more = Array.from({ length: added }, (_, i) => scanned(at(record(uid + 1 + i, 'z'), 100 + i)));
    return { size, case: { old, now: [...now, ...more], same: changes.map((change) => change === 'same') } };
  });

function at<T extends Remembered>(message: T, place: number): T {
  return { ...message, start: 20 * place + 10, end: 20 * place + 20 };
}

function oddity(kind: string): Partial<Remembered> {
  if (kind === 'gone') return { gone: true };
  if (kind === 'claim') return { claim: 'none' };
  return kind === 'target' ? { target: { flags: 31, keywords: ['theirs'] } } : {};
}

function changed(old: Remembered, change: string): Scanned[] {
  const { gone: _gone, target: _target, ...message } = old;
  if (change === 'gone') return [];
  if (change === 'flags') return [scanned({ ...message, flags: message.flags ^ 8 })];
  return [scanned(change === 'replaced' ? { ...message, digest: 'f'.repeat(16) } : message)];
}

/** What a scan gives that takes over whole stretches where nothing in them changed. */
function withStretches({ old, now, same }: Case, stretches: readonly Stretch[]): (Scanned | Stretch)[] {
  const rest = [...now];
  const items: (Scanned | Stretch)[] = [];
  let i = 0;
  for (const stretch of stretches) {
    const uids = old.slice(i, i + stretch.count).map(({ uid }) => uid);
    const whole = stretch.plain && same.slice(i, i + stretch.count).every(Boolean);
    i += stretch.count;
    const here = rest.filter(({ uid }) => uids.includes(uid));
    rest.splice(0, here.length);
    items.push(...(whole ? [stretch] : here));
  }
  return [...items, ...rest];
}

function apart(actions: Iterable<Action>): unknown[] {
  return [...actions].flatMap((action): unknown[] => {
    if (action.kind !== 'keep-stretch') return [action];
    return [...action.stretch.records()].map((message) => ({ kind: 'keep', old: message, next: message }));
  });
}

function summaryOf(actions: Iterable<Action>) {
  const summary = new Summary();
  for (const action of actions) summary.add(action);
  return summary.plan;
}

test('a plan of stretches is the plan of their messages', () => {
  let whole = 0;
  fc.assert(
    fc.property(CASE, ({ size, case: one }) => {
      const stretches = inStretches(one.old, size);
      const how = { target: targetWith(), renumbered: new Map(), merge: false, late: undefined };
      const scan = withStretches(one, stretches);
      whole += scan.filter(isStretch).length;
      const single = () => makePlan({ ...how, old: one.old, scan: one.now });
      const joined = () => makePlan({ ...how, old: stretches, scan });
      expect(apart(joined())).toEqual([...single()]);
      expect(summaryOf(joined())).toEqual(summaryOf(single()));
    }),
    { numRuns: 500 },
  );
  expect(whole).toBeGreaterThan(500);
});

test('a stretch that the manifest does not have is a bug of ours', () => {
  const messages = [at(record(1, 'a'), 1), at(record(2, 'b'), 2)];
  const how = { target: targetWith(), renumbered: new Map(), merge: false, late: undefined };
  const scan = inStretches(messages, 2);
  expect(() => [...makePlan({ ...how, old: [], scan })]).toThrow('no such stretch');
  expect(() => [...makePlan({ ...how, old: inStretches(messages, 1), scan })]).not.toThrow();
});
