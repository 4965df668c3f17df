import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, test, vi } from 'vitest';
import { findAccounts } from '../../../src/source/accounts.ts';
import { parseLocation } from '../../../src/source/location.ts';
import { fakeUserDatabase } from '../../helpers/user-database.ts';
import { needsRoot, tempDir, thrown } from '../io/support.ts';

function tree(paths: readonly string[]): string {
  const at = tempDir();
  fs.chmodSync(at, 0o755);
  for (const path of paths) {
    fs.mkdirSync(`${at}/${path.slice(0, path.lastIndexOf('/'))}`, { recursive: true });
    if (!path.endsWith('/')) fs.writeFileSync(`${at}/${path}`, '');
  }
  return at;
}

function find(location: string, users?: string[], uidMin?: number) {
  const { accounts, rejected, system } = findAccounts(parseLocation(location), users, uidMin);
  return { users: accounts.map(({ user }) => user), accounts, rejected, system };
}

test('a location without variables is one account, there or not', () => {
  expect(find('mbox:/no/such/mail:INBOX=/no/such')).toMatchObject({
    users: ['default'],
    accounts: [{ places: { root: '/no/such/mail', inbox: '/no/such' } }],
    rejected: [],
  });
  expect(find('mbox:/no/such', ['bob']).users).toEqual(['bob']);
});

test('named users are taken as they are', () => {
  expect(find('mbox:/no/such/%u', ['b', 'a', 'b'])).toMatchObject({
    users: ['a', 'b'],
    accounts: [{ places: { root: '/no/such/a' } }, { places: { root: '/no/such/b' } }],
  });
  expect(thrown(() => find('mbox:/m/%u', ['../x'])).code).toBe('USAGE');
});

test('users with a mail root, an INBOX or both, each once, sorted', () => {
  const at = tree([
    'home/both/mail/',
    'home/root/mail/',
    'home/none/',
    'spool/both',
    'spool/inbox',
    'home/x/mail/',
    'home/lost+found/mail/',
  ]);
  const { users, rejected } = find(`mbox:${at}/home/%u/mail:INBOX=${at}/spool/%u`);
  expect(users).toEqual(['both', 'inbox', 'root', 'x']);
  expect(rejected).toEqual([]);
});

test('hidden names, locks and lost+found are no users', () => {
  const at = tree([
    'spool/bob',
    'spool/.bob.swp',
    'spool/bob.lock',
    'spool/lost+found/',
    'spool/%u',
    'spool/a b',
  ]);
  const { users, rejected } = find(`mbox:${at}/home/%u:INBOX=${at}/spool/%u`);
  expect(users).toEqual(['%u', 'a b', 'bob']);
  expect(rejected).toEqual([]);
});

test('several variables, prefixes and suffixes', () => {
  const at = tree([
    'v/d.org/bob/m/',
    'v/d.org/al/m/',
    'v/e.org/bob/m/',
    'v/e.org/x/',
    'v/e.org/a@b/m/',
    'p/pre-bob.mbox',
    'p/pre-.mbox',
    'p/bob.mbox',
    'p/preXbob.mbox',
    'p/pre-bobxmbox',
    'q/bob/al/',
    'q/bob/bob/',
    'r/100%/bob',
  ]);
  const domains = find(`mbox:${at}/v/%d/%n/m`);
  expect(domains.users).toEqual(['al@d.org', 'bob@d.org', 'bob@e.org']);
  expect(domains.accounts[0]?.places.root).toBe(`${at}/v/d.org/al/m`);
  expect(domains.rejected).toEqual([
    { path: `${at}/v/e.org/a@b/m`, reason: 'gives no user name for this location' },
  ]);
  expect(find(`mbox:${at}/none/%u:INBOX=${at}/p/pre-%u.mbox`).users).toEqual(['bob']);
  expect(find(`mbox:${at}/q/%u/%u`).users).toEqual(['bob']);
  expect(find(`mbox:${at}/q/%n/%n`).users).toEqual(['bob']);
  expect(find(`mbox:/none/%u:INBOX=${at}/r/100%%/%u`).users).toEqual(['bob']);
});

test('%u with a domain in it', () => {
  const at = tree(['v/bob@d.org/', 'v/al/', 'w/d.org/x@d.org/', 'w/d.org/x@e.org/', 's/bob@d.org', 's/al']);
  expect(find(`mbox:${at}/v/%u`).users).toEqual(['al', 'bob@d.org']);
  expect(find(`mbox:${at}/w/%d/%u`).users).toEqual(['x@d.org']);
  // The spool name tells the user; the mail root follows from it.
  const both = find(`mbox:/none/%d/%n:INBOX=${at}/s/%u`);
  expect(both.users).toEqual(['bob@d.org']);
  expect(both.rejected).toEqual([{ path: `${at}/s/al`, reason: 'gives no user name for this location' }]);
  expect(find(`mbox:${at}/v/%n`)).toMatchObject({ users: ['al'], rejected: [{ path: `${at}/v/bob@d.org` }] });
});

test('a template that cannot tell the user is refused', () => {
  expect(thrown(() => find('mbox:/v/%d')).code).toBe('LOCATION_INVALID');
  expect(thrown(() => find('mbox:/v/%d:INBOX=/var/mail/%n')).code).toBe('LOCATION_INVALID');
});

test('nothing there is no error: the caller says so', () => {
  expect(find('mbox:/no/such/%u/mail')).toMatchObject({ users: [], rejected: [] });
});

test('links, FIFOs and wrong kinds are reported, not followed', () => {
  const at = tree([
    'home/ok/mail/',
    'home/deep/',
    'elsewhere/mail/',
    'home/file/',
    'spool/ok',
    'spool/dir/',
    'secret',
  ]);
  fs.chmodSync(`${at}/home`, 0o775);
  fs.symlinkSync('../elsewhere', `${at}/home/link`);
  fs.symlinkSync('../../elsewhere/mail', `${at}/home/deep/mail`);
  fs.chmodSync(`${at}/home/deep`, 0o777);
  fs.writeFileSync(`${at}/home/file/mail`, '');
  fs.writeFileSync(`${at}/home/readme`, '');
  fs.symlinkSync('../secret', `${at}/spool/link`);
  execFileSync('mkfifo', [`${at}/spool/fifo`]);
  const { users, rejected } = find(`mbox:${at}/home/%u/mail:INBOX=${at}/spool/%u`);
  expect(users).toEqual(['ok']);
  expect(Object.fromEntries(rejected.map(({ path, reason }) => [path.slice(at.length), reason]))).toEqual({
    '/home/link': 'is a symbolic link, which is not followed',
    '/home/deep/mail': 'is a symbolic link, which is not followed',
    '/home/file/mail': 'is a file, not a directory',
    '/home/readme': 'is a file, not a directory',
    '/spool/link': 'is a symbolic link, which is not followed',
    '/spool/fifo': 'is a FIFO, which is not read',
    '/spool/dir': 'is a directory, not a file',
  });
});

test('root\u2019s own links between root\u2019s own directories are followed', () => {
  needsRoot();
  const at = tree(['data/bob/mail/', 'home/al/mail/', 'home/x/']);
  fs.symlinkSync('../data/bob', `${at}/home/bob`);
  fs.symlinkSync('home', `${at}/people`);
  expect(find(`mbox:${at}/people/%u/mail`).users).toEqual(['al', 'bob']);
  fs.lchownSync(`${at}/home/bob`, 1234, 1234);
  expect(find(`mbox:${at}/people/%u/mail`)).toMatchObject({
    users: ['al'],
    rejected: [{ path: `${at}/home/bob` }],
  });
});

test('a name that could not be printed or used is reported and stops nobody else', () => {
  const at = tree(['s/bob', 's/a\u001b[2J', 's/@', 's/a@']);
  const { users, rejected } = find(`mbox:/none/%u:INBOX=${at}/s/%u`);
  expect(users).toEqual(['bob']);
  expect(rejected.map(({ path }) => path).sort()).toEqual([`${at}/s/@`, `${at}/s/a\u001b[2J`, `${at}/s/a@`]);
});

test('user names are bytes', () => {
  const at = tempDir();
  fs.writeFileSync(Buffer.from(`${at}/caf\u00e9`, 'latin1'), '');
  fs.writeFileSync(`${at}/caf\u00e9`, '');
  expect(find(`mbox:/none/%u:INBOX=${at}/%u`).users).toEqual(['caf\u00c3\u00a9', 'caf\u00e9']);
});

test('a directory that may not be looked at is reported', () => {
  needsRoot();
  const at = tree(['home/ok/mail/', 'home/closed/mail/']);
  fs.chmodSync(`${at}/home/closed`, 0o700);
  process.seteuid?.(1234);
  try {
    expect(find(`mbox:${at}/home/%u/mail`)).toMatchObject({
      users: ['ok'],
      rejected: [{ path: `${at}/home/closed`, reason: 'may not be read: permission denied' }],
    });
  } finally {
    process.seteuid?.(0);
  }
});

test('homes come from the user database, and must hold what is the user\u2019s own', () => {
  needsRoot();
  // The one home that surely exists: root\u2019s. Made and removed below it: a directory with a name of this test\u2019s own.
  const dir = fs.mkdtempSync('/root/spoolsync-test-');
  try {
    const rest = dir.slice('/root/'.length);
    const { users, accounts } = find(`mbox:~/${rest}:INBOX=/no/such/%u`, [], 0);
    expect(users).toEqual(['root']);
    expect(accounts[0]?.places).toMatchObject({ root: dir, inbox: '/no/such/root' });
    expect(find(`mbox:%h/${rest}`, ['root']).accounts[0]?.places.root).toBe(dir);
    fs.chownSync(dir, 1234, 1234);
    expect(find(`mbox:~/${rest}:INBOX=/no/such/%u`, [], 0).users).toEqual([]);
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
});

test('system accounts are no accounts, however they are found, and are counted', () => {
  needsRoot();
  const at = tree(['h/al/mail/', 'h/sys/mail/', 'h/low/', 's/al', 's/sys', 's/low', 's/other']);
  const users = [
    { name: 'al', uid: 2000, home: `${at}/h/al` },
    { name: 'sys', uid: 500, home: `${at}/h/sys` },
    { name: 'low', uid: 1, home: `${at}/h/low` },
    { name: 'none', uid: 2, home: '/no/such' },
    { name: 'odd', uid: 3, home: `${at}/s/al` },
  ];
  for (const { name, uid } of users.slice(0, 2)) fs.chownSync(`${at}/h/${name}/mail`, uid, uid);
  vi.stubEnv('PATH', fakeUserDatabase(`${at}/bin`, users));
  try {
    expect(find('mbox:~/mail', [], 501)).toMatchObject({
      users: ['al'],
      rejected: [],
      system: { count: 4, withMail: ['sys'], uidMin: 501 },
    });
    expect(find('mbox:~/mail', [], 500)).toMatchObject({ users: ['al', 'sys'], system: { count: 3 } });
    // The spool's directory names users, too; who is none of the user database is no system account.
    expect(find(`mbox:~/mail:INBOX=${at}/s/%u`, [], 501)).toMatchObject({
      users: ['al'],
      system: { withMail: ['low', 'sys'] },
    });
    expect(find('mbox:~/mail', ['sys'], 501)).toMatchObject({ users: ['sys'] });
    // Without homes nobody is asked.
    expect(find(`mbox:/none/%u:INBOX=${at}/s/%u`, [], 501)).toEqual(
      expect.objectContaining({ users: ['al', 'low', 'other', 'sys'], system: undefined }),
    );
  } finally {
    vi.unstubAllEnvs();
  }
});
