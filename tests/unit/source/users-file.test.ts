import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseUsers } from '../../../src/source/users-file.ts';
import { thrown } from '../io/support.ts';

test('names, renames, comments, blanks, CR LF, a byte order mark', () => {
  const text =
    '\xef\xbb\xbf# people\r\nalice\r\n\n \t bob \t# comment\nmjones=mary.jones@example.org\n a#b =\tc \n';
  expect(parseUsers(text, 'f')).toEqual([
    { user: 'alice' },
    { user: 'bob' },
    { user: 'mjones', target: 'mary.jones@example.org' },
    { user: 'a#b', target: 'c' },
  ]);
  expect(parseUsers('alice', 'f')).toEqual([{ user: 'alice' }]);
});

test('names are bytes', () => {
  expect(parseUsers('caf\xe9\ncaf\xc3\xa9\n', 'f').map(({ user }) => user)).toEqual([
    'caf\xe9',
    'caf\xc3\xa9',
  ]);
});

test.each([
  ['alice\nalice bob\n', 2, 'neither a name'],
  ['a = b = c', 1, 'neither a name'],
  ['a = b c', 1, 'neither a name'],
  ['\n\n= b', 3, '"" is no user name'],
  ['a =', 1, '"" is no user name'],
  ['../x', 1, '"../x" is no user name'],
  ['a\n.\n', 2, '"." is no user name'],
  ['a = x@', 1, '"x@" is no user name'],
  ['a\x1bb', 1, '"a\\x1bb" is no user name'],
  ['alice\nbob\nalice = c\n', 3, 'alice stands in line 1 already'],
])('%j is refused at line %i', (text, line, words) => {
  const error = thrown(() => parseUsers(text, '/etc/users'));
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', exitStatus: 78, place: `/etc/users:${line}` });
  expect(error.message).toContain(words);
  expect(error.advice).not.toBe('');
});

test('a list of nobody is refused', () => {
  expect(thrown(() => parseUsers('# nobody\n\n', 'f'))).toMatchObject({ code: 'CONFIG_INVALID', place: 'f' });
});

test('what is written as a list is read as it', () => {
  const name = fc
    .stringMatching(/^[!-.0-<>?A-Z[-~\x80-\xff]{1,12}$/)
    .filter((text) => !/^#|^\.{1,2}$/.test(text));
  const users = fc.uniqueArray(fc.record({ user: name, target: fc.option(name, { nil: undefined }) }), {
    selector: ({ user }) => user,
    minLength: 1,
  });
  const usable = users.filter((list) => list.every(({ user }) => !user.startsWith('\xef\xbb\xbf')));
  fc.assert(
    fc.property(usable, (list) => {
      const text = list.map(({ user, target }) => (target === undefined ? user : `${user} = ${target}`));
      expect(parseUsers(`${text.join('\n')}\n`, 'f')).toEqual(
        list.map(({ user, target }) => (target === undefined ? { user } : { user, target })),
      );
    }),
  );
});
