import fs from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { checkWritable, fileSystemOf, holdsColon } from '../../../src/io/file-system.ts';
import { missingTools } from '../../../src/io/tools.ts';
import { open, tempDir, thrown } from './support.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** What the file system of a directory is taken for if statfs(2) answers so. */
function taken(answer: Partial<fs.StatsFs>) {
  const usual = { type: 0xef53, bsize: 4096, blocks: 100, bfree: 50, bavail: 40, files: 30, ffree: 20 };
  vi.spyOn(fs, 'statfsSync').mockReturnValue({ ...usual, ...answer });
  const dir = open(tempDir());
  const found = fileSystemOf(dir);
  dir.close();
  return found;
}

test('space without what is kept back, blocks, inodes', () => {
  expect(taken({})).toMatchObject({ free: 40 * 4096, block: 4096, freeFiles: 20, refusesColon: false });
  const large = { blocks: 1e7, bavail: 1e6, files: 1e6, ffree: 1e5 };
  expect(taken(large).ample).toBe(true);
  expect(taken({ ...large, files: 0, ffree: 0 }).ample).toBe(true);
  for (const less of [{ bavail: 999_999 }, { ffree: 99_999 }, { blocks: 1e5, bavail: 1e5 }])
    expect(taken({ ...large, ...less }).ample).toBe(false);
  expect(taken({ files: 0, ffree: 0 }).freeFiles).toBeUndefined();
  expect(taken({ files: 30, ffree: 0 }).freeFiles).toBe(0);
  // The unit of free blocks is not always that of files: ZFS, NFS.
  expect(taken({ bsize: 1 << 20 })).toMatchObject({ free: 40 * (1 << 20), block: 4096 });
  expect(taken({ bsize: 512 }).block).toBe(512);
});

test.each([0x4d44, 0x2011bab0])('FAT and exFAT take no colon (type %i)', (type) => {
  expect(taken({ type }).refusesColon).toBe(true);
});

test('the real file system of a directory', () => {
  const dir = open(tempDir());
  const { dev, free, block } = fileSystemOf(dir);
  dir.close();
  expect(dev).toBe(fs.statSync(dir.path, { bigint: true }).dev);
  expect(free).toBeGreaterThan(0);
  expect(block).toBeGreaterThan(0);
});

test('a colon is tried, and nothing is left of it', () => {
  const at = tempDir();
  const dir = open(at);
  expect(holdsColon(dir)).toBe(true);
  expect(fs.readdirSync(at)).toEqual([]);
  // Of a run that was killed between the two.
  fs.writeFileSync(`${at}/.spoolsync-preflight:2,S`, '');
  expect(holdsColon(dir)).toBe(true);
  expect(fs.readdirSync(at)).toEqual([]);
  const { openSync } = fs;
  vi.spyOn(fs, 'openSync').mockImplementation((path, ...rest) => {
    if (String(path).endsWith(':2,S')) throw Object.assign(new Error('EINVAL'), { code: 'EINVAL' });
    return openSync(path, ...rest);
  });
  expect(holdsColon(dir)).toBe(false);
  dir.close();
});

test.each([
  ['EACCES', 'PERMISSION'],
  ['EROFS', 'CANNOT_CREATE'],
])('a directory that may not be written: %s is %s', (errno, code) => {
  const dir = open(tempDir());
  checkWritable(dir);
  vi.spyOn(fs, 'accessSync').mockImplementation(() => {
    throw Object.assign(new Error(errno), { code: errno });
  });
  expect(thrown(() => checkWritable(dir))).toMatchObject({ code, place: dir.path });
  dir.close();
});

test('tools that are not there', () => {
  const before = missingTools().map(({ name }) => name);
  expect(before).not.toContain('getent');
  vi.stubEnv('PATH', `relative:${tempDir()}`);
  const names = missingTools().map(({ name }) => name);
  expect(names.filter((name) => name !== 'fs-native-extensions')).toEqual(['getent', 'sync']);
});
