import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { expect, test, vi } from 'vitest';
import { Dir } from '../../../src/io/dir.ts';
import { needsRoot, open, tempDir, thrown } from './support.ts';

function names(dir: Dir): string[] {
  return [...dir.entries()].sort();
}

test('opens a root, its directories and files, and tells missing ones apart', () => {
  const at = tempDir();
  fs.mkdirSync(`${at}/a/b`, { recursive: true });
  fs.writeFileSync(`${at}/a/b/f`, 'hello');
  const root = open(`${at}//./a/`);
  expect(root.path).toBe(`${at}/a`);
  const b = root.openDir('b');
  const file = b?.openFile('f');
  expect(file?.readAll(100).toString()).toBe('hello');
  expect(file?.stat).toMatchObject({ kind: 'file', size: 5, nlink: 1, mode: 0o644 });
  expect(file?.path).toBe(`${at}/a/b/f`);
  expect(root.openDir('none')).toBeUndefined();
  expect(root.openFile('none')).toBeUndefined();
  expect(root.lstat('none')).toBeUndefined();
  expect(Dir.openRoot(`${at}/none/deeper`, 'source')).toBeUndefined();
  expect(open(`${at}/a/b/..`).stat.ino).toBe(root.stat.ino);
});

test('refuses names that are no names', () => {
  const root = open(tempDir());
  for (const name of ['', '.', '..', 'a/b', '/', 'a\0']) {
    expect(thrown(() => root.openFile(name)).code).toBe('INTERNAL');
    expect(thrown(() => root.openDir(name)).code).toBe('INTERNAL');
    expect(thrown(() => root.unlink(name)).code).toBe('INTERNAL');
  }
});

test.each(['dir', 'file', 'nothing'])('a link to a %s is not followed, wherever it stands', (to) => {
  const at = tempDir();
  fs.mkdirSync(`${at}/real/dir/sub`, { recursive: true });
  fs.writeFileSync(`${at}/real/file`, 'secret');
  fs.mkdirSync(`${at}/home`);
  // Group-writable, so not even root's links count.
  fs.chmodSync(`${at}/home`, 0o775);
  fs.symlinkSync(`../real/${to}`, `${at}/home/link`);
  const root = open(`${at}/home`, 'source');
  expect(thrown(() => root.openFile('link'))).toMatchObject({
    code: 'SOURCE_UNSAFE',
    place: `${at}/home/link`,
  });
  expect(thrown(() => root.openDir('link')).message).toContain('is a symbolic link, which is not followed');
  expect(thrown(() => Dir.openRoot(`${at}/home/link`, 'source')).code).toBe('SOURCE_UNSAFE');
  expect(thrown(() => Dir.openRoot(`${at}/home/link/sub`, 'target')).code).toBe('TARGET_UNSAFE');
  expect(root.lstat('link')?.kind).toBe('link');
});

test('root\u2019s own link in root\u2019s own directory is followed on the way to a root, others are not', () => {
  needsRoot();
  const at = tempDir();
  fs.chmodSync(at, 0o755);
  fs.mkdirSync(`${at}/spool/mail/x`, { recursive: true });
  fs.symlinkSync('spool/mail', `${at}/relative`);
  fs.symlinkSync(`${at}/spool/../spool/mail`, `${at}/absolute`);
  fs.symlinkSync('loop', `${at}/loop`);
  fs.symlinkSync('spool', `${at}/users`);
  fs.lchownSync(`${at}/users`, 1234, 1234);
  expect(open(`${at}/relative/x`).path).toBe(`${at}/spool/mail/x`);
  expect(open(`${at}/absolute/x`).path).toBe(`${at}/spool/mail/x`);
  expect(thrown(() => Dir.openRoot(`${at}/loop`, 'source')).message).toContain('too many symbolic links');
  expect(thrown(() => Dir.openRoot(`${at}/users`, 'source')).code).toBe('SOURCE_UNSAFE');
  for (const mode of [0o775, 0o757, 0o1777]) {
    fs.chmodSync(at, mode);
    expect(thrown(() => Dir.openRoot(`${at}/relative`, 'source')).code).toBe('SOURCE_UNSAFE');
  }
  fs.chmodSync(at, 0o755);
  fs.chownSync(at, 1234, 1234);
  expect(thrown(() => Dir.openRoot(`${at}/relative`, 'source')).code).toBe('SOURCE_UNSAFE');
});

test('a FIFO or socket is refused without waiting for its other end', async () => {
  const at = tempDir();
  execFileSync('mkfifo', [`${at}/fifo`]);
  const { createServer } = await import('node:net');
  const server = createServer().listen(`${at}/socket`);
  await once(server, 'listening');
  const root = open(at, 'source');
  expect(thrown(() => root.openFile('fifo')).message).toContain('is a FIFO');
  expect(thrown(() => root.openDir('fifo')).message).toContain('is a FIFO');
  expect(thrown(() => root.openFile('socket')).message).toContain('is a socket');
  expect(thrown(() => Dir.openRoot(`${at}/fifo/x`, 'source')).code).toBe('SOURCE_UNSAFE');
  server.close();
});

test('a FIFO is not even opened: a writer waiting for a reader goes on waiting', async () => {
  const at = tempDir();
  execFileSync('mkfifo', [`${at}/fifo`]);
  const writer = spawn('sh', ['-c', `echo x > '${at}/fifo'; echo woken`]);
  let said = '';
  writer.stdout.on('data', (data) => (said += data));
  await new Promise((done) => setTimeout(done, 200));
  thrown(() => open(at, 'source').openFile('fifo'));
  await new Promise((done) => setTimeout(done, 200));
  expect(said).toBe('');
  writer.kill();
});

test('a device is refused', () => {
  needsRoot();
  const at = tempDir();
  execFileSync('mknod', [`${at}/zero`, 'c', '1', '5']);
  execFileSync('mknod', [`${at}/block`, 'b', '7', '200']);
  const root = open(at, 'source');
  expect(thrown(() => root.openFile('zero')).message).toContain('is a device');
  expect(thrown(() => root.openFile('block')).message).toContain('is a device');
});

test('a directory where a file is expected, and the other way round', () => {
  const at = tempDir();
  fs.mkdirSync(`${at}/d`);
  fs.writeFileSync(`${at}/f`, '');
  const root = open(at, 'source');
  expect(thrown(() => root.openFile('d')).message).toContain('is a directory, not a file');
  expect(thrown(() => root.openDir('f')).message).toContain('is a file, not a directory');
});

test('swapping a directory for a link meanwhile leads nowhere else', () => {
  const at = tempDir();
  fs.mkdirSync(`${at}/mine`);
  fs.mkdirSync(`${at}/other`);
  fs.writeFileSync(`${at}/mine/f`, 'mine');
  fs.writeFileSync(`${at}/other/f`, 'other');
  const dir = open(`${at}/mine`);
  fs.renameSync(`${at}/mine`, `${at}/away`);
  fs.symlinkSync('other', `${at}/mine`);
  expect(dir.openFile('f')?.readAll(10).toString()).toBe('mine');
  dir.createFile('new', 0o600).close();
  dir.rename('new', dir, 'new2');
  expect(fs.readdirSync(`${at}/away`).sort()).toEqual(['f', 'new2']);
  expect(fs.readdirSync(`${at}/other`)).toEqual(['f']);
});

test('a name that alternates between file and link is read as the file or refused, never as the link\u2019s target', async () => {
  const at = tempDir();
  fs.mkdirSync(`${at}/d`);
  fs.writeFileSync(`${at}/secret`, 'secret');
  fs.writeFileSync(`${at}/d/own`, 'own');
  const script = `const fs=require('fs');process.chdir(${JSON.stringify(`${at}/d`)});console.log('on');
    for(;;){fs.linkSync('own','t1');fs.renameSync('t1','box');fs.symlinkSync('../secret','t2');fs.renameSync('t2','box');
    try{fs.unlinkSync('t1')}catch{}}`;
  const swapper = spawn(process.execPath, ['-e', script]);
  await once(swapper.stdout, 'data');
  const dir = open(`${at}/d`, 'source');
  const seen = { own: 0, refused: 0 };
  const end = Date.now() + 10_000;
  while ((seen.own < 200 || seen.refused < 200) && Date.now() < end) {
    try {
      const file = dir.openFile('box');
      if (file === undefined) continue;
      expect(file.readAll(10).toString()).toBe('own');
      file.close();
      seen.own++;
    } catch (error) {
      expect(error).toMatchObject({ code: 'SOURCE_UNSAFE' });
      seen.refused++;
    }
  }
  swapper.kill();
  expect(seen.own).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
});

test('names are bytes: UTF-8, no UTF-8, control characters', () => {
  const at = tempDir();
  const dir = open(at);
  const odd = [
    'caf\u00c3\u00a9',
    'latin1-\u00e9',
    'new\nline',
    'esc\u001b[2J',
    'back\\slash',
    ' ',
    '\u00ff\u0080',
  ];
  for (const name of odd) {
    const file = dir.createFile(name, 0o600);
    file.write(Buffer.from(name, 'latin1'));
    file.close();
  }
  expect(names(dir)).toEqual([...odd].sort());
  const onDisk = fs.readdirSync(at, { encoding: 'latin1' });
  expect(onDisk.sort()).toEqual([...odd].sort());
  for (const name of odd) {
    const file = dir.openFile(name);
    expect(file?.readAll(100).toString('latin1')).toBe(name);
    file?.close();
    dir.rename(name, dir, `${name}2`);
    expect(dir.lstat(name)).toBeUndefined();
    expect(dir.unlink(`${name}2`)).toBe(true);
    expect(dir.unlink(`${name}2`)).toBe(false);
  }
  expect(names(dir)).toEqual([]);
});

test('lists many entries once each', () => {
  const at = tempDir();
  for (let i = 0; i < 3000; i++) fs.writeFileSync(`${at}/${i}`, '');
  const dir = open(at, 'source');
  expect(new Set(dir.entries()).size).toBe(3000);
  expect([...dir.entries()].length).toBe(3000);
});

test('messages show odd names without control characters', () => {
  const at = tempDir();
  fs.symlinkSync('/x', `${at}/a\u001b[2J\n`);
  const error = thrown(() => open(at, 'source').openFile('a\u001b[2J\n'));
  expect(error.place).toBe(`${at}/a\\x1b[2J\\x0a`);
  expect(error.message).toBe(`${at}/a\\x1b[2J\\x0a is a symbolic link, which is not followed`);
});

test('a file gets a second name, which must be free; a link is linked as such, not followed', () => {
  const at = tempDir();
  const dir = open(at);
  fs.writeFileSync(`${at}/f`, 'x');
  fs.symlinkSync('f', `${at}/l`);
  dir.link('f', dir, 'g');
  expect(dir.lstat('g')).toMatchObject({ ino: dir.lstat('f')?.ino, nlink: 2 });
  expect(thrown(() => dir.link('f', dir, 'l')).code).toBe('CANNOT_CREATE');
  expect(thrown(() => dir.link('none', dir, 'h')).code).toBe('CANNOT_CREATE');
  dir.link('l', dir, 'h');
  expect(dir.lstat('h')?.kind).toBe('link');
});

test('the source is never written: every changing call is refused before it reaches the disk', () => {
  const at = tempDir();
  fs.writeFileSync(`${at}/f`, 'x');
  const dir = open(at, 'source');
  const file = dir.openFile('f');
  const calls = [
    () => dir.createFile('g', 0o600),
    () => dir.mkdir('g', 0o700),
    () => dir.ensureDir('g', 0o700),
    () => dir.rename('f', dir, 'g'),
    () => dir.link('f', dir, 'g'),
    () => open(at).link('f', dir, 'g'),
    () => open(at).rename('f', dir, 'g'),
    () => dir.link('f', dir, 'g'),
    () => open(at).link('f', dir, 'g'),
    () => dir.unlink('f'),
    () => dir.setTime(0),
    () => dir.openFile('f', 'append'),
    () => file?.write(Buffer.from('y')),
    () => file?.truncate(0),
    () => file?.setTime(0),
    () => file?.setMode(0o777),
    () => file?.setOwner({ uid: 0, gid: 0 }),
  ];
  for (const call of calls) expect(thrown(call)).toMatchObject({ code: 'INTERNAL' });
  expect(fs.readdirSync(at)).toEqual(['f']);
});

test('reading a spool leaves its access time alone', () => {
  const at = tempDir();
  fs.writeFileSync(`${at}/box`, 'From x');
  fs.utimesSync(`${at}/box`, 1000, 2000);
  open(at, 'source').openFile('box')?.readAll(100);
  expect(fs.statSync(`${at}/box`).atimeMs).toBe(1_000_000);
});

test('creates, writes, appends, truncates, sets time and mode', () => {
  const at = tempDir();
  const dir = open(at);
  const file = dir.createFile('f', 0o600);
  file.write(Buffer.from('hello'));
  file.setTime(1_000_000_000);
  file.setMode(0o640);
  file.fsync();
  file.close();
  file.close();
  expect(fs.statSync(`${at}/f`)).toMatchObject({ mtimeMs: 1e12, mode: 0o100640 });
  expect(thrown(() => dir.createFile('f', 0o600))).toMatchObject({ code: 'CANNOT_CREATE' });
  const more = dir.openFile('f', 'append');
  more?.write(Buffer.from(' world'));
  expect(fs.readFileSync(`${at}/f`, 'latin1')).toBe('hello world');
  more?.truncate(4);
  more?.write(Buffer.from('!'));
  more?.close();
  expect(fs.readFileSync(`${at}/f`, 'latin1')).toBe('hell!');
  const again = dir.openFile('f');
  const part = Buffer.alloc(10);
  expect(again?.readAt(part, 2)).toBe(3);
  expect(again?.restat().size).toBe(5);
  expect(thrown(() => again?.readAll(4))).toMatchObject({ code: 'TARGET_DAMAGED', place: `${at}/f` });
});

test('short writes and reads are continued', () => {
  const at = tempDir();
  const file = open(at).createFile('f', 0o600);
  const { writeSync, readSync } = fs;
  const short = (length: unknown) => Math.min(2, Number(length));
  const write = vi.spyOn(fs, 'writeSync');
  write.mockImplementation(((fd: number, bytes: Uint8Array, from: number, length: number) =>
    writeSync(fd, bytes, from, short(length))) as typeof fs.writeSync);
  file.write(Buffer.from('hello'));
  write.mockRestore();
  expect(fs.readFileSync(`${at}/f`, 'latin1')).toBe('hello');
  const read = vi.spyOn(fs, 'readSync');
  read.mockImplementation(((fd: number, into: Uint8Array, at: number, length: number, position: number) =>
    readSync(fd, into, at, short(length), position)) as typeof fs.readSync);
  expect(open(at).openFile('f')?.readAll(10).toString()).toBe('hello');
  read.mockRestore();
});

test('a created file does not go through a link', () => {
  const at = tempDir();
  fs.symlinkSync(`${at}/elsewhere`, `${at}/f`);
  expect(thrown(() => open(at).createFile('f', 0o600)).code).toBe('CANNOT_CREATE');
  expect(fs.existsSync(`${at}/elsewhere`)).toBe(false);
});

test('directories are made with exact mode whatever the umask, and kept as they are', () => {
  const at = tempDir();
  const dir = open(at);
  expect(dir.mkdir('m', 0o700)).toBe('created');
  expect(dir.mkdir('m', 0o700)).toBe('exists');
  dir.ensureDir('e', 0o770).close();
  expect(fs.statSync(`${at}/e`).mode & 0o7777).toBe(0o770);
  dir.ensureDir('e', 0o700).close();
  expect(fs.statSync(`${at}/e`).mode & 0o7777).toBe(0o770);
  fs.symlinkSync('e', `${at}/l`);
  expect(thrown(() => dir.ensureDir('l', 0o700)).code).toBe('TARGET_UNSAFE');
  dir.setTime(5);
  expect(fs.statSync(at).mtimeMs).toBe(5000);
  dir.fsync();
});

test('directories and files are given to their owner', () => {
  needsRoot();
  const at = tempDir();
  const dir = open(at).ensureDir('e', 0o750, { uid: 1234, gid: 4321 });
  const file = dir.createFile('f', 0o600);
  file.setOwner({ uid: 1234, gid: 4321 });
  expect(fs.statSync(`${at}/e`)).toMatchObject({ uid: 1234, gid: 4321, mode: 0o40750 });
  expect(fs.statSync(`${at}/e/f`)).toMatchObject({ uid: 1234, gid: 4321 });
});

test('no permission', () => {
  needsRoot();
  const at = tempDir();
  fs.mkdirSync(`${at}/d`);
  fs.writeFileSync(`${at}/d/f`, 'x', { mode: 0o600 });
  fs.chmodSync(`${at}/d`, 0o755);
  fs.chmodSync(at, 0o755);
  const dir = open(`${at}/d`);
  process.seteuid?.(1234);
  try {
    expect(thrown(() => dir.openFile('f'))).toMatchObject({
      code: 'PERMISSION',
      place: `${at}/d/f`,
      exitStatus: 77,
    });
    expect(thrown(() => dir.createFile('g', 0o600)).code).toBe('PERMISSION');
    expect(thrown(() => dir.unlink('f')).code).toBe('PERMISSION');
    expect([...dir.entries()]).toEqual(['f']);
  } finally {
    process.seteuid?.(0);
  }
});
