import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
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

const INBOX = numbered(1, 'RO', { headers: base(1234, 9) }) + numbered(3) + numbered(7, 'RO');
let a: TestAccount;
let clean: string;

beforeAll(() => {
  a = makeAccount(INBOX, { Sent: message(1) + message(2), '.subscriptions': 'Sent\n' });
  expect(a.convert().status).toBe(0);
  clean = `${a.at}/clean`;
  fs.cpSync(a.target, clean, { recursive: true, preserveTimestamps: true });
});

/** Replaces one text in a file, keeping its time. */
function edit(file: string, from: string, to: string): void {
  const { atime, mtime } = fs.statSync(file);
  const text = fs.readFileSync(file, 'latin1');
  if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
  fs.writeFileSync(file, text.replace(from, to), 'latin1');
  fs.utimesSync(file, atime, mtime);
}

const uidlist = () => `${a.target}/dovecot-uidlist`;
const damages: [string, () => void, object[]][] = [
  ['nothing', () => undefined, []],
  [
    'one flipped bit',
    () => edit(fileOf(a.target, 3), 'text 3', 'text 2'),
    [
      {
        sign: '*',
        mailbox: 'INBOX',
        uid: 3,
        place: expect.stringContaining('.U3X') as string,
        message: 'other bytes of the same length',
      },
    ],
  ],
  ['a missing file', () => fs.rmSync(fileOf(a.target, 3)), [{ sign: '-', mailbox: 'INBOX', uid: 3 }]],
  [
    'a changed flag',
    () => fs.renameSync(fileOf(a.target, 3), `${fileOf(a.target, 3)}F`),
    [{ sign: '*', mailbox: 'INBOX', uid: 3, message: 'flags (\\flagged), source ()' }],
  ],
  [
    'a changed time',
    () => fs.utimesSync(fileOf(a.target, 3), 5, 5),
    [
      {
        sign: '*',
        mailbox: 'INBOX',
        uid: 3,
        message: expect.stringContaining('INTERNALDATE 1970-01-01T00:00:05Z') as string,
      },
    ],
  ],
  [
    'a wrong UIDVALIDITY',
    () => edit(uidlist(), 'V1234', 'V1235'),
    [{ sign: '*', mailbox: 'INBOX', message: 'UIDVALIDITY 1235, source 1234' }],
  ],
  [
    'a wrong UIDNEXT',
    () => edit(uidlist(), 'N10', 'N11'),
    [{ sign: '*', mailbox: 'INBOX', message: 'UIDNEXT 11, source 10' }],
  ],
  [
    'an extra file under a name of ours',
    () => fs.copyFileSync(fileOf(a.target, 3), fileOf(a.target, 3).replace('.U3X', '.U4X')),
    [{ sign: '+', mailbox: 'INBOX', place: expect.stringContaining('.U4X') as string }],
  ],
  [
    'an extra folder with mail of ours',
    () => {
      for (const dir of ['cur', 'new', 'tmp']) fs.mkdirSync(`${a.target}/.Extra/${dir}`, { recursive: true });
      const file = fileOf(a.target, 3);
      fs.copyFileSync(file, `${a.target}/.Extra/cur/${path.basename(file)}`);
    },
    [{ sign: '+', mailbox: 'Extra', place: expect.stringContaining('/.Extra') as string }],
  ],
  [
    'a missing folder',
    () => fs.rmSync(`${a.target}/.Sent`, { recursive: true }),
    [{ sign: '-', mailbox: 'Sent' }],
  ],
  ['no uidlist', () => fs.rmSync(uidlist()), [{ sign: '!', mailbox: 'INBOX' }]],
  [
    'changed subscriptions',
    () => fs.appendFileSync(`${a.target}/subscriptions`, 'Other\n'),
    [{ sign: '*', mailbox: '(subscriptions)' }],
  ],
  [
    'no subscriptions',
    () => fs.rmSync(`${a.target}/subscriptions`),
    [{ sign: '-', mailbox: '(subscriptions)' }],
  ],
  [
    // Three things are wrong then: the line, the message that has lost its UID, and the file that nothing names.
    'a damaged uidlist line',
    () => edit(uidlist(), '\n3 ', '\nx '),
    [
      { sign: '!', mailbox: 'INBOX', place: expect.stringMatching(/dovecot-uidlist:3$/) as string },
      { sign: '-', mailbox: 'INBOX', uid: 3 },
      { sign: '+', mailbox: 'INBOX', place: expect.stringContaining('.U3X') as string },
    ],
  ],
];

test.each(damages)('in the target: %s', (_name, damage, expected) => {
  fs.rmSync(a.target, { recursive: true });
  fs.cpSync(clean, a.target, { recursive: true, preserveTimestamps: true });
  damage();
  const before = snapshot(a.target, ['ino', 'mtime', 'ctime']);
  const run = a.verify();
  expect(differences(run)).toMatchObject(expected);
  expect(differences(run)).toHaveLength(expected.length);
  expect(run.status).toBe(expected.length === 0 ? 0 : 3);
  expect(snapshot(a.target, ['ino', 'mtime', 'ctime'])).toEqual(before);
});

test('mail of others in the target is counted, and is no difference', () => {
  fs.rmSync(a.target, { recursive: true });
  fs.cpSync(clean, a.target, { recursive: true, preserveTimestamps: true });
  fs.writeFileSync(`${a.target}/new/1.x.y`, 'delivered');
  fs.writeFileSync(`${a.target}/cur/2.x.y:2,S`, 'read');
  fs.appendFileSync(uidlist(), '12 :2.x.y\n');
  for (const dir of ['cur', 'new', 'tmp']) fs.mkdirSync(`${a.target}/.Extra/${dir}`, { recursive: true });
  fs.writeFileSync(`${a.target}/.Extra/new/1.x.y`, 'filed');
  const run = a.verify();
  expect(differences(run)).toEqual([]);
  expect(run.status).toBe(0);
  expect(mailboxes(run)).toMatchObject({ INBOX: { foreign: 2 }, Sent: { foreign: 0 } });
  expect(remarks(run)).toMatchObject([
    {
      severity: 'note',
      code: 'TARGET_FOREIGN_MAIL',
      mailbox: 'INBOX',
      message: expect.stringContaining('2 ') as string,
    },
    { severity: 'note', code: 'TARGET_FOREIGN_MAIL', mailbox: 'Extra' },
  ]);
});

const changes: [string, () => void, object[]][] = [
  ['a byte', () => edit(a.inbox, 'text 3', 'text 4'), [{ sign: '*', mailbox: 'INBOX', uid: 3 }]],
  [
    'a flag',
    () => edit(a.inbox, 'Status: O\n', 'Status: RO\n'),
    [{ sign: '*', uid: 3, message: 'flags (), source (\\seen)' }],
  ],
  [
    'a new message',
    () => fs.appendFileSync(a.inbox, message(9)),
    [
      { sign: '-', uid: 10 },
      { sign: '*', message: 'UIDNEXT 10, source 11' },
    ],
  ],
  ['an expunged message', () => edit(a.inbox, numbered(3), ''), [{ sign: '+', uid: 3 }]],
  ['no INBOX', () => fs.rmSync(a.inbox), [{ sign: '+', mailbox: 'INBOX' }]],
];

test.each(changes)('in the source: %s', (_name, change, expected) => {
  fs.rmSync(a.target, { recursive: true });
  fs.cpSync(clean, a.target, { recursive: true, preserveTimestamps: true });
  fs.writeFileSync(a.inbox, INBOX);
  change();
  const run = a.verify();
  const found = differences(run);
  for (const one of expected) expect(found).toContainEqual(expect.objectContaining(one));
  expect(
    found
      .map(({ sign, uid, message: text }) => `${sign} ${uid} ${text}`)
      .filter((line) => !line.includes('name that')),
  ).toHaveLength(expected.length);
  expect(run.status).toBe(3);
});
