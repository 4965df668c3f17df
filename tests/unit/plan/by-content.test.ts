import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dropCopies, pairByContent } from '../../../src/plan/by-content.ts';
import { MessageTable } from '../../../src/plan/message-table.ts';

/** A message of an archive as a pass sees it; equal letters are equal contents. */
interface Mail {
  readonly letter: string;
  readonly date: number;
  readonly file?: number;
}

interface Numbered extends Mail {
  readonly uid: number;
}

function entry({ letter, date }: Mail) {
  return { digest: letter.charCodeAt(0).toString(16).repeat(8), size: 10, date };
}

/** What passes over an archive make of it, one after another: the numbering that run/read-archive.ts does, without files. */
function passOver(known: readonly Numbered[], mails: readonly Mail[]): Numbered[] {
  const [before, scan] = [new MessageTable(), new MessageTable()];
  for (const mail of known) before.add(entry(mail), { uid: mail.uid });
  for (const mail of mails) scan.add(entry(mail), { file: mail.file ?? 0 });
  pairByContent(before, scan);
  let next = Math.max(0, ...known.map(({ uid }) => uid)) + 1;
  return [...scan.inOrder()].map((at) => ({
    ...(mails[at] as Mail),
    date: scan.dateOf(at),
    uid: scan.uidOf(at) || next++,
  }));
}

const mail = fc.record({
  letter: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  date: fc.integer({ min: 0, max: 20 }),
});
const growing = fc.array(fc.array(mail, { maxLength: 8 }), { minLength: 1, maxLength: 5 });

test('the first pass numbers by date, equal dates as they stand', () => {
  fc.assert(
    fc.property(fc.array(mail), (mails) => {
      const found = passOver([], mails);
      const wanted = mails.map((one, at) => ({ ...one, at })).sort((a, b) => a.date - b.date || a.at - b.at);
      expect(found.map(({ letter, date, uid }) => [letter, date, uid])).toEqual(
        wanted.map(({ letter, date }, i) => [letter, date, i + 1]),
      );
    }),
  );
});

test('however an archive grows and is put together anew, what is known keeps UID and date, new mail comes behind', () => {
  fc.assert(
    fc.property(
      growing,
      fc.infiniteStream(fc.nat()),
      fc.integer({ min: -5, max: 5 }),
      (passes, order, shift) => {
        let [known, all]: [Numbered[], Mail[]] = [[], []];
        for (const [i, more] of passes.entries()) {
          const shuffled = [...all, ...more]
            .map((one) => ({ one, key: order.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ one }) => one);
          // From the second pass on all From_ lines are those of another zone.
          const seen = i === 0 ? shuffled : shuffled.map((one) => ({ ...one, date: one.date + shift }));
          const found = passOver(known, seen);
          for (const { uid, letter, date } of known)
            expect(found).toContainEqual(expect.objectContaining({ uid, letter, date }));
          expect(found).toHaveLength(seen.length);
          const fresh = found.slice(known.length);
          expect(fresh.map(({ date }) => date)).toEqual(
            [...fresh.map(({ date }) => date)].sort((a, b) => a - b),
          );
          expect(new Set(found.map(({ uid }) => uid)).size).toBe(found.length);
          [known, all] = [found, shuffled];
        }
      },
    ),
  );
});

test('of equal messages those with the same date are the same, whichever has gone', () => {
  const known = [1, 2, 3].map((date) => ({ letter: 'a', date, uid: date * 10 }));
  const found = passOver(known, [
    { letter: 'a', date: 3 },
    { letter: 'a', date: 2 },
  ]);
  expect(found.map(({ uid, date }) => [uid, date])).toEqual([
    [20, 2],
    [30, 3],
  ]);
});

function kept(mails: readonly Mail[], periodOf: (file: number) => number): Mail[] {
  const scan = new MessageTable();
  for (const one of mails) scan.add(entry(one), { file: one.file ?? 0 });
  dropCopies(scan, periodOf);
  return [...scan.inOrder()].map((at) => mails[at] as Mail);
}

test('files of one period: of each content as many as the file has that has most, between periods all', () => {
  const file = fc.integer({ min: 0, max: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(mail, file)), (pairs) => {
      const mails = pairs.map(([one, at]) => ({ ...one, file: at }));
      const periodOf = (at: number) => Math.floor(at / 2);
      const found = kept(mails, periodOf);
      for (const letter of 'abcdefg')
        for (const period of [0, 1]) {
          const inFile = (at: number) =>
            mails.filter((one) => one.letter === letter && one.file === at).length;
          const most = Math.max(inFile(period * 2), inFile(period * 2 + 1));
          const ours = found.filter((one) => one.letter === letter && periodOf(one.file ?? 0) === period);
          expect(ours).toHaveLength(most);
        }
    }),
  );
});

test('a staged file is used only where its date is the one that counts', () => {
  const [known, scan] = [new MessageTable(), new MessageTable()];
  known.add(entry({ letter: 'a', date: 1 }), { uid: 5 });
  known.add(entry({ letter: 'b', date: 1 }), { uid: 6 });
  scan.add(entry({ letter: 'a', date: 2 }), { staged: true });
  scan.add(entry({ letter: 'b', date: 1 }), { staged: true });
  pairByContent(known, scan);
  expect([0, 1].map((at) => [scan.uidOf(at), scan.dateOf(at), scan.isStaged(at)])).toEqual([
    [5, 1, false],
    [6, 1, true],
  ]);
});

test('a table grows', () => {
  const table = new MessageTable();
  for (let i = 0; i < 5000; i++) table.add({ digest: 'ffffffff00000001', size: i, date: 5000 - i });
  expect([...table.inOrder()].slice(0, 3)).toEqual([4999, 4998, 4997]);
  expect([...table.byContent('all')].slice(0, 3)).toEqual([0, 1, 2]);
});
