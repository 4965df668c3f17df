import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Verdict } from '../../../../src/codec/mbox/dialect.ts';
import { mmdfDialect, plainDialect } from '../../../../src/codec/mbox/plain.ts';

interface Place {
  readonly line: string;
  readonly behind?: string;
  readonly blankBefore?: boolean;
  readonly previous?: string;
  readonly offset?: number;
}

const ASCTIME = 'From a@example.org Thu Nov  9 22:33:52 2001';
const PATCH = 'From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001';
const MAIL = 'From: a@example.org\nSubject: x\n\n';

/** By default a line in the middle of a file, behind an empty line, after a separator with a date. */
function judge({
  line,
  behind = MAIL,
  blankBefore = true,
  previous = ASCTIME,
  offset = 1000,
}: Place): Verdict {
  const buf = Buffer.from(`${line}\n${behind}`, 'latin1');
  const lineEnd = line.length;
  const ordinal = previous === '' ? 0 : 1;
  return plainDialect.judge({
    buf,
    start: 0,
    lineEnd,
    next: lineEnd + 1,
    end: buf.length,
    offset,
    blankBefore,
    ordinal,
    previous: Buffer.from(previous, 'latin1'),
  });
}

/** `taken`, `weak`, `text` (silently), `doubt` (text with a finding). */
function verdict(place: Place): string {
  const result = judge(place);
  if (result.separator) return result.weak === undefined ? 'taken' : 'weak';
  return result.doubt === undefined ? 'text' : 'doubt';
}

test.each<[string, string, Place]>([
  ['a date', 'taken', { line: ASCTIME }],
  ['a date, no empty line before', 'taken', { line: ASCTIME, blankBefore: false }],
  ['a date, no header behind', 'weak', { line: ASCTIME, behind: 'text\n' }],
  ['a date at the end of the file', 'weak', { line: ASCTIME, behind: '' }],
  [
    'a date that both neighbours speak against',
    'doubt',
    { line: ASCTIME, behind: 'text\n', blankBefore: false },
  ],
  [
    'a date behind a continued log line',
    'doubt',
    { line: ASCTIME, behind: ' Subject: x\n', blankBefore: false },
  ],
  ['user at host', 'taken', { line: 'From user at example.org  Wed Feb  1 19:06:04 2006' }],
  ['quoted From_ line in front of the header', 'taken', { line: ASCTIME, behind: `>From b\n${MAIL}` }],
  ['prose with a date', 'doubt', { line: 'From what I heard on Thu Nov  9 22:33:52 2001', behind: 'text\n' }],

  ['pasted patch', 'doubt', { line: PATCH }],
  ['patch after a patch', 'taken', { line: PATCH, previous: PATCH }],
  [
    'patch after a commit without id',
    'taken',
    { line: PATCH, previous: 'From nobody Mon Sep 17 00:00:00 2001' },
  ],
  ['patch at the start', 'taken', { line: PATCH, previous: '', offset: 0 }],
  ['mail after a patch', 'taken', { line: ASCTIME, previous: PATCH }],

  ['bare, first', 'taken', { line: 'From ', previous: '', offset: 0 }],
  ['bare, first, no header', 'weak', { line: 'From ', behind: 'text\n', previous: '', offset: 0 }],
  ['word, first', 'taken', { line: 'From abc123', previous: '', offset: 0 }],
  ['word, first, no header', 'doubt', { line: 'From abc123', behind: 'text\n', previous: '', offset: 0 }],
  ['prose, first', 'text', { line: 'From the desk of a friend', behind: 'text\n', previous: '', offset: 0 }],
  ['bare after bare', 'taken', { line: 'From ', previous: 'From ' }],
  ['bare after bare with blanks', 'taken', { line: 'From   ', previous: 'From ' }],
  ['bare after a date', 'weak', { line: 'From ' }],
  ['bare in the text', 'doubt', { line: 'From ', behind: 'Here\n', blankBefore: false, previous: 'From ' }],
  ['bare, no header', 'doubt', { line: 'From ', behind: 'text\n', previous: 'From ' }],
  ['dash after dash', 'taken', { line: 'From - ', previous: 'From -' }],
  ['dash after dash, no empty line', 'weak', { line: 'From -', blankBefore: false, previous: 'From -' }],
  ['dash after a date, no empty line', 'doubt', { line: 'From -', blankBefore: false }],
  ['address after address', 'taken', { line: 'From 17@xxx', previous: 'From 18@xxx' }],
  ['user at host without a date', 'weak', { line: 'From user at example.org' }],
  ['broken date', 'weak', { line: 'From a@b Thu Foo 99 22:33:52 2001' }],
  ['one unknown field', 'doubt', { line: 'From bob', behind: 'Note: x\n\n' }],
  ['URL behind', 'text', { line: 'From bob', behind: 'http://example.org/\n\n' }],
  ['word, no header', 'text', { line: 'From hell', behind: 'text\n' }],
  ['prose', 'text', { line: 'From there, you can just go on', behind: 'text\n' }],
  ['prose before a header', 'doubt', { line: 'From here it could go wrong' }],
  ['one word of prose before a header', 'doubt', { line: 'From porters:' }],
  [
    'prose before a header, no empty line',
    'text',
    { line: 'From here it could go wrong', blankBefore: false },
  ],
])('%s: %s', (_, expected, place) => expect(verdict(place)).toBe(expected));

it('knows the date of a weak separator', () => {
  expect(judge({ line: ASCTIME, behind: '' })).toMatchObject({
    separator: true,
    date: { year: 2001, month: 10 },
  });
});

it('never throws', () => {
  const bytes = fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array).toString('latin1'));
  fc.assert(
    fc.property(bytes, bytes, bytes, fc.boolean(), (line, behind, previous, blankBefore) => {
      judge({ line: `From ${line}`, behind, blankBefore, previous });
    }),
  );
});

describe('what the dialects promise', () => {
  it('hides what goes stale and reads what Mozilla wrote', () => {
    expect(plainDialect.hiddenHeaders.has('status')).toBe(true);
    expect(
      [...(plainDialect.readHeaders ?? [])].filter((name) => plainDialect.hiddenHeaders.has(name)),
    ).toEqual([]);
  });

  it('has lower-case names only', () => {
    const names = [...plainDialect.hiddenHeaders, ...(plainDialect.readHeaders ?? [])];
    expect(names).toEqual(names.map((name) => name.toLowerCase()));
  });

  it('takes no line end from an MMDF message', () => {
    expect(mmdfDialect).toMatchObject({
      marker: '\x01\x01\x01\x01',
      trailingNewline: 'never',
      rules: 'plain',
    });
  });
});
