import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tryReadLock } from '../../../src/io/read-lock.ts';
import { tempDir } from './support.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Another process that holds a lock of the given kind until it is killed, or for a time (ms). */
async function holder(file: string, shared: boolean, forMs = 60_000) {
  const script = `const {tryLock}=require('fs-native-extensions');const fs=require('fs');
    const fd=fs.openSync(${JSON.stringify(file)},'r+');
    console.log(tryLock(fd,0,0,{shared:${shared}}));setTimeout(()=>process.exit(),${forMs})`;
  const child = spawn(process.execPath, ['-e', script], { cwd: ROOT });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, got: said.toString().trim() };
}

async function end(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function spool(): string {
  const file = `${tempDir()}/spool`;
  fs.writeFileSync(file, 'From x', { mode: 0o400 });
  fs.chmodSync(file, 0o600);
  return file;
}

test('locks a file that is open for reading, and keeps writers out until it is closed', async () => {
  const file = spool();
  const fd = fs.openSync(file, 'r');
  expect(tryReadLock(fd)).toBe('locked');
  // Another descriptor of the same file, closed again, would lose a traditional lock.
  fs.closeSync(fs.openSync(file, 'r'));
  const writer = await holder(file, false);
  expect(writer.got).toBe('false');
  const reader = await holder(file, true);
  expect(reader.got).toBe('true');
  await end(reader.child);
  fs.closeSync(fd);
  const later = await holder(file, false);
  expect(later.got).toBe('true');
  await end(later.child);
  await end(writer.child);
});

test('a writer that goes on is busy, after a short time; one that ends is waited for', async () => {
  const file = spool();
  const writer = await holder(file, false);
  expect(writer.got).toBe('true');
  const fd = fs.openSync(file, 'r');
  const began = Date.now();
  expect(tryReadLock(fd)).toBe('busy');
  expect(Date.now() - began).toBeLessThan(5000);
  await end(writer.child);
  const short = await holder(file, false, 300);
  expect(short.got).toBe('true');
  expect(tryReadLock(fd)).toBe('locked');
  fs.closeSync(fd);
});

test('two descriptors of one process share the read lock', () => {
  const file = spool();
  const a = fs.openSync(file, 'r');
  const b = fs.openSync(file, 'r');
  expect(tryReadLock(a)).toBe('locked');
  expect(tryReadLock(b)).toBe('locked');
  fs.closeSync(a);
  fs.closeSync(b);
});

test('what cannot be locked is unavailable', () => {
  const fd = fs.openSync(`${tempDir()}/w`, 'w');
  // A read lock needs a file open for reading: EBADF.
  expect(tryReadLock(fd)).toBe('unavailable');
  fs.closeSync(fd);
});

test('where the optional package does not load it is unavailable, and nothing fails', () => {
  const dir = tempDir();
  fs.mkdirSync(`${dir}/node_modules/fs-native-extensions`, { recursive: true });
  fs.writeFileSync(`${dir}/node_modules/fs-native-extensions/index.js`, "require('no-such-addon')");
  // The compiled modules, with that package nearest to them.
  execFileSync(
    `${ROOT}/node_modules/.bin/tsc`,
    ['-p', `${ROOT}/tsconfig.build.json`, '--outDir', dir, '--noCheck'],
    { cwd: ROOT },
  );
  fs.writeFileSync(`${dir}/package.json`, '{"type":"module"}');
  fs.writeFileSync(
    `${dir}/try.js`,
    `import {tryReadLock} from './io/read-lock.js';import fs from 'node:fs';
     console.log(tryReadLock(fs.openSync('try.js','r')))`,
  );
  expect(execFileSync(process.execPath, ['try.js'], { cwd: dir, encoding: 'utf8' })).toBe('unavailable\n');
});

test('nothing is written, neither to the file nor beside it', () => {
  const file = spool();
  const dir = path.dirname(file);
  const look = () =>
    [file, dir].map((name) => fs.statSync(name, { bigint: true })).map((s) => [s.size, s.mtimeNs, s.ctimeNs]);
  const before = look();
  const fd = fs.openSync(file, 'r');
  expect(tryReadLock(fd)).toBe('locked');
  expect(fs.readdirSync(dir)).toEqual(['spool']);
  fs.closeSync(fd);
  expect(look()).toEqual(before);
});
