import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { MessageMeta } from '../../../../src/codec/mbox/dialect.ts';
import { DovecotNumbering } from '../../../../src/codec/mbox/dovecot-numbering.ts';
import { FLAG } from '../../../../src/core/types.ts';

type Field = readonly [string, string];
const base = (last: number | string, keywords = ''): Field => ['X-IMAPbase', ` 1000 ${last}${keywords}`];
const uid = (value: number | string): Field => ['X-UID', ` ${value}`];

function walk(...messages: readonly (readonly Field[])[]) {
  const numbering = new DovecotNumbering();
  const all = messages.map((fields) => numbering.message(fields.map(([name, value]) => ({ name, value }))));
  const metas = all.filter((meta): meta is MessageMeta => meta !== 'pseudo');
  return { all, metas, uids: metas.map((meta) => meta.uid), mailbox: numbering.finish() };
}

describe('UIDs', () => {
  test.each<[string, Field[][], number[], number | undefined, number]>([
    ['all in order', [[base(10), uid(3)], [uid(11)], [uid(12)]], [3, 11, 12], 1000, 13],
    ['one too large', [[base(10), uid(3)], [uid(50)], [uid(9)]], [3, 11, 12], 1000, 13],
    ['backward', [[base(10), uid(5)], [uid(3)], [uid(9)]], [5, 11, 12], 1000, 13],
    ['twice', [[base(10), uid(5)], [uid(5)], [uid(9)]], [5, 11, 12], 1000, 13],
    ['missing', [[base(10), uid(5)], [], [uid(9)]], [5, 11, 12], 1000, 13],
    ['X-UID before X-IMAPbase', [[uid(5), base(10)], [uid(7)]], [11, 12], 1000, 13],
    ['no X-IMAPbase', [[uid(5)], [uid(7)]], [1, 2], undefined, 3],
    ['X-IMAPbase in the second message', [[], [base(10), uid(7)]], [1, 2], undefined, 3],
    ['X-UIDs above the last UID', [[base(3), uid(5)], [uid(6)]], [4, 5], 1000, 6],
    ['below the last UID', [[base(10), uid(2)], [uid(4)], [uid(10)]], [2, 4, 10], 1000, 11],
    ['ten digits', [[base('0000000010'), uid('0000000005  ')]], [5], 1000, 11],
    ['no messages beyond the first', [[base(10)]], [11], 1000, 12],
    ['none at all', [], [], undefined, 1],
    // Observed with Dovecot 2.3.19:
    [
      'the first in order of several counts',
      [
        [base(10), uid(50), uid(7)],
        [uid(4), uid(8)],
      ],
      [7, 8],
      1000,
      11,
    ],
    [
      'what is no number is passed over',
      [[base(10), uid('x'), uid('7x'), uid(''), uid(0), uid(7)]],
      [7],
      1000,
      11,
    ],
    ['between blanks', [[base(10), ['X-UID', '\t7\t ']]], [7], 1000, 11],
    ['folded behind the number', [[base(10), ['X-UID', ' 7\n ']]], [7], 1000, 11],
    ['folded before the number', [[base(10), ['X-UID', '\n 7']]], [11], 1000, 12],
    ['UIDVALIDITY alone', [[['X-IMAPbase', ' 1000'], uid(7)]], [1], 1000, 2],
    ['the last UID but one', [[base(4294967294), uid(5)]], [5], 1000, 4294967295],
    ['the last UID', [[base(4294967293)]], [4294967294], 1000, 4294967295],
    ['beyond 32 bits', [[base(10), uid(4294967296)]], [11], 1000, 12],
  ])('%s', (_name, messages, uids, uidValidity, uidNext) => {
    const { uids: found, mailbox } = walk(...messages);
    expect(found).toEqual(uids);
    expect(mailbox).toMatchObject({ uidValidity, uidNext, renumbered: false });
  });

  it('out of UIDs: all are thrown away', () => {
    const messages: Field[][] = [[base(4294967294), uid(4294967290)], []];
    expect(walk(...messages).mailbox).toMatchObject({ uidValidity: undefined, renumbered: true });
  });

  it('names of fields in any case', () => {
    const { uids, mailbox } = walk([
      ['x-imapBASE', ' 1000 10'],
      ['x-uid', ' 7'],
    ]);
    expect([uids, mailbox.uidValidity]).toEqual([[7], 1000]);
  });

  it('says which X-UID it did not take', () => {
    const remarks = walk([base(10), uid(5)], [uid(3)], []).metas.map((meta) => meta.remarks);
    expect(remarks).toEqual([undefined, ['X-UID 3 is out of order: Dovecot gives UID 11'], undefined]);
  });

  it('ascend, whatever the fields say', () => {
    const field = fc.oneof(
      fc.integer({ min: 0, max: 20 }).map(uid),
      fc.integer({ min: 0, max: 20 }).map((last) => base(last)),
      fc.tuple(fc.constantFrom('X-UID', 'X-IMAPbase', 'X-IMAP', 'X-Keywords'), fc.string()),
    );
    fc.assert(
      fc.property(fc.array(fc.array(field, { maxLength: 3 }), { maxLength: 8 }), (messages) => {
        const { uids, mailbox } = walk(...messages);
        for (const [i, value] of uids.entries()) expect(value).toBeGreaterThan(uids[i - 1] ?? 0);
        expect(mailbox.uidNext).toBeGreaterThan(uids.at(-1) ?? 0);
      }),
    );
  });
});

describe('X-IMAPbase', () => {
  test.each<[string, number | undefined]>([
    ['1000 10', 1000],
    [' 1000 10', 1000],
    ['\t1000 10', 1000],
    [' 1000 10  ', 1000],
    [' 1000 10\tkw', 1000],
    [' 4294967295 0', 4294967295],
    [' 4294967296 10', undefined],
    [' 0 10', undefined],
    [' x 10', undefined],
    [' 1000 x', undefined],
    [' 1000 10x', undefined],
    [' 1000x 10', undefined],
    ['', undefined],
    // Observed with Dovecot 2.3.19:
    [' 1000  10', 1000],
    [' 1000', 1000],
    [' 1000  ', 1000],
    ['  1000 10', undefined],
    [' 1000\t10', undefined],
    ['\n 1000 10', undefined],
    [' 1000\n 10', undefined],
    [' 1000 10\n kw', 1000],
  ])('%j', (value, expected) => {
    const { uids, mailbox } = walk([['X-IMAPbase', value]]);
    expect(mailbox.uidValidity).toBe(expected);
    if (expected === undefined) expect(uids).toEqual([1]);
  });

  it('the first valid one counts', () => {
    const fields: Field[] = [['X-IMAPbase', ' 0 10'], base(20, ' kw'), ['X-IMAPbase', ' 2000 30'], uid(25)];
    const { uids, mailbox } = walk(fields);
    expect([uids, mailbox]).toEqual([
      [21],
      { uidValidity: 1000, uidNext: 22, keywords: ['kw'], renumbered: false },
    ]);
  });
});

describe('the pseudo message', () => {
  const imap: Field = ['X-IMAP', ' 1000 0000000020 kw1'];

  it('is the first message with a valid X-IMAP', () => {
    const { all, metas, mailbox } = walk([imap, ['Status', ' RO']], [uid(5), ['X-Keywords', ' kw1']], []);
    expect(all[0]).toBe('pseudo');
    expect(metas).toEqual([
      { uid: 5, flags: 0, keywords: ['kw1'] },
      { uid: 21, flags: 0, keywords: [], claim: 'none' },
    ]);
    expect(mailbox).toEqual({ uidValidity: 1000, uidNext: 22, keywords: ['kw1'], renumbered: false });
  });

  test.each<[string, Field[][]]>([
    ['not with an invalid X-IMAP', [[['X-IMAP', ' 1000 x']]]],
    ['not with X-IMAPbase', [[base(10)]]],
    ['not with X-IMAP behind a valid X-IMAPbase', [[base(10), imap]]],
    ['not the second message', [[], [imap]]],
  ])('%s', (_name, messages) => {
    expect(walk(...messages).all).not.toContain('pseudo');
  });

  it('its last UID holds when nothing else is there', () => {
    expect(walk([imap])).toMatchObject({ uids: [], mailbox: { uidValidity: 1000, uidNext: 21 } });
  });
});

describe('flags', () => {
  const { seen, answered, flagged, draft, deleted } = FLAG;
  test.each<[Field[], number]>([
    [[['Status', ' RO']], seen],
    [[['Status', ' O']], 0],
    [[['Status', ' R O']], seen],
    [[['Status', ' UNrorAFTD']], 0],
    [[['Status', ' RFA']], seen],
    [[['X-Status', ' AFTD']], answered | flagged | draft | deleted],
    [[['X-Status', ' D A']], answered | deleted],
    [[['X-Status', ' F']], flagged],
    [[['X-Status', ' T']], draft],
    [[['X-Status', ' aftdRO']], 0],
    [
      [
        ['Status', ' O'],
        ['Status', ' R'],
        ['X-Status', ' A'],
        ['x-status', ' F'],
      ],
      seen | answered | flagged,
    ],
    [[], 0],
  ])('%j', (fields, expected) => {
    expect(walk(fields).metas[0]?.flags).toBe(expected);
  });
});

describe('keywords', () => {
  const keywords = (...values: string[]): Field[] => values.map((value) => ['X-Keywords', value]);
  test.each<[string, string, Field[], string[]]>([
    ['in the spelling of the list', ' kwA $Forwarded', keywords(' kwa $FORWARDED '), ['kwA', '$Forwarded']],
    ['one unknown word drops all', ' a b', keywords(' a nope b'), []],
    ['each once', ' a b', keywords(' b a B b'), ['b', 'a']],
    ['between blanks of any kind', ' a b', keywords('\ta\tb  '), ['a', 'b']],
    ['the list’s first spelling wins', ' k1 K1 k2', keywords(' K1'), ['k1']],
    ['none', ' a', keywords(' '), []],
    ['folded', ' a\n b', keywords('\n a\n\tb'), ['a', 'b']],
    // Observed with Dovecot 2.3.19:
    ['only the first field counts', ' a b', keywords(' a', ' b'), ['a']],
    ['the first that is taken at all', ' a b', keywords(' nope', ' b'), ['b']],
  ])('%s', (_name, list, fields, expected) => {
    expect(walk([base(10, list), ...fields]).metas[0]?.keywords).toEqual(expected);
  });

  it('says that it dropped some', () => {
    const { metas } = walk([base(10, ' a'), ...keywords(' a b')]);
    expect(metas[0]?.remarks).toEqual([expect.stringContaining('X-Keywords')]);
  });

  it('all are unknown without X-IMAPbase, or before it', () => {
    expect(walk(keywords(' a')).metas[0]?.keywords).toEqual([]);
    expect(walk([...keywords(' a'), base(10, ' a')]).metas[0]?.keywords).toEqual([]);
  });
});
