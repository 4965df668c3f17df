import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { expand, parseLocation } from '../../../../src/source/location.ts';
import { MaildirAccount } from '../../../../src/source/maildir/account.ts';
import { placeFolders } from '../../../../src/source/maildir/places.ts';
import { tempDir, thrown } from '../../io/support.ts';

function account(location: string): MaildirAccount {
  return MaildirAccount.open({
    user: 'test',
    places: expand(parseLocation(location), 'test', () => undefined),
  });
}

function make(at: string, ...dirs: string[]): void {
  for (const dir of dirs) fs.mkdirSync(path.join(at, dir), { recursive: true });
}

const names = (one: MaildirAccount) => one.list().mailboxes.map(({ parts }) => parts.join('/'));
const rejected = (one: MaildirAccount, at: string) =>
  one.list().rejected.map(({ path: where }) => where.replace(at, ''));

test('Maildir++: every directory with a dot, INBOX first; links are rejected', () => {
  const at = tempDir();
  make(at, 'cur', 'new', 'tmp', '.Sent/cur', '.A.B/new', '.Bare', 'other/cur');
  fs.writeFileSync(path.join(at, '.file'), '');
  fs.symlinkSync('/etc', path.join(at, '.Link'));
  const one = account(`maildir:${at}`);
  expect(names(one)).toEqual(['INBOX', 'A/B', 'Bare', 'Sent']);
  expect(rejected(one, at)).toEqual(['/.Link']);
  one.close();
});

test('fs: directories with messages, at any depth; control and index inside the root are none', () => {
  const at = tempDir();
  make(
    at,
    'cur',
    'a/b.c/cur',
    'a/b.c/d/tmp',
    'plain/deep/new',
    '.dot/cur',
    'control/a/cur',
    'courierimapkeywords/cur',
  );
  const one = account(`maildir:${at}:LAYOUT=fs:CONTROL=${at}/control`);
  expect(names(one)).toEqual(['INBOX', '.dot', 'a/b.c', 'a/b.c/d', 'plain/deep']);
  const folders = one.place(one.list().mailboxes).map((place) => place.ok && place.folder);
  expect(folders).toEqual(['', '.=2Edot', '.a.b=2Ec', '.a.b=2Ec.d', '.plain.deep']);
  one.close();
});

test('INBOX elsewhere, and nothing at all', () => {
  const at = tempDir();
  make(at, 'root/.Sent/cur', 'in/cur');
  const one = account(`maildir:${at}/root:INBOX=${at}/in`);
  expect(one.list().mailboxes.map(({ path: where }) => where.replace(at, ''))).toEqual([
    '/in',
    '/root/.Sent',
  ]);
  one.close();
  expect(thrown(() => account(`maildir:${at}/none`))).toMatchObject({ code: 'SOURCE_MISSING' });
});

test('names: kept where Dovecot opens them, else mended, and never twice', () => {
  const place = (...mailboxes: string[][]) =>
    placeFolders(mailboxes).map((one) => (one.ok ? `${one.folder} ${one.changed}` : 'none'));
  expect(place([], ['a=2Eb'], ['Entw&APw-rfe'], ['INBOX', 'x'])).toEqual([
    ' false',
    '.a=2Eb false',
    '.Entw&APw-rfe false',
    '.INBOX.x false',
  ]);
  expect(place(['Entw\xc3\xbcrfe'], ['Entw&APw-rfe'])).toEqual([
    '.Entw=C3=BCrfe true',
    '.Entw&APw-rfe false',
  ]);
  expect(place(['Entw\xc3\xbcrfe'])).toEqual(['.Entw&APw-rfe false']);
  expect(place(['a&b'], ['~x'], ['', 'y'])).toEqual(['.a&-b false', '.=7Ex true', '.=.y true']);
  expect(place(['a&b'], ['a&-b'])).toEqual(['.a=26b true', '.a&-b false']);
  expect(place(['a&b'], ['a&-b'], ['a=26b'])).toEqual(['none', '.a&-b false', '.a=26b false']);
});

test('a file where the Maildir should be is refused, wherever INBOX is', () => {
  const at = tempDir();
  fs.writeFileSync(path.join(at, 'file'), '');
  expect(thrown(() => account(`maildir:${at}/file`))).toMatchObject({ code: 'SOURCE_UNSAFE' });
  expect(thrown(() => account(`maildir:${at}/file:INBOX=${at}/file`))).toMatchObject({
    code: 'SOURCE_UNSAFE',
  });
});
