import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromFolder, toFolder } from '../../../../src/codec/maildir/folder-name.ts';
import { decodeMutf7 } from '../../../../src/codec/maildir/mutf7.ts';

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const tricky = fc.constantFrom(
  '=',
  '=',
  '.',
  '/',
  '~',
  '&',
  '-',
  '2',
  'E',
  'D',
  '3',
  'A',
  'APw',
  'INBOX',
  'inbox',
  '\xe4',
);
const part = fc.string({ unit: fc.oneof(tricky, byte), maxLength: 6 });
const parts = fc.array(part, { maxLength: 4 });

function folderOf(name: readonly string[]): string {
  const result = toFolder(name);
  if (!result.ok) throw new Error(result.reason);
  return result.folder;
}

describe('toFolder', () => {
  it.each([
    [[], '', false],
    [['Sent'], '.Sent', false],
    [['Entw&APw-rfe', 'sub'], '.Entw&APw-rfe.sub', false],
    [['INBOX', 'Foo'], '.INBOX.Foo', false],
    [['a', 'INBOX'], '.a.INBOX', false],
    [['a', '~b'], '.a.~b', false],
    [['cur'], '.cur', false],
    [['a=b', 'x=2e', '=G0'], '.a=b.x=2e.=G0', false],
    [['Tom &- Jerry'], '.Tom &- Jerry', false],
    [['v1.2'], '.v1=2E2', true],
    [['a/b'], '.a=2Fb', true],
    [['.hidden'], '.=2Ehidden', true],
    [['x=2Ey'], '.x=3D2Ey', true],
    [[''], '.=', true],
    [['='], '.=3D', true],
    [['='.repeat(2)], '.==', false],
    [['a', '', 'b'], '.a.=.b', true],
    [['a\nb\x7f'], '.a=0Ab=7F', true],
    [['~tilde'], '.=7Etilde', true],
    [['INBOX'], '.=49NBOX', true],
    [['inbox'], '.=69nbox', true],
    [['Inbox', 'Foo'], '.=49nbox.Foo', true],
    [['a&b'], '.a=26b', true],
    [['Entw\xc3\xbcrfe'], '.Entw=C3=BCrfe', true],
    [['\xff&APw-'], '.=FF=26APw-', true],
    [['&APw-.\n'], '.&APw-=2E=0A', true],
  ])('%j is %s', (name, folder, changed) => {
    expect(toFolder(name)).toEqual({ ok: true, folder, changed });
    expect(fromFolder(folder)).toEqual(name);
  });

  it('gives up only at the length of a directory name', () => {
    expect(toFolder(['a'.repeat(127), 'b'.repeat(126)])).toMatchObject({ ok: true });
    expect(toFolder(['a'.repeat(127), 'b'.repeat(127)])).toEqual({
      ok: false,
      reason: expect.stringContaining('256 bytes'),
    });
  });

  it('takes text that is not latin1 for a broken contract', () => {
    expect(() => toFolder(['台'])).toThrow(/latin1/);
  });

  it('always makes a Maildir++ name in valid modified UTF-7', () => {
    fc.assert(
      fc.property(parts, (name) => {
        const folder = folderOf(name);
        expect(decodeMutf7(folder)).toBeDefined();
        expect(folder).toMatch(/^[\x20-\x7e]*$/);
        expect(folder).not.toContain('/');
        expect(folder).not.toMatch(/\.\.|\.$|^[^.]/);
        expect(folder).not.toMatch(/^\.(~|inbox$)/i);
      }),
      { numRuns: 2000 },
    );
  });

  it('is undone by fromFolder, so two names never share a folder', () => {
    fc.assert(
      fc.property(parts, (name) => {
        expect(fromFolder(folderOf(name))).toEqual(name);
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps all names of up to four tricky bytes apart', () => {
    const alphabet = ['=', '.', '2', 'E', '3', 'D', '&', '-', '\xe4'];
    const seen = new Map<string, string>();
    let names = [''];
    for (let length = 0; length <= 4; length++) {
      for (const name of names) {
        const folder = folderOf([name]);
        expect(seen.get(folder)).toBeUndefined();
        seen.set(folder, name);
      }
      names = names.flatMap((name) => alphabet.map((char) => name + char));
    }
    expect(seen.size).toBe(1 + 9 + 9 ** 2 + 9 ** 3 + 9 ** 4);
  });
});

describe('fromFolder', () => {
  it.each([
    'Sent',
    '..x',
    '.foo.',
    '.',
    '.a/b',
    '.a=41',
    '.inbox',
    '.INBOX',
    '.~a',
    '.a&b',
    '.\xe4',
    '.a=3D',
  ])('knows no mailbox for %j', (folder) => {
    expect(fromFolder(folder)).toBeUndefined();
  });

  it('never throws, and answers only for what toFolder returns', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(tricky, byte) }), (text) => {
        const name = fromFolder(`.${text}`);
        if (name !== undefined) expect(folderOf(name)).toBe(`.${text}`);
      }),
      { numRuns: 2000 },
    );
  });
});
