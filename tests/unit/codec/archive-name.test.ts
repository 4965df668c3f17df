import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareArchiveNames, isNearlyArchive, parseArchiveName } from '../../../src/codec/archive-name.ts';

const day = (text: string) => Date.parse(`${text}T00:00:00Z`) / 1000;

test.each([
  ['2004-July.txt', 'month', '2004-07-01'],
  ['2004-July.txt.gz', 'month', '2004-07-01'],
  ['2004-july.TXT', 'month', '2004-07-01'],
  ['2004-Jul.mbox', 'month', '2004-07-01'],
  ['2004-07.mbox.gz', 'month', '2004-07-01'],
  ['200407.txt', 'month', '2004-07-01'],
  ['2004.txt', 'year', '2004-01-01'],
  ['2004q3.txt.gz', 'quarter', '2004-07-01'],
  ['Week-of-Mon-20040705.txt', 'week', '2004-07-05'],
  ['20040705.txt', 'day', '2004-07-05'],
  ['2004-07-05.txt', 'day', '2004-07-05'],
  ['1970-January.txt', 'month', '1970-01-01'],
])('%s is a %s from %s on', (name, kind, start) => {
  expect(parseArchiveName(name)).toMatchObject({ period: `${kind} ${day(start)}`, start: day(start) });
});

test.each([
  '2004-Juli.txt',
  '2004q5.txt',
  '20041301.txt',
  '20040231.txt',
  '2004-13.txt',
  'README.txt',
  '04-July.txt',
])('%s is none, and people hear of it', (name) => {
  expect(parseArchiveName(name)).toBeUndefined();
  expect(isNearlyArchive(name)).toBe(true);
});

test.each(['2004-July', 'index.html', 'pipermail.pck', '2004-July.txt.bz2', '.txt', 'thread.txt.html'])(
  '%s is passed over',
  (name) => {
    expect(parseArchiveName(name)).toBeUndefined();
    expect(isNearlyArchive(name)).toBe(false);
  },
);

test('an mbox that tells no time is a period of its own, its packed copy belongs to it', () => {
  expect(parseArchiveName('talk.mbox')).toEqual({ period: 'mbox talk', start: undefined, rank: 0 });
  expect(parseArchiveName('talk.mbox.gz')).toMatchObject({ period: 'mbox talk', rank: 1 });
});

const NAMES = [
  '2003.txt',
  '2004.txt',
  '2004q1.txt',
  '2004-January.txt',
  '2004-January.txt.gz',
  '2004-January.old.txt.gz',
  '2004-02.txt',
  '2004-April.txt',
  'Week-of-Mon-20040705.txt',
  '20040706.txt',
  'a.mbox',
  'b.mbox',
];

test('files are read as time passes, the whole before its parts, in whatever order they are listed', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(NAMES), (names) => {
      const sorted = names
        .map((name) => ({ name, told: parseArchiveName(name) }))
        .flatMap(({ name, told }) => (told === undefined ? [] : [{ name, told }]))
        .sort((a, b) => compareArchiveNames(a.told, b.told));
      expect(sorted.map(({ name }) => name)).toEqual(NAMES.filter((name) => names.includes(name)));
    }),
  );
});
