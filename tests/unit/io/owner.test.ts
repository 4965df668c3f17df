import { expect, test } from 'vitest';
import { accountOwner, foreign } from '../../../src/io/owner.ts';
import type { Stat } from '../../../src/io/stat.ts';

const stat = (uid: number, more: Partial<Stat> = {}): Stat => ({
  kind: 'file',
  uid,
  gid: 0,
  mode: 0o600,
  nlink: 1,
  size: 0,
  dev: 1n,
  ino: 1n,
  mtimeNs: 0n,
  ctimeNs: 0n,
  birthNs: 0n,
  ...more,
});
const dir = (uid: number, mode = 0o755): Stat => stat(uid, { kind: 'dir', mode, nlink: 2 });

test.each([
  ['the mail root\u2019s owner', dir(7), stat(8), 7],
  ['the INBOX\u2019s owner where the root is root\u2019s', dir(0), stat(8), 8],
  ['the INBOX\u2019s owner where there is no root', undefined, stat(8), 8],
  ['root where everything is root\u2019s', dir(0), undefined, 0],
  ['nobody where there is nothing', undefined, undefined, undefined],
])('an account belongs to %s', (_, root, inbox, owner) => {
  expect(accountOwner(root, inbox)).toBe(owner);
});

test('a file is read if it is the account owner\u2019s, or only root can have put it there', () => {
  expect(foreign(stat(7), dir(7), 7)).toBeUndefined();
  expect(foreign(stat(7), dir(0, 0o1777), 7)).toBeUndefined();
  expect(foreign(stat(8), dir(0), 7)).toBeUndefined();
  expect(foreign(dir(0), dir(0), 7)).toBeUndefined();
  expect(foreign(stat(8), dir(7), 7)).toMatch('another user');
  expect(foreign(stat(0), dir(7), 7)).toMatch('another user');
  expect(foreign(stat(8), dir(0, 0o775), 7)).toMatch('another user');
  expect(foreign(stat(8), dir(0, 0o757), 7)).toMatch('another user');
  expect(foreign(dir(8), dir(7), 7)).toMatch('another user');
});

test('where the owner is known from the file alone, a second hard link makes it doubtful', () => {
  expect(foreign(stat(8, { nlink: 2 }), dir(0, 0o1777), 8, 'file')).toMatch('second hard link');
  expect(foreign(stat(8, { nlink: 2 }), dir(0, 0o755), 8, 'file')).toBeUndefined();
  expect(foreign(stat(8, { nlink: 2 }), dir(8), 8, 'root')).toBeUndefined();
  expect(foreign(stat(8), dir(0, 0o1777), 8, 'file')).toBeUndefined();
});
