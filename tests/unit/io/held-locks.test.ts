import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { heldLocks, parseLocks } from '../../../src/io/held-locks.ts';
import type { FileId } from '../../../src/io/in-use.ts';
import { end, otherProcess } from './children.ts';
import { tempDir } from './support.ts';

function makeFile(): string {
  const file = `${tempDir()}/spool`;
  fs.writeFileSync(file, 'From x');
  return file;
}

const idOf = (file: string): FileId => fs.statSync(file, { bigint: true });

test('a flock is seen with its holder, as long as it is held', async () => {
  const file = makeFile();
  expect(heldLocks()(idOf(file))).toEqual([]);
  const child = spawn('flock', ['-F', '-x', file, 'sh', '-c', 'echo held; exec sleep 60']);
  await once(child.stdout, 'data');
  expect(heldLocks()(idOf(file))).toEqual([{ kind: 'flock', mode: 'write', pid: child.pid }]);
  expect(heldLocks()(idOf(makeFile()))).toEqual([]);
  await end(child);
});

test('a lock of an open file description has no holder', async () => {
  const file = makeFile();
  const { said } = await otherProcess(
    `const {tryLock}=require('fs-native-extensions');
     say(tryLock(fs.openSync(${JSON.stringify(file)},'r+'),0,0,{shared:false}))`,
  );
  expect(said).toBe('true');
  expect(heldLocks()(idOf(file))).toEqual([{ kind: 'fcntl', mode: 'write', pid: undefined }]);
});

test('lines of the table: by device and inode; those who wait, and leases, do not count', () => {
  const table = [
    '1: POSIX  ADVISORY  WRITE 1234 08:11:77 0 EOF',
    '1: -> POSIX  ADVISORY  READ  99 08:11:77 0 EOF',
    '2: FLOCK  ADVISORY  READ 55 103:10001:78 0 EOF',
    '3: LEASE  ACTIVE    READ  56 08:11:77 0 EOF',
    '4: POSIX  ADVISORY  READ 57 08:12:77 0 9',
    '5: POSIX  ADVISORY  READ 58 08:11:77 100 200',
    '',
  ].join('\n');
  const locks = parseLocks(table);
  // makedev(3): 0x811 is (8, 17), 0x10010301 is (259, 65537).
  expect(locks({ dev: 0x811n, ino: 77n })).toEqual([
    { kind: 'fcntl', mode: 'write', pid: 1234 },
    { kind: 'fcntl', mode: 'read', pid: 58 },
  ]);
  expect(locks({ dev: 0x10010301n, ino: 78n })).toEqual([{ kind: 'flock', mode: 'read', pid: 55 }]);
  expect(locks({ dev: 0x811n, ino: 78n })).toEqual([]);
});
