import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { expect, test } from 'vitest';
import { makeAccount, message, snapshot } from '../helpers/account.ts';
import { cli, failures, start } from '../helpers/cli.ts';
import { mail, makeMaildir } from '../helpers/maildir-account.ts';

/** Arguments of the same run with other state. */
function withState(args: readonly string[], state: string): string[] {
  return args.map((arg, i) => (args[i - 1] === '--state' ? state : arg));
}

test('a Maildir that another run works on is left alone, whatever state that uses', () => {
  const a = makeAccount(message(1), { Sent: message(2) });
  expect(a.convert().status).toBe(0);
  const lock = `${a.target}/spoolsync.lock`;
  const holder = { pid: process.pid, host: os.hostname(), started: '2026-01-02T03:04:05.000Z' };
  fs.writeFileSync(lock, JSON.stringify(holder));
  // While there is nothing to do, nobody is in the way.
  expect(a.convert().status).toBe(0);
  fs.appendFileSync(a.inbox, message(3));
  const before = snapshot(a.target);
  for (const command of ['convert', 'final'] as const) {
    const run = cli(withState(a.args(command), `${a.at}/other`));
    expect(run.status).toBe(75);
    expect(failures(run)).toMatchObject([
      {
        code: 'STATE_LOCKED',
        place: lock,
        message: expect.stringContaining(`process ${process.pid}`) as string,
      },
    ]);
  }
  expect(snapshot(a.target)).toEqual(before);
  // Of a process that is dead, it is taken over, and gone afterwards.
  fs.writeFileSync(lock, JSON.stringify({ ...holder, pid: spawnSync('true').pid }));
  expect(a.convert().status).toBe(0);
  expect(fs.existsSync(lock)).toBe(false);
});

test('rights alone are a change, too: they wait for the lock', () => {
  const a = makeMaildir({ '.Shared/cur/1.M1P1.host:2,S': mail(1), '.Shared/dovecot-acl': 'user=bob lr\n' });
  expect(a.convert().status).toBe(0);
  const acl = `${a.target}/.Shared/dovecot-acl`;
  const lock = `${a.target}/spoolsync.lock`;
  fs.writeFileSync(lock, JSON.stringify({ pid: process.pid, host: os.hostname(), started: 'x' }));
  fs.writeFileSync(`${a.mail}/.Shared/dovecot-acl`, 'user=bob lrs\n');
  const refused = a.convert();
  expect([refused.status, failures(refused).map(({ code }) => code)]).toEqual([75, ['STATE_LOCKED']]);
  expect(fs.readFileSync(acl, 'latin1')).toBe('user=bob lr\n');
  fs.rmSync(lock);
  expect(a.convert().status).toBe(0);
  expect(fs.readFileSync(acl, 'latin1')).toBe('user=bob lrs\n');
});

test('two runs with different state at the same time: one after the other, or one is refused', async () => {
  const many = Array.from({ length: 400 }, (_, i) => message(i + 1)).join('');
  const a = makeAccount(many, { Sent: many });
  const states = ['one', 'two'].map((name) => `${a.at}/${name}`);
  const runs = states.map((state) => start(withState(a.args('convert'), state)).done);
  const results = await Promise.all(runs);
  for (const run of results) expect([0, 75], run.stdout).toContain(run.status);
  for (const run of results.filter(({ status }) => status === 75))
    expect(failures(run)).toMatchObject([{ code: 'STATE_LOCKED' }]);
  const winner = results.findIndex(({ status }) => status === 0);
  expect(winner).toBeGreaterThanOrEqual(0);
  expect(cli(withState(a.args('verify'), states[winner] ?? '')).status).toBe(0);
  expect(fs.readdirSync(`${a.target}/tmp`)).toEqual([]);
});
