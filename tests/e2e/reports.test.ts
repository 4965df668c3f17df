import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RemarkEvent } from '../../src/core/events.ts';
import { parseOwner } from '../../src/io/users.ts';
import { manifestName } from '../../src/state/state-dir.ts';
import { cli } from '../helpers/cli.ts';
import { convert, scratchDir, type TestResult, verify } from '../helpers/convert.ts';

/** What `convert` finds, decides and says about single mailboxes. */

const FROM = 'From alice@example.org Thu Nov  9 22:33:52 2001\n';

function account(files: Readonly<Record<string, string | Buffer>>) {
  const base = scratchDir();
  const root = path.join(base, 'mail');
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), content);
  }
  return { base, root, target: path.join(base, 'Maildir'), state: path.join(base, 'state') };
}

function remarks(result: TestResult): RemarkEvent[] {
  return result.events.filter((event): event is RemarkEvent => event.event === 'remark');
}

function messages(target: string, folder: string): string[] {
  const cur = path.join(target, folder, 'cur');
  return fs
    .readFileSync(path.join(target, folder, 'dovecot-uidlist'), 'latin1')
    .split('\n')
    .slice(1, -1)
    .map((line) => line.slice(line.indexOf(':') + 1))
    .map((base) => fs.readdirSync(cur).find((name) => name.startsWith(`${base}:`)) ?? 'missing')
    .map((name) => fs.readFileSync(path.join(cur, name), 'latin1'));
}

test('the 27th keyword is reported by name and message, and in every run', async () => {
  const names = Array.from({ length: 27 }, (_, i) => `kw${i}`);
  const box = `${FROM}Subject: x\nX-IMAPbase: 1000 0000000001 ${names.join(' ')}\nX-UID: 1\nX-Keywords: ${names.join(' ')}\n\nbody\n`;
  const run = account({ Box: box });
  const first = await convert(run);
  expect(first.exit).toBe(3);
  expect(remarks(first)).toContainEqual(
    expect.objectContaining({
      code: 'KEYWORD_LOST',
      place: 'Box uid 1',
      message: expect.stringContaining('kw26'),
    }),
  );
  const second = await convert(run);
  expect(second.exit).toBe(3);
  expect(remarks(second)).toMatchObject([
    { code: 'KEYWORDS_LOST', message: expect.stringContaining('kw26') },
  ]);
  const check = await verify(run);
  expect(remarks(check)).toMatchObject([
    { code: 'TARGET_KEYWORDS_LOST', message: expect.stringContaining('kw26') },
  ]);
});

test('an index that is newer than its mbox, or alone holds the numbers, is reported with the command that helps', async () => {
  const run = account({ Box: `${FROM}Subject: x\n\nbody\n`, '.imap/Box/dovecot.index.log': 'x' });
  fs.utimesSync(path.join(run.root, 'Box'), 1000, 1000);
  const result = await convert(run);
  expect(result.exit).toBe(3);
  const found = remarks(result).map(({ code, message }) => [code, message.includes('doveadm force-resync')]);
  expect(found).toEqual([
    ['INDEX_NEWER', true],
    ['NUMBERS_IN_INDEX', true],
  ]);
});

test('junk before the first From_ line, and a mail without one, are kept as messages and reported', async () => {
  const run = account({
    Junk: `some line of a log\nanother\n\n${FROM}Subject: x\n\nbody\n`,
    Mail: 'From: a@example.org\nSubject: no From_ line\nDate: Thu, 9 Nov 2001 22:33:52 +0000\n\nbody\n',
    Blank: `\n\n${FROM}Subject: x\n\nbody\n`,
  });
  const result = await convert(run);
  expect(messages(run.target, '.Junk')).toEqual(['some line of a log\nanother\n', 'Subject: x\n\nbody\n']);
  expect(messages(run.target, '.Mail')).toEqual([
    'From: a@example.org\nSubject: no From_ line\nDate: Thu, 9 Nov 2001 22:33:52 +0000\n\nbody\n',
  ]);
  expect(messages(run.target, '.Blank')).toEqual(['Subject: x\n\nbody\n']);
  const codes = remarks(result).map(({ mailbox, code }) => `${mailbox} ${code}`);
  expect(codes).toEqual(
    expect.arrayContaining(['Junk NO_FROM_LINE', 'Mail NO_FROM_LINE', 'Blank LEADING_BYTES']),
  );
});

test('a file that bears a server’s marks, but begins as that server refuses, is read all the same', async () => {
  const numbered = 'Subject: x\nX-IMAPbase: 1000 1\nX-UID: 1\n\nbody\n';
  const run = account({
    Dateless: `From alice\n${numbered}`,
    Marked: Buffer.from(`\ufeff${FROM}${numbered}`),
  });
  const result = await convert(run);
  expect(result.events.filter(({ event }) => event === 'failure')).toEqual([]);
  const rules = result.events.flatMap((event) =>
    event.event === 'rules' ? [`${event.mailbox} ${event.rules}`] : [],
  );
  expect(rules.sort()).toEqual(['Dateless plain', 'Marked plain']);
  expect(messages(run.target, '.Dateless')).toEqual(['Subject: x\n\nbody\n']);
  expect(messages(run.target, '.Marked')).toEqual(['Subject: x\n\nbody\n']);
});

test('MMDF is split, and lines that end with CR alone are read', async () => {
  const mark = '\x01\x01\x01\x01\n';
  const run = account({
    Mmdf: `${mark}Subject: one\n\n1\n${mark}${mark}Subject: two\n\n2\n${mark}`,
    Mac: `${FROM}Subject: one\n\n1\n\n${FROM}Subject: two\n\n2\n`.replaceAll('\n', '\r'),
  });
  await convert(run);
  expect(messages(run.target, '.Mmdf')).toEqual(['Subject: one\n\n1\n', 'Subject: two\n\n2\n']);
  expect(messages(run.target, '.Mac')).toEqual(['Subject: one\n\n1\n', 'Subject: two\n\n2\n']);
  expect((await verify(run)).exit).toBe(0);
});

describe('mailboxes that the source has no more', () => {
  const one = { Box: `${FROM}Subject: x\n\nbody\n`, Other: `${FROM}Subject: y\n\nbody\n` };

  test('go, with their folders', async () => {
    const run = account(one);
    await convert(run);
    fs.rmSync(path.join(run.root, 'Other'));
    expect((await convert({ ...run, dryRun: true })).events).toContainEqual(
      expect.objectContaining({ event: 'action', kind: 'delete-mailbox', mailbox: 'Other' }),
    );
    expect(messages(run.target, '.Other')).toHaveLength(1);
    const result = await convert(run);
    expect(result.exit).toBe(0);
    expect(result.events).toContainEqual(
      expect.objectContaining({ event: 'mailbox', mailbox: 'Other', removed: 1 }),
    );
    expect(fs.existsSync(path.join(run.target, '.Other'))).toBe(false);
    expect((await verify(run)).exit).toBe(0);
  });

  test('stay as far as other mail is in them', async () => {
    const run = account(one);
    await convert(run);
    fs.rmSync(path.join(run.root, 'Other'));
    fs.writeFileSync(path.join(run.target, '.Other/new/1.M1.host'), 'delivered');
    const result = await convert(run);
    expect(remarks(result)).toMatchObject([{ code: 'MAILBOX_KEPT', mailbox: 'Other' }]);
    expect(fs.readdirSync(path.join(run.target, '.Other/cur'))).toEqual([]);
    expect(fs.readdirSync(path.join(run.target, '.Other/new'))).toEqual(['1.M1.host']);
    expect((await convert(run)).exit).toBe(0);
  });

  test('stay while not all of the source can be read', async () => {
    const run = account(one);
    await convert(run);
    fs.rmSync(path.join(run.root, 'Other'));
    fs.symlinkSync('/nowhere', path.join(run.root, 'Link'));
    const result = await convert(run);
    expect(remarks(result).map(({ code }) => code)).toContain('MAILBOX_GONE');
    expect(messages(run.target, '.Other')).toHaveLength(1);
  });

  test('take their folders along when they were renamed', async () => {
    const run = account({ ...one, 'Sub/Deep': `${FROM}Subject: z\n\nbody\n` });
    await convert(run);
    const inode = () =>
      fs
        .readdirSync(run.target, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.includes('spoolsync'))
        .map((name) => fs.statSync(path.join(run.target, name)).ino)
        .sort();
    const before = inode();
    fs.renameSync(path.join(run.root, 'Other'), path.join(run.root, 'Old'));
    fs.writeFileSync(path.join(run.root, 'Other'), `${FROM}Subject: new\n\nbody\n`);
    fs.renameSync(path.join(run.root, 'Sub'), path.join(run.root, 'Folder'));
    const result = await convert(run);
    expect(result.exit).toBe(0);
    expect(
      remarks(result)
        .map(({ code, mailbox }) => `${code} ${mailbox}`)
        .sort(),
    ).toEqual(['MAILBOX_RENAMED Folder/Deep', 'MAILBOX_RENAMED Old']);
    expect(messages(run.target, '.Old')).toEqual(['Subject: y\n\nbody']);
    expect(messages(run.target, '.Other')).toEqual(['Subject: new\n\nbody']);
    expect(inode()).toEqual(expect.arrayContaining(before));
    expect((await verify(run)).exit).toBe(0);
    expect((await convert(run)).exit).toBe(0);
  });
});

test('more removals than are allowed stop a pass before the mailbox, and can be allowed', async () => {
  const many = Array.from({ length: 30 }, (_, i) => `${FROM}Subject: ${i}\n\nbody ${i}\n\n`);
  const run = account({ Box: many.join('') });
  await convert(run);
  fs.writeFileSync(path.join(run.root, 'Box'), many.slice(0, 9).join(''));
  const refused = await convert(run);
  expect(refused.events).toContainEqual(
    expect.objectContaining({
      event: 'failure',
      code: 'REMOVALS_REFUSED',
      advice: expect.stringContaining('--max-remove 21') as string,
    }),
  );
  expect(refused.exit).toBe(3);
  expect(messages(run.target, '.Box')).toHaveLength(30);
  fs.writeFileSync(path.join(run.root, 'Box'), '');
  expect((await convert(run)).exit).toBe(3);
  expect((await convert({ ...run, maxRemove: { share: 0, atLeast: 30 } })).exit).toBe(0);
  expect(messages(run.target, '.Box')).toEqual([]);
});

test('subscriptions that cannot be read are reported, and never taken for none', async () => {
  const run = account({ Box: `${FROM}Subject: x\n\nbody\n`, '.subscriptions': 'V\t9\n\nBox\n' });
  const result = await convert(run);
  expect(remarks(result)).toMatchObject([{ code: 'NOT_READ', place: `${run.root}/.subscriptions` }]);
  expect(fs.existsSync(path.join(run.target, 'subscriptions'))).toBe(false);
});

test('names that Maildir++ cannot hold, and two that would meet, get folders of their own', async () => {
  const box = `${FROM}Subject: x\n\nbody\n`;
  const run = account({
    'a.b': box,
    'a/b': box,
    Entwürfe: box,
    'Entw&APw-rfe': box,
    'x=2Ey': box,
    'x.y': box,
  });
  await convert(run);
  const folders = fs.readdirSync(run.target).filter((name) => name.startsWith('.'));
  expect(folders.sort()).toEqual(
    ['.Entw&APw-rfe', '.Entw=C3=BCrfe', '.a.b', '.a=2Eb', '.x=2Ey', '.x=3D2Ey'].sort(),
  );
  expect((await verify(run)).exit).toBe(0);
});

test('--owner gives everything in the target away', () => {
  if (process.geteuid?.() !== 0) throw new Error('run the tests as root: giving files away needs it');
  const run = account({ Box: `${FROM}Subject: x\n\nbody\n`, '.subscriptions': 'Box\n' });
  const locations = ['--from', `mbox:${run.root}`, '--to', `maildir:${run.target}`, '--state', run.state];
  expect(cli(['convert', ...locations, '--owner', 'nobody']).status).toBe(0);
  const { uid, gid } = parseOwner('nobody');
  for (const name of ['', ...fs.readdirSync(run.target, { recursive: true, encoding: 'utf8' })]) {
    const stat = fs.lstatSync(path.join(run.target, name));
    expect([name, stat.uid, stat.gid, stat.mode & 0o077]).toEqual([name, uid, gid, 0]);
  }
});

test('what an earlier run left to root is given away by the next', () => {
  if (process.geteuid?.() !== 0) throw new Error('run the tests as root: giving files away needs it');
  const run = account({ Box: `${FROM}Subject: x\n\nbody\n` });
  const locations = ['--from', `mbox:${run.root}`, '--to', `maildir:${run.target}`, '--state', run.state];
  expect(cli(['convert', ...locations]).status).toBe(0);
  expect(cli(['convert', ...locations, '--owner', 'nobody']).status).toBe(0);
  const { uid } = parseOwner('nobody');
  const names = [
    '.Box',
    ...fs
      .readdirSync(path.join(run.target, '.Box'), { recursive: true, encoding: 'utf8' })
      .map((name) => `.Box/${name}`),
  ];
  expect(names.map((name) => fs.lstatSync(path.join(run.target, name)).uid)).toEqual(names.map(() => uid));
});

test('another account, or another source, never takes a target over', async () => {
  const alice = account({ Box: `${FROM}Subject: alice\n\nbody\n` });
  const bob = account({ Box: `${FROM}Subject: bob\n\nbody\n` });
  await convert(alice);
  const before = messages(alice.target, '.Box');
  const sameState = await convert({ ...bob, target: alice.target, state: alice.state });
  expect(sameState.events).toContainEqual(
    expect.objectContaining({ event: 'failure', code: 'STATE_FOREIGN' }),
  );
  const locations = ['--from', `mbox:${bob.root}`, '--to', `maildir:${alice.target}`, '--state', bob.state];
  expect(cli(['convert', ...locations, '--user', 'bob']).status).toBe(75);
  expect(messages(alice.target, '.Box')).toEqual(before);
});

test('a second file of one message, which Dovecot would make another message of, is a difference', async () => {
  const run = account({ Box: `${FROM}Subject: x\n\nbody\n` });
  await convert(run);
  const cur = path.join(run.target, '.Box/cur');
  const [name = ''] = fs.readdirSync(cur);
  fs.copyFileSync(path.join(cur, name), path.join(cur, `${name}S`));
  const result = await verify(run);
  expect(result.exit).toBe(3);
  expect(result.events).toContainEqual(expect.objectContaining({ event: 'difference', sign: '+' }));
});

test('a pass that was cut off after removing messages is set right, whatever the source has become', async () => {
  const both = `${FROM}Subject: x\nX-IMAPbase: 1000 2\nX-UID: 1\n\nbody\n\n${FROM}Subject: y\nX-UID: 2\n\nbody\n`;
  const run = account({ Box: both });
  await convert(run);
  // As a pass leaves it that was killed between an unlink and its manifest.
  const cur = path.join(run.target, '.Box/cur');
  const name = fs.readdirSync(cur).find((entry) => entry.includes('.U1X')) ?? '';
  fs.rmSync(path.join(cur, name));
  fs.writeFileSync(path.join(run.state, `test/mailboxes/.${manifestName('.Box')}.begun`), '1\n1 -\n');
  expect((await convert(run)).exit).toBe(0);
  expect(messages(run.target, '.Box')).toEqual(['Subject: x\n\nbody\n', 'Subject: y\n\nbody\n']);
  expect((await verify(run)).exit).toBe(0);
});

test('keyword letters survive the loss of dovecot-keywords', async () => {
  const box = (first: string) =>
    `${FROM}Subject: x\nX-IMAPbase: 1000 2 A B\nX-UID: 1\nX-Keywords: ${first}\n\nbody\n\n${FROM}Subject: y\nX-UID: 2\nX-Keywords: B\n\nbody\n`;
  const run = account({ Box: box('B') });
  await convert(run);
  fs.writeFileSync(path.join(run.root, 'Box'), box('A'));
  await convert(run);
  fs.rmSync(path.join(run.target, '.Box/dovecot-keywords'));
  expect((await convert(run)).exit).toBe(0);
  expect((await verify(run)).exit).toBe(0);
});

test('a damaged uidlist is written anew, and Dovecot’s index of it dropped', async () => {
  const run = account({ Box: `${FROM}Subject: x\n\nbody\n\n${FROM}Subject: y\n\nbody\n` });
  await convert(run);
  const folder = path.join(run.target, '.Box');
  const good = fs.readFileSync(path.join(folder, 'dovecot-uidlist'), 'latin1');
  fs.writeFileSync(path.join(folder, 'dovecot-uidlist'), good.replace('\n2 ', '\n0 '));
  fs.writeFileSync(path.join(folder, 'dovecot.index.log'), 'x');
  expect((await verify(run)).exit).toBe(3);
  await convert(run);
  expect(fs.readFileSync(path.join(folder, 'dovecot-uidlist'), 'latin1')).toBe(good);
  expect(fs.existsSync(path.join(folder, 'dovecot.index.log'))).toBe(false);
  expect((await verify(run)).exit).toBe(0);
});
