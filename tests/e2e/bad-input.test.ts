import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  fileOf,
  makeAccount,
  message,
  messageFiles,
  snapshot,
  type TestAccount,
} from '../helpers/account.ts';
import { cli, differences, failures, mailboxes, type Result, remarks } from '../helpers/cli.ts';
import { needsRoot } from '../unit/io/support.ts';

/** A failure says what, where, and what to do. */
function expectClear(run: Result): void {
  for (const { message: what, place, advice } of failures(run)) {
    expect(what).not.toBe('');
    expect(place).toMatch(/^\//);
    expect(advice.length).toBeGreaterThan(10);
  }
}

const gz = gzipSync(Buffer.from(message(1).repeat(400)));
const refused: [string, Uint8Array | string, string, string][] = [
  ['a truncated .gz', gz.subarray(0, gz.length - 20), 'SOURCE_DAMAGED', 'compressed'],
  ['a .gz in a .gz', gzipSync(gz), 'SOURCE_NOT_MBOX', 'a compressed file inside a compressed file'],
  [
    'binary junk',
    Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) % 32)),
    'SOURCE_NOT_MBOX',
    'binary data',
  ],
  ['text that is no mail', 'hello\nworld\n'.repeat(50), 'SOURCE_NOT_MBOX', 'text that is no mail'],
  ['a UW mbx file', `*mbx*\r\n${'0'.repeat(16)}\r\n${message(1)}`, 'SOURCE_NOT_MBOX', 'a UW mbx mailbox'],
  [
    'a Foxmail box',
    `${'\x10'.repeat(7)}${'\x11'.repeat(6)}S${message(1)}`,
    'SOURCE_NOT_MBOX',
    'a Foxmail box',
  ],
];

test.each(refused)('%s is refused, and the rest done', (_name, bytes, code, words) => {
  const a = makeAccount(message(1), { Bad: bytes, Sent: message(2) });
  const run = a.convert();
  expect(run.status).toBe(3);
  expect(failures(run)).toMatchObject([
    { code, mailbox: 'Bad', message: expect.stringContaining(words) as string },
  ]);
  expectClear(run);
  expect(Object.keys(mailboxes(run))).toEqual(['INBOX', 'Sent']);
  expect(fs.readdirSync(a.target).filter((name) => name.startsWith('.'))).toEqual(['.Sent']);
  expect(fs.readdirSync(`${a.target}/tmp`)).toEqual([]);
});

test.each<[string, string, number]>([
  ['names of ASCII, more than are kept', 'kw', 20],
  ['names of bytes that take six characters each in the state', '\xe9\xff', 8],
])('a mailbox of many keywords goes on being converted: %s', (_, stem, count) => {
  const words = (n: number) => Array.from({ length: 900 }, (_, i) => `${stem}${n}x${i}`).join(' ');
  const mail = Array.from(
    { length: count },
    (_, n) =>
      `From a@b.org Thu Nov  9 22:33:10 2023\nSubject: ${n}\nX-Keywords: ${words(n)}\n\nbody ${n}\n\n`,
  );
  const a = makeAccount(mail.join(''));
  const pass = () => {
    const run = a.run('convert', '--mbox-rules', 'plain');
    expect(failures(run)).toEqual([]);
    return mailboxes(run);
  };
  expect(pass()).toMatchObject({ INBOX: { added: count } });
  expect(pass()).toMatchObject({ INBOX: { added: 0, removed: 0, reflagged: 0 } });
  fs.appendFileSync(a.inbox, 'From a@b.org Thu Nov  9 22:33:10 2023\nSubject: new\n\nnew\n\n');
  expect(pass()).toMatchObject({ INBOX: { added: 1, removed: 0, reflagged: 0 } });
  const check = a.run('verify', '--mbox-rules', 'plain');
  expect([failures(check), differences(check)]).toEqual([[], []]);
});

test('a compression bomb is refused before it fills a disk', () => {
  const a = makeAccount(message(1), { Bomb: gzipSync(Buffer.alloc(300 << 20)) });
  const run = a.convert();
  expect(failures(run)).toMatchObject([
    { code: 'SOURCE_DAMAGED', mailbox: 'Bomb', message: expect.stringContaining('times its size') as string },
  ]);
  expect(fs.existsSync(`${a.target}/.Bomb`)).toBe(false);
});

test('a whole .gz is read', () => {
  const a = makeAccount(message(1), { Old: gz });
  expect(a.convert().status).toBe(0);
  expect(messageFiles(`${a.target}/.Old`)).toHaveLength(400);
  expect(a.verify().status).toBe(0);
});

test('a source that is not there', () => {
  const a = makeAccount(undefined);
  fs.rmdirSync(a.mail);
  const run = a.convert();
  expect(run.status).toBe(66);
  expect(failures(run)).toMatchObject([{ code: 'SOURCE_MISSING', place: a.mail }]);
  expect(fs.readdirSync(a.at)).toEqual(['spool']);
});

test('a directory where the INBOX belongs', () => {
  const a = makeAccount(undefined, { Sent: message(1) });
  fs.mkdirSync(a.inbox);
  const run = a.convert();
  expect(run.status).toBe(3);
  expect(remarks(run)).toMatchObject([
    { code: 'NOT_READ', place: a.inbox, message: `${a.inbox} is a directory, not a file` },
  ]);
  expect(messageFiles(`${a.target}/.Sent`)).toHaveLength(1);
});

test('links, FIFOs, devices and other users’ files are named and left', () => {
  needsRoot();
  const a = makeAccount(message(1), { Sent: message(1), Other: message(1) });
  for (const path of [a.mail, a.inbox, `${a.mail}/Sent`]) fs.chownSync(path, 65534, 65534);
  fs.symlinkSync('/etc/passwd', `${a.mail}/Link`);
  execFileSync('mkfifo', [`${a.mail}/Fifo`]);
  execFileSync('mknod', [`${a.mail}/Device`, 'c', '1', '3']);
  const run = a.convert();
  expect(run.status).toBe(3);
  expect(
    Object.fromEntries(remarks(run).map(({ place, code }) => [place?.slice(a.mail.length + 1), code])),
  ).toEqual({
    Device: 'NOT_READ',
    Fifo: 'NOT_READ',
    Link: 'NOT_READ',
    Other: 'NOT_READ',
  });
  expect(Object.keys(mailboxes(run))).toEqual(['INBOX', 'Sent']);
});

test('a mailbox that may not be read does not keep the others', () => {
  needsRoot();
  const a = makeAccount(message(1), { Secret: message(1), Sent: message(1) });
  fs.chmodSync(`${a.mail}/Secret`, 0);
  execFileSync('chown', ['-R', '65534:65534', a.at]);
  const run = cli(a.args('convert'), { uid: 65534, gid: 65534 });
  expect(run.status).toBe(77);
  expect(failures(run)).toMatchObject([{ code: 'PERMISSION', mailbox: 'Secret', place: `${a.mail}/Secret` }]);
  expect(Object.keys(mailboxes(run))).toEqual(['INBOX', 'Sent']);
  expect(fs.existsSync(`${a.target}/.Secret`)).toBe(false);
});

test('an account of which nothing may be read', () => {
  needsRoot();
  const a = makeAccount(undefined);
  fs.chmodSync(`${a.at}/spool`, 0);
  fs.chmodSync(a.mail, 0);
  const run = cli(a.args('convert'), { uid: 65534, gid: 65534 });
  expect(run.status).toBe(77);
  expect(failures(run)).toMatchObject([{ code: 'PERMISSION', place: a.mail }]);
  expectClear(run);
});

test('a target that may not be made', () => {
  needsRoot();
  const a = makeAccount(message(1));
  for (const path of [a.mail, a.inbox]) fs.chownSync(path, 65534, 65534);
  const run = cli(a.args('convert'), { uid: 65534, gid: 65534 });
  expect(run.status).toBe(77);
  expect(failures(run)).toMatchObject([{ code: 'PERMISSION', place: a.target }]);
});

test('a full disk: the mailboxes that fit are done, nothing half-made stays', () => {
  needsRoot();
  const a = makeAccount(message(1), { Large: message(1, { body: 'x'.repeat(3 << 20) }), Sent: message(2) });
  fs.mkdirSync(a.target);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', a.target]);
  try {
    const run = a.run('convert', '--skip-preflight');
    expect(run.status).toBe(74);
    expect(failures(run)).toMatchObject([{ code: 'DISK_FULL', mailbox: 'Large' }]);
    expectClear(run);
    expect(Object.keys(mailboxes(run))).toEqual(['INBOX', 'Sent']);
    expect(fs.readdirSync(a.target).filter((name) => name.startsWith('.'))).toEqual(['.Sent']);
  } finally {
    execFileSync('umount', [a.target]);
  }
});

test('a target that is a file, or holds other things, is left as it is', () => {
  const a = makeAccount(message(1));
  fs.writeFileSync(a.target, 'precious');
  expect(failures(a.convert())).toMatchObject([{ code: 'TARGET_NOT_MAILDIR', place: a.target }]);
  expect(fs.readFileSync(a.target, 'latin1')).toBe('precious');
  fs.rmSync(a.target);
  fs.mkdirSync(a.target);
  fs.writeFileSync(`${a.target}/thesis.tex`, 'precious');
  const run = a.convert();
  expect(run.status).toBe(73);
  expect(failures(run)).toMatchObject([{ code: 'TARGET_NOT_MAILDIR' }]);
  expect(fs.readdirSync(a.target)).toEqual(['thesis.tex']);
});

test('a folder whose mail somebody has read is left as it is', () => {
  const a = makeAccount(message(1), { Sent: message(2) });
  for (const dir of ['cur', 'new', 'tmp']) fs.mkdirSync(`${a.target}/${dir}`, { recursive: true });
  fs.writeFileSync(`${a.target}/cur/1.M1.host:2,S`, 'mail');
  const look = () =>
    snapshot(a.target, ['ino', 'mtime']).filter((line) => /^(?:cur|new|tmp|dovecot)/.test(line));
  const before = look();
  const run = a.convert();
  expect(run.status).toBe(75);
  expect(failures(run)).toMatchObject([{ code: 'TARGET_FOREIGN', mailbox: 'INBOX', place: a.target }]);
  expect(look()).toEqual(before);
  expect(Object.keys(mailboxes(run))).toEqual(['Sent']);
});

describe('a target that a process has open', () => {
  /** Runs `convert` while a process other than a delivery agent has the uidlist open. */
  async function withSession(a: TestAccount, work: (pid: number) => void): Promise<void> {
    const child = spawn('sh', [
      '-c',
      'exec 3< "$1"; echo; exec sleep 60',
      'sh',
      `${a.target}/dovecot-uidlist`,
    ]);
    try {
      await once(child.stdout, 'data');
      work(child.pid ?? 0);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }

  test('gets new mail and flags, with its indexes kept', async () => {
    const a = makeAccount(message(1));
    expect(a.convert().status).toBe(0);
    fs.writeFileSync(`${a.target}/dovecot.index.log`, 'x');
    await withSession(a, () => {
      fs.writeFileSync(a.inbox, message(1, { headers: 'Status: RO\n' }) + message(2));
      expect(a.convert().status).toBe(0);
      expect(messageFiles(a.target)).toHaveLength(2);
      expect(fileOf(a.target, 1)).toMatch(/:2,S$/);
      expect(fs.existsSync(`${a.target}/dovecot.index.log`)).toBe(true);
    });
  });

  test('loses nothing, and gets no new numbers, while it is', async () => {
    const a = makeAccount(message(1) + message(2));
    expect(a.convert().status).toBe(0);
    await withSession(a, (pid) => {
      fs.writeFileSync(a.inbox, message(2));
      const before = snapshot(a.target);
      const run = a.convert();
      expect(run.status).toBe(75);
      expect(failures(run)).toMatchObject([
        { code: 'TARGET_IN_USE', message: expect.stringMatching(`process ${pid}.* vanish`) as string },
      ]);
      expect(snapshot(a.target)).toEqual(before);
    });
    expect(a.convert().status).toBe(0);
    expect(messageFiles(a.target)).toHaveLength(1);
  });
});

test('hostile names and headers are never printed raw', () => {
  const evil = 'e\x1b[2J\r\nvil';
  const a = makeAccount(
    message(1, { headers: `X-IMAPbase: 5 0000000009 a\x1b[1m\nX-Keywords: b\x1b[1m\nStatus: \x1b[1m\n` }),
    {
      [evil]: message(1),
      [`${evil}2`]: 'no mail\n',
    },
  );
  fs.symlinkSync(evil, `${a.mail}/${evil}3`);
  for (const command of ['convert', 'verify'] as const) {
    for (const args of [a.args(command), a.args(command).filter((arg) => arg !== '--json')]) {
      const run = cli(args);
      expect(run.status).toBe(3);
      const text = (run.stdout + run.stderr).replaceAll('\n', '');
      expect(text).toContain('vil2');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    }
  }
});
