import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { MessageMeta } from '../../../../src/codec/mbox/dialect.ts';
import { PlainNumbering } from '../../../../src/codec/mbox/plain-numbering.ts';
import { LIMITS } from '../../../../src/core/limits.ts';
import { FLAG } from '../../../../src/core/types.ts';

type Fields = readonly (readonly [name: string, value: string])[];

function meta(...fields: Fields): MessageMeta {
  const result = new PlainNumbering().message(fields.map(([name, value]) => ({ name, value })));
  if (result === 'pseudo') throw new Error('taken for a pseudo message');
  return result;
}

test.each<[string, string, number]>([
  ['Status', 'RO', FLAG.seen],
  ['Status', 'O', 0],
  ['status', ' R ', FLAG.seen],
  ['Status', 'RA', FLAG.seen | FLAG.answered],
  ['X-Status', 'AFDT', FLAG.answered | FLAG.flagged | FLAG.deleted | FLAG.draft],
  ['X-Mozilla-Status', '0001', FLAG.seen],
  ['X-Mozilla-Status', ' 0007', FLAG.seen | FLAG.answered | FLAG.flagged],
  ['X-Mozilla-Status', 'a000', 0],
  ['X-Mozilla-Status', '10001', 0],
  ['X-Mozilla-Status', 'R', 0],
  ['X-Mozilla-Status2', '00200000', FLAG.deleted],
  ['X-Mozilla-Status2', '00000001', 0],
])('%s: %s', (name, value, flags) => expect(meta([name, value]).flags).toBe(flags));

test.each<[string, string, readonly string[]]>([
  ['X-Keywords', ' work  play ', ['work', 'play']],
  ['X-Mozilla-Keys', '$label1 NonJunk          ', ['$label1', 'NonJunk']],
  ['X-Mozilla-Keys', '           ', []],
  ['X-Mozilla-Status', '1001', ['$Forwarded']],
  ['X-Mozilla-Status2', '00800000', ['$MDNSent']],
])('%s: %s', (name, value, keywords) => expect(meta([name, value]).keywords).toEqual(keywords));

it('keeps a message that Mozilla expunged, and says so', () => {
  const { flags, remarks } = meta(['X-Mozilla-Status', '0009']);
  expect(flags).toBe(FLAG.seen | FLAG.deleted);
  expect(remarks).toHaveLength(1);
});

describe('the mailbox', () => {
  it('counts from 1 in file order, whatever X-UID says', () => {
    const numbering = new PlainNumbering();
    const uids = ['5', '3', 'x'].map((value) => numbering.message([{ name: 'X-UID', value }]));
    expect(uids).toEqual([1, 2, 3].map((uid) => ({ uid, flags: 0, keywords: [], claim: 'none' })));
    expect(numbering.finish()).toEqual({
      uidValidity: undefined,
      uidNext: 4,
      keywords: [],
      renumbered: false,
    });
  });

  it('keeps no more keyword names than a manifest can hold, and says so', () => {
    const numbering = new PlainNumbering();
    const words = (n: number) => Array.from({ length: 900 }, (_, i) => `keyword-${n}-${i}`);
    const metas = Array.from({ length: 20 }, (_, n) =>
      numbering.message([{ name: 'X-Keywords', value: words(n).join(' ') }]),
    ) as MessageMeta[];
    const { keywords } = numbering.finish();
    expect(keywords.join('').length).toBeLessThanOrEqual(LIMITS.keywordNames);
    expect(keywords.length).toBeGreaterThan(4000);
    expect(metas[0]).toMatchObject({ keywords: words(0) });
    expect(metas[0]?.remarks).toBeUndefined();
    expect(metas[19]).toMatchObject({ keywords: [], remarks: [expect.stringContaining('more keywords')] });
    expect(numbering.message([{ name: 'X-Keywords', value: 'KEYWORD-0-7' }])).toMatchObject({
      keywords: ['keyword-0-7'],
    });
  });

  it('lists keywords in the order and the spelling seen first', () => {
    const numbering = new PlainNumbering();
    numbering.message([{ name: 'X-Keywords', value: 'Work a' }]);
    expect(numbering.message([{ name: 'X-Keywords', value: 'b WORK work' }])).toMatchObject({
      keywords: ['b', 'Work'],
    });
    expect(numbering.finish().keywords).toEqual(['Work', 'a', 'b']);
  });

  it('knows a pseudo message, but only as the first', () => {
    const numbering = new PlainNumbering();
    const internal = [{ name: 'X-IMAP', value: '1000 0000000002' }];
    expect(numbering.message(internal)).toBe('pseudo');
    expect(numbering.message(internal)).toMatchObject({ uid: 1 });
    expect(new PlainNumbering().message([{ name: 'X-IMAP', value: 'x' }])).toMatchObject({ uid: 1 });
  });

  it('never throws', () => {
    const name = fc.constantFrom(
      'Status',
      'X-Status',
      'X-Keywords',
      'X-Mozilla-Keys',
      'X-Mozilla-Status',
      'X-IMAP',
      'Y',
    );
    const message = fc.array(fc.record({ name, value: fc.string() }));
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        const numbering = new PlainNumbering();
        const real = messages.filter((headers) => numbering.message(headers) !== 'pseudo').length;
        expect(numbering.finish().uidNext).toBe(real + 1);
      }),
    );
  });
});
