import fs from 'node:fs';
import { expect, test } from 'vitest';
import { type FileId, findUserOf, surveyProcesses } from '../../../src/io/in-use.ts';
import { end, opener, otherProcess } from './children.ts';
import { tempDir } from './support.ts';

function makeFile(name = 'spool'): string {
  const file = `${tempDir()}/${name}`;
  fs.writeFileSync(file, 'From x');
  return file;
}

const idOf = (file: string): FileId => fs.statSync(file, { bigint: true });

test('who has a file open is found, and whether to write', async () => {
  const [read, written, closed] = [makeFile(), makeFile(), makeFile()];
  const reader = await opener(read, 'r');
  const writer = await opener(written, 'r+');
  const appender = await opener(written, 'a');
  const processes = surveyProcesses();
  expect(processes.openersOf(idOf(read))).toEqual([
    { pid: reader.pid, name: expect.any(String), writes: false },
  ]);
  const writers = processes.openersOf(idOf(written));
  expect(writers.map(({ pid, writes }) => [pid, writes])).toEqual(
    [writer.pid, appender.pid].sort((a, b) => a - b).map((pid) => [pid, true]),
  );
  expect(writers[0]?.name).toMatch(/node|MainThread/);
  expect(processes.openersOf(idOf(closed))).toEqual([]);
});

test('a file is known by its inode: under another name, renamed, and reached through a link', async () => {
  const file = makeFile();
  fs.linkSync(file, `${file}.second`);
  fs.symlinkSync(file, `${file}.link`);
  const { pid } = await opener(`${file}.link`, 'r');
  fs.renameSync(file, `${file}.renamed`);
  const { openersOf } = surveyProcesses();
  expect(openersOf(idOf(`${file}.second`)).map((opener) => opener.pid)).toEqual([pid]);
});

test('this process does not count, and one that has closed the file since does not either', async () => {
  const file = makeFile();
  const fd = fs.openSync(file, 'r');
  const { child, pid } = await opener(file, 'r');
  const { openersOf } = surveyProcesses();
  expect(openersOf(idOf(file)).map((opener) => opener.pid)).toEqual([pid]);
  await end(child);
  expect(openersOf(idOf(file))).toEqual([]);
  fs.closeSync(fd);
});

test('the holder of a socket is found', async () => {
  const { pid, said } = await otherProcess(
    `const s=net.createServer().listen(0,'127.0.0.1',()=>say(fs.readlinkSync('/proc/self/fd/'+s._handle.fd)))`,
  );
  const inode = /^socket:\[(\d+)\]$/.exec(said)?.[1] ?? said;
  expect(surveyProcesses().holderOf(inode)?.pid).toBe(pid);
  expect(surveyProcesses().holderOf('0')).toBeUndefined();
});

test('whoever has something open below a directory is found, programs that are excepted aside', async () => {
  const file = makeFile();
  const directory = file.slice(0, file.lastIndexOf('/'));
  expect(findUserOf([directory])).toBeUndefined();
  const { pid } = await opener(file, 'r');
  const user = findUserOf([directory]);
  expect(user).toMatchObject({ pid, path: file });
  expect(findUserOf([directory], new Set([user?.name ?? '']))).toBeUndefined();
  expect(findUserOf([directory.slice(0, -1)])).toBeUndefined();
});
