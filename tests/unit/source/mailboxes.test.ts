import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import { expand, parseLocation } from '../../../src/source/location.ts';
import { MboxAccount } from '../../../src/source/mailboxes.ts';
import { needsRoot, tempDir, thrown } from '../io/support.ts';

/** `DIR/mail` and `DIR/spool/bob`, of `DIR` all that tests need. Paths that end in a slash are directories. */
function tree(paths: readonly string[], options = ''): { at: string; account: () => MboxAccount } {
  const at = tempDir();
  for (const path of paths) {
    const dir = `${at}/${path.slice(0, path.lastIndexOf('/'))}`;
    fs.mkdirSync(Buffer.from(dir, 'latin1'), { recursive: true });
    if (!path.endsWith('/'))
      fs.writeFileSync(Buffer.from(`${at}/${path}`, 'latin1'), `From ${path}`, 'latin1');
  }
  const location = parseLocation(`mbox:${at}/mail:INBOX=${at}/spool/%u${options.replaceAll('DIR', at)}`);
  return {
    at,
    account: () => MboxAccount.open({ user: 'bob', places: expand(location, 'bob', () => undefined) }),
  };
}

function names(account: MboxAccount): string[] {
  return account.list().mailboxes.map(({ parts }) => parts.join('|'));
}

function rejections(account: MboxAccount, at: string): Record<string, string> {
  return Object.fromEntries(
    account.list().rejected.map(({ path, reason }) => [path.slice(at.length), reason]),
  );
}

const LINK = 'is a symbolic link, which is not followed';

test('INBOX first, then every file below the root at any depth, sorted', () => {
  const { at, account } = tree(['spool/bob', 'mail/Sent', 'mail/a/b/c', 'mail/a/Drafts', 'mail/empty/']);
  expect(account().list()).toMatchObject({
    mailboxes: [
      { kind: 'mailbox', parts: ['INBOX'], path: `${at}/spool/bob`, isInbox: true },
      { kind: 'mailbox', parts: ['Sent'], path: `${at}/mail/Sent`, isInbox: false },
      { parts: ['a', 'Drafts'] },
      { parts: ['a', 'b', 'c'] },
    ],
    rejected: [],
  });
  expect(account().list().mailboxes[0]).not.toHaveProperty('index');
});

test('opens what it listed', () => {
  const { account } = tree(['spool/bob', 'mail/Sent', 'mail/a/b/c']);
  const opened = account();
  const texts = opened
    .list()
    .mailboxes.map((mailbox) => opened.openMailbox(mailbox)?.readAll(100).toString());
  expect(texts).toEqual(['From spool/bob', 'From mail/Sent', 'From mail/a/b/c']);
});

test('dot-files, locks and their contents are no mailboxes; similar names are', () => {
  const { account } = tree([
    'mail/.subscriptions',
    'mail/.imap/Sent/dovecot.index',
    'mail/a/.imap/x/dovecot.index.log',
    'mail/Sent.lock',
    'mail/a/b.lock',
    'mail/dir.lock/x',
    'mail/.hidden/x',
    'mail/a/.mailboxlist',
    'mail/sherlock',
    'mail/x.lock.mbox',
    'mail/x.y',
    'mail/dovecot-users',
    'mail/dovecot.index',
  ]);
  expect(names(account())).toEqual(['dovecot-users', 'dovecot.index', 'sherlock', 'x.lock.mbox', 'x.y']);
});

test('names are bytes, and no byte of them acts as a pattern or ends a line', () => {
  const odd = [
    'new\nline',
    'caf\u00c3\u00a9',
    'latin1-\u00e9',
    '*',
    '**',
    '?',
    '[a]',
    '{a,b}',
    '!(x)',
    '@(y)',
    '+(z)',
    'back\\slash',
    '\\',
    '!',
    ' ',
    '$',
    'a|b',
    '\u001b[2J',
    '\u00ff',
    '\u007f',
    '#',
    '~',
    'x(1)',
    '-',
    '--',
  ];
  const { at, account } = tree([
    ...odd.map((name) => `mail/${name}`),
    ...odd.map((name) => `mail/dir${name}/x`),
  ]);
  const onDisk = execFileSync('find', [`${at}/mail`, '-type', 'f', '-printf', 'x']).length;
  const opened = account();
  const found = opened.list().mailboxes;
  expect(found.length).toBe(onDisk);
  expect(new Set(found.filter(({ parts }) => parts.length === 1).map(({ parts }) => parts[0]))).toEqual(
    new Set(odd),
  );
  for (const mailbox of found) expect(opened.openMailbox(mailbox)?.stat.kind).toBe('file');
});

test('INBOX inside the root is not listed twice', () => {
  const { at, account } = tree(['mail/inbox', 'mail/Sent', 'mail/INBOX/sub']);
  const location = parseLocation(`mbox:${at}/mail`);
  const own = MboxAccount.open({ user: 'bob', places: expand(location, 'bob', () => undefined) });
  expect(names(own)).toEqual(['INBOX', 'INBOX|sub', 'Sent']);
  expect(own.list().mailboxes[0]?.path).toBe(`${at}/mail/inbox`);
  // With the spool elsewhere and missing, a file of that name is hidden by it.
  expect(names(account())).toEqual(['INBOX|sub', 'Sent']);
  expect(rejections(account(), at)).toEqual({
    '/mail/inbox': `is hidden: the name INBOX stands for ${at}/spool/bob`,
  });
  fs.linkSync(`${at}/mail/inbox`, `${at}/mail/copy`);
  expect(names(own)).toEqual(['INBOX', 'INBOX|sub', 'Sent', 'copy']);
});

test('INBOX alone, root alone, neither', () => {
  expect(names(tree(['spool/bob']).account())).toEqual(['INBOX']);
  expect(names(tree(['mail/x']).account())).toEqual(['x']);
  const { at, account } = tree(['spool/']);
  const error = thrown(account);
  expect(error).toMatchObject({ code: 'SOURCE_MISSING', place: `${at}/mail` });
  expect(error.advice).toContain(`${at}/spool/bob`);
});

test('links, FIFOs and sockets at every position are reported, not followed', () => {
  const { at, account } = tree(['spool/x', 'mail/ok', 'mail/d/ok', 'secret/s', 'mail/.h/x', 'mail/y.lock/x']);
  fs.symlinkSync('../secret/s', `${at}/mail/filelink`);
  fs.symlinkSync('../secret', `${at}/mail/dirlink`);
  fs.symlinkSync('nowhere', `${at}/mail/d/broken`);
  fs.symlinkSync('..', `${at}/mail/d/loop`);
  fs.symlinkSync('../secret/s', `${at}/spool/bob`);
  execFileSync('mkfifo', [
    `${at}/mail/d/fifo`,
    `${at}/mail/.h/fifo`,
    `${at}/mail/y.lock/fifo`,
    `${at}/mail/z.lock`,
  ]);
  expect(names(account())).toEqual(['d|ok', 'ok']);
  expect(rejections(account(), at)).toEqual({
    '/mail/filelink': LINK,
    '/mail/dirlink': LINK,
    '/mail/d/broken': LINK,
    '/mail/d/loop': LINK,
    '/mail/d/fifo': 'is a FIFO, which is not read',
    '/spool/bob': LINK,
  });
});

test('of root and INBOX one may be unsafe; both is an error', () => {
  const { at, account } = tree(['spool/bob', 'real/x']);
  fs.chmodSync(at, 0o777);
  fs.symlinkSync('real', `${at}/mail`);
  expect(names(account())).toEqual(['INBOX']);
  expect(rejections(account(), at)).toEqual({ '/mail': LINK });
  fs.renameSync(`${at}/spool`, `${at}/away`);
  fs.symlinkSync('away', `${at}/spool`);
  expect(thrown(account).code).toBe('SOURCE_UNSAFE');
  fs.rmSync(`${at}/mail`);
  fs.renameSync(`${at}/real`, `${at}/mail`);
  expect(names(account())).toEqual(['x']);
  expect(rejections(account(), at)).toEqual({ '/spool': LINK });
});

test('a mailbox swapped for something else between listing and opening is refused', () => {
  const { at, account } = tree(['mail/a/x', 'mail/y', 'secret/x', 'mail/gone']);
  const opened = account();
  const [x, gone, y] = opened.list().mailboxes;
  if (x === undefined || y === undefined || gone === undefined) throw new Error('not listed');
  fs.renameSync(`${at}/mail/a`, `${at}/mail/b`);
  fs.symlinkSync('../secret', `${at}/mail/a`);
  fs.rmSync(`${at}/mail/y`);
  fs.symlinkSync('../secret/x', `${at}/mail/y`);
  fs.rmSync(`${at}/mail/gone`);
  expect(thrown(() => opened.openMailbox(x))).toMatchObject({ code: 'SOURCE_UNSAFE', place: `${at}/mail/a` });
  expect(thrown(() => opened.openMailbox(y))).toMatchObject({ code: 'SOURCE_UNSAFE', place: `${at}/mail/y` });
  expect(opened.openMailbox(gone)).toBeUndefined();
});

test('devices and other users\u2019 files, directories and hard links are reported, not read', () => {
  needsRoot();
  const { at, account } = tree([
    'spool/bob',
    'mail/own',
    'mail/theirs',
    'mail/dir/x',
    'other/secret',
    'mail/z',
  ]);
  execFileSync('chown', ['-R', '1234:1234', `${at}/mail`, `${at}/spool/bob`]);
  fs.chownSync(`${at}/other/secret`, 4321, 4321);
  fs.chownSync(`${at}/mail/theirs`, 0, 0);
  fs.chownSync(`${at}/mail/dir`, 4321, 4321);
  fs.linkSync(`${at}/other/secret`, `${at}/mail/hardlink`);
  execFileSync('mknod', [`${at}/mail/null`, 'c', '1', '3']);
  const foreign = (uid: number) => `belongs to another user (uid ${uid}, the account is uid 1234)`;
  const opened = account();
  expect(opened.owner).toBe(1234);
  expect(names(opened)).toEqual(['INBOX', 'own', 'z']);
  expect(rejections(opened, at)).toEqual({
    '/mail/theirs': foreign(0),
    '/mail/dir': foreign(4321),
    '/mail/hardlink': foreign(4321),
    '/mail/null': 'is a device, which is not read',
  });
  // Given away after it was listed.
  const z = opened.list().mailboxes[2];
  fs.chownSync(`${at}/mail/z`, 4321, 4321);
  expect(thrown(() => z && opened.openMailbox(z)).message).toContain(foreign(4321));
  fs.chmodSync(`${at}/spool`, 0o1777);
  fs.chownSync(`${at}/spool/bob`, 4321, 4321);
  expect(rejections(account(), at)['/spool/bob']).toBe(foreign(4321));
});

test('an INBOX that alone names the owner is not read with a second hard link in a directory open to others', () => {
  needsRoot();
  const { at, account } = tree(['spool/alice']);
  fs.chmodSync(`${at}/spool`, 0o1777);
  fs.chownSync(`${at}/spool/alice`, 4321, 4321);
  fs.linkSync(`${at}/spool/alice`, `${at}/spool/bob`);
  expect(names(account())).toEqual([]);
  expect(rejections(account(), at)['/spool/bob']).toContain('second hard link');
  fs.rmSync(`${at}/spool/alice`);
  expect(names(account())).toEqual(['INBOX']);
  expect(account().owner).toBe(4321);
});

test('a Maildir inside the root is one remark, not many mailboxes', () => {
  const { at, account } = tree([
    'mail/M/cur/1',
    'mail/M/cur/2',
    'mail/M/new/',
    'mail/M/tmp/',
    'mail/N/cur/1',
    'mail/x',
  ]);
  expect(names(account())).toEqual(['N|cur|1', 'x']);
  expect(rejections(account(), at)).toEqual({ '/mail/M': 'is a Maildir, not a directory of mbox files' });
});

test('depth ends at the limit, with a report', () => {
  const deep = Array.from({ length: LIMITS.folderDepth }, () => 'd').join('/');
  const { at, account } = tree([`mail/${deep}/deepest`, `mail/${deep}/e/beyond`]);
  expect(names(account())).toEqual([`${deep.replaceAll('/', '|')}|deepest`]);
  expect(rejections(account(), at)).toEqual({ [`/mail/${deep}/e`]: 'lies too deep' });
});

test('what may not be read is reported', () => {
  needsRoot();
  const { at, account } = tree(['mail/closed/x', 'mail/list-only/x', 'mail/ok']);
  execFileSync('chown', ['-R', '1234:1234', at]);
  fs.chmodSync(`${at}/mail/closed`, 0o000);
  fs.chmodSync(`${at}/mail/list-only`, 0o400);
  process.seteuid?.(1234);
  try {
    expect(names(account())).toEqual(['ok']);
    expect(rejections(account(), at)).toEqual({
      '/mail/closed': 'may not be read: permission denied',
      '/mail/list-only': 'may not be read: permission denied',
    });
  } finally {
    process.seteuid?.(0);
  }
});

test('tells where Dovecot has an index, and when its log changed', () => {
  const { at, account } = tree([
    'spool/bob',
    'mail/Sent',
    'mail/none',
    'mail/A/2001',
    'mail/.imap/INBOX/dovecot.index.log',
    'mail/.imap/Sent/dovecot.index',
    'mail/A/.imap/2001/dovecot.index.log',
    'mail/.imap/none/dovecot.index.cache',
  ]);
  fs.utimesSync(`${at}/mail/.imap/INBOX/dovecot.index.log`, 5, 5);
  const index = Object.fromEntries(
    account()
      .list()
      .mailboxes.map((m) => [m.parts.join('/'), m.index]),
  );
  expect(index).toEqual({
    INBOX: { logMtimeNs: 5_000_000_000n },
    Sent: { logMtimeNs: undefined },
    none: undefined,
    'A/2001': { logMtimeNs: expect.any(BigInt) },
  });
});

test('indexes at :INDEX=, none with MEMORY; index and control directories in the root hold no mailboxes', () => {
  const paths = [
    'mail/Sent',
    'mail/.imap/Sent/dovecot.index.log',
    'mail/idx/.imap/Sent/dovecot.index.log',
    'mail/idx/x',
    'mail/ctl/y',
  ];
  const inside = tree(paths, ':INDEX=DIR/mail/idx:CONTROL=DIR/mail/ctl');
  fs.utimesSync(`${inside.at}/mail/idx/.imap/Sent/dovecot.index.log`, 7, 7);
  expect(inside.account().list().mailboxes).toMatchObject([
    { parts: ['Sent'], index: { logMtimeNs: 7_000_000_000n } },
  ]);
  expect(tree(paths, ':INDEX=MEMORY').account().list().mailboxes[0]).not.toHaveProperty('index');
  expect(tree(paths, ':INDEX=/no/such').account().list().mailboxes[0]).not.toHaveProperty('index');
});

test('subscription files as raw bytes, checked like mailboxes', () => {
  const { at, account } = tree([
    'mail/.subscriptions',
    'mail/.mailboxlist',
    'home/.mailboxlist',
    'ctl/.subscriptions',
  ]);
  expect(account().subscriptions()).toEqual({
    dovecot: Buffer.from('From mail/.subscriptions'),
    uw: Buffer.from('From mail/.mailboxlist'),
    rejected: [],
  });
  fs.rmSync(`${at}/mail/.mailboxlist`);
  expect(account().subscriptions().uw).toBeUndefined();
  expect(account().subscriptions(`${at}/home`).uw?.toString()).toBe('From home/.mailboxlist');
  fs.rmSync(`${at}/home/.mailboxlist`);
  fs.symlinkSync('../ctl/.subscriptions', `${at}/home/.mailboxlist`);
  expect(account().subscriptions(`${at}/home`)).toMatchObject({
    uw: undefined,
    rejected: [{ path: `${at}/home/.mailboxlist`, reason: LINK }],
  });
  const control = tree(['mail/.subscriptions', 'ctl/.subscriptions'], ':CONTROL=DIR/ctl');
  expect(control.account().subscriptions().dovecot?.toString()).toBe('From ctl/.subscriptions');
});

test('all descriptors are closed again', () => {
  const { at, account } = tree([
    'spool/bob',
    'mail/a/b/c',
    'mail/.subscriptions',
    'mail/M/cur/',
    'mail/M/new/',
    'mail/M/tmp/',
  ]);
  fs.symlinkSync('x', `${at}/mail/a/link`);
  const count = () => fs.readdirSync('/proc/self/fd').length;
  const before = count();
  const opened = account();
  for (const mailbox of opened.list().mailboxes) opened.openMailbox(mailbox)?.close();
  thrown(() => opened.openMailbox({ kind: 'mailbox', parts: ['a', 'link'], path: '', isInbox: false }));
  thrown(() => opened.openMailbox({ kind: 'mailbox', parts: ['a', 'link', 'z'], path: '', isInbox: false }));
  opened.subscriptions();
  opened.close();
  expect(count()).toBe(before);
});
