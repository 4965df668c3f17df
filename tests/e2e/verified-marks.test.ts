import fs from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { Dir } from '../../src/io/dir.ts';
import { manifestName } from '../../src/state/state-dir.ts';
import { openVerified } from '../../src/state/verified.ts';
import { base, fileOf, makeAccount, message, numbered, type TestAccount } from '../helpers/account.ts';
import { convert, verify } from '../helpers/convert.ts';

const INBOX = numbered(1, 'RO', { headers: base(1234, 9) }) + numbered(3) + numbered(7, 'RO');

let a: TestAccount;
const run = () => ({ root: a.mail, inbox: a.inbox, target: a.target, state: a.state });

beforeEach(async () => {
  a = makeAccount(INBOX, { Sent: message(1) });
  expect((await convert(run())).exit).toBe(0);
});

/** UIDs of a folder that are marked as verified; `undefined` without a mark. */
function marked(folder: string): number[] | undefined {
  const state = Dir.openRoot(`${a.state}/test/mailboxes`, 'target');
  if (state === undefined) throw new Error('there is no state');
  const mark = openVerified(state, manifestName(folder));
  const uids = mark && [...mark.records()].map(({ uid }) => uid);
  mark?.close();
  state.close();
  return uids;
}

test('verify marks what it finds equal, and the mark outlives the next pass', async () => {
  expect(marked('')).toBeUndefined();
  expect((await verify(run())).exit).toBe(0);
  expect([marked(''), marked('.Sent')]).toEqual([[1, 3, 7], [1]]);
  fs.appendFileSync(a.inbox, message(12));
  expect((await convert(run())).exit).toBe(0);
  expect(marked('')).toEqual([1, 3, 7]);
  expect((await verify(run())).exit).toBe(0);
  expect(marked('')).toEqual([1, 3, 7, 10]);
});

test('a mailbox with a difference gets no mark', async () => {
  fs.utimesSync(fileOf(a.target, 3), 5, 5);
  expect((await verify(run())).exit).toBe(3);
  expect([marked(''), marked('.Sent')]).toEqual([undefined, [1]]);
});

test('a spool that is not the one the manifest describes gives no mark, though the mail in it is equal', async () => {
  fs.writeFileSync(a.inbox, INBOX);
  fs.utimesSync(a.inbox, 1e9, 1e9);
  expect((await verify(run())).exit).toBe(0);
  expect([marked(''), marked('.Sent')]).toEqual([undefined, [1]]);
});

test('without a state, or where nothing can be written to it, verify does its work all the same', async () => {
  for (const name of ['.INBOX.verifying', '.%2eSent.verifying'])
    fs.mkdirSync(`${a.state}/test/mailboxes/${name}`);
  expect((await verify(run())).exit).toBe(0);
  expect(marked('')).toBeUndefined();
  fs.rmSync(a.state, { recursive: true });
  expect((await verify(run())).events.filter(({ event }) => event === 'failure')).toEqual([]);
  expect(fs.existsSync(a.state)).toBe(false);
});
