import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placeMailboxes } from '../../../src/source/folders.ts';
import { subscribedNames } from '../../../src/source/subscribed.ts';

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

describe('subscribedNames', () => {
  const files = (dovecot?: string, uw?: string) => ({
    dovecot: dovecot === undefined ? undefined : Buffer.from(dovecot),
    uw: uw === undefined ? undefined : Buffer.from(uw),
  });
  test.each([
    ['no list at all', files(), undefined],
    ['an empty list', files(''), []],
    ['Dovecot’s, version 1', files('Sent\nA/B\n'), [['Sent'], ['A', 'B']]],
    ['Dovecot’s, version 2', files('V\t2\n\nSent\nA\tB\n'), [['Sent'], ['A', 'B']]],
    [
      'UW’s, as seen from the home',
      files(undefined, 'INBOX\nmail/Sent\n~/mail/A/B\nmail\n'),
      [['INBOX'], ['Sent'], ['A', 'B'], ['mail']],
    ],
    ['both, without repeats', files('Sent\n', 'mail/Sent\r\nmail/New\r\n'), [['Sent'], ['New']]],
  ])('%s', (_name, input, expected) => {
    expect(subscribedNames(input, 'mail')).toEqual(expected);
  });
});
