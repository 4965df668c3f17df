import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLeftOut, matchesAny } from '../../../src/source/left-out.ts';

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

test.each([
  ['test', 'test', true],
  ['test', 'test1', false],
  ['test*', 'test', true],
  ['test*', 'test/1', true],
  ['*test', 'my test', true],
  ['a*b*c', 'abc', true],
  ['a*b*c', 'aXbbYc', true],
  ['a*b*c', 'acb', false],
  ['a*a', 'a', false],
  ['a.c', 'abc', false],
  ['*', '', true],
])('%s and %s: %s', (pattern, name, expected) => {
  expect(matchesAny([pattern], name)).toBe(expected);
});

test('as a regular expression would', () => {
  const text = fc.stringMatching(/^[ab*]{0,8}$/);
  fc.assert(
    fc.property(text, fc.stringMatching(/^[ab]{0,10}$/), (pattern, name) => {
      expect(matchesAny([pattern], name)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name));
    }),
    { numRuns: 2000 },
  );
});

test('mailboxes by their hierarchy, INBOX without case, modified UTF-7 as people see it', () => {
  expect(isLeftOut(undefined, ['Trash'])).toBe(false);
  expect(isLeftOut(['Trash'], ['Trash'])).toBe(true);
  expect(isLeftOut(['Trash'], ['Trash', 'old'])).toBe(false);
  expect(isLeftOut(['Trash/*'], ['Trash', 'old', 'er'])).toBe(true);
  for (const parts of [[], ['INBOX']]) {
    expect(isLeftOut(['inbox'], parts)).toBe(true);
    expect(isLeftOut(['inbox/*'], parts)).toBe(false);
  }
  expect(isLeftOut(['inbox'], ['inbox'])).toBe(true);
  expect(isLeftOut([latin1('Entwürfe/*')], ['Entw&APw-rfe', 'alt'])).toBe(true);
  expect(isLeftOut(['Entw&APw-rfe'], ['Entw&APw-rfe'])).toBe(true);
  expect(isLeftOut([latin1('Entwürfe')], [latin1('Entwürfe')])).toBe(true);
});
