import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { ContentFilter, claimedLength } from '../../../../src/codec/mbox/content-filter.ts';
import { dovecotDialect } from '../../../../src/codec/mbox/dovecot.ts';
import { plainDialect } from '../../../../src/codec/mbox/plain.ts';
import { LIMITS } from '../../../../src/core/limits.ts';
import { bytesOf, textOf } from './framing.ts';

/** Filters header lines; a line longer than `pieceSize` comes in pieces, as from the framer. */
function filter(header: string, { dialect = dovecotDialect, pieceSize = Number.POSITIVE_INFINITY } = {}) {
  let shown = '';
  const contentFilter = new ContentFilter(dialect, (buf, start, end) => {
    shown += textOf(buf, start, end);
  });
  contentFilter.begin();
  for (const line of header.split(/(?<=\n)/)) {
    for (let at = 0; at < line.length; at += pieceSize) {
      const piece = bytesOf(`:${line.slice(at, at + pieceSize)}:`);
      contentFilter.header(piece, 1, piece.length - 1, at === 0);
    }
  }
  const fields = contentFilter.headerEnd().map(({ name, value }) => [name, value]);
  return { shown, fields, truncated: contentFilter.truncated };
}

describe('what a client sees', () => {
  test.each<[string, string]>([
    ['Content-Length: 5\n', ''],
    ['Status: RO\n', ''],
    ['X-IMAP: 1000 10\n', ''],
    ['X-IMAPbase: 1000 10\n', ''],
    ['X-Keywords: a\n', ''],
    ['X-Status: A\n', ''],
    ['X-UID: 5\n', ''],
    ['x-uid: 5\r\n', ''],
    ['STATUS: RO\n', ''],
    ['Status : RO\n', ''],
    ['Status\t: RO\n', ''],
    ['Status:\n', ''],
    ['X-UID: 5', ''],
    ['Status: R\n O\n\tx\nSubject: s\n', 'Subject: s\n'],
    ['Status: R\nbogus line\n O\n', 'bogus line\n O\n'],
    ['Subject: s\n Status: RO\n', 'Subject: s\n Status: RO\n'],
    [' Status: RO\n', ' Status: RO\n'],
    ['Status\n', 'Status\n'],
    ['Status\nRO: x\n', 'Status\nRO: x\n'],
    ['Status-X: RO\n', 'Status-X: RO\n'],
    ['X-Status-X: RO\n', 'X-Status-X: RO\n'],
    ['X-UIDL: abc\n', 'X-UIDL: abc\n'],
    ['Return-Path: <a@b>\n', 'Return-Path: <a@b>\n'],
    ['X-Mozilla-Status: 0001\n', 'X-Mozilla-Status: 0001\n'],
    ['Lines: 5\n', 'Lines: 5\n'],
    [': x\n', ': x\n'],
    ['>From x: y\n', '>From x: y\n'],
  ])('%j', (header, shown) => {
    expect(filter(header).shown).toBe(shown);
    expect(filter(`A: 1\n${header}`).shown).toBe(`A: 1\n${shown}`);
    expect(filter(`Status: R\n${header}`).shown).toBe(header.startsWith(' ') ? '' : shown);
  });
});

describe('what the numbering sees', () => {
  it('names as spelled, values as they stand, in order', () => {
    expect(filter('x-uid: 5  \r\nSubject: s\nStatus : R\n \tO: \nX-UID:6').fields).toEqual([
      ['x-uid', ' 5  '],
      ['Status', ' R\n \tO: '],
      ['X-UID', '6'],
    ]);
  });

  it('read fields are shown all the same', () => {
    const header = 'Date: today\n or so\nX-Mozilla-Status: 0001\nSubject: s\n';
    expect(filter(header, { dialect: plainDialect })).toEqual({
      shown: header,
      fields: [
        ['Date', ' today\n or so'],
        ['X-Mozilla-Status', ' 0001'],
      ],
      truncated: false,
    });
  });

  it('a field has the same value however its line is cut', () => {
    const line = fc.constantFrom('X-Keywords: a b\r\n', ' c\r\n', 'Subject: s\n', '\td\n', 'X-UID: 1\r2\r\n');
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 15, max: 20 }), (lines, pieceSize) => {
        const header = lines.join('');
        // The framer's pieces are larger than any name.
        expect(filter(header, { pieceSize })).toEqual(filter(header));
      }),
    );
    expect(filter('X-Keywords: abc\r\n', { pieceSize: 16 }).fields).toEqual([['X-Keywords', ' abc']]);
  });

  it('begins anew with each message', () => {
    const contentFilter = new ContentFilter(dovecotDialect, () => undefined);
    const long = bytesOf(`X-UID: ${'1'.repeat(LIMITS.metadataHeader)}\n`);
    contentFilter.begin();
    contentFilter.header(long, 0, long.length, true);
    expect([contentFilter.headerEnd().length, contentFilter.truncated]).toEqual([1, true]);
    contentFilter.begin();
    expect([contentFilter.headerEnd(), contentFilter.truncated]).toEqual([[], false]);
  });

  it('reads a field up to its limit', () => {
    const value = 'x'.repeat(LIMITS.metadataHeader - 1);
    expect(filter(`X-UID:${value}\n`)).toMatchObject({ fields: [['X-UID', value]], truncated: false });
    for (const pieceSize of [Number.POSITIVE_INFINITY, 4098, 1000]) {
      const { shown, fields, truncated } = filter(`X-UID:${value}yz\n more\nA: 1\n`, { pieceSize });
      expect([shown, truncated]).toEqual(['A: 1\n', true]);
      const padded = filter(`X-UID: 7${' '.repeat(2 * LIMITS.metadataHeader)}\n\t\nA: 1\n`, { pieceSize });
      expect([padded.shown, padded.truncated]).toEqual(['A: 1\n', false]);
      expect(padded.fields.map(([name, text]) => [name, text?.trim()])).toEqual([['X-UID', '7']]);
      expect(fields[0]?.[1] === `${value}y`).toBe(true);
    }
  });
});

test.each<[readonly [string, string][], number | undefined]>([
  [[['Content-Length', ' 47']], 47],
  [[['content-length', '0047 \t']], 47],
  [[['Content-Length', ' 0']], 0],
  [[['Content-Length', ' 47x']], undefined],
  [[['Content-Length', ' 4 7']], undefined],
  [[['Content-Length', ' -1']], undefined],
  [[['Content-Length', ' 1e3']], undefined],
  [[['Content-Length', ' 9999999999999999999']], undefined],
  [[], undefined],
  [[['Status', ' 47']], undefined],
  [
    [
      ['Status', ' 1'],
      ['Content-Length', ' 2'],
      ['Content-Length', ' 3'],
    ],
    2,
  ],
  // Observed with Dovecot 2.3.19:
  [[['Content-Length', '  3']], undefined],
  [[['Content-Length', '\n 3']], undefined],
  [[['Content-Length', ' 3\n ']], 3],
  [
    [
      ['Content-Length', ' x'],
      ['Content-Length', ' 3'],
    ],
    3,
  ],
])('claimed length of %j', (fields, expected) => {
  expect(claimedLength(fields.map(([name, value]) => ({ name, value })))).toBe(expected);
});

test('metadata fields beyond the cap are hidden like the others, but not remembered', () => {
  const { shown, fields, truncated } = filter('X-UID: 1\n'.repeat(LIMITS.metadataFields + 5));
  expect([shown, fields.length, truncated]).toEqual(['', LIMITS.metadataFields, true]);
});
