import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/codec/digest.ts';
import {
  base,
  fileOf,
  makeAccount,
  message,
  messageFiles,
  numbered,
  snapshot,
  type TestAccount,
} from '../helpers/account.ts';
import { failures, mailboxes, remarks } from '../helpers/cli.ts';

/** Mail that others put into the target between two passes, and state that cannot be used. */

const uidlist = (a: TestAccount) => fs.readFileSync(`${a.target}/dovecot-uidlist`, 'latin1').split('\n');
const uidsOf = (a: TestAccount, part: string) =>
  uidlist(a)
    .slice(1)
    .filter((line) => line.includes(part))
    .map((line) => Number(line.split(' ')[0]));

/** As a delivery agent of Dovecot leaves a message, with its record at the end of the uidlist. */
function deliver(a: TestAccount, name: string, uid: number, fields = ''): void {
  fs.writeFileSync(`${a.target}/new/${name}`, `Subject: ${name}\n\ndelivered\n`);
  fs.appendFileSync(`${a.target}/dovecot-uidlist`, `${uid} ${fields}:${name}\n`);
}

const first = numbered(1, 'RO', { headers: base(1234, 2) }) + numbered(2);

describe('mail delivered into the target', () => {
  test('stays, is numbered behind the mail of the source, and keeps its fields and order', () => {
    const a = makeAccount(first);
    expect(a.convert().status).toBe(0);
    deliver(a, '5.M1.host', 3, 'Pone O2 ');
    deliver(a, '6.M2.host', 4);
    fs.writeFileSync(`${a.target}/dovecot.index.log`, 'x');
    fs.writeFileSync(`${a.target}/new/7.M3.host`, 'without a UID');
    fs.writeFileSync(
      a.inbox,
      numbered(1, 'RO', { headers: base(1234, 4) }) + numbered(2) + numbered(3) + numbered(4),
    );
    const run = a.convert();
    expect(run.status).toBe(0);
    expect(mailboxes(run)).toMatchObject({ INBOX: { added: 2, foreign: 3 } });
    expect(uidsOf(a, 'spoolsync')).toEqual([1, 2, 3, 4]);
    expect(uidsOf(a, '.host')).toEqual([5, 6]);
    expect(uidlist(a)).toContain('5 Pone O2 :5.M1.host');
    expect(uidlist(a)[0]).toMatch(/^3 V1234 N7 /);
    expect(fs.readdirSync(`${a.target}/new`)).toHaveLength(3);
    // An index would give messages new UIDs that appear below those it knows.
    expect(fs.existsSync(`${a.target}/dovecot.index.log`)).toBe(false);
    expect(a.verify().status).toBe(0);
    const before = snapshot(a.target, ['ino', 'mtime']);
    expect(a.convert().status).toBe(0);
    expect(snapshot(a.target, ['ino', 'mtime'])).toEqual(before);
  });

  test('before the first pass: the source’s UIDVALIDITY takes the place of the one that delivery made up', () => {
    const a = makeAccount(first);
    for (const dir of ['cur', 'new', 'tmp']) fs.mkdirSync(`${a.target}/${dir}`, { recursive: true });
    fs.writeFileSync(`${a.target}/dovecot-uidlist`, '3 V1700000000 N2 G0123456789abcdef0123456789abcdef\n');
    deliver(a, '5.M1.host', 1);
    expect(a.convert().status).toBe(0);
    expect(uidlist(a)[0]).toBe('3 V1234 N4 G0123456789abcdef0123456789abcdef');
    expect(uidsOf(a, 'spoolsync')).toEqual([1, 2]);
    expect(uidsOf(a, '.host')).toEqual([3]);
    expect(a.verify().status).toBe(0);
  });

  test('that its user has seen is renumbered with a finding', () => {
    const a = makeAccount(first);
    expect(a.convert().status).toBe(0);
    deliver(a, '5.M1.host', 3);
    fs.renameSync(`${a.target}/new/5.M1.host`, `${a.target}/cur/5.M1.host:2,S`);
    fs.writeFileSync(a.inbox, numbered(1, 'RO', { headers: base(1234, 3) }) + numbered(2) + numbered(3));
    const run = a.convert();
    expect(remarks(run).map(({ code }) => code)).toEqual(['FOREIGN_RENUMBERED']);
    expect(uidsOf(a, '.host')).toEqual([4]);
  });

  test('into a mailbox that spoolsync numbers keeps its UID, and new mail comes behind it', () => {
    const a = makeAccount(message(1) + message(2));
    expect(a.convert().status).toBe(0);
    deliver(a, '5.M1.host', 3);
    fs.appendFileSync(a.inbox, message(3));
    expect(a.convert().status).toBe(0);
    expect(uidsOf(a, 'spoolsync')).toEqual([1, 2, 4]);
    expect(uidsOf(a, '.host')).toEqual([3]);
    expect(a.verify().status).toBe(0);
  });
});

test('UIDs that the source gives anew: the files are renamed, not written again', () => {
  const a = makeAccount(first);
  expect(a.convert().status).toBe(0);
  const inode = (uid: number) => fs.statSync(fileOf(a.target, uid)).ino;
  const before = [inode(1), inode(2)];
  const parts = { headers: base(99, 12), body: 'text 1\n', second: 1 };
  const again = (uid: number, as: string) => as.replace(/X-UID: \d+/, `X-UID: ${uid}`);
  fs.writeFileSync(a.inbox, again(11, numbered(1, 'RO', parts)) + again(12, numbered(2, 'RO')));
  const run = a.convert();
  expect(run.status).toBe(0);
  expect(mailboxes(run)).toMatchObject({ INBOX: { added: 0, removed: 0, renumbered: 2 } });
  expect([inode(11), inode(12)]).toEqual(before);
  expect(uidlist(a)[0]).toMatch(/^3 V99 N13 /);
  expect(a.verify().status).toBe(0);
});

describe('a manifest that cannot be used', () => {
  const damages: readonly (readonly [string, (path: string) => void])[] = [
    [
      'is damaged',
      (path) => fs.writeFileSync(path, fs.readFileSync(path, 'latin1').replace('"settled"', '"sottled"')),
    ],
    ['is cut short', (path) => fs.truncateSync(path, fs.statSync(path).size - 1)],
    [
      'is of a newer version',
      (path) => fs.writeFileSync(path, ofVersion(fs.readFileSync(path, 'latin1'), 99)),
    ],
    [
      'is of an older version',
      (path) => fs.writeFileSync(path, ofVersion(fs.readFileSync(path, 'latin1'), 1)),
    ],
    ['is another mailbox’s', (path) => fs.copyFileSync(path.replace('INBOX', '%2eSent'), path)],
  ];
  test.each(damages)('%s: nothing that is right is written again', (_name, damage) => {
    const a = makeAccount(first, { Sent: message(1) });
    expect(a.convert().status).toBe(0);
    const path = `${a.state}/default/mailboxes/INBOX`;
    damage(path);
    const before = snapshot(`${a.target}/cur`, ['ino', 'mtime']).slice(1);
    const run = a.convert();
    expect(failures(run)).toEqual([]);
    expect(remarks(run).map(({ code }) => code)).toContain('MANIFEST_UNUSABLE');
    expect(snapshot(`${a.target}/cur`, ['ino', 'mtime']).slice(1)).toEqual(before);
    expect(messageFiles(a.target)).toHaveLength(2);
    expect(fs.existsSync(`${a.state}/default/mailboxes/.INBOX.unusable`)).toBe(true);
    expect(a.verify().status).toBe(0);
    expect(a.convert().status).toBe(0);
  });
});

test('a copy of a manifest that somebody laid beside it takes no mail away', () => {
  const a = makeAccount(first, { Sent: message(1) });
  expect(a.convert().status).toBe(0);
  const state = `${a.state}/default/mailboxes`;
  fs.copyFileSync(`${state}/INBOX`, `${state}/INBOX.old`);
  const before = snapshot(a.target, ['ino', 'mtime']);
  const run = a.run('convert', '--max-remove', '100%');
  expect(run.status).toBe(0);
  expect(snapshot(a.target, ['ino', 'mtime'])).toEqual(before);
  expect(a.verify().status).toBe(0);
});

/** A manifest with another version, under a checksum that fits. */
function ofVersion(text: string, version: number): string {
  const lines = text.replace('"version":3', `"version":${version}`).split('\n');
  const body = `${lines.slice(0, -2).join('\n')}\n`;
  const trailer = (lines.at(-2) ?? '').replace(/"xxh64":"[^"]*"/, `"xxh64":"${digestOf(Buffer.from(body))}"`);
  return `${body}${trailer}\n`;
}

test('a spool that is too young is read again, and costs nothing once it is old', async () => {
  const a = makeAccount(first);
  const read = () => mailboxes(a.convert())['INBOX']?.read;
  const soon = Date.now() / 1000 + 3600;
  fs.utimesSync(a.inbox, soon, soon);
  expect(read()).toBeGreaterThan(0);
  // Its times are those that the pass has seen, and yet it may have changed since.
  expect(read()).toBeGreaterThan(0);
  fs.utimesSync(a.inbox, 1_600_000_000, 1_600_000_000);
  await sleep(2100);
  expect(read()).toBeGreaterThan(0);
  expect(read()).toBe(0);
  // The same size, and the time that it had: only the time of the change tells.
  const { atime, mtime } = fs.statSync(a.inbox);
  fs.writeFileSync(a.inbox, first.replace('Status: O', 'Status: R'));
  fs.utimesSync(a.inbox, atime, mtime);
  expect(mailboxes(a.convert())).toMatchObject({ INBOX: { reflagged: 1 } });
});

test('a dry run says what a pass would do, and does nothing', () => {
  const a = makeAccount(first, { Sent: message(1) });
  const dry = a.run('convert', '--dry-run');
  expect(dry.status).toBe(0);
  const actions = (result: typeof dry) =>
    result.events.flatMap((event) =>
      event.event === 'action' ? [`${event.kind} ${event.mailbox} ${event.uid ?? ''}`.trim()] : [],
    );
  expect(actions(dry)).toEqual([
    'create-mailbox INBOX',
    'add INBOX 1',
    'add INBOX 2',
    'create-mailbox Sent',
    'add Sent 1',
  ]);
  expect(fs.existsSync(a.target)).toBe(false);
  expect(fs.existsSync(a.state)).toBe(false);
  expect(a.convert().status).toBe(0);
  const look = () => [
    ...snapshot(a.target, ['ino', 'mtime', 'ctime']),
    ...snapshot(a.state, ['ino', 'mtime', 'ctime']),
  ];
  const before = look();
  expect(actions(a.run('convert', '--dry-run'))).toEqual([]);
  fs.writeFileSync(a.inbox, numbered(2, 'RO', { headers: base(1234, 3) }) + numbered(3));
  expect(actions(a.run('convert', '--dry-run'))).toEqual(['remove INBOX 1', 'reflag INBOX 2', 'add INBOX 3']);
  expect(look()).toEqual(before);
});
