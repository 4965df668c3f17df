import fs from 'node:fs';
import { expect, test, vi } from 'vitest';
import { flushFiles, writeFileAtomic } from '../../../src/io/durable.ts';
import { needsRoot, open, tempDir, thrown } from './support.ts';

function files(count: number) {
  const at = tempDir();
  const names = Array.from({ length: count }, (_, i) => `n${i}`);
  for (const name of names) fs.writeFileSync(`${at}/${name}`, 'x');
  return { at, dir: open(at), names };
}

test('few files are flushed one by one, many with one call', () => {
  const few = files(16);
  expect(flushFiles(few.dir, few.names.length, few.names)).toBe('fsync');
  const many = files(17);
  expect(flushFiles(many.dir, many.names.length, many.names)).toBe('syncfs');
  expect(flushFiles(many.dir, many.names.length + 1, [...many.names, 'gone'])).toBe('syncfs');
  expect(flushFiles(few.dir, 1, ['gone'])).toBe('fsync');
});

test('without a working sync each file is flushed', () => {
  const many = files(17);
  const bin = tempDir();
  try {
    vi.stubEnv('PATH', bin);
    expect(flushFiles(many.dir, many.names.length, many.names)).toBe('fsync');
    // A sync that knows no -f says so with its exit status.
    fs.writeFileSync(`${bin}/sync`, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    expect(flushFiles(many.dir, many.names.length, many.names)).toBe('fsync');
    fs.writeFileSync(`${bin}/sync`, `#!/bin/sh\necho "$1 $(/bin/ls "$2" | /usr/bin/wc -l)" >${bin}/seen\n`);
    expect(flushFiles(many.dir, many.names.length, many.names)).toBe('syncfs');
    expect(fs.readFileSync(`${bin}/seen`, 'latin1')).toBe('-f 17\n');
  } finally {
    vi.unstubAllEnvs();
  }
});

test('an atomic write makes or replaces the file with exact mode, and leaves no other name', () => {
  const at = tempDir();
  const dir = open(at);
  writeFileAtomic(dir, 'f', Buffer.from('one'), { mode: 0o664 });
  fs.writeFileSync(`${at}/f.tmp`, 'left over by a dead run');
  writeFileAtomic(dir, 'f', Buffer.from('two'), { mode: 0o660, temp: 'f.tmp' });
  expect(fs.readFileSync(`${at}/f`, 'latin1')).toBe('two');
  expect(fs.statSync(`${at}/f`).mode & 0o7777).toBe(0o660);
  expect(fs.readdirSync(at)).toEqual(['f']);
});

test('an atomic write flushes the bytes, then renames, then flushes the directory', () => {
  const at = tempDir();
  const dir = open(at);
  const steps: string[] = [];
  const isDir = (fd: number) => fs.fstatSync(fd).isDirectory();
  const fsync = vi.spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
    steps.push(isDir(fd) ? 'flush directory' : `flush ${fs.fstatSync(fd).size} bytes`);
  });
  const rename = vi.spyOn(fs, 'renameSync').mockImplementation(() => {
    steps.push('rename');
  });
  writeFileAtomic(dir, 'f', Buffer.from('bytes'), { mode: 0o600 });
  expect(steps).toEqual(['flush 5 bytes', 'rename', 'flush directory']);
  fsync.mockRestore();
  rename.mockRestore();
});

test('an atomic write follows no link, neither as its temporary name nor as its name', () => {
  const at = tempDir();
  fs.writeFileSync(`${at}/other`, 'other');
  fs.symlinkSync('other', `${at}/f`);
  fs.symlinkSync('other', `${at}/f.tmp`);
  writeFileAtomic(open(at), 'f', Buffer.from('new'), { mode: 0o600 });
  expect(fs.readFileSync(`${at}/other`, 'latin1')).toBe('other');
  expect(fs.lstatSync(`${at}/f`).isFile()).toBe(true);
});

test('a failed atomic write leaves the old file and no temporary one', () => {
  const at = tempDir();
  fs.mkdirSync(`${at}/f`);
  fs.writeFileSync(`${at}/f/x`, '');
  expect(thrown(() => writeFileAtomic(open(at), 'f', Buffer.from('new'), { mode: 0o600 })).code).toBe('IO');
  expect(fs.readdirSync(at)).toEqual(['f']);
});

test('an atomic write gives the file to its owner', () => {
  needsRoot();
  const at = tempDir();
  writeFileAtomic(open(at), 'f', Buffer.from('new'), { mode: 0o600, owner: { uid: 1234, gid: 4321 } });
  expect(fs.statSync(`${at}/f`)).toMatchObject({ uid: 1234, gid: 4321, mode: 0o100600 });
});
