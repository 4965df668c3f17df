import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessageRecord } from '../../../src/core/message.ts';
import type { Action } from '../../../src/plan/action.ts';
import { assignUids, planNumbered, summarize } from '../../../src/plan/plan.ts';
import { thrown } from '../io/support.ts';
import { carryOut, modelOf, plain, record, scanned } from './model.ts';

function plan(old: readonly MessageRecord[], now: readonly MessageRecord[]): Action[] {
  return [...planNumbered(old, now.map(scanned))];
}

function kinds(actions: readonly Action[]): string[] {
  return actions.map((action) => `${action.kind} ${(action.kind === 'add' ? action.now : action.old).uid}`);
}

describe('planNumbered', () => {
  const a = record(1, 'a', 0, ['x', 'y']);
  test.each([
    ['nothing on both sides', [], [], []],
    ['same message, same flags', [a], [a], ['keep 1']],
    ['keywords in another order', [a], [{ ...a, keywords: ['y', 'x'] }], ['keep 1']],
    ['another place in the source', [a], [{ ...a, start: 500, end: 510 }], ['keep 1']],
    ['other flags', [a], [{ ...a, flags: 8 }], ['reflag 1']],
    ['a keyword more', [a], [{ ...a, keywords: ['x', 'y', 'z'] }], ['reflag 1']],
    ['a keyword less', [a], [{ ...a, keywords: ['x'] }], ['reflag 1']],
    ['another keyword', [a], [{ ...a, keywords: ['x', 'z'] }], ['reflag 1']],
    ['other content', [a], [record(1, 'b')], ['remove 1', 'add 1']],
    ['another size', [a], [{ ...a, size: 11 }], ['remove 1', 'add 1']],
    ['another date', [a], [{ ...a, date: 1001 }], ['remove 1', 'add 1']],
    ['only in the scan', [], [a], ['add 1']],
    ['only in the manifest', [a], [], ['remove 1']],
    [
      'everything at once',
      [a, record(3, 'c'), record(4, 'd'), record(9, 'i')],
      [record(2, 'b'), record(3, 'c', 1), record(4, 'e'), record(10, 'j')],
      ['remove 1', 'add 2', 'reflag 3', 'remove 4', 'add 4', 'remove 9', 'add 10'],
    ],
  ])('%s', (_name, old, now, expected) => {
    expect(kinds(plan(old, now))).toEqual(expected);
  });

  test('a scan whose UIDs do not ascend is a bug of ours', () => {
    expect(thrown(() => plan([], [record(2, 'a'), record(2, 'b')])).code).toBe('INTERNAL');
  });
});

/** Every manifest of up to three messages with UIDs of 1 to 4, two contents, two flag sets. */
function* smallManifests(): Generator<MessageRecord[]> {
  const messages = [1, 2, 3, 4].map((uid) =>
    ['a', 'b'].flatMap((letter) => [0, 8].map((flags) => record(uid, letter, flags))),
  );
  const extend = function* (chosen: MessageRecord[], from: number): Generator<MessageRecord[]> {
    yield chosen;
    if (chosen.length === 3) return;
    for (let i = from; i < messages.length; i++)
      for (const message of messages[i] ?? []) yield* extend([...chosen, message], i + 1);
  };
  yield* extend([], 0);
}

test('all pairs of small manifests: carrying out the plan leads from one to the other', () => {
  const all = [...smallManifests()];
  expect(all).toHaveLength(1 + 16 + 96 + 256);
  let pairs = 0;
  for (const before of all) {
    for (const after of all) {
      const actions = plan(before, after);
      const result = [...carryOut(actions, modelOf(before)).values()];
      if (JSON.stringify(result) !== JSON.stringify(after)) expect(result).toEqual(after);
      const quiet = actions.every(({ kind }) => kind === 'keep');
      if (quiet !== (JSON.stringify(before) === JSON.stringify(after))) expect(kinds(actions)).toEqual([]);
      checkSummary(actions, before, after);
      pairs++;
    }
  }
  expect(pairs).toBe(369 * 369);
});

function checkSummary(actions: readonly Action[], before: MessageRecord[], after: MessageRecord[]): void {
  const sum = summarize(actions);
  const last = before.at(-1)?.uid ?? 0;
  const added = actions.flatMap((action) => (action.kind === 'add' ? [action.now.uid] : []));
  const wrong =
    sum.kept + sum.added + sum.reflagged !== after.length ||
    sum.kept + sum.removed + sum.reflagged !== before.length ||
    sum.lastUid !== (after.at(-1)?.uid ?? 0) ||
    sum.bytes !== 10 * added.length ||
    sum.appendOnly !== added.every((uid) => uid > last);
  if (wrong) expect({ sum, before, after }).toBe('a summary that fits');
}

test('names the keywords that are in use afterwards, not those that go', () => {
  const old = [record(1, 'a', 0, ['gone']), record(2, 'b', 0, ['old'])];
  const now = [record(2, 'b', 0, ['new']), record(3, 'c', 0, ['fresh', 'new'])];
  expect([...summarize(plan(old, now)).keywordsInUse].sort()).toEqual(['fresh', 'new']);
});

const letters = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });

/** Old messages in file order with ascending UIDs that have gaps, and the UIDNEXT behind them. */
const history = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 3 })), {
  maxLength: 8,
});

function oldOf(steps: readonly (readonly [string, number])[]): { old: MessageRecord[]; next: number } {
  let uid = 0;
  const old = steps.map(([letter, step]) => {
    uid += step;
    return record(uid, letter);
  });
  return { old, next: uid + 2 };
}

describe('assignUids', () => {
  const assign = (old: readonly MessageRecord[], now: string, next: number) =>
    [
      ...assignUids(
        old,
        [...now].map((letter, i) => scanned(record(0, letter), i)),
        next,
      ),
    ].map(({ uid, ordinal }) => `${uid}:${now[ordinal]}`);
  const abc = [record(1, 'a'), record(2, 'b'), record(5, 'c')];
  test.each([
    ['first pass', [], 'abc', 1, ['1:a', '2:b', '3:c']],
    ['unchanged', abc, 'abc', 9, ['1:a', '2:b', '5:c']],
    ['appended', abc, 'abcde', 9, ['1:a', '2:b', '5:c', '9:d', '10:e']],
    ['first expunged', abc, 'bc', 9, ['2:b', '5:c']],
    ['last expunged, then one more', abc, 'abd', 9, ['1:a', '2:b', '9:d']],
    ['one in front', abc, 'xabc', 9, ['1:a', '2:b', '5:c', '9:x']],
    ['all others', abc, 'xyz', 9, ['9:x', '10:y', '11:z']],
    ['sorted anew', abc, 'cab', 9, ['1:a', '2:b', '5:c']],
    ['a true duplicate more', abc, 'abcb', 9, ['1:a', '2:b', '5:c', '9:b']],
    ['one of two duplicates gone', [record(1, 'a'), record(2, 'a'), record(3, 'b')], 'ab', 9, ['1:a', '3:b']],
    ['emptied', abc, '', 9, []],
  ])('%s', (_name, old, now, next, expected) => {
    expect(assign(old, now, next)).toEqual(expected);
  });

  test('kept messages keep their UIDs, each duplicate its own; new ones ascend from UIDNEXT', () => {
    fc.assert(
      fc.property(history, letters, (steps, now) => {
        const { old, next } = oldOf(steps);
        const input = now.map((letter, i) => scanned(record(0, letter), i));
        const result = [...assignUids(old, input, next)];
        const uids = result.map(({ uid }) => uid);
        expect(uids).toEqual([...new Set(uids)].sort((a, b) => a - b));
        expect(result.map(({ ordinal }) => ordinal).sort()).toEqual(now.map((_, i) => i));
        for (const { ordinal, digest } of result) expect(digest).toBe(input[ordinal]?.digest);
        for (const letter of ['a', 'b', 'c']) {
          const { digest } = record(0, letter);
          const had = old.filter((message) => message.digest === digest).map(({ uid }) => uid);
          const has = result.filter((message) => message.digest === digest).map(({ uid }) => uid);
          const kept = has.filter((uid) => uid < next);
          expect(kept).toEqual(had.slice(0, has.length));
        }
        const fresh = result.filter(({ uid }) => uid >= next).sort((x, y) => x.ordinal - y.ordinal);
        expect(fresh.map(({ uid }) => uid)).toEqual(fresh.map((_, i) => next + i));
      }),
      { numRuns: 500 },
    );
  });

  test('the same spool again is all keep', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const { old, next } = oldOf(steps);
        const again = old.map((message, i) => scanned({ ...message, uid: 0 }, i));
        expect([...assignUids(old, again, next)].map(plain)).toEqual(old);
        const actions = [...planNumbered(old, assignUids(old, again, next))];
        expect(actions.every(({ kind }) => kind === 'keep')).toBe(true);
      }),
    );
  });

  test('takes no more from either side than it gives while both agree', () => {
    let taken = 0;
    const count = function* (messages: readonly MessageRecord[]) {
      for (const message of messages) {
        taken++;
        yield scanned(message);
      }
    };
    const uids = assignUids(abc, count(abc), 9);
    expect(uids.next().value?.uid).toBe(1);
    expect(taken).toBe(1);
  });
});
