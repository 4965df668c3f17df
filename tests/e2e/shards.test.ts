import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeAccount, message, snapshot } from '../helpers/account.ts';
import { cli, failures, type Result } from '../helpers/cli.ts';

/** Accounts with mbox and with Maildir, side by side in one directory of homes. */
function makeServer() {
  const { at } = makeAccount(undefined);
  const users = Array.from({ length: 9 }, (_, i) => `user${i}`);
  for (const [i, user] of users.entries()) {
    const home = path.join(at, 'old', user);
    fs.mkdirSync(home, { recursive: true });
    const headers = (n: number) => `${n === 1 ? 'X-IMAPbase: 1000 3\n' : ''}X-UID: ${n}\nStatus: RO\n`;
    const mail = [1, 2, 3].map((n) => message(n, { headers: headers(n), body: `for ${i}\n` }));
    fs.writeFileSync(path.join(home, 'inbox'), mail.join(''));
  }
  const args = (command: string, state: string, ...more: string[]) => [
    ...[command, '--from', `mbox:${at}/old/%u`, '--to', `maildir:${at}/new/%u`, '--state', `${at}/${state}`],
    ...['--json', ...more],
  ];
  return { at, users, args };
}

function accounts({ events }: Result): string[] {
  return events.flatMap((event) => (event.event === 'account' ? [event.user] : []));
}

test('three shards come to what one run comes to, and status tells of all', () => {
  const { at, users, args } = makeServer();
  expect(cli(args('convert', 'state')).status).toBe(0);
  const whole = snapshot(`${at}/new`);
  fs.rmSync(`${at}/new`, { recursive: true });
  const shards = ['1/3', '2/3', '3/3'];
  const states = shards.map((_, i) => `state${i + 1}`);
  const each = (command: string, ...more: string[]) =>
    shards.map((shard, i) => cli(args(command, states[i] ?? '', '--shard', shard, ...more)));
  const runs = each('convert');
  expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
  expect(runs.flatMap(accounts).sort()).toEqual(users);
  expect(snapshot(`${at}/new`)).toEqual(whole);
  // The same accounts again, and nothing to do for any of them.
  for (const [i, run] of each('convert').entries())
    expect(accounts(run).sort()).toEqual(accounts(runs[i] as Result).sort());
  each('verify');
  const status = cli(['status', '--json', ...states.flatMap((state) => ['--state', `${at}/${state}`])]);
  expect([status.status, failures(status)]).toEqual([0, []]);
  expect(accounts(status).sort()).toEqual(users);
  expect(status.events.at(0)).toMatchObject({ event: 'begin', command: 'status', accounts: 9 });
  expect(status.events.at(-2)).toMatchObject({ event: 'forecast' });
  // Each shard has a seal of its own.
  const finals = each('final', '--force-quiet');
  const seals = finals.flatMap(({ events }) =>
    events.flatMap((event) => (event.event === 'seal' ? [event.path] : [])),
  );
  expect(seals.map((file) => file.slice(file.lastIndexOf('-')))).toEqual([
    '-1of3.json',
    '-2of3.json',
    '-3of3.json',
  ]);
  for (const seal of seals) expect(cli(['verify', '--seal', seal, '--json']).status).toBe(0);
});

test.each(['0/3', '4/3', '3', '1/0', 'a/b', '-1/3'])('a share that is none is refused: %s', (shard) => {
  const { args } = makeServer();
  const run = cli(args('convert', 'state', '--shard', shard));
  expect(run.status).toBe(64);
  expect(run.stderr).toContain('such as 2/3');
});
