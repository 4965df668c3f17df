import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { base, fileOf, makeAccount, message, messageFiles, numbered, snapshot } from '../helpers/account.ts';
import { cli, failures, mailboxes, remarks } from '../helpers/cli.ts';
import { installPackages } from '../helpers/install.ts';

const KEYWORDS = base(1234, 9, '$Label1 Later');
const INBOX = [
  numbered(1, 'RO', { headers: KEYWORDS }),
  numbered(3, 'O', { headers: 'X-Status: AF\nX-Keywords: Later\n' }),
  numbered(4),
  numbered(7, 'RO', { body: '>From quoted\n' }),
].join('');

function account() {
  return makeAccount(INBOX, {
    Sent: message(1) + message(2) + message(2) + message(3),
    'Archive/2001': '',
    '.subscriptions': 'Sent\nArchive/2001\n',
  });
}

const ALL = ['ino', 'mtime', 'ctime'] as const;

test('a second run changes nothing: bytes, names, inodes, times', () => {
  const a = account();
  expect(a.convert()).toMatchObject({ status: 0, stderr: '' });
  const before = snapshot(a.target, ALL);
  expect(before.filter((line) => line.includes('/cur/')).length).toBe(0 + 4);
  expect(messageFiles(a.target)).toHaveLength(4);
  const second = a.convert();
  expect(second.status).toBe(0);
  expect(snapshot(a.target, ALL)).toEqual(before);
  expect(mailboxes(second)).toMatchObject({
    INBOX: { messages: 4, added: 0, reflagged: 0, removed: 0 },
  });
  expect(a.verify()).toMatchObject({ status: 0, stderr: '' });
  expect(snapshot(a.target, ALL)).toEqual(before);
});

test('a fresh state and target give the same bytes, but for the UIDVALIDITY of unnumbered mailboxes', () => {
  const a = account();
  const look = () =>
    snapshot(a.target).map((line) =>
      line.replace(/(\.Sent|\.Archive\.2001)(\/dovecot-uidlist .*?)3 V\d+ (N\d+) G[0-9a-f]{32}/s, '$1$2$3'),
    );
  expect(a.convert().status).toBe(0);
  const first = look();
  expect(first.find((line) => line.startsWith('.Sent/dovecot-uidlist'))).not.toContain(' V');
  fs.rmSync(a.target, { recursive: true });
  fs.rmSync(a.state, { recursive: true });
  expect(a.convert().status).toBe(0);
  expect(look()).toEqual(first);
});

test('the source is never written, not even its access times', () => {
  const a = account();
  const look = () => [...snapshot(a.mail, [...ALL, 'atime']), ...snapshot(a.inbox, [...ALL, 'atime'])];
  const before = look();
  expect(a.convert().status).toBe(0);
  expect(a.verify().status).toBe(0);
  expect(look()).toEqual(before);
});

test('no system call that writes is ever made on a path of the source', () => {
  if (!fs.existsSync('/usr/bin/strace')) installPackages(['strace'], 'strace');
  const a = account();
  const trace = `${a.at}/trace`;
  const bin = new URL('../../bin/spoolsync.js', import.meta.url).pathname;
  execFileSync(
    'strace',
    [
      '-f',
      '-y',
      '-qq',
      '-s',
      '4096',
      '-e',
      'trace=%file,ftruncate,fchmod,fchown,utimensat,write,pwrite64,writev',
      '-o',
      trace,
      process.execPath,
      bin,
      ...a.args('convert'),
    ],
    { stdio: 'ignore' },
  );
  const lines = fs.readFileSync(trace, 'utf8').split('\n');
  const source = lines.filter((line) => line.includes(`${a.mail}`) || line.includes(`${a.at}/spool`));
  expect(source.length).toBeGreaterThan(5);
  const calls = source.filter(
    (line) => !/^\d+ +(?:<\.\.\. )?(?:write|pwrite64|writev)\(1</.test(line) && !line.includes('execve('),
  );
  const wrong = calls.filter((line) =>
    /^\d+ +(?:write|pwrite64|writev|ftruncate|truncate|fchmod|chmod|fchmodat|fchown|chown|lchown|fchownat|utimensat|utimes|unlink|unlinkat|rename|renameat|renameat2|link|linkat|symlink|symlinkat|mkdir|mkdirat|mknod|mknodat|rmdir|creat)\(|O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(
      line,
    ),
  );
  // Our manifests and the run's own output name the source; neither is a write to it.
  expect(
    wrong.filter((line) => !/write\(\d+<[^>]*(?:\/state\/|pipe:|\/dev\/null|scratch)/.test(line)),
  ).toEqual([]);
});

test('append, flag change, expunge from the middle: converted again, verified, nothing doubled', () => {
  const a = account();
  expect(a.convert().status).toBe(0);
  const kept = fs.statSync(fileOf(a.target, 7)).ino;
  const reflagged = fs.statSync(fileOf(a.target, 1)).ino;
  fs.writeFileSync(
    a.inbox,
    numbered(1, 'O', { headers: KEYWORDS }) +
      numbered(4) +
      numbered(7, 'RO', { body: '>From quoted\n' }) +
      message(20) +
      message(21),
  );
  fs.writeFileSync(`${a.mail}/Sent`, message(2) + message(2) + message(3) + message(4));
  const again = a.convert();
  expect(again).toMatchObject({ status: 0, stderr: '' });
  expect(mailboxes(again)).toMatchObject({
    INBOX: { messages: 5, added: 2, reflagged: 1, removed: 1 },
    Sent: { messages: 4, added: 1, reflagged: 0, removed: 1 },
  });
  expect(messageFiles(a.target).map((name) => /\.U(\d+)X/.exec(name)?.[1])).toEqual([
    '1',
    '4',
    '7',
    '10',
    '11',
  ]);
  expect(messageFiles(`${a.target}/.Sent`).map((name) => /\.U(\d+)X/.exec(name)?.[1])).toEqual([
    '2',
    '3',
    '4',
    '5',
  ]);
  expect(fs.statSync(fileOf(a.target, 7)).ino).toBe(kept);
  expect(fs.statSync(fileOf(a.target, 1)).ino).toBe(reflagged);
  expect(fileOf(a.target, 1)).toMatch(/:2,$/);
  expect(fs.readdirSync(`${a.target}/tmp`)).toEqual([]);
  expect(a.verify().status).toBe(0);
});

test('without its state, an unnumbered mailbox keeps its UIDs, also when its first message went', () => {
  const a = makeAccount(message(1) + message(2) + message(3));
  expect(a.convert().status).toBe(0);
  const [header] = fs.readFileSync(`${a.target}/dovecot-uidlist`, 'latin1').split('\n');
  fs.rmSync(a.state, { recursive: true });
  fs.writeFileSync(a.inbox, message(2) + message(3) + message(4));
  expect(a.verify().events.filter(({ event }) => event === 'difference')).toHaveLength(3);
  expect(a.convert().status).toBe(0);
  const after = fs.readFileSync(`${a.target}/dovecot-uidlist`, 'latin1').split('\n');
  expect(after[0]).toBe(header?.replace(' N4 ', ' N5 '));
  expect(after.slice(1, -1).map((line) => line.split(' ')[0])).toEqual(['2', '3', '4']);
  expect(a.verify().status).toBe(0);
});

test('a killed first run: files that are right stay, with their inodes', () => {
  const a = account();
  expect(a.convert().status).toBe(0);
  const end = snapshot(a.target).filter((line) => !line.includes('dovecot-uidlist'));
  const inodes = messageFiles(a.target).map((name) => fs.statSync(`${a.target}/cur/${name}`).ino);
  fs.rmSync(a.state, { recursive: true });
  fs.rmSync(`${a.target}/dovecot-uidlist`);
  fs.rmSync(`${a.target}/.Sent/dovecot-uidlist`);
  fs.rmSync(fileOf(`${a.target}/.Sent`, 4));
  fs.writeFileSync(fileOf(`${a.target}/.Sent`, 2), 'other bytes');
  fs.writeFileSync(`${a.target}/tmp/spoolsync.3`, 'half a mess');
  fs.writeFileSync(`${a.target}/dovecot-uidlist.tmp`, 'half a li');
  expect(a.convert().status).toBe(0);
  expect(snapshot(a.target).filter((line) => !line.includes('dovecot-uidlist'))).toEqual(end);
  expect(messageFiles(a.target).map((name) => fs.statSync(`${a.target}/cur/${name}`).ino)).toEqual(inodes);
  expect(a.verify().status).toBe(0);
});

test('what users did in the target stays; it is said once, and merged with what the source changes', () => {
  const a = makeAccount(message(1) + message(2) + message(3));
  expect(a.convert().status).toBe(0);
  fs.rmSync(fileOf(a.target, 1));
  fs.renameSync(fileOf(a.target, 2), `${fileOf(a.target, 2)}F`);
  const noticed = a.convert();
  expect(noticed.status).toBe(3);
  expect(remarks(noticed).map(({ code }) => code)).toEqual(['TARGET_MESSAGE_GONE', 'TARGET_FLAGS_DIFFER']);
  expect(a.convert().status).toBe(0);
  const read = { headers: 'Status: RO\n' };
  fs.writeFileSync(a.inbox, message(1, read) + message(2, read) + message(3));
  expect(a.convert().status).toBe(0);
  expect(messageFiles(a.target)).toHaveLength(2);
  expect(fileOf(a.target, 2)).toMatch(/:2,FS$/);
  fs.writeFileSync(a.inbox, message(1, read) + message(2) + message(3));
  expect(a.convert().status).toBe(0);
  expect(fileOf(a.target, 2)).toMatch(/:2,F$/);
});

test('a message gone from the source that its user changed in the target becomes his', () => {
  const a = makeAccount(message(1) + message(2));
  expect(a.convert().status).toBe(0);
  fs.renameSync(fileOf(a.target, 1), `${fileOf(a.target, 1)}F`);
  fs.writeFileSync(a.inbox, message(2));
  const run = a.convert();
  expect(run.status).toBe(3);
  expect(remarks(run).map(({ code }) => code)).toEqual(['TARGET_MESSAGE_KEPT']);
  const names = fs.readdirSync(`${a.target}/cur`);
  expect(names).toHaveLength(2);
  expect(names.filter((name) => name.includes('.released,') && name.endsWith(':2,F'))).toHaveLength(1);
  expect(a.convert().status).toBe(0);
  expect(fs.readdirSync(`${a.target}/cur`)).toEqual(names);
});

test('two users by templates', () => {
  const a = makeAccount(undefined);
  for (const user of ['alice', 'bob@x']) {
    fs.mkdirSync(`${a.at}/home/${user}/mail`, { recursive: true });
    fs.writeFileSync(`${a.at}/home/${user}/mail/Sent`, message(1));
    fs.writeFileSync(`${a.at}/spool/${user}`, message(2) + message(3));
  }
  const args = [
    '--from',
    `mbox:${a.at}/home/%u/mail:INBOX=${a.at}/spool/%u`,
    '--to',
    `maildir:${a.at}/vmail/%u/Maildir`,
    '--state',
    a.state,
    '--json',
  ];
  const run = cli(['convert', ...args]);
  expect(run.status).toBe(0);
  const users = run.events.flatMap((event) => (event.event === 'account' ? [event.user] : []));
  // Side by side: whichever begins first.
  expect(users.sort()).toEqual(['alice', 'bob@x']);
  for (const user of ['alice', 'bob@x']) {
    expect(messageFiles(`${a.at}/vmail/${user}/Maildir`)).toHaveLength(2);
    expect(messageFiles(`${a.at}/vmail/${user}/Maildir/.Sent`)).toHaveLength(1);
  }
  expect(cli(['verify', ...args]).status).toBe(0);
});

test.each([
  ['--to', (at: string) => ['--to', `maildir:${at}/mail/new/Maildir`, '--state', `${at}/state`]],
  ['--state', (at: string) => ['--to', `maildir:${at}/Maildir`, '--state', `${at}/mail/state`]],
  ['--to around it', (at: string) => ['--to', `maildir:${at}`, '--state', `${at}/state`]],
])('%s inside the source is refused before anything is made', (_name, places) => {
  const a = account();
  const before = snapshot(a.at, ALL);
  const run = cli(['convert', '--from', `mbox:${a.mail}:INBOX=${a.inbox}`, ...places(a.at), '--json']);
  expect(run.status).toBe(64);
  expect(failures(run)).toMatchObject([{ code: 'LOCATIONS_OVERLAP' }]);
  expect(snapshot(a.at, ALL)).toEqual(before);
});

test('modes: nobody else can read the mail', () => {
  const a = account();
  expect(a.convert().status).toBe(0);
  for (const line of snapshot(a.target)) expect(line).toMatch(/^\S* (?:40700|100600) /);
  expect(fs.readFileSync(`${a.target}/.Sent/maildirfolder`, 'latin1')).toBe('');
  expect(fs.existsSync(`${a.target}/maildirfolder`)).toBe(false);
});
