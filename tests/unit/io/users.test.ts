import fs from 'node:fs';
import { expect, test, vi } from 'vitest';
import { findUser, parseOwner, parseUidMin } from '../../../src/io/users.ts';
import { tempDir, thrown } from './support.ts';

test('finds users by exact name', () => {
  expect(findUser('root')).toEqual({ name: 'root', uid: 0, gid: 0, home: '/root' });
  for (const name of ['', '0', 'no-such-user', '-h', '--help', 'root:x', 'root root', 'ro', 'ROOT', 'root\n'])
    expect(findUser(name)).toBeUndefined();
});

test('reads USER, USER:GROUP, names or numbers', () => {
  const group = /^daemon:[^:]*:(\d+)/m.exec(fs.readFileSync('/etc/group', 'utf8'))?.[1];
  expect(parseOwner('root')).toEqual({ uid: 0, gid: 0 });
  expect(parseOwner('root:daemon')).toEqual({ uid: 0, gid: Number(group) });
  expect(parseOwner('5000:5001')).toEqual({ uid: 5000, gid: 5001 });
  expect(parseOwner('root:5001')).toEqual({ uid: 0, gid: 5001 });
});

test.each([
  '',
  ':',
  'root:',
  ':root',
  'a:b:c',
  'no-such-user',
  'root:no-such-group',
  '5000',
  '-1:0',
  '4294967295:0',
])('refuses %j with advice', (spec) => {
  const error = thrown(() => parseOwner(spec));
  expect(error).toMatchObject({ code: 'USAGE', exitStatus: 64 });
  expect(error.message).toContain(`--owner ${spec} `);
  expect(error.advice).not.toBe('');
});

test('without getent /etc/passwd is read', () => {
  try {
    vi.stubEnv('PATH', tempDir());
    const line = fs
      .readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((text) => text.startsWith('daemon:'));
    expect(findUser('daemon')?.uid).toBe(Number(line?.split(':')[2]));
    expect(findUser('no-such-user')).toBeUndefined();
  } finally {
    vi.unstubAllEnvs();
  }
});

test.each([
  ['UID_MIN\t\t\t 1000\nSUB_UID_MIN 100000\n', 1000],
  ['# UID_MIN 5\n#SYS_UID_MIN 100\n  UID_MIN 500\n', 500],
  ['UID_MIN 500\nUID_MIN 0x10\n', 16],
  ['UID_MIN 010\n', 8],
  ['UID_MIN "700"\n', 700],
  ['UID_MIN many\n', 1000],
  ['UID_MIN -1\n', 1000],
  ['', 1000],
])('UID_MIN of %j is %i', (text, expected) => {
  expect(parseUidMin(text)).toBe(expected);
});
