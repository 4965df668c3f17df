/**
 * Hand-made cases for the `uw` rules. Unit tests hold our functions against them; the judge test holds c-client against
 * them, so that no expectation here rests on belief.
 */

/** Text behind `From `, and what it is: `text`, `undated`, or the civil time with its offset in seconds if it names one. */
export const FROM_LINES: readonly (readonly [line: string, expected: string])[] = [
  ['a@b Thu Nov  9 22:33:52 2001', '2001-11-9 22:33:52'],
  ['a@b Thu Nov 09 22:33:52 2001', '2001-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33 2001', '2001-11-9 22:33:0'],
  ['a@b Thu Nov  9 22:33:52 +0300 2001', '2001-11-9 22:33:52 10800'],
  ['a@b Thu Nov  9 22:33 +0300 2001', '2001-11-9 22:33:0 10800'],
  ['a@b Thu Nov  9 22:33:52 2001 +0530', '2001-11-9 22:33:52 19800'],
  ['a@b Thu Nov  9 22:33 2001 -0330', '2001-11-9 22:33:0 -12600'],
  ['a@b Thu Nov  9 22:33:52 2001 +1500', '2001-11-9 22:33:52 54000'],
  ['a@b Thu Nov  9 22:33:52 2001 +1600', '2001-11-9 22:33:52 0'],
  ['a@b Thu Nov  9 22:33:52 2001 +0560', '2001-11-9 22:33:52 0'],
  ['a@b Thu Nov  9 22:33:52 2001 +x500', '2001-11-9 22:33:52 0'],
  ['a@b Thu Nov  9 22:33:52 2001 +03', '2001-11-9 22:33:52 0'],
  ['a@b Thu Nov  9 22:33:52 +03 2001', 'undated'],
  ['a@b Thu Nov  9 22:33 +03 2001 remote from host', '2001-11-9 0:0:0 0'],
  ['a@b Thu Nov  9 22:33:52 PST 2001', '2001-11-9 22:33:52 -28800'],
  ['a@b Thu Nov  9 22:33 pdt 2001', '2001-11-9 22:33:0 -25200'],
  ['a@b Thu Nov  9 22:33:52 2001 EET', '2001-11-9 22:33:52 7200'],
  ['a@b Thu Nov  9 22:33 2001 GMT', '2001-11-9 22:33:0 0'],
  ['a@b Thu Nov  9 22:33:52 CET 2001', '2001-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52 2001 BST', '2001-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52 ??? 2001', '2001-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52 EEST 2001', 'text'],
  ['a@b Thu Nov  9 22:33:52 UT 2001', 'text'],
  ['a@b Thu Nov  9 22:33:52 2001 Z', 'text'],
  ['a@b Thu Nov  9 22:33:52 EST 2001 +0200', 'text'],
  ['a@b Thu Nov  9 22:33:52 PST DST 2001', 'text'],
  ['a@b Thu Nov  9 22:33:52 2001 +02:00', 'text'],
  ['a@b Thu Nov  9 22:33:52 2001 remote from host.example', '2001-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33 EST 2001 remote from host', '2001-11-9 22:33:0 -18000'],
  ['a@b Thu Nov  9 22:33:52 2001 +0100 remote from ', '2001-11-9 22:33:52 3600'],
  ['a@b Thu Nov  9 22:33:52 2001 remote from a b', 'text'],
  ['Thu Nov  9 22:33 2001 remote from x', 'text'],
  ['a@b Thu Nov  9 22:33:52 2001 ', 'text'],
  ['a@b Thu Nov  9 22:33:52 2001 (by a mailer)', 'text'],
  ['- Thu Nov  9 22:33:52 2001', '2001-11-9 22:33:52'],
  [' Thu Nov  9 22:33:52 2001', '2001-11-9 22:33:52'],
  ['Thu Nov  9 22:33:52 2001', '2001-11-9 22:33:52'],
  ['Thu Nov  9 22:33 2001', 'text'],
  ['a b c Thu Nov  9 22:33:52 2001', '2001-11-9 22:33:52'],
  ['"a b"@c Thu Nov  9 22:33:52 2001', '2001-11-9 22:33:52'],
  ['a@b\tThu Nov  9 22:33:52 2001', 'text'],
  ['a@b Xyz Nov  9 22:33:52 2001', '2001-11-9 22:33:52'],
  ['a@b     Nov  9 22:33:52 2001', '2001-11-9 22:33:52'],
  ['a@b THU NOV  9 22:33:52 2001', '2001-11-9 22:33:52'],
  ['a@b Thu ???  9 22:33:52 2001', 'undated'],
  ['a@b Thu Nov  0 22:33:52 2001', 'undated'],
  ['a@b Thu Nov 32 22:33:52 2001', 'undated'],
  ['a@b Fri Feb 30 22:33:52 2001', '2001-2-30 22:33:52'],
  ['a@b Thu Nov xx 22:33:52 2001', 'undated'],
  ['a@b Thu Nov 9 22:33:52 2001', 'text'],
  ['a@b Thu Nov  9 2:33:52 2001', 'text'],
  ['a@b Thu Nov  9  2:33:52 2001', '2001-11-9 2:33:52'],
  ['a@b Thu Nov  9 22.33.52 2001', 'text'],
  ['a@b Thu Nov  9 24:00:00 2001', '2001-11-9 0:0:0 0'],
  ['a@b Thu Nov  9 22:60:00 2001', '2001-11-9 0:0:0 0'],
  ['a@b Thu Nov  9 22:33:60 2001', '2001-11-9 22:33:60'],
  ['a@b Thu Nov  9 22:33:61 2001 EST', '2001-11-9 0:0:0 0'],
  ['a@b Thu Nov  9 xx:33:52 2001 EST', '2001-11-9 0:0:0 0'],
  ['a@b Thu Nov  9 22:33:5x 2001 EST', '2001-11-9 22:33:5'],
  ['a@b Thu Nov  9 22:  :52 2001 EST', '2001-11-9 22:0:0 0'],
  ['a@b Thu Nov  9 22:33:-2 2001', '2001-11-9 0:0:0 0'],
  ['a@b Thu Nov  9 22:-0:52 2001', '2001-11-9 22:0:52'],
  ['a@b Thu Nov  9 22:33:52 ACT 2001', '2001-11-9 22:33:52 -21600'],
  ['a@b Thu Nov  9 22:33:52 01', 'text'],
  ['a@b Thu Nov  9 22:33:52   01', '2001-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52   99', '1999-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52 0048', '2048-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52 0049', 'undated'],
  ['a@b Thu Nov  9 22:33:52 0070', '1970-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52  101', '2001-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52 1969', 'undated'],
  ['a@b Thu Nov  9 22:33:52 1970', '1970-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52 2097', '2097-11-9 22:33:52'],
  ['a@b Thu Nov  9 22:33:52 2098', 'undated'],
  ['a@b Thu Nov  9 22:33:52 year', 'undated'],
  ['a@b Thu, 9 Nov 2001 22:33:52 +0200', 'text'],
  ['a@b 2001-11-09T22:33:52Z', 'text'],
  ['a\0b Thu Nov  9 22:33:52 2001', 'text'],
  ['a@b', 'text'],
  ['now on, the meeting is at 22:33 2001', 'text'],
];

export type Field = readonly [name: string, value: string];

/** The hidden fields of each message of a mailbox, and what becomes of them. */
export interface NumberingCase {
  readonly name: string;
  readonly messages: readonly (readonly Field[])[];
  /** Undefined: made up from the clock. */
  readonly uidValidity: number | undefined;
  readonly uidNext: number;
  readonly uids: readonly number[];
  /** Names sorted, of each message; all empty where left out. */
  readonly flags?: readonly string[];
  readonly keywords?: readonly string[];
}

const BASE: Field = ['X-IMAPbase', ' 1000 10 kwA kwB'];
const uid = (value: number | string): Field => ['X-UID', ` ${value}`];

/** A mailbox whose X-IMAPbase says 10, by the X-UIDs of its messages. */
function last10(name: string, claims: readonly (number | string | undefined)[], then: readonly number[]) {
  const messages = claims.map((claim, i) => [
    ...(i === 0 ? [BASE] : []),
    ...(claim === undefined ? [] : [uid(claim)]),
  ]);
  return { name, messages, uids: then, uidNext: Math.max(10, ...then) + 1 };
}

function base(
  name: string,
  value: string,
  uidValidity: number | undefined,
  uids: readonly number[],
  uidNext: number,
) {
  const messages: Field[][] = [[['X-IMAPbase', value], uid(3)], []];
  return { name: `X-IMAPbase ${name}`, messages, uidValidity, uids, uidNext };
}

function letters(name: string, fields: readonly Field[], flags: string) {
  return { name, messages: [fields], uidValidity: undefined, uidNext: 2, uids: [1], flags: [flags] };
}

function words(name: string, fields: readonly Field[], keywords: string) {
  return { name, messages: [fields], uidValidity: 1000, uidNext: 12, uids: [11], keywords: [keywords] };
}

const ALL = '\\Answered \\Deleted \\Draft \\Flagged \\Seen';
const PSEUDO: Field = ['X-IMAP', ' 1000 0000000010 kwA'];

export const NUMBERING_CASES: readonly NumberingCase[] = [
  { ...last10('ascending, beyond the last', [3, 11, 12], [3, 11, 12]), uidValidity: 1000 },
  { ...last10('a gap beyond the last', [3, 50, undefined], [3, 50, 51]), uidValidity: 1000 },
  { ...last10('back behind a gap', [3, 50, 9], [3, 50, 51]), uidValidity: undefined },
  { ...last10('backward', [5, 3, 9], [5, 11, 12]), uidValidity: undefined },
  { ...last10('twice the same', [5, 5, 9], [5, 11, 12]), uidValidity: undefined },
  { ...last10('one missing, then a smaller one', [5, undefined, 9], [5, 11, 12]), uidValidity: undefined },
  { ...last10('one missing, then none', [5, undefined, undefined], [5, 11, 12]), uidValidity: 1000 },
  { ...last10('void for good', [5, 6, 4, 20], [5, 6, 11, 12]), uidValidity: undefined },
  { ...last10('no number', ['abc', 7], [11, 12]), uidValidity: undefined },
  { ...last10('nothing', ['', 7], [11, 12]), uidValidity: undefined },
  { ...last10('zero', [0, 7], [11, 12]), uidValidity: undefined },
  { ...last10('digits, then letters', ['5abc', 7], [5, 7]), uidValidity: 1000 },
  { ...last10('a tab before', ['\t5', 7], [11, 12]), uidValidity: undefined },
  {
    name: 'two in one message',
    messages: [[BASE, uid(5)], [uid(6), uid(7)], [uid(8)]],
    uidValidity: undefined,
    uids: [5, 11, 12],
    uidNext: 13,
  },
  { name: 'no base', messages: [[uid(5)], [uid(7)]], uidValidity: undefined, uids: [1, 2], uidNext: 3 },
  {
    name: 'base in the second message',
    messages: [[], [BASE, uid(7)]],
    uidValidity: undefined,
    uids: [1, 2],
    uidNext: 3,
  },
  {
    name: 'X-UID before X-IMAPbase',
    messages: [[uid(5), BASE], [uid(12)]],
    uidValidity: 1000,
    uids: [11, 12],
    uidNext: 13,
  },
  {
    name: 'a second base',
    messages: [[BASE, ['X-IMAPbase', ' 2000 20']], []],
    uidValidity: 1000,
    uids: [11, 12],
    uidNext: 13,
  },
  {
    name: 'a second base behind a void X-UID',
    messages: [[BASE, uid(0), ['X-IMAPbase', ' 2000 20'], uid(3)], [uid(7)]],
    uidValidity: 2000,
    uids: [3, 7],
    uidNext: 21,
  },
  base('without a blank', '1000 10', 1000, [3, 11], 12),
  base('with many blanks', '  1000  0000000010  ', 1000, [3, 11], 12),
  base('behind a tab', '\t1000 10', undefined, [1, 2], 3),
  base('with a tab', ' 1000\t10', undefined, [1, 2], 3),
  base('zero', ' 0 10', undefined, [1, 2], 3),
  base('with one number', ' 1000', undefined, [1, 2], 3),
  base('negative', ' -1 5', undefined, [1, 2], 3),
  base('with letters behind', ' 1000 10abc', 1000, [3, 11], 12),
  base('with last 0', ' 1000 0', 1000, [3, 4], 5),
  base('with a last below the UIDs', ' 1000 1', 1000, [3, 4], 5),
  {
    name: 'pseudo message',
    messages: [[PSEUDO, ['Status', ' RO']], [uid(3), ['X-Keywords', ' kwA']], []],
    uidValidity: 1000,
    uids: [3, 11],
    uidNext: 12,
    keywords: ['kwA', ''],
  },
  {
    name: 'pseudo message with a UID',
    messages: [[PSEUDO, uid(2)], [uid(2)]],
    uidValidity: 1000,
    uids: [2],
    uidNext: 11,
  },
  { name: 'pseudo message alone', messages: [[PSEUDO]], uidValidity: 1000, uids: [], uidNext: 11 },
  {
    name: 'X-IMAP without numbers',
    messages: [[['X-IMAP', ' 1000']], []],
    uidValidity: undefined,
    uids: [1, 2],
    uidNext: 3,
  },
  {
    name: 'X-IMAP in the second message',
    messages: [[], [PSEUDO]],
    uidValidity: undefined,
    uids: [1, 2],
    uidNext: 3,
  },
  {
    name: 'X-IMAP behind X-IMAPbase',
    messages: [[BASE, PSEUDO]],
    uidValidity: 1000,
    uids: [11],
    uidNext: 12,
  },
  { name: 'X-IMAPbase behind X-IMAP', messages: [[PSEUDO, BASE]], uidValidity: 1000, uids: [], uidNext: 11 },
  letters('all letters in Status', [['Status', ' AFDTRO']], ALL),
  letters('all letters in X-Status', [['X-Status', ' AFDTRO']], ALL),
  letters('lower case and others', [['Status', ' rofdatXYZ']], ''),
  letters('without a blank', [['Status', 'R']], '\\Seen'),
  letters('among words', [['X-Status', '\tdelete D']], '\\Deleted'),
  letters(
    'two of them',
    [
      ['Status', ' R'],
      ['Status', ' F'],
    ],
    '\\Flagged \\Seen',
  ),
  letters(
    'other spellings of the names',
    [
      ['status', ' RO'],
      ['STATUS', ' RO'],
      ['x-Status', ' F'],
      ['X-IMAPBASE', ' 1000 10'],
      ['x-uid', ' 5'],
    ],
    '',
  ),
  words('an unknown word', [BASE, ['X-Keywords', ' kwA nope kwB   ']], 'kwA kwB'),
  words('other case', [BASE, ['X-Keywords', ' KWb kWa']], 'kwA kwB'),
  words('parted by a tab', [BASE, ['X-Keywords', ' kwA\tkwB']], ''),
  words(
    'folded fields',
    [
      ['X-IMAPbase', ' 1000 10 kwA\n kwB'],
      ['X-Keywords', ' kwA\n kwB'],
    ],
    'kwA',
  ),
  letters(
    'in continuation lines',
    [
      ['Status', '\n R'],
      ['X-Status', ' F\n A\n\tD'],
    ],
    '\\Flagged',
  ),
  words('two fields', [BASE, ['X-Keywords', 'kwA'], ['X-Keywords', ' kwB']], 'kwA kwB'),
  words('before the base', [['X-Keywords', ' kwA'], BASE], ''),
  words(
    'one name in two cases',
    [
      ['X-IMAPbase', ' 1000 10 a A b'],
      ['X-Keywords', ' A b'],
    ],
    'a b',
  ),
  words(
    'letters beyond ASCII in other case',
    [
      ['X-IMAPbase', ' 1000 10 \xc9x'],
      ['X-Keywords', ' \xe9X \xc9X'],
    ],
    '\xc9x',
  ),
  words(
    'more than 30',
    [
      ['X-IMAPbase', ` 1000 10 ${Array.from({ length: 32 }, (_, i) => `k${i}`).join(' ')}`],
      ['X-Keywords', ' k0 k29 k30 k31'],
    ],
    'k0 k29',
  ),
  words(
    'one of more than 50 bytes hides those behind it',
    [
      ['X-IMAPbase', ` 1000 10 a ${'l'.repeat(50)} ${'m'.repeat(51)} z`],
      ['X-Keywords', ` a ${'l'.repeat(50)} ${'m'.repeat(51)} z`],
    ],
    `a ${'l'.repeat(50)}`,
  ),
];
