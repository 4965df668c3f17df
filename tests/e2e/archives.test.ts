import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { fileOf, makeAccount, messageFiles, snapshot } from '../helpers/account.ts';
import { cli, differences, failures, mailboxes, type Result, remarks } from '../helpers/cli.ts';

/** Archives of mailing lists, made by hand as pipermail and Mailman write them. */

/** A post as it stands in a month: `day` is of 2004 and counts from 1 January, `n` names the post. */
function post(n: number, day: number, from = 'From_'): string {
  const date = new Date(Date.UTC(2004, 0, day, 9, n % 60, 0));
  const [weekday = '', dayName = '', month = '', year = ''] = date.toUTCString().replace(',', '').split(' ');
  const line = `From user${n} at example.org  ${weekday} ${month} ${String(Number(dayName)).padStart(2)} ${date.toISOString().slice(11, 19)} ${year}`;
  const head = from === 'From_' ? line : from;
  return `${head}\nFrom: user${n} at example.org (User ${n})\nDate: ${date.toUTCString()}\nSubject: [list] post ${n}\nMessage-ID: <${n}@example.org>\n\ntext ${n}\n\n`;
}

/** Milliseconds after which a time proves something. */
const OLD = 2100;

interface List {
  readonly at: string;
  /** The directory of its months. */
  readonly dir: string;
  readonly target: string;
  write(name: string, bytes: string | Uint8Array): void;
  remove(name: string): void;
  run(command: string, ...options: string[]): Result;
  /** What the target has: number of the post, and its date (day of 2004), by UID. */
  view(): Record<number, readonly [post: number, day: number]>;
}

/** A file as it was written a while ago: times that are young prove nothing. */
function writeOld(file: string, bytes: string | Uint8Array): void {
  fs.writeFileSync(file, bytes, 'latin1');
  const old = new Date(Date.now() - 3_600_000);
  fs.utimesSync(file, old, old);
}

function makeList(from = 'talk'): List {
  const { at, state } = makeAccount(undefined);
  const dir = `${at}/private/talk`;
  fs.mkdirSync(dir, { recursive: true });
  const target = `${at}/Maildir`;
  const places = ['--from', `archive:${at}/private/${from}`, '--to', `maildir:${target}`];
  const run = (command: string, ...options: string[]) =>
    cli([command, ...places, '--state', state, '--json', '--source-tz', 'UTC', ...options]);
  const view = () =>
    Object.fromEntries(
      messageFiles(target).map((name) => {
        const file = path.join(target, 'cur', name);
        const n = Number(/^Subject: \[list\] post (\d+)$/m.exec(fs.readFileSync(file, 'latin1'))?.[1]);
        const day = Math.floor((fs.statSync(file).mtimeMs - Date.UTC(2004, 0, 1)) / 86_400_000) + 1;
        return [Number(/\.U(\d+)X/.exec(name)?.[1]), [n, day] as const];
      }),
    );
  return {
    at,
    dir,
    target,
    write: (name, bytes) => writeOld(path.join(dir, name), bytes),
    remove: (name) => fs.rmSync(path.join(dir, name)),
    run,
    view,
  };
}

test('months, packed or not, become one Maildir in the order of dates; a second run reads and writes nothing', async () => {
  const list = makeList();
  list.write('2004-February.txt', post(3, 35) + post(4, 33));
  list.write('2004-January.txt.gz', gzipSync(post(1, 2) + post(2, 1)));
  list.write('2004q2.txt', post(5, 100));
  list.write('index.html', '<html>');
  fs.mkdirSync(`${list.dir}/2004-January`);
  const before = snapshot(list.dir, ['ino', 'mtime', 'atime']);
  await sleep(OLD);
  const first = list.run('convert');
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(mailboxes(first)).toMatchObject({ INBOX: { messages: 5, added: 5 } });
  expect(first.events.find(({ event }) => event === 'rules')).toMatchObject({ rules: 'archive' });
  expect(list.view()).toEqual({ 1: [2, 1], 2: [1, 2], 3: [4, 33], 4: [3, 35], 5: [5, 100] });
  const made = snapshot(list.target, ['ino', 'mtime', 'ctime']);
  const second = list.run('convert');
  expect(second.status).toBe(0);
  expect(mailboxes(second)).toMatchObject({ INBOX: { messages: 5, added: 0, read: 0 } });
  expect(snapshot(list.target, ['ino', 'mtime', 'ctime'])).toEqual(made);
  expect(list.run('verify').status).toBe(0);
  expect(snapshot(list.dir, ['ino', 'mtime', 'atime'])).toEqual(before);
});

test('a list that grows every night: new mail comes behind, in the order of dates, and only its month is read', async () => {
  const list = makeList();
  const doubtful = `${post(8, -200)}From the start of this line\nSubject: x\n\nprose\n\n`;
  list.write('2003-June.txt', doubtful);
  list.write('2004-January.txt', post(1, 1) + post(2, 5));
  list.write('2004-February.txt', post(3, 40));
  await sleep(OLD);
  const first = list.run('convert');
  const doubts = remarks(first);
  expect(doubts).toMatchObject([{ place: `${list.dir}/2003-June.txt:${post(8, -200).length}` }]);
  const february = post(3, 40) + post(5, 50) + post(4, 34);
  list.write('2004-February.txt', february);
  const second = list.run('convert');
  expect(mailboxes(second)).toMatchObject({
    INBOX: { messages: 6, added: 2, removed: 0, read: february.length },
  });
  // What was found in a file holds, though the file is not read.
  expect([second.status, remarks(second)]).toEqual([first.status, doubts]);
  const view = { 2: [1, 1], 3: [2, 5], 4: [3, 40], 5: [4, 34], 6: [5, 50] };
  expect(list.view()).toMatchObject(view);
  list.write('2004-March.txt', post(6, 61));
  list.write('2004-January.txt', post(1, 1) + post(2, 5) + post(7, 2));
  expect(remarks(list.run('convert'))).toEqual(doubts);
  expect(list.view()).toMatchObject({ ...view, 7: [7, 2], 8: [6, 61] });
  expect(differences(list.run('verify'))).toEqual([]);
});

test('months that are made anew, packed, moved or split keep UIDs and dates', () => {
  const list = makeList();
  list.write('2004-January.txt', post(1, 1) + post(2, 5) + post(1, 1));
  list.write('2004-February.txt', post(3, 40) + post(4, 34));
  expect(list.run('convert').status).toBe(0);
  const names = messageFiles(list.target);
  const made = list.view();
  expect(made).toEqual({ 1: [1, 1], 2: [1, 1], 3: [2, 5], 4: [4, 34], 5: [3, 40] });
  // Other order, other zone on the From_ lines, one of them packed, the other by weeks.
  list.remove('2004-February.txt');
  list.remove('2004-January.txt');
  const shifted = (n: number, day: number) => post(n, day).replace(' 09:', ' 17:');
  list.write('2004-January.txt.gz', gzipSync(shifted(2, 5) + shifted(1, 1) + shifted(1, 1)));
  list.write('Week-of-Mon-20040202.txt', shifted(4, 34) + shifted(5, 36));
  list.write('Week-of-Mon-20040209.txt', shifted(3, 40));
  const second = list.run('convert');
  expect(mailboxes(second)).toMatchObject({ INBOX: { messages: 6, added: 1, removed: 0, renumbered: 0 } });
  expect(messageFiles(list.target).slice(0, 5)).toEqual(names);
  expect(list.view()).toEqual({ ...made, 6: [5, 36] });
  expect(list.run('verify').status).toBe(0);
});

test('one file for all the list: numbered by date whatever its order, read again as it grows', () => {
  const list = makeList('talk.mbox/talk.mbox');
  fs.mkdirSync(`${list.at}/private/talk.mbox`);
  const mbox = `${list.at}/private/talk.mbox/talk.mbox`;
  writeOld(mbox, post(1, 9) + post(2, 3) + post(3, 6));
  expect(list.run('convert')).toMatchObject({ status: 0 });
  expect(list.view()).toEqual({ 1: [2, 3], 2: [3, 6], 3: [1, 9] });
  writeOld(mbox, post(1, 9) + post(2, 3) + post(3, 6) + post(4, 1));
  const second = list.run('convert');
  expect(mailboxes(second)).toMatchObject({ INBOX: { added: 1, removed: 0 } });
  expect(list.view()).toEqual({ 1: [2, 3], 2: [3, 6], 3: [1, 9], 4: [4, 1] });
  expect(list.run('verify').status).toBe(0);
});

test('files of one month are copies or leftovers of each other, and nothing in them counts twice or gets lost', () => {
  const list = makeList();
  // The packed copy is of yesterday.
  list.write('2004-January.txt', post(1, 1) + post(2, 2) + post(2, 2));
  list.write('2004-January.txt.gz', gzipSync(post(1, 1)));
  // The text holds what the packed file lacks, and one that it has already; the old one is whole.
  list.write('2004-February.txt.gz', gzipSync(post(3, 33) + post(4, 34)));
  list.write('2004-February.old.txt.gz', gzipSync(post(3, 33) + post(6, 36)));
  list.write('2004-February.txt', post(4, 34) + post(5, 35));
  // A message at the border of two months is two.
  list.write('2004-March.txt', post(5, 35));
  expect(mailboxes(list.run('convert'))).toMatchObject({ INBOX: { messages: 8 } });
  const posts = Object.values(list.view()).map(([n]) => n);
  expect(posts.sort()).toEqual([1, 2, 2, 3, 4, 5, 5, 6]);
  const names = messageFiles(list.target);
  list.remove('2004-January.txt');
  list.write('2004-January.txt.gz', gzipSync(post(1, 1) + post(2, 2) + post(2, 2)));
  expect(mailboxes(list.run('convert'))).toMatchObject({ INBOX: { added: 0, removed: 0 } });
  expect(messageFiles(list.target)).toEqual(names);
});

test('damaged files among good ones are told in every run, and nothing of the list counts as gone', () => {
  const list = makeList();
  list.write('2004-January.txt.gz', gzipSync(post(1, 1) + post(2, 2)));
  list.write('2004-February.txt', post(3, 33));
  list.write('2004-March.txt', post(4, 61));
  expect(list.run('convert').status).toBe(0);
  const names = messageFiles(list.target);
  list.write('2004-January.txt.gz', gzipSync(post(1, 1) + post(2, 2)).subarray(0, 60));
  list.write('2004-February.txt', '<html>404 Not Found</html>\n');
  list.remove('2004-March.txt');
  list.write('2004-April.txt', post(5, 92));
  for (let night = 0; night < 2; night++) {
    const result = list.run('convert');
    expect(result.status).toBe(3);
    expect(failures(result)).toMatchObject([
      { code: 'SOURCE_DAMAGED', place: `${list.dir}/2004-January.txt.gz`, mailbox: 'INBOX' },
      { code: 'SOURCE_NOT_MBOX', place: `${list.dir}/2004-February.txt` },
    ]);
    expect(messageFiles(list.target).slice(0, 4)).toEqual(names);
    expect(list.view()).toMatchObject({ 5: [5, 92] });
  }
  expect(list.run('final', '--force-quiet', '--seal', `${list.at}/seal`).status).not.toBe(0);
  expect(fs.existsSync(`${list.at}/seal`)).toBe(false);
  // Mended: what is really gone goes.
  list.write('2004-January.txt.gz', gzipSync(post(1, 1) + post(2, 2)));
  list.remove('2004-February.txt');
  expect(list.run('convert').status).toBe(0);
  expect(list.view()).toEqual({ 1: [1, 1], 2: [2, 2], 5: [5, 92] });
});

test('what can be found wrong before it is read: links, names that tell no month, what is left out', () => {
  const list = makeList();
  list.write('2004-January.txt', post(1, 1));
  list.write('2004-Juli.txt', post(2, 190));
  fs.symlinkSync('/etc/passwd', `${list.dir}/2004-February.txt`);
  fs.mkdirSync(`${list.dir}/2004-March.txt`);
  const result = list.run('convert');
  expect(result.status).toBe(3);
  expect(remarks(result)).toMatchObject([
    { code: 'NOT_READ', place: `${list.dir}/2004-February.txt` },
    {
      code: 'NOT_READ',
      place: `${list.dir}/2004-Juli.txt`,
      message: expect.stringContaining('tells no time'),
    },
    { code: 'NOT_READ', place: `${list.dir}/2004-March.txt` },
  ]);
  expect(list.view()).toEqual({ 1: [1, 1] });
  const config = `${list.at}/spoolsync.toml`;
  fs.writeFileSync(
    config,
    `to = "maildir:${list.at}/v/%u"
[[source]]
from = "archive:${list.at}/private/%u"
exclude-folders = ["2004-Juli*", "2004-February*", "2004-March*"]
`,
  );
  const run = (command: string) => cli([command, '--config', config, '--state', `${list.at}/s2`, '--json']);
  const left = run('convert');
  expect(left.status).toBe(0);
  expect(remarks(left)).toMatchObject([{ code: 'MAILBOXES_LEFT_OUT', severity: 'note' }]);
  expect(run('verify').status).toBe(0);
});

test('dates that cannot be true: the Date field counts, and order follows', () => {
  const list = makeList();
  const odd = (n: number, day: number, year: number) =>
    post(n, day, `From user at x  Thu Jan  1 00:00:00 ${year}`);
  list.write('1970-January.txt', odd(1, 3, 1970));
  list.write('2004-January.txt', post(2, 2) + odd(3, 1, 2036));
  const result = list.run('convert');
  expect(result.status).toBe(0);
  expect(remarks(result)).toMatchObject([{ code: 'ODD_DATE' }, { code: 'ODD_DATE' }]);
  expect(list.view()).toEqual({ 1: [3, 1], 2: [2, 2], 3: [1, 3] });
});

test('lists are found by their places; the raw archive of a list is no list', () => {
  const { at, state } = makeAccount(undefined);
  for (const name of ['talk', 'news', 'talk.mbox', 'empty.mbox'])
    fs.mkdirSync(`${at}/private/${name}`, { recursive: true });
  writeOld(`${at}/private/talk/2004-January.txt`, post(1, 1));
  writeOld(`${at}/private/news/2004.txt`, post(2, 2));
  writeOld(`${at}/private/talk.mbox/talk.mbox`, post(3, 3));
  const run = (from: string, ...more: string[]) =>
    cli([
      'convert',
      '--from',
      `archive:${at}/private/${from}`,
      '--to',
      `maildir:${at}/${state.length}${from.length}/%u`,
      '--state',
      `${state}${from.length}`,
      '--json',
      ...more,
    ]);
  const users = (result: Result) =>
    result.events.flatMap((event) => (event.event === 'account' ? [event.user] : [])).sort();
  expect(users(run('%u'))).toEqual(['news', 'talk']);
  expect(users(run('%u.mbox/%u.mbox'))).toEqual(['talk']);
  expect(run('%u:INBOX=/x').status).toBe(64);
  expect(run('nobody').status).toBe(66);
});

test('a flipped bit is noticed, a dry run writes nothing, and final seals', () => {
  const list = makeList();
  list.write('2004-January.txt.gz', gzipSync(post(1, 1) + post(2, 2)));
  list.write('2004-February.txt', post(3, 33));
  const dry = list.run('convert', '--dry-run');
  expect(dry.status).toBe(0);
  expect(mailboxes(dry)).toMatchObject({ INBOX: { added: 3 } });
  expect(fs.existsSync(list.target)).toBe(false);
  expect(list.run('convert', '--preflight').status).toBe(0);
  expect(list.run('convert', '--pop3-uidl', '%f').status).toBe(0);
  expect(list.run('convert').status).toBe(0);
  const file = fileOf(list.target, 2);
  const bytes = fs.readFileSync(file);
  const { mtime } = fs.statSync(file);
  bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
  fs.utimesSync(file, mtime, mtime);
  const verified = list.run('verify');
  expect(verified.status).toBe(3);
  expect(differences(verified)).toMatchObject([{ sign: '*', uid: 2 }]);
  bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
  fs.utimesSync(file, mtime, mtime);
  const seal = `${list.at}/seal`;
  expect(list.run('final', '--force-quiet', '--seal', seal)).toMatchObject({ status: 0 });
  expect(cli(['verify', '--seal', seal, '--json']).status).toBe(0);
  expect(failures(list.run('convert'))).toMatchObject([{ code: 'STATE_SEALED' }]);
  list.write('2004-March.txt', post(4, 61));
  expect(list.run('final', '--merge').status).toBe(0);
  expect(list.view()).toMatchObject({ 4: [4, 61] });
  expect(list.run('verify').status).toBe(0);
});

test('a message that was not staged is copied from its file, unpacked again: state and a name were lost', () => {
  const list = makeList();
  list.write('2004-January.txt.gz', gzipSync(post(1, 1) + post(2, 2)));
  list.write('2004-February.txt', post(3, 33));
  expect(list.run('convert').status).toBe(0);
  const names = messageFiles(list.target);
  // Two names are left: so many messages are taken for known, and not staged.
  fs.rmSync(fileOf(list.target, 2));
  fs.rmSync(`${list.at}/state`, { recursive: true });
  const again = list.run('convert', '--max-remove', '100%');
  expect(failures(again)).toEqual([]);
  expect(
    Object.values(list.view())
      .map(([n]) => n)
      .sort(),
  ).toEqual([1, 2, 3]);
  expect(names.filter((name) => messageFiles(list.target).includes(name))).toHaveLength(2);
  expect(list.run('verify').status).toBe(0);
});

test.runIf(process.getuid?.() === 0)(
  'whose files count: those of the owner of the directory, and of the group that shares it',
  () => {
    const list = makeList();
    for (const [i, name] of ['January', 'February', 'March', 'April'].entries())
      list.write(`2004-${name}.txt`, post(i + 1, i * 31 + 1));
    const own = (name: string, uid: number, gid: number) => fs.chownSync(path.join(list.dir, name), uid, gid);
    fs.chownSync(list.dir, 1001, 1100);
    own('2004-January.txt', 1001, 1100);
    own('2004-February.txt', 1002, 1100);
    own('2004-March.txt', 1002, 1200);
    own('2004-April.txt', 1002, 1100);
    // A second name: the group's member may have linked another's file.
    fs.linkSync(path.join(list.dir, '2004-April.txt'), `${list.at}/other`);
    const refused = (result: Result) => remarks(result).map(({ place }) => path.basename(place ?? ''));
    fs.chmodSync(list.dir, 0o2775);
    expect(refused(list.run('convert'))).toEqual(['2004-April.txt', '2004-March.txt']);
    expect(list.view()).toEqual({ 1: [1, 1], 2: [2, 32] });
    // Without the sign that a group shares it, only the owner's count; what is known does not go.
    fs.chmodSync(list.dir, 0o775);
    expect(refused(list.run('convert'))).toEqual(['2004-April.txt', '2004-February.txt', '2004-March.txt']);
    expect(list.view()).toEqual({ 1: [1, 1], 2: [2, 32] });
  },
);

test('who has a month open keeps the list from being sealed', async () => {
  const list = makeList();
  list.write('2004-January.txt', post(1, 1));
  list.write('2004-February.txt', post(2, 33));
  await sleep(OLD);
  const file = path.join(list.dir, '2004-January.txt');
  const open = fs.openSync(file, 'r+');
  const busy = list.run('final', '--seal', `${list.at}/seal`);
  fs.closeSync(open);
  expect(busy.status).toBe(75);
  expect(failures(busy)).toMatchObject([
    { code: 'SOURCE_NOT_QUIET', message: expect.stringContaining(file) },
  ]);
  expect(fs.existsSync(`${list.at}/seal`)).toBe(false);
});

test('what is kept only because a month cannot be read goes when it can be, though its own month did not change again', async () => {
  const list = makeList();
  const january = gzipSync(post(1, 1) + post(2, 2));
  list.write('2004-January.txt.gz', january);
  list.write('2004-February.txt', post(3, 33) + post(4, 34));
  expect(list.run('convert').status).toBe(0);
  list.write('2004-January.txt.gz', january.subarray(0, 60));
  list.write('2004-February.txt', post(4, 34));
  await sleep(OLD);
  expect(list.run('convert').status).toBe(3);
  expect(list.view()).toEqual({ 1: [1, 1], 2: [2, 2], 3: [3, 33], 4: [4, 34] });
  list.write('2004-January.txt.gz', january);
  expect(list.run('convert').status).toBe(0);
  expect(list.view()).toEqual({ 1: [1, 1], 2: [2, 2], 4: [4, 34] });
  expect(list.run('verify').status).toBe(0);
});

test('a month that was an mbox account’s INBOX before keeps its UIDs', () => {
  const list = makeList();
  list.write('2004-January.txt', post(1, 2) + post(1, 2) + post(2, 1));
  const mbox = `mbox:${list.dir}:INBOX=${list.dir}/2004-January.txt`;
  expect(list.run('convert', '--from', mbox).status).toBe(0);
  const before = list.view();
  expect(before).toEqual({ 1: [1, 2], 2: [1, 2], 3: [2, 1] });
  list.write('2004-January.txt', post(3, 3) + post(1, 2) + post(1, 2) + post(1, 2) + post(2, 1));
  const result = list.run('convert');
  expect(failures(result)).toEqual([]);
  expect(list.view()).toEqual({ ...before, 4: [1, 2], 5: [3, 3] });
  expect(list.run('verify').status).toBe(0);
});
