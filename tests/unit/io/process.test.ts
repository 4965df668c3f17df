import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isAlive, sleep, startTicks } from '../../../src/io/process.ts';

test('tells living processes from dead ones', () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(1)).toBe(true);
  expect(isAlive(spawnSync('true').pid)).toBe(false);
});

test('tells when a process began, whatever its name', async () => {
  const began = startTicks(process.pid);
  expect(began).toBeGreaterThan(0);
  // Its name, as /proc shows it, holds spaces and parentheses.
  const child = spawn(process.execPath, [
    '-e',
    "process.title='a) 1 (b';console.log();setTimeout(()=>{},60000)",
  ]);
  await once(child.stdout, 'data');
  const ticks = startTicks(child.pid ?? 0);
  expect(ticks).toBeGreaterThan(began ?? 0);
  child.kill();
  expect(startTicks(spawnSync('true').pid)).toBeUndefined();
});

test('sleeps', () => {
  const began = performance.now();
  sleep(60);
  expect(performance.now() - began).toBeGreaterThan(50);
});
