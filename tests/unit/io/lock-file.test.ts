import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { expect, test } from 'vitest';
import { createLockFile, swept } from '../../../src/io/lock-file.ts';
import { open, tempDir, thrown } from './support.ts';

const TEXT = Buffer.from('1:host');
/** The pid of a process that has ended. */
const dead = () => spawnSync('true').pid;

test('makes a lock with its text, and nothing beside it', () => {
  const at = tempDir();
  const stat = createLockFile(open(at), 'x.lock', TEXT);
  expect(fs.readdirSync(at)).toEqual(['x.lock']);
  expect(fs.readFileSync(`${at}/x.lock`, 'utf8')).toBe('1:host');
  const real = fs.statSync(`${at}/x.lock`);
  expect([real.mode & 0o777, real.nlink, real.ino]).toEqual([0o600, 1, Number(stat?.ino)]);
});

test('a lock that is there stays as it is', () => {
  const at = tempDir();
  fs.writeFileSync(`${at}/x.lock`, 'theirs');
  expect(createLockFile(open(at), 'x.lock', TEXT)).toBeUndefined();
  expect(fs.readdirSync(at)).toEqual(['x.lock']);
  expect(fs.readFileSync(`${at}/x.lock`, 'utf8')).toBe('theirs');
});

test('what dead processes of this host left goes; nothing else does', () => {
  const at = tempDir();
  const host = os.hostname();
  const stay = [
    `x.lock.${process.pid}.${host}`,
    `x.lock.${dead()}.elsewhere`,
    'x.lock',
    `x.lock.a.${host}`,
    'y',
  ];
  for (const name of [...stay, `x.lock.${dead()}.${host}`, `x.lock.${dead()}.${host}`])
    fs.writeFileSync(`${at}/${name}`, '');
  const lock = { release: () => undefined };
  expect(swept(open(at), 'x.lock', lock)).toBe(lock);
  expect(fs.readdirSync(at).sort()).toEqual([...stay].sort());
});

test('a lock whose surroundings cannot be swept is released', () => {
  const at = tempDir();
  const dir = open(at);
  fs.mkdirSync(`${at}/x.lock.${dead()}.${os.hostname()}`);
  let released = 0;
  thrown(() => swept(dir, 'x.lock', { release: () => released++ }));
  expect(released).toBe(1);
});
