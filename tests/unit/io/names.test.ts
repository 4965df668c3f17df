import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkName, fsPath, hasControl, printable, toNameBytes } from '../../../src/io/names.ts';
import { thrown } from './support.ts';

test('paths for node are bytes where they are not ASCII', () => {
  expect(fsPath('/a b')).toBe('/a b');
  expect(fsPath('/\u00e9')).toEqual(Buffer.from([0x2f, 0xe9]));
  expect(fsPath(toNameBytes('\u00e9'))).toEqual(Buffer.from([0xc3, 0xa9]));
});

test('names for people: UTF-8 where it is, escapes where it is not, never a control character', () => {
  expect(printable('caf\u00c3\u00a9')).toBe('caf\u00e9');
  expect(printable('caf\u00e9')).toBe('caf\\xe9');
  expect(printable('a\n\u001b\u007f')).toBe('a\\x0a\\x1b\\x7f');
  // C1 controls, which terminals obey too, written as UTF-8.
  expect(printable('\u00c2\u009b2J')).toBe('\\x9b2J');
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = printable(Buffer.from(bytes).toString('latin1'));
      expect([...text].every((char) => char >= ' ' && !(char >= '\u007f' && char <= '\u009f'))).toBe(true);
    }),
  );
});

test('tells names with control characters', () => {
  expect(['a', '\u00e9\u0080', ' ', ''].some(hasControl)).toBe(false);
  expect(['a\0', '\n', '\u001f', 'x\u007f'].every(hasControl)).toBe(true);
});

test('checks names', () => {
  for (const name of ['a', '...', '.a', ' ', '\n', '\u00ff']) expect(checkName(name)).toBeUndefined();
  for (const name of ['', '.', '..', '/', 'a/', '\0'])
    expect(thrown(() => checkName(name)).code).toBe('INTERNAL');
});
