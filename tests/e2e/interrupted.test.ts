import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  base,
  makeAccount,
  message,
  messageFiles,
  numbered,
  snapshot,
  type TestAccount,
} from '../helpers/account.ts';
import { failures, remarks, start } from '../helpers/cli.ts';

/** A numbered mailbox of `count` messages of `size` bytes. */
function many(count: number, size: number): string {
  const body = `${'x'.repeat(76)}\n`.repeat(Math.ceil(size / 77));
  return Array.from({ length: count }, (_, i) =>
    numbered(i + 1, 'RO', { body, headers: i === 0 ? base(1234, count) : '' }),
  ).join('');
}

async function until(happened: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!happened()) {
    if (Date.now() > end) throw new Error('what was waited for did not happen in 20 s');
    await sleep(5);
  }
}

const staged = (a: TestAccount) =>
  fs.existsSync(`${a.target}/tmp`) ? fs.readdirSync(`${a.target}/tmp`) : [];

test('SIGTERM while a large mailbox is read: 143 within two seconds, nothing in tmp/, and the next run completes', async () => {
  const a = makeAccount(many(6000, 10_000));
  const run = start(a.args('convert'));
  await until(() => staged(a).length > 100);
  const began = Date.now();
  run.child.kill('SIGTERM');
  const result = await run.done;
  expect(Date.now() - began).toBeLessThan(2000);
  expect(result.status).toBe(143);
  expect(failures(result)).toMatchObject([{ code: 'TERMINATED' }]);
  expect(staged(a)).toEqual([]);
  expect(a.convert().status).toBe(0);
  expect(messageFiles(a.target)).toHaveLength(6000);
  expect(a.verify().status).toBe(0);
});

test('SIGTERM while messages are given their names: 143 within two seconds, and the next run completes', async () => {
  const count = 5000;
  const a = makeAccount(many(count, 10));
  const run = start(a.args('convert'));
  const named = () => (fs.existsSync(`${a.target}/cur`) ? fs.readdirSync(`${a.target}/cur`).length : 0);
  await until(() => named() > 0);
  const began = Date.now();
  run.child.kill('SIGTERM');
  const result = await run.done;
  expect(Date.now() - began).toBeLessThan(2000);
  expect(result.status).toBe(143);
  expect(named()).toBeLessThan(count);
  expect(fs.existsSync(`${a.target}/dovecot-uidlist.lock`)).toBe(false);
  expect(staged(a)).toEqual([]);
  expect(a.convert().status).toBe(0);
  expect(messageFiles(a.target)).toHaveLength(count);
  expect(a.verify().status).toBe(0);
});

test('kill -9 at twenty moments: the end is the same as without', async () => {
  const mailbox = many(400, 1000);
  const calm = makeAccount(mailbox, { Sent: mailbox });
  const duration = Date.now();
  expect(calm.convert().status).toBe(0);
  const whole = Date.now() - duration;
  const a = makeAccount(mailbox, { Sent: mailbox });
  let killed = 0;
  for (let i = 0; i < 20; i++) {
    // Every third time from the very beginning, so that the first pass is hit at all its moments.
    if (i % 3 === 0) for (const dir of [a.target, a.state]) fs.rmSync(dir, { recursive: true, force: true });
    const run = start(a.args('convert'));
    await sleep((whole * (i + 1)) / 22);
    run.child.kill('SIGKILL');
    if ((await run.done).status === -1) killed++;
  }
  expect(killed).toBeGreaterThan(10);
  expect(a.convert().status).toBe(0);
  const look = ({ target }: TestAccount) =>
    snapshot(target).map((line) => line.replace(/ G[0-9a-f]{32}/, ''));
  expect(look(a)).toEqual(look(calm));
  expect(a.verify().status).toBe(0);
});

/** A program that does something to a file without end, without a lock; resolves when it has begun. */
async function disturb(code: string, file: string, argument = ''): Promise<ChildProcess> {
  const loop = `const fs = require('fs'); const [file, text] = process.argv.slice(1); ${code}; console.log('begun'); setInterval(() => { ${code} }, 1)`;
  const child = spawn(process.execPath, ['-e', loop, file, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('no pipe');
  await once(child.stdout, 'data');
  return child;
}

test('a spool that keeps growing: taken up to the last complete message, exit 2, completed by the next run', async () => {
  const a = makeAccount(many(800, 2000));
  const child = await disturb('fs.appendFileSync(file, text)', a.inbox, message(1));
  let result: Awaited<ReturnType<typeof start>['done']>;
  try {
    result = await start(a.args('convert')).done;
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(result.status).toBe(2);
  expect(remarks(result).map(({ code }) => code)).toContain('SOURCE_MOVED');
  expect(messageFiles(a.target).length).toBeGreaterThanOrEqual(800);
  const lines = fs.readFileSync(a.inbox, 'latin1').split('\nFrom alice@').length;
  expect(messageFiles(a.target).length).toBeLessThan(lines);
  expect(a.convert().status).toBe(0);
  expect(messageFiles(a.target)).toHaveLength(lines);
  expect(a.verify().status).toBe(0);
});

test('a spool that keeps being rewritten is not taken', async () => {
  const a = makeAccount(message(1), { Busy: many(500, 2000) });
  const child = await disturb(
    "const fd = fs.openSync(file, 'r+'); fs.writeSync(fd, String(Math.random()), 300); fs.closeSync(fd)",
    `${a.mail}/Busy`,
  );
  try {
    const result = await start(a.args('convert')).done;
    expect(result.status).toBe(2);
    expect(failures(result)).toMatchObject([{ code: 'SOURCE_MOVED', mailbox: 'Busy' }]);
    expect(fs.existsSync(`${a.target}/.Busy`)).toBe(false);
    expect(messageFiles(a.target)).toHaveLength(1);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
