import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { SpoolsyncError } from '../../src/core/errors.ts';
import {
  base,
  fileOf,
  makeAccount,
  message,
  numbered,
  snapshot,
  type TestAccount,
} from '../helpers/account.ts';
import { differences, mailboxes, remarks } from '../helpers/cli.ts';
import { convert, type TestResult, verify } from '../helpers/convert.ts';
import { checkSeal, seal } from '../helpers/seal.ts';

const KEYWORDS = Array.from({ length: 27 }, (_, i) => `kw${i}`);
const inHeader = (names: readonly string[]) => ({ headers: `X-Keywords: ${names.join(' ')}\n` });

/** Three messages, one with a keyword, one with more of them than a folder has letters for. */
const INBOX =
  numbered(1, 'RO', { headers: base(1234, 9, KEYWORDS.join(' ')) }) +
  numbered(3, 'O', inHeader(['kw0', 'kw1'])) +
  numbered(7, 'RO', inHeader(KEYWORDS));

let a: TestAccount;
let sealFile: string;
let copy: string;

const run = () => ({ root: a.mail, inbox: a.inbox, target: a.target, state: a.state });
const asCli = ({ events }: TestResult) => ({ status: 0, stdout: '', stderr: '', events });

beforeAll(async () => {
  a = makeAccount(INBOX, {
    Sent: message(1) + message(2),
    Gone: message(3) + message(4),
    'Lists/caf\u00e9': message(5),
    Empty: '',
    '.subscriptions': 'Sent\n',
  });
  const first = await convert(run());
  expect(asCli(first).events.filter(({ event }) => event === 'failure')).toEqual([]);
  // What users did in the target before it was sealed belongs to it, and so does a second pass.
  fs.rmSync(fileOf(`${a.target}/.Gone`, 1));
  const flagged = fileOf(`${a.target}/.Sent`, 2);
  fs.renameSync(flagged, `${flagged}F`);
  fs.writeFileSync(`${a.target}/new/1.x.y`, 'delivered');
  fs.appendFileSync(`${a.mail}/Sent`, message(6));
  await convert(run());
  sealFile = `${a.at}/seal.json`;
  copy = `${a.at}/copy`;
  const sealed = await seal(run(), sealFile, ['a reason']);
  expect(sealed.events).toEqual([]);
  fs.cpSync(a.target, copy, { recursive: true, preserveTimestamps: true });
});

/** A copy of the target as it was sealed, without source and state. */
function restore(): string {
  const target = `${a.at}/restored`;
  fs.rmSync(target, { recursive: true, force: true });
  fs.cpSync(copy, target, { recursive: true, preserveTimestamps: true });
  return target;
}

/** Replaces one text in a file, keeping its time. */
function edit(file: string, from: string, to: string): void {
  const { atime, mtime } = fs.statSync(file);
  const text = fs.readFileSync(file, 'latin1');
  if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
  fs.writeFileSync(file, text.replace(from, to), 'latin1');
  fs.utimesSync(file, atime, mtime);
}

test('a seal says what was sealed', () => {
  const { accounts, forced } = JSON.parse(fs.readFileSync(sealFile, 'latin1')) as {
    forced: string[];
    accounts: { user: string; target: string; mailboxes: Record<string, unknown>[] }[];
  };
  expect(forced).toEqual(['a reason']);
  expect(accounts).toMatchObject([{ user: 'test', target: a.target }]);
  const byFolder = new Map(accounts[0]?.mailboxes.map((mailbox) => [mailbox['folder'], mailbox]));
  expect([...byFolder.keys()].sort()).toEqual(['', '.Empty', '.Gone', '.Lists.caf&AOk-', '.Sent']);
  expect(byFolder.get('')).toMatchObject({ messages: 3, uidValidity: 1234, uidNext: 10, foreign: 1 });
  expect(byFolder.get('.Gone')).toMatchObject({ messages: 1, uidNext: 3 });
  expect(byFolder.get('.Sent')).toMatchObject({ messages: 3, verified: 'all' });
  const bytes = fs
    .readdirSync(`${a.target}/.Sent/cur`)
    .map((name) => fs.statSync(`${a.target}/.Sent/cur/${name}`).size);
  expect(byFolder.get('.Sent')?.['bytes']).toBe(bytes.reduce((sum, size) => sum + size, 0));
});

const damages: [string, (target: string) => void, object[]][] = [
  ['nothing', () => undefined, []],
  [
    'one flipped bit',
    (target) => edit(fileOf(target, 3), 'text 3', 'text 2'),
    [
      {
        sign: '*',
        mailbox: 'INBOX',
        uid: 3,
        place: expect.stringContaining('/cur/') as string,
        message: 'other bytes of the same length',
      },
    ],
  ],
  [
    'a file cut short',
    (target) => edit(fileOf(target, 3), 'text 3\n', ''),
    [{ sign: '*', mailbox: 'INBOX', uid: 3, message: expect.stringContaining(', by its name ') as string }],
  ],
  ['a missing file', (target) => fs.rmSync(fileOf(target, 3)), [{ sign: '-', mailbox: 'INBOX', uid: 3 }]],
  [
    'a message removed with its line',
    (target) => {
      fs.rmSync(fileOf(target, 3));
      edit(
        `${target}/dovecot-uidlist`,
        fs.readFileSync(`${target}/dovecot-uidlist`, 'latin1').split('\n')[2] ?? '',
        '4 :x',
      );
    },
    [{ sign: '-', mailbox: 'INBOX', message: '1 messages that were sealed are missing' }],
  ],
  [
    'a changed flag',
    (target) => fs.renameSync(fileOf(target, 3), fileOf(target, 3).replace(':2,', ':2,F')),
    [{ sign: '*', mailbox: 'INBOX', message: 'messages, flags or keywords are not those that were sealed' }],
  ],
  [
    'a keyword with another name',
    (target) => edit(`${target}/dovecot-keywords`, 'kw1\n', 'other\n'),
    [{ sign: '*', mailbox: 'INBOX', message: 'messages, flags or keywords are not those that were sealed' }],
  ],
  [
    'no names of keywords',
    (target) => fs.rmSync(`${target}/dovecot-keywords`),
    [{ sign: '*', mailbox: 'INBOX' }],
  ],
  [
    'a changed time',
    (target) => fs.utimesSync(fileOf(target, 3), 5, 5),
    [{ sign: '*', mailbox: 'INBOX', uid: 3, message: expect.stringMatching(/^INTERNALDATE 5, /) as string }],
  ],
  [
    'another UIDVALIDITY',
    (target) => edit(`${target}/dovecot-uidlist`, 'V1234', 'V1235'),
    [{ sign: '*', mailbox: 'INBOX', message: 'UIDVALIDITY 1235, sealed 1234' }],
  ],
  [
    'a lower UIDNEXT',
    (target) => edit(`${target}/dovecot-uidlist`, 'N10', 'N9'),
    [{ sign: '*', mailbox: 'INBOX', message: 'UIDNEXT 9, sealed 10' }],
  ],
  [
    'another UID',
    (target) => edit(`${target}/dovecot-uidlist`, '\n3 ', '\n4 '),
    [{ sign: '*', mailbox: 'INBOX', uid: 4, message: 'UID 4, by its name 3' }],
  ],
  [
    'a damaged line of the uidlist',
    (target) => edit(`${target}/dovecot-uidlist`, '\n3 ', '\nx '),
    [
      { sign: '!', place: expect.stringMatching(/dovecot-uidlist:3$/) as string },
      { sign: '+', uid: 3, message: 'a file of ours that the uidlist does not name' },
      { sign: '-', message: '1 messages that were sealed are missing' },
    ],
  ],
  ['no uidlist', (target) => fs.rmSync(`${target}/dovecot-uidlist`), [{ sign: '!', mailbox: 'INBOX' }]],
  [
    'an extra file of ours',
    (target) => fs.copyFileSync(fileOf(target, 3), fileOf(target, 3).replace('.U3X', '.U4X')),
    [{ sign: '+', mailbox: 'INBOX', uid: 4 }],
  ],
  [
    'an extra message of ours',
    (target) => {
      const name = path.basename(fileOf(target, 7)).replace('.U7X', '.U8X');
      fs.copyFileSync(fileOf(target, 7), `${target}/cur/${name}`);
      const { mtime } = fs.statSync(fileOf(target, 7));
      fs.utimesSync(`${target}/cur/${name}`, mtime, mtime);
      fs.appendFileSync(`${target}/dovecot-uidlist`, `8 :${name.split(':')[0]}\n`);
    },
    [{ sign: '+', mailbox: 'INBOX', message: '1 messages more of ours than were sealed' }],
  ],
  [
    'a second file under one UID',
    (target) => fs.cpSync(fileOf(target, 3), `${fileOf(target, 3)}T`, { preserveTimestamps: true }),
    [{ sign: '+', mailbox: 'INBOX', uid: 3 }],
  ],
  [
    'a missing folder',
    (target) => fs.rmSync(`${target}/.Lists.caf&AOk-`, { recursive: true }),
    [{ sign: '-', mailbox: 'Lists/café', place: expect.stringContaining('/.Lists.caf&AOk-') as string }],
  ],
  [
    'a folder that was not sealed, with mail of ours',
    (target) => fs.cpSync(`${target}/.Sent`, `${target}/.Extra`, { recursive: true }),
    [{ sign: '+', mailbox: 'Extra', place: expect.stringContaining('/.Extra') as string }],
  ],
  [
    'changed subscriptions',
    (target) => fs.appendFileSync(`${target}/subscriptions`, 'Other\n'),
    [{ sign: '*', mailbox: '(subscriptions)' }],
  ],
  [
    'no subscriptions',
    (target) => fs.rmSync(`${target}/subscriptions`),
    [{ sign: '-', mailbox: '(subscriptions)' }],
  ],
];

test.each(damages)('in a copy: %s', async (_name, damage, expected) => {
  const target = restore();
  damage(target);
  const before = snapshot(target, ['ino', 'mtime', 'ctime']);
  const result = await checkSeal({ target }, sealFile);
  const found = differences(asCli(result));
  expect(found).toMatchObject(expected);
  expect(found).toHaveLength(expected.length);
  expect(result.exit).toBe(expected.length === 0 ? 0 : 3);
  expect(snapshot(target, ['ino', 'mtime', 'ctime'])).toEqual(before);
});

test('a copy is checked without source and state, and all of it is equal', async () => {
  const result = await checkSeal({ target: restore() }, sealFile);
  const done = mailboxes(asCli(result));
  expect(Object.keys(done).sort()).toEqual(['Empty', 'Gone', 'INBOX', 'Lists/café', 'Sent']);
  expect(done['INBOX']).toMatchObject({ messages: 3, equal: 3, differences: 0, foreign: 1 });
  expect(done['Sent']).toMatchObject({ messages: 3, equal: 3 });
  expect(done['Gone']).toMatchObject({ messages: 1, equal: 1 });
});

test('mail of others is counted, and is no difference, though UIDNEXT is higher', async () => {
  const target = restore();
  fs.writeFileSync(`${target}/cur/2.x.y:2,S`, 'read');
  fs.appendFileSync(`${target}/dovecot-uidlist`, '12 :2.x.y\n');
  for (const dir of ['cur', 'new', 'tmp']) fs.mkdirSync(`${target}/.New/${dir}`, { recursive: true });
  fs.writeFileSync(`${target}/.New/new/3.x.y`, 'delivered');
  const result = await checkSeal({ target }, sealFile);
  expect(differences(asCli(result))).toEqual([]);
  expect(result.exit).toBe(0);
  const found = remarks(asCli(result));
  expect(found).toMatchObject([
    { severity: 'note', code: 'SEAL_FOREIGN', mailbox: 'INBOX' },
    { severity: 'note', code: 'SEAL_FOREIGN', mailbox: 'New' },
  ]);
  expect(found[0]?.message).toBe(
    '2 messages were not put there by spoolsync; when it was sealed, there were 1',
  );
});

test('the sealed target itself fits; verify names the keyword that has no letter', async () => {
  const result = await verify(run());
  expect(differences(asCli(result))).toEqual([]);
  expect(remarks(asCli(result))).toContainEqual(
    expect.objectContaining({
      code: 'TARGET_KEYWORDS_LOST',
      message: expect.stringMatching(/ kw26$/) as string,
    }),
  );
  expect((await checkSeal({ target: a.target }, sealFile)).exit).toBe(0);
});

async function refused(checking: Promise<TestResult>): Promise<SpoolsyncError> {
  const result = await checking.catch((error: unknown) => error);
  if (result instanceof SpoolsyncError) return result;
  throw new Error(`not refused: ${JSON.stringify(result)}`);
}

test('a seal that is damaged, of a later version, or missing is refused', async () => {
  const target = restore();
  const other = `${a.at}/other.json`;
  const text = fs.readFileSync(sealFile, 'latin1');
  fs.writeFileSync(other, text.replace('"uidNext": 10', '"uidNext": 11'));
  expect((await refused(checkSeal({ target }, other))).code).toBe('SEAL_DAMAGED');
  fs.writeFileSync(other, text.slice(0, text.length / 2));
  expect((await refused(checkSeal({ target }, other))).code).toBe('SEAL_DAMAGED');
  fs.writeFileSync(other, text.replace('"version": 1', '"version": 9'));
  expect((await refused(checkSeal({ target }, other))).code).toBe('SEAL_NEWER');
  fs.rmSync(other);
  expect(await refused(checkSeal({ target }, other))).toMatchObject({ code: 'SEAL_MISSING', exitStatus: 66 });
  expect((await refused(checkSeal({ target }, `${other}/deeper/x`))).code).toBe('SEAL_MISSING');
});

test('users of the seal can be picked, and no others', async () => {
  const target = restore();
  expect((await checkSeal({ target }, sealFile, ['test'])).exit).toBe(0);
  expect(await refused(checkSeal({ target }, sealFile, ['eve']))).toMatchObject({ code: 'USAGE' });
});

test('a copy that is not there is a failure of its account', async () => {
  const result = await checkSeal({ target: `${a.at}/nothing` }, sealFile);
  expect(result.events).toMatchObject([{ event: 'failure', code: 'TARGET_MISSING', user: 'test' }]);
  expect(result.exit).toBe(66);
});
