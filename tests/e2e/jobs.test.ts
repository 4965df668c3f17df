import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { AccountEvent, MailboxEvent } from '../../src/core/events.ts';
import { makeAccount, message, snapshot } from '../helpers/account.ts';
import { cli, differences, failures, start } from '../helpers/cli.ts';

/** Accounts of one server, each with an INBOX and another mailbox. */
function makeServer(accounts: number, messages: number) {
  const { at } = makeAccount(undefined);
  const many = (user: number) =>
    Array.from({ length: messages }, (_, i) => {
      // Numbered by the old server: else UIDVALIDITY would be the time of the pass.
      const headers = `${i === 0 ? `X-IMAPbase: 1000 ${messages}\n` : ''}X-UID: ${i + 1}\nStatus: RO\n`;
      return message(i + 1, { headers, body: `for ${user}\n`.repeat(20) });
    }).join('');
  const users = Array.from({ length: accounts }, (_, i) => `user${i}`);
  for (const [i, user] of users.entries()) {
    fs.mkdirSync(path.join(at, 'old', user), { recursive: true });
    for (const box of ['inbox', 'Sent']) fs.writeFileSync(path.join(at, 'old', user, box), many(i));
  }
  const places = ['--from', `mbox:${at}/old/%u`, '--to', `maildir:${at}/new/%u`, '--state', `${at}/state`];
  const args = (command: string, ...more: string[]) => [command, ...places, '--json', ...more];
  return { at, users, args };
}

test('accounts side by side come to what accounts one after the other come to', () => {
  const { at, users, args } = makeServer(5, 30);
  const outcome = (jobs: string) => {
    fs.rmSync(`${at}/new`, { recursive: true, force: true });
    fs.rmSync(`${at}/state`, { recursive: true, force: true });
    const run = cli(args('convert', '--jobs', jobs));
    expect([run.status, failures(run)]).toEqual([0, []]);
    const of = (user: string) =>
      run.events.filter(
        (event): event is MailboxEvent | AccountEvent => 'user' in event && event.user === user,
      );
    // Each account tells its own story in order, whatever others say in between.
    return { told: users.map(of), files: snapshot(`${at}/new`) };
  };
  const [one, three] = [outcome('1'), outcome('3')];
  expect(three).toEqual(one);
  expect(three.told.map((events) => events.map(({ event }) => event))).toEqual(
    users.map(() => ['account', 'rules', 'mailbox', 'rules', 'mailbox']),
  );
  expect(differences(cli(args('verify', '--jobs', '3')))).toEqual([]);
});

test('one account’s failure does not stop the others, and one seal holds all', () => {
  const { at, users, args } = makeServer(4, 3);
  // A link where a Maildir should be made is refused.
  fs.mkdirSync(`${at}/new`);
  fs.symlinkSync('/nowhere', `${at}/new/user1`);
  const run = cli(args('convert', '--jobs', '2'));
  expect(failures(run).map(({ user, code }) => [user, code])).toEqual([['user1', 'TARGET_UNSAFE']]);
  expect(run.status).toBe(73);
  expect(fs.readdirSync(`${at}/new`).sort()).toEqual(users);
  fs.rmSync(`${at}/new/user1`);
  const seal = `${at}/seal.json`;
  const final = cli(args('final', '--jobs', '2', '--force-quiet', '--seal', seal));
  expect(failures(final)).toEqual([]);
  const { accounts } = JSON.parse(fs.readFileSync(seal, 'utf8')) as { accounts: { user: string }[] };
  expect(accounts.map(({ user }) => user)).toEqual(users);
  expect(cli(['verify', '--seal', seal, '--to', `maildir:${at}/new/%u`, '--json']).status).toBe(0);
});

test('a signal stops all accounts that are worked on, and the same command goes on', async () => {
  const { at, args } = makeServer(4, 4000);
  const run = start(args('convert', '--jobs', '2'));
  await expect
    .poll(() => fs.existsSync(`${at}/new/user0/tmp`) && fs.existsSync(`${at}/new/user1/tmp`), {
      timeout: 20_000,
      interval: 5,
    })
    .toBe(true);
  run.child.kill('SIGTERM');
  const { status } = await run.done;
  expect(status).toBe(143);
  for (const user of fs.readdirSync(`${at}/new`)) {
    const root = `${at}/new/${user}`;
    expect(fs.readdirSync(`${root}/tmp`), user).toEqual([]);
    expect(fs.existsSync(`${root}/spoolsync.lock`)).toBe(false);
  }
  expect(cli(args('convert', '--jobs', '2')).status).toBe(0);
  expect(cli(args('verify', '--jobs', '2')).status).toBe(0);
});
