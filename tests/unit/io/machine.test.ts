import fs from 'node:fs';
import { expect, test } from 'vitest';
import { cores, isOnTurningDisk } from '../../../src/io/machine.ts';
import { tempDir } from './support.ts';

test('what the kernel says of a disk is found for a path that is there, and for one that is not yet', () => {
  expect(cores()).toBeGreaterThan(0);
  const at = tempDir();
  expect(isOnTurningDisk(`${at}/not/yet`)).toBe(isOnTurningDisk(at));
  // What has no disk, such as /proc, turns nothing.
  expect(isOnTurningDisk('/proc/self')).toBe(false);
});

test('a disk that the kernel calls rotational is one', () => {
  const { dev } = fs.statSync('/');
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const files = ['queue', '../queue'].map((queue) => `/sys/dev/block/${major}:${minor}/${queue}/rotational`);
  const said = files.flatMap((file) => (fs.existsSync(file) ? [fs.readFileSync(file, 'latin1').trim()] : []));
  expect(isOnTurningDisk('/')).toBe(said.includes('1'));
});
