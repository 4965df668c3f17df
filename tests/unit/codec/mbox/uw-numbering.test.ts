import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { MessageMeta } from '../../../../src/codec/mbox/dialect.ts';
import { UwNumbering } from '../../../../src/codec/mbox/uw-numbering.ts';
import { FLAG } from '../../../../src/core/types.ts';
import { type Field, NUMBERING_CASES } from '../../../helpers/uw-cases.ts';

function walk(messages: readonly (readonly Field[])[]) {
  const numbering = new UwNumbering();
  const all = messages.map((fields) => numbering.message(fields.map(([name, value]) => ({ name, value }))));
  const metas = all.filter((meta): meta is MessageMeta => meta !== 'pseudo');
  return { metas, mailbox: numbering.finish() };
}

function flagNames(flags: number): string {
  const names = Object.entries(FLAG).filter(([, bit]) => (flags & bit) !== 0);
  return names
    .map(([name]) => `\\${name[0]?.toUpperCase()}${name.slice(1)}`)
    .sort()
    .join(' ');
}

describe('UIDs, flags and keywords as c-client computes them', () => {
  test.each(NUMBERING_CASES)('$name', ({ messages, uids, uidValidity, uidNext, flags, keywords }) => {
    const { metas, mailbox } = walk(messages);
    expect(metas.map((meta) => meta.uid)).toEqual(uids);
    expect(mailbox).toMatchObject({ uidValidity, uidNext, renumbered: false });
    if (flags !== undefined) expect(metas.map((meta) => flagNames(meta.flags))).toEqual(flags);
    const names = metas.map((meta) => [...meta.keywords].sort().join(' '));
    expect(names).toEqual(keywords ?? metas.map(() => ''));
  });

  it('lists the mailbox keywords in order, each name once', () => {
    const long = 'm'.repeat(51);
    const { mailbox } = walk([[['X-IMAPbase', ` 1000 10 b a A ${long} c`]]]);
    expect(mailbox.keywords).toEqual(['b', 'a', 'c']);
  });

  it('reads the first line of a folded field only', () => {
    const { metas } = walk([
      [
        ['X-IMAPbase', ' 1000 10 kwA\r\n kwB'],
        ['X-Keywords', ' kwA\r\n kwB'],
        ['X-Status', ' F\r\n A\r\n\tD'],
      ],
    ]);
    expect(metas).toMatchObject([{ flags: FLAG.flagged, keywords: ['kwA'] }]);
  });

  it('says what it does not keep', () => {
    const { metas } = walk([
      [
        ['X-IMAPbase', ' 1000 10 kw'],
        ['X-UID', ' 5'],
        ['x-status', ' F'],
        ['X-Keywords', ' kw other'],
        ['Date', ' today'],
      ],
      [['X-UID', ' 4']],
    ]);
    expect(metas.map((meta) => meta.remarks)).toEqual([
      [expect.stringContaining('x-status'), expect.stringContaining('other')],
      [expect.stringContaining('X-UID 4')],
    ]);
    expect(walk([[['Status', ' R']]]).metas[0]).not.toHaveProperty('remarks');
  });

  it('counts anew where UIDs or UIDVALIDITY leave 32 bits', () => {
    expect(walk([[['X-IMAPbase', ' 1000 4294967294']], []]).mailbox).toMatchObject({
      uidValidity: undefined,
      renumbered: true,
    });
    expect(walk([[['X-IMAPbase', ' 4294967295 4294967293']], []]).mailbox).toMatchObject({
      uidValidity: undefined,
      renumbered: true,
    });
    expect(walk([[['X-IMAPbase', ' 4294967295 4294967293']]]).mailbox).toEqual({
      uidValidity: 4_294_967_295,
      uidNext: 4_294_967_295,
      keywords: [],
      renumbered: false,
    });
    expect(walk([[['X-IMAPbase', ' 4294967296 10']]]).mailbox).toMatchObject({
      uidValidity: undefined,
      uidNext: 12,
      renumbered: false,
    });
  });

  it('gives ascending UIDs below UIDNEXT, whatever the headers say', () => {
    const name = fc.constantFrom(
      'X-IMAP',
      'X-IMAPbase',
      'X-UID',
      'X-Keywords',
      'Status',
      'X-Status',
      'x-uid',
    );
    const value = fc.oneof(
      fc.nat(30).map(String),
      fc.tuple(fc.nat(2000), fc.nat(40)).map((pair) => ` ${pair.join(' ')} kw`),
      fc.string({ unit: fc.constantFrom(...' \t\0RAFDTO0159kw') }),
    );
    const message = fc.array(fc.tuple(name, value), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        const { metas, mailbox } = walk(messages);
        const uids = [0, ...metas.map((meta) => meta.uid), mailbox.uidNext];
        for (const [i, uid] of uids.slice(1).entries()) expect(uid).toBeGreaterThan(uids[i] ?? 0);
      }),
    );
  });
});
