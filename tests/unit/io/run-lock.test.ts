import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { expect, test } from 'vitest';
import { startTicks } from '../../../src/io/process.ts';
import { lockRun } from '../../../src/io/run-lock.ts';
import { open, tempDir, thrown } from './support.ts';

const NOW = new Date('2026-01-02T03:04:05Z');

function state(holder?: unknown) {
  const at = tempDir();
  const file = `${at}/run.lock`;
  if (holder !== undefined)
    fs.writeFileSync(file, typeof holder === 'string' ? holder : JSON.stringify(holder));
  return { at, file, dir: open(at) };
}

test('names pid, host and start, keeps a second run off, and is gone when released', () => {
  const { dir, file, at } = state();
  const lock = lockRun(dir, NOW);
  expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toEqual({
    pid: process.pid,
    host: os.hostname(),
    started: '2026-01-02T03:04:05.000Z',
    ticks: startTicks(process.pid),
  });
  const error = thrown(() => lockRun(dir, NOW));
  expect(error).toMatchObject({ code: 'STATE_LOCKED', place: file, exitStatus: 75 });
  expect(error.message).toContain(`process ${process.pid} on ${os.hostname()}`);
  expect(error.message).toContain('2026-01-02T03:04:05.000Z');
  expect(error.advice).toMatch(new RegExp(`ps -o pid,lstart,args -p ${process.pid}$`));
  lock.release();
  lock.release();
  expect(fs.readdirSync(at)).toEqual([]);
});

test('a dead run\u2019s lock is taken over, also when its pid lives again', () => {
  const dead = { pid: spawnSync('true').pid, host: os.hostname(), started: 'x' };
  const reused = { pid: process.ppid, host: os.hostname(), started: 'x', ticks: 1 };
  for (const holder of [dead, reused]) {
    const { dir, file } = state(holder);
    lockRun(dir, NOW);
    expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid });
  }
});

test('a live run\u2019s lock stands', () => {
  const child = spawn('sleep', ['60']);
  const ticks = startTicks(child.pid ?? 0);
  expect(ticks).toBeGreaterThan(0);
  const { dir } = state({ pid: child.pid, host: os.hostname(), started: 'x', ticks });
  expect(thrown(() => lockRun(dir, NOW)).code).toBe('STATE_LOCKED');
  child.kill();
});

test('another host\u2019s lock stands; the advice ends with the command that removes it', () => {
  // Dead here, which says nothing about there.
  const { pid } = spawnSync('true');
  const { dir, file } = state({ pid, host: 'elsewhere\u001b', started: 'x' });
  const error = thrown(() => lockRun(dir, NOW));
  expect(error.message).toContain(`process ${pid} on elsewhere\\x1b works`);
  expect(error.advice.endsWith(`rm ${file}`)).toBe(true);
});

test.each(['', '{', 'null', '{"pid":"1"}', '{"pid":1,"host":"x"}'])('unreadable lock %j stands', (text) => {
  const { dir, file } = state(text);
  const error = thrown(() => lockRun(dir, NOW));
  expect(error.code).toBe('STATE_LOCKED');
  expect(error.advice.endsWith(`rm ${file}`)).toBe(true);
});

test('paths in commands are quoted', () => {
  const at = `${tempDir()}/it's here`;
  fs.mkdirSync(at);
  fs.writeFileSync(`${at}/run.lock`, '');
  const { advice } = thrown(() => lockRun(open(at), NOW));
  const command = advice.slice(advice.indexOf('rm '));
  spawnSync('sh', ['-c', command]);
  expect(fs.readdirSync(at)).toEqual([]);
});
