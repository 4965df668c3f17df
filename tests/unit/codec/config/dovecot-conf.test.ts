import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ConfSection,
  type Include,
  parseDovecotConf,
} from '../../../../src/codec/config/dovecot-conf.ts';

const NONE: Include = () => [];
const parse = (text: string, include = NONE) => parseDovecotConf({ file: '/d.conf', text }, include);
const values = ({ settings }: ConfSection) =>
  Object.fromEntries([...settings].map(([key, { value }]) => [key, value]));

test.each([
  ['a = b', 'b'],
  ['a=b', 'b'],
  ['  a  =  b c  # comment', 'b c'],
  ['a = b#c', 'b'],
  ['a = "b # c"  # d', 'b # c'],
  ['a = "b \\" c\\\\"', 'b " c\\'],
  ["a = 'b'", 'b'],
  ['a = "b', '"b'],
  ['a = b \\\n   c', 'b c'],
  ['a = b\\', 'b'],
  ['a =', ''],
  ['a = b\na = c', 'c'],
  ['a = b\r\n', 'b'],
])('%j', (text, value) => {
  const { top, unclear } = parse(text);
  expect(values(top)).toEqual({ a: value });
  expect(unclear).toEqual([]);
});

test('sections, with where they are', () => {
  const { top } = parse(
    '# one\nauth default {\n  userdb static {\n    args = x\n  }\n}\nnamespace {\n  inbox = yes\n}\n',
  );
  expect(top.sections).toMatchObject([
    { kind: 'auth', name: 'default', place: { file: '/d.conf', line: 2 } },
    { kind: 'namespace', name: '' },
  ]);
  const [userdb] = top.sections[0]?.sections ?? [];
  expect(userdb).toMatchObject({ kind: 'userdb', name: 'static' });
  expect(userdb?.settings.get('args')).toEqual({ value: 'x', place: { file: '/d.conf', line: 4 } });
});

test('included files count where they are included, and close what they open', () => {
  const asked: string[] = [];
  const include: Include = (pattern, { line }) => {
    asked.push(`${pattern}:${line}`);
    return pattern === 'b' ? [{ file: '/b', text: 'inbox = yes\nx {\n' }] : [];
  };
  const { top } = parse(
    'namespace a {\n  !include b\n  prefix = p\n}\n!include_try c/*.conf\nlast = 1',
    include,
  );
  expect(asked).toEqual(['b:2', 'c/*.conf:5']);
  expect(values(top)).toEqual({ last: '1' });
  const [namespace] = top.sections;
  expect(namespace && values(namespace)).toEqual({ inbox: 'yes', prefix: 'p' });
  expect(namespace?.settings.get('inbox')?.place).toEqual({ file: '/b', line: 1 });
});

test('a file that includes itself ends, and is told', () => {
  const self: Include = () => [{ file: '/d.conf', text: '!include d.conf' }];
  expect(parse('!include d.conf', self).unclear).toHaveLength(1);
});

test('lines that are none are told, and the rest is read', () => {
  const { top, unclear } = parse('what\n}\na = 1');
  expect(unclear.map(({ line }) => line)).toEqual([1, 2]);
  expect(values(top)).toEqual({ a: '1' });
});

test('any text is read to its end', () => {
  const piece = fc.constantFrom(
    'a',
    ' ',
    '=',
    '{',
    '}',
    '\n',
    '"',
    "'",
    '\\',
    '#',
    '!include x',
    '\xff',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const { top, unclear } = parse(`${pieces.join('')}\n\n${'}\n'.repeat(50)}last = 1`);
      expect(unclear.length + top.sections.length).toBeGreaterThan(0);
      expect(top.settings.get('last')?.value).toBe('1');
    }),
  );
});
