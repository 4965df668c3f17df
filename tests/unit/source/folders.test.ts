import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placeMailboxes } from '../../../src/source/folders.ts';

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const folders = (...names: string[][]) =>
  placeMailboxes(names).map((place) => (place.ok ? place.folder : place.reason));

describe('placeMailboxes', () => {
  test('plain names, INBOX, hierarchy', () => {
    expect(placeMailboxes([[], ['Sent'], ['A', 'B']])).toEqual([
      { ok: true, folder: '', changed: false },
      { ok: true, folder: '.Sent', changed: false },
      { ok: true, folder: '.A.B', changed: false },
    ]);
  });

  test('UTF-8 becomes modified UTF-7, which clients see as the same name', () => {
    expect(placeMailboxes([[latin1('Entwürfe')]])).toEqual([
      { ok: true, folder: '.Entw&APw-rfe', changed: false },
    ]);
    expect(placeMailboxes([[latin1('v1.2 für')]])).toMatchObject([
      { folder: '.v1=2E2 f&APw-r', changed: true },
    ]);
    expect(placeMailboxes([['Q&A']])).toEqual([{ ok: true, folder: '.Q&-A', changed: false }]);
    expect(placeMailboxes([['Q&\x01A']])).toMatchObject([{ folder: '.Q=26=01A', changed: true }]);
    expect(placeMailboxes([['\xff']])).toMatchObject([{ folder: '.=FF', changed: true }]);
  });

  test('the literal name wins, whichever comes first', () => {
    const [literal, utf8] = ['Entw&APw-rfe', latin1('Entwürfe')];
    expect(folders([literal], [utf8])).toEqual(['.Entw&APw-rfe', '.Entw=C3=BCrfe']);
    expect(folders([utf8], [literal])).toEqual(['.Entw=C3=BCrfe', '.Entw&APw-rfe']);
  });

  test('a name too long for a directory has no place', () => {
    expect(placeMailboxes([['x'.repeat(300)]])).toMatchObject([{ ok: false }]);
  });

  test('no two mailboxes share a folder', () => {
    const piece = fc.constantFrom(
      'a',
      '.',
      '=',
      '2E',
      'C3',
      '&',
      '&-',
      '&APw-',
      latin1('ü'),
      '\xc3',
      '\xbc',
      'inbox',
      '~',
    );
    const name = fc.array(
      fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { selector: (parts) => parts.join('/'), maxLength: 8 }), (names) => {
        const placed = folders(...names);
        expect(new Set(placed).size).toBe(names.length);
      }),
      { numRuns: 2000 },
    );
  });
});
