import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, test } from 'vitest';
import type { PreflightEvent } from '../../src/core/events.ts';
import {
  fileOf,
  makeAccount,
  message,
  messageFiles,
  snapshot,
  type TestAccount,
} from '../helpers/account.ts';
import { cli, failures, type Result, remarks } from '../helpers/cli.ts';
import { makeMaildir } from '../helpers/maildir-account.ts';
import { withTmpfs } from '../helpers/tmpfs.ts';

/** What is asked before the first byte: a run that cannot end well is not begun. */

const preflights = ({ events }: Result) =>
  events.filter((event): event is PreflightEvent => event.event === 'preflight');

/** An mbox of `count` messages, each of about `size` bytes. */
function mbox(count: number, size: number, from = 1): string {
  const body = `${'x'.repeat(71)}\n`.repeat(Math.max(1, Math.floor((size - 100) / 72)));
  return Array.from({ length: count }, (_, i) => message(from + i, { body })).join('');
}

const tree = (a: TestAccount) => [...snapshot(a.target, ['ino']), ...snapshot(a.state, ['ino'])];

test('too little space: nothing is written, and the exit status is 73', ({ skip }) => {
  const a = makeAccount(mbox(1, 500), { Large: mbox(40, 100_000) });
  withTmpfs(a.target, 'size=2m', skip, () => {
    for (const command of ['convert', 'final']) {
      const run = a.run(command);
      expect(run.status).toBe(73);
      expect(failures(run)).toMatchObject([{ code: 'TOO_LITTLE_ROOM', place: a.target }]);
      expect(failures(run)[0]?.message).toMatch(
        /^the file system needs about [4-6] MiB, and [12] MiB are free$/,
      );
      expect(preflights(run)).toMatchObject([{ place: a.target, accounts: 1, enough: false }]);
      expect(fs.readdirSync(a.target)).toEqual([]);
      expect(fs.existsSync(a.state)).toBe(false);
    }
    const text = cli(a.args('convert').filter((arg) => arg !== '--json'));
    expect(text.stdout).toMatch(
      /Maildir: TOO LITTLE ROOM: needs about [4-6]\.\d MiB of [12]\.\d MiB free, \d+ inodes/,
    );
    // Whoever knows better may try.
    expect(a.run('convert', '--skip-preflight').status).toBe(74);
    expect(messageFiles(a.target)).toHaveLength(1);
  });
});

test('too few inodes', ({ skip }) => {
  const a = makeAccount(mbox(100, 16_000));
  withTmpfs(a.target, 'size=20m,nr_inodes=60', skip, () => {
    const run = a.convert();
    expect(run.status).toBe(73);
    expect(failures(run)).toMatchObject([{ code: 'TOO_LITTLE_ROOM' }]);
    expect(failures(run)[0]?.message).toMatch(/^the file system needs about \d+ inodes, and \d\d are free$/);
    expect(fs.readdirSync(a.target)).toEqual([]);
  });
  withTmpfs(a.target, 'size=20m,nr_inodes=200', skip, () => {
    expect(a.convert().status).toBe(0);
  });
});

test('messages of a Maildir are counted, not guessed from their bytes', ({ skip }) => {
  const names = Array.from({ length: 100 }, (_, i) => `cur/${1_600_000_000 + i}.M${i}.host:2,S`);
  const a = makeMaildir(Object.fromEntries(names.map((name) => [name, 'Subject: x\n\nshort\n'])));
  withTmpfs(a.target, 'size=20m,nr_inodes=60', skip, () => {
    const run = a.convert();
    expect(run.status).toBe(73);
    expect(failures(run)).toMatchObject([{ code: 'TOO_LITTLE_ROOM' }]);
    expect(fs.readdirSync(a.target)).toEqual([]);
  });
  withTmpfs(a.target, 'size=20m,nr_inodes=130', skip, () => {
    expect(a.convert().status).toBe(0);
    // What is there already needs no room: twenty inodes are left.
    fs.writeFileSync(`${a.mail}/new/1600000500.M1.host`, 'Subject: y\n\nlate\n');
    expect(a.convert().status).toBe(0);
    expect(messageFiles(a.target)).toHaveLength(101);
  });
});

test('targets on one file system are added up, and one without inodes to count has any number', ({
  skip,
}) => {
  const a = makeAccount(undefined);
  for (const user of ['al', 'bob', 'cy']) fs.writeFileSync(`${a.at}/spool/${user}`, mbox(10, 100_000));
  const args = (...users: string[]) => [
    'convert',
    ...['--from', `mbox:${a.at}/none/%u:INBOX=${a.at}/spool/%u`, '--to', `maildir:${a.at}/v/%u/Maildir`],
    ...['--state', a.state, '--json', ...users.flatMap((user) => ['--user', user])],
  ];
  withTmpfs(`${a.at}/v`, 'size=2500k,nr_inodes=0', skip, () => {
    const all = cli(args());
    expect(all.status).toBe(73);
    expect(preflights(all)).toMatchObject([{ accounts: 3, enough: false }]);
    expect(preflights(all)[0]).not.toHaveProperty('freeFiles');
    expect(fs.readdirSync(`${a.at}/v`)).toEqual([]);
    expect(cli(args('al', 'bob')).status).toBe(0);
  });
});

test('what earlier passes wrote is not counted again, only what came since', ({ skip }) => {
  const a = makeAccount(mbox(20, 100_000));
  withTmpfs(a.target, 'size=4m', skip, () => {
    expect(a.convert().status).toBe(0);
    const [look] = preflights(a.run('convert', '--preflight'));
    expect(look).toMatchObject({ messages: 0, bytes: 0, files: 0, enough: true });
    expect(a.convert().status).toBe(0);
    fs.appendFileSync(a.inbox, mbox(5, 100_000, 50));
    const [more] = preflights(a.run('convert', '--preflight'));
    expect(more).toMatchObject({ messages: 5, files: 5, enough: true });
    expect(a.convert().status).toBe(0);
    fs.appendFileSync(a.inbox, mbox(30, 100_000, 100));
    const before = tree(a);
    expect(a.convert().status).toBe(73);
    expect(tree(a)).toEqual(before);
  });
});

test('what a killed first pass has left is not counted again', ({ skip }) => {
  const a = makeAccount(mbox(20, 100_000));
  withTmpfs(a.target, 'size=3m', skip, () => {
    expect(a.convert().status).toBe(0);
    // Names that no manifest knows, and files that wait for theirs.
    fs.rmSync(a.state, { recursive: true });
    fs.rmSync(`${a.target}/dovecot-uidlist`);
    expect(preflights(a.run('convert', '--preflight'))).toMatchObject([{ enough: true }, { enough: true }]);
    for (const uid of [1, 2, 3, 4, 5, 6, 7, 8])
      fs.renameSync(fileOf(a.target, uid), `${a.target}/tmp/spoolsync.${uid}`);
    expect(a.convert().status).toBe(0);
    expect(messageFiles(a.target)).toHaveLength(20);
    expect(fs.readdirSync(`${a.target}/tmp`)).toEqual([]);
  });
});

test('the estimate is near to what is taken, once a pass knows the mail', ({ skip }) => {
  const a = makeAccount(mbox(100, 3000) + mbox(20, 40_000, 200));
  withTmpfs(a.target, 'size=50m', skip, () => {
    expect(a.convert().status).toBe(0);
    const used = () => {
      const { bsize, blocks, bfree, files, ffree } = fs.statfsSync(a.target);
      return { bytes: bsize * (blocks - bfree), files: files - ffree };
    };
    fs.appendFileSync(a.inbox, mbox(200, 3000, 300) + mbox(40, 40_000, 600));
    const [look] = preflights(a.run('convert', '--preflight'));
    const before = used();
    expect(a.convert().status).toBe(0);
    const after = used();
    expect((look?.bytes ?? 0) / (after.bytes - before.bytes)).toBeGreaterThan(0.95);
    expect((look?.bytes ?? 0) / (after.bytes - before.bytes)).toBeLessThan(1.2);
    expect(Math.abs((look?.files ?? 0) - (after.files - before.files))).toBeLessThanOrEqual(5);
  });
});

test('--preflight only looks, and says what there is', () => {
  const a = makeAccount(message(1), { Sent: message(2) });
  // The directory itself, in which the colon is tried, gets another time.
  const before = snapshot(a.at, ['ino', 'atime']);
  const run = a.run('convert', '--preflight');
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(run.events.map(({ event }) => event)).toEqual(['begin', 'preflight', 'end']);
  expect(run.events[0]).toMatchObject({ preflight: true });
  expect(preflights(run)).toMatchObject([
    { place: a.at, accounts: 1, messages: 2, files: 1 + 2 * 7 + 2 + 5 + 2 * 2, enough: true },
  ]);
  expect(snapshot(a.at, ['ino', 'atime'])).toEqual(before);
  const text = cli([...a.args('convert').filter((arg) => arg !== '--json'), '--preflight']);
  expect(text.stdout).toMatch(/^convert \(preflight\) mbox:.*: 1 account\n/);
  expect(text.stdout).toMatch(
    /: needs about \d+ KiB of .* free, 26 inodes of \d+ free \(1 account, 2 new messages\)\n/,
  );
  expect(text.stdout).toMatch(/\npreflight: nothing stands in the way\nexit 0\n$/);
});

test('--preflight says what cannot be read or written', () => {
  const a = makeAccount(message(1), { Secret: message(2), Sent: message(3) });
  for (const path of [a.mail, a.inbox, `${a.mail}/Sent`]) fs.chownSync(path, 65534, 65534);
  fs.chmodSync(`${a.mail}/Secret`, 0o600);
  fs.chownSync(`${a.mail}/Secret`, 65534, 65534);
  fs.chmodSync(`${a.mail}/Secret`, 0o000);
  const nobody = { uid: 65534, gid: 65534 };
  const args = [...a.args('convert'), '--preflight'];
  const closed = cli(args, nobody);
  expect(closed.status).toBe(77);
  expect(failures(closed)).toMatchObject([{ code: 'PERMISSION', user: 'default', place: a.at }]);
  fs.chmodSync(a.at, 0o777);
  const unread = cli(args, nobody);
  expect(unread.status).toBe(77);
  expect(failures(unread)).toMatchObject([{ code: 'PERMISSION', place: `${a.mail}/Secret` }]);
  expect(preflights(unread)).toHaveLength(1);
});

test('--preflight says what is mounted read-only', ({ skip }) => {
  const a = makeAccount(message(1));
  withTmpfs(`${a.at}/v`, 'size=1m', skip, () => {
    execFileSync('mount', ['-o', 'remount,ro', `${a.at}/v`]);
    const args = [
      'convert',
      ...a.args('convert').slice(1, 3),
      '--to',
      `maildir:${a.at}/v/x`,
      '--state',
      a.state,
    ];
    const run = cli([...args, '--json', '--preflight']);
    expect(run.status).toBe(73);
    expect(failures(run)).toMatchObject([{ code: 'CANNOT_CREATE', place: `${a.at}/v` }]);
  });
});

test('clocks: one behind the last pass is told in each run, dates ahead of it only when asked', () => {
  const a = makeAccount(message(1));
  expect(a.convert().status).toBe(0);
  const days = (count: number) => Date.now() / 1000 + count * 86_400;
  fs.utimesSync(a.inbox, days(3), days(3));
  expect(remarks(a.convert())).toEqual([]);
  const dates = a.run('convert', '--preflight');
  expect(dates.status).toBe(3);
  expect(remarks(dates)).toMatchObject([{ code: 'DATES_AHEAD', severity: 'finding', place: a.inbox }]);
  fs.utimesSync(a.inbox, days(0), days(0));
  const history = `${a.state}/${fs.readdirSync(a.state)[0]}/history.jsonl`;
  fs.utimesSync(history, days(1), days(1));
  const behind = a.convert();
  expect(behind.status).toBe(3);
  expect(remarks(behind)).toMatchObject([{ code: 'CLOCK_BEHIND', severity: 'finding' }]);
});

test('a dry run needs no room', ({ skip }) => {
  const a = makeAccount(mbox(40, 100_000));
  withTmpfs(a.target, 'size=1m', skip, () => {
    expect(a.run('convert', '--dry-run').status).toBe(0);
  });
});
