import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Marks, MessageRecord, Remembered } from '../../../src/core/message.ts';
import type { Action, PlanSummary } from '../../../src/plan/action.ts';
import { mergeMarks } from '../../../src/plan/marks.ts';
import { assignUids, numberUnknown, pairRenumbered } from '../../../src/plan/pairing.ts';
import { makePlan, type PlanInput, Summary } from '../../../src/plan/plan.ts';
import { thrown } from '../io/support.ts';
import { carryOut, fileOf, marksText, modelOf, plain, record, scanned, targetWith } from './model.ts';

function plan(
  old: readonly Remembered[],
  now: readonly MessageRecord[],
  how: Partial<PlanInput> = {},
): Action[] {
  const input = { old, scan: now.map(scanned), target: targetWith(), renumbered: new Map(), merge: false };
  return [...makePlan({ ...input, late: undefined, ...how })];
}

function summarize(actions: Iterable<Action>): PlanSummary {
  const summary = new Summary();
  for (const action of actions) summary.add(action);
  return summary.plan;
}

/** With messages under new UIDs found by content, as a pass does it. */
async function pairedPlan(old: readonly Remembered[], now: readonly MessageRecord[]): Promise<Action[]> {
  return plan(old, now, { renumbered: await pairRenumbered(old, now.map(scanned)) });
}

function kinds(actions: readonly Action[]): string[] {
  return actions.map((action) => {
    if (action.kind === 'keep-stretch') return `keep-stretch ${action.stretch.firstUid}`;
    const drift = 'drift' in action ? ` ${action.drift}` : '';
    return `${action.kind} ${('next' in action ? action.next : action.old).uid}${drift}`;
  });
}

describe('what a message of a Maildir carries', () => {
  const known: Remembered = {
    ...record(1, 'a', 0),
    fields: [
      ['G', 'one'],
      ['P', 'x'],
    ],
    extra: 'P',
  };
  const planned = (now: Partial<MessageRecord>) => plan([known], [{ ...known, ...now }]);

  test('other fields or letters are a change, of the uidlist where it is fields', () => {
    expect(kinds(planned({}))).toEqual(['keep 1']);
    expect(kinds(planned({ fields: [['G', 'one']] }))).toEqual(['reflag 1']);
    expect(kinds(planned({ extra: 'PX' }))).toEqual(['reflag 1']);
    expect(
      summarize(
        planned({
          fields: [
            ['G', 'two'],
            ['P', 'x'],
          ],
        }),
      ),
    ).toMatchObject({
      reflagged: 1,
      appendOnly: true,
      refielded: true,
    });
    expect(summarize(planned({ flags: 8 }))).toMatchObject({ reflagged: 1, refielded: false });
  });

  test('also where its user gave it other flags, which stay', () => {
    const target = targetWith(new Map([[1, { flags: 8, keywords: [] }]]));
    const [action] = plan([known], [{ ...known, fields: [['G', 'two']] }], { target });
    expect(action).toMatchObject({ kind: 'reflag', next: { fields: [['G', 'two']], target: { flags: 8 } } });
  });

  test('where its file lies is written down without anything being done', () => {
    const file = { key: 'k', ino: '2', mtimeNs: '3' };
    expect(planned({ file })).toMatchObject([{ kind: 'keep', next: { file } }]);
  });
});

test('messages that their files tell apart: only those without a UID get one', () => {
  const file = { key: 'k', ino: '1', mtimeNs: '1' };
  const scan = [record(3, 'a'), record(7, 'b'), record(0, 'c'), record(0, 'd')].map(scanned);
  const uids = (old: readonly MessageRecord[]) => [...numberUnknown(old, scan, 10)].map(({ uid }) => uid);
  expect(uids([])).toEqual([3, 7, 10, 11]);
  // The same bytes, but another file that is gone.
  expect(uids([{ ...record(5, 'c'), file }])).toEqual([3, 7, 10, 11]);
  // What a pass that was cut off has put into the target already.
  expect(uids([record(9, 'd')])).toEqual([3, 7, 9, 10]);
});

describe('without changes in the target', () => {
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

  test('a message under another UID is renamed, each true duplicate once', async () => {
    const old = [record(1, 'a'), record(2, 'a'), record(3, 'b', 8), record(4, 'c')];
    const now = [record(1, 'a'), record(11, 'b'), record(12, 'a'), record(13, 'a')];
    expect(kinds(await pairedPlan(old, now))).toEqual([
      'keep 1',
      'remove 4',
      'renumber 11',
      'renumber 12',
      'add 13',
    ]);
  });

  test('a scan whose UIDs do not ascend is a bug of ours', () => {
    expect(thrown(() => plan([], [record(2, 'a'), record(2, 'b')])).code).toBe('INTERNAL');
  });
});

describe('with changes in the target', () => {
  const a = record(1, 'a', 0, ['x']);
  const seen: Marks = { flags: 8, keywords: ['x'] };
  const gone: Remembered = { ...a, gone: true };
  const pilot: Remembered = { ...a, target: seen };
  type Case = readonly [
    name: string,
    old: Remembered,
    target: 'as-left' | 'gone' | 'absent' | Marks,
    now: MessageRecord | undefined,
    expected: readonly string[],
    marks?: Marks,
  ];
  const cases: readonly Case[] = [
    ['removed there', a, 'gone', a, ['leave 1 gone']],
    ['removed there, other flags in the source', a, 'gone', { ...a, flags: 1 }, ['leave 1 gone']],
    ['removed on both sides', a, 'gone', undefined, ['forget 1']],
    ['known as removed there', gone, 'gone', a, ['leave 1']],
    ['known as removed there, and gone', gone, 'gone', undefined, ['forget 1']],
    ['known as removed there, another message', gone, 'gone', record(1, 'b'), ['forget 1', 'add 1']],
    ['taken away by a cut-off pass', a, 'absent', a, ['forget 1', 'add 1']],
    ['taken away by a cut-off pass, and gone', a, 'absent', undefined, ['forget 1']],
    ['read there', a, seen, a, ['keep 1 flags'], seen],
    ['read there, gone from the source', a, seen, undefined, ['release 1']],
    ['read there, another message', a, seen, record(1, 'b'), ['release 1', 'add 1']],
    [
      'read there, flagged in the source',
      a,
      seen,
      { ...a, flags: 2 },
      ['reflag 1 flags'],
      { flags: 10, keywords: ['x'] },
    ],
    ['read on both sides', a, seen, { ...a, flags: 8 }, ['keep 1 flags'], seen],
    [
      'a keyword there, another in the source',
      a,
      { flags: 0, keywords: ['X', 'p'] },
      { ...a, keywords: ['x', 'q'] },
      ['reflag 1 flags'],
      { flags: 0, keywords: ['X', 'p', 'q'] },
    ],
    ['known as read there', pilot, 'as-left', a, ['keep 1'], seen],
    [
      'known as read there, flagged in the source',
      pilot,
      'as-left',
      { ...a, flags: 2 },
      ['reflag 1'],
      { flags: 10, keywords: ['x'] },
    ],
    [
      'known as read there, unread again there',
      pilot,
      { flags: 0, keywords: ['x'] },
      a,
      ['keep 1 flags'],
      { flags: 0, keywords: ['x'] },
    ],
    [
      'known as read there, unread there, read in the source',
      pilot,
      { flags: 0, keywords: ['x'] },
      { ...a, flags: 8 },
      ['keep 1 conflict'],
      { flags: 0, keywords: ['x'] },
    ],
  ];
  test.each(cases.map((one) => [one[0], one] as const))(
    '%s',
    (_name, [, old, target, now, expected, marks]) => {
      const changes = new Map(target === 'as-left' ? [] : [[1, target] as const]);
      const actions = plan([old], now === undefined ? [] : [now], { target: targetWith(changes) });
      expect(kinds(actions)).toEqual(expected);
      const [first] = actions;
      if (marks === undefined || first === undefined || !('next' in first)) return;
      expect(marksText(first.next.target ?? first.next)).toBe(marksText(marks));
      // Remembered as a difference only where there is one.
      expect(first.next.target === undefined).toBe(marksText(marks) === marksText(first.next));
    },
  );

  test('one that moves to another UID keeps what its user did', async () => {
    const old: Remembered[] = [pilot, { ...record(2, 'b'), gone: true }];
    const now = [record(5, 'a', 0, ['x']), record(6, 'b')];
    const actions = await pairedPlan(old, now);
    expect(kinds(actions)).toEqual(['renumber 5', 'leave 6']);
    expect(actions[0]).toMatchObject({ next: { uid: 5, target: seen } });
  });
});

describe('flags of both sides', () => {
  const marks = fc.record({ flags: fc.integer({ min: 0, max: 31 }), keywords: fc.subarray(['a', 'b', 'c']) });

  test('whoever changed a flag has it; the target wins where both did', () => {
    fc.assert(
      fc.property(marks, marks, marks, marks, (s0, s1, t0, t1) => {
        const merged = mergeMarks({ before: s0, now: s1 }, { before: t0, now: t1 });
        let conflict = false;
        const bits = (m: Marks) => [1, 2, 4, 8, 16].map((bit) => (m.flags & bit) !== 0);
        const words = (m: Marks) => ['a', 'b', 'c'].map((word) => m.keywords.includes(word));
        for (const of of [bits, words]) {
          const [p, q, r, t, m] = [s0, s1, t0, t1, merged].map(of) as [
            boolean[],
            boolean[],
            boolean[],
            boolean[],
            boolean[],
          ];
          for (const i of p.keys()) {
            const [source, target] = [p[i] !== q[i], r[i] !== t[i]];
            if (source && target && q[i] !== t[i]) conflict = true;
            expect(m[i]).toBe(source && !target ? q[i] : t[i]);
          }
        }
        expect(merged.conflict).toBe(conflict);
      }),
    );
  });

  test('nothing is a conflict where both started alike', () => {
    fc.assert(
      fc.property(marks, marks, marks, (both, s1, t1) => {
        expect(mergeMarks({ before: both, now: s1 }, { before: both, now: t1 }).conflict).toBe(false);
      }),
    );
  });
});

describe('mail that came late', () => {
  const old: Remembered[] = [record(1, 'a', 8), record(2, 'b')];
  test('comes behind all others, and nothing else happens', () => {
    const now = [record(2, 'b', 1), record(3, 'c'), record(4, 'd')];
    const actions = plan(old, now, { merge: true, late: { nextUid: 9, mapped: [] } });
    expect(kinds(actions)).toEqual(['keep 1', 'keep 2', 'add 9', 'add 10']);
    expect(actions[1]).toMatchObject({ next: { flags: 0 } });
    expect(actions[2]).toMatchObject({ next: { uid: 9, sourceUid: 3 } });
    const remembered = actions.flatMap((action) => ('next' in action ? [action.next] : []));
    const mapped = remembered.filter(({ sourceUid }) => sourceUid !== undefined);
    const again = plan(remembered, now, { merge: true, late: { nextUid: 20, mapped } });
    expect(kinds(again)).toEqual(['keep 1', 'keep 2', 'keep 9', 'keep 10']);
  });

  test('keeps a UID that is high enough', () => {
    const actions = plan(old, [...old, record(30, 'c')], { merge: true, late: { nextUid: 9, mapped: [] } });
    expect(kinds(actions)).toEqual(['keep 1', 'keep 2', 'add 30']);
    expect(actions[2]).not.toHaveProperty('next.sourceUid');
  });

  test('is found again wherever the source puts it', () => {
    const known: Remembered[] = [...old, { ...record(9, 'c'), sourceUid: 3 }, record(10, 'e')];
    const now = [...old, record(3, 'c'), record(4, 'x'), record(10, 'e')];
    const mapped = known.filter(({ sourceUid }) => sourceUid !== undefined);
    const actions = plan(known, now, { late: { nextUid: 11, mapped } });
    expect(kinds(actions)).toEqual(['keep 1', 'keep 2', 'keep 9', 'keep 10', 'add 11']);
  });

  test('is not added again where the source has numbered everything anew', async () => {
    const now = [record(101, 'a'), record(102, 'b'), record(103, 'c')];
    const renumbered = await pairRenumbered(old, now.map(scanned));
    const actions = plan(old, now, { merge: true, renumbered, late: { nextUid: 9, mapped: [] } });
    expect(kinds(actions)).toEqual(['keep 1', 'keep 2', 'add 103']);
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

test.each([
  ['by UID alone', plan],
  ['with messages under new UIDs', pairedPlan],
])(
  'all pairs of small manifests, %s: carrying out the plan leads from one to the other',
  async (_name, make) => {
    const all = [...smallManifests()];
    expect(all).toHaveLength(1 + 16 + 96 + 256);
    let pairs = 0;
    for (const before of all) {
      for (const after of all) {
        const actions = await make(before, after);
        const { folder, remembered } = carryOut(actions, modelOf(before));
        if (JSON.stringify([...folder]) !== JSON.stringify([...modelOf(after)]))
          expect(folder).toEqual(modelOf(after));
        if (JSON.stringify(remembered) !== JSON.stringify(after)) expect(remembered).toEqual(after);
        const quiet = actions.every(({ kind }) => kind === 'keep');
        if (quiet !== (JSON.stringify(before) === JSON.stringify(after))) expect(kinds(actions)).toEqual([]);
        checkSummary(actions, before, after);
        pairs++;
      }
    }
    expect(pairs).toBe(369 * 369);
  },
);

function checkSummary(actions: readonly Action[], before: MessageRecord[], after: MessageRecord[]): void {
  const sum = summarize(actions);
  const last = before.at(-1)?.uid ?? 0;
  const added = actions.flatMap((action) => (action.kind === 'add' ? [action.now.uid] : []));
  const wrong =
    sum.kept + sum.added + sum.reflagged + sum.renumbered !== after.length ||
    sum.kept + sum.removed + sum.reflagged + sum.renumbered !== before.length ||
    sum.lastUid !== (after.at(-1)?.uid ?? 0) ||
    sum.bytes !== 10 * added.length ||
    sum.writes !== sum.added + sum.removed + sum.reflagged + sum.renumbered > 0 ||
    sum.firstNew !== Math.min(Number.POSITIVE_INFINITY, ...added) ||
    sum.appendOnly !== (sum.renumbered === 0 && added.every((uid) => uid > last));
  if (wrong) expect({ sum, before, after }).toBe('a summary that fits');
}

/** What a random user did to a random target: nothing, a removal, other flags. */
const history3 = fc.array(
  fc.record({
    letter: fc.constantFrom('a', 'b', 'c'),
    flags: fc.constantFrom(0, 8),
    gone: fc.boolean(),
    user: fc.constantFrom('nothing' as const, 'removed' as const, 'flagged' as const),
    source: fc.constantFrom('same' as const, 'read' as const, 'removed' as const),
  }),
  { maxLength: 6 },
);

test('what users removed stays away, what they changed stays, and a second pass has nothing to do', () => {
  fc.assert(
    fc.property(history3, fc.array(fc.constantFrom('x', 'y'), { maxLength: 3 }), (steps, fresh) => {
      const old = steps.map(
        ({ letter, flags, gone }, i): Remembered => ({
          ...record(i + 1, letter, flags),
          ...(gone && { gone: true }),
        }),
      );
      const now = steps.flatMap(({ letter, flags, source }, i) =>
        source === 'removed' ? [] : [record(i + 1, letter, source === 'read' ? 8 : flags)],
      );
      now.push(...fresh.map((letter, i) => record(old.length + 1 + i, letter)));
      const changes = new Map<number, 'gone' | Marks>();
      const folder = new Map(modelOf(old));
      for (const [i, { user, gone }] of steps.entries()) {
        if (gone || user === 'nothing') continue;
        const file = fileOf(old[i] as Remembered);
        if (user === 'removed') folder.delete(file);
        const marks = { flags: 2, keywords: [] };
        if (user === 'flagged') folder.set(file, marksText(marks));
        changes.set(i + 1, user === 'removed' ? 'gone' : marks);
      }
      const done = carryOut(plan(old, now, { target: targetWith(changes) }), folder);
      for (const [i, { user, gone, source }] of steps.entries()) {
        const there = done.folder.get(fileOf(old[i] as Remembered));
        if (gone || user === 'removed' || source === 'removed') expect(there).toBeUndefined();
        else if (user === 'flagged') expect(Number(there?.split(' ')[0]) & 2).toBe(2);
        else expect(there).toBeDefined();
        expect(done.released.includes(i + 1)).toBe(!gone && user === 'flagged' && source === 'removed');
      }
      const again = plan(done.remembered, now);
      expect(again.every(({ kind }) => kind === 'keep' || kind === 'leave')).toBe(true);
      expect(summarize(again)).toMatchObject({ writes: false, changed: false });
    }),
    { numRuns: 2000 },
  );
});

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
        const actions = plan(old, [...assignUids(old, again, next)]);
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
