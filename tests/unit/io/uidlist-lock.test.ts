import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { beforeEach, expect, test, vi } from 'vitest';
import { sleep } from '../../../src/io/process.ts';
import { lockUidlist } from '../../../src/io/uidlist-lock.ts';
import { needsRoot, open, tempDir, thrown } from './support.ts';

// Time passes at once: what is waited for is counted instead.
vi.mock('../../../src/io/process.ts', async (original) => ({
  ...(await original<typeof import('../../../src/io/process.ts')>()),
  sleep: vi.fn(),
}));
const slept = vi.mocked(sleep);
const sleptMs = () => slept.mock.calls.reduce((sum, [ms]) => sum + ms, 0);
beforeEach(() => {
  slept.mockReset();
});

const NAME = 'dovecot-uidlist.lock';

function folder(lock?: string, ageSeconds = 0, uidlistAge = 0) {
  const at = tempDir();
  const old = (seconds: number) => Date.now() / 1000 - seconds;
  fs.writeFileSync(`${at}/dovecot-uidlist`, '3 V1 N1\n');
  fs.utimesSync(`${at}/dovecot-uidlist`, old(uidlistAge), old(uidlistAge));
  if (lock !== undefined) {
    fs.writeFileSync(`${at}/${NAME}`, lock);
    fs.utimesSync(`${at}/${NAME}`, old(ageSeconds), old(ageSeconds));
  }
  return { at, file: `${at}/${NAME}`, dir: open(at) };
}

/** A pid that no process has (just now). */
function deadPid(): number {
  return spawnSync('true').pid;
}

test('holds PID:HOST without line end, and is gone when released', () => {
  const { at, dir, file } = folder();
  const lock = lockUidlist(dir);
  expect(fs.readFileSync(file, 'latin1')).toBe(`${process.pid}:${os.hostname()}`);
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  fs.utimesSync(file, 5, 5);
  lock.touch();
  expect(fs.statSync(file).mtimeMs).toBeGreaterThan(1e12);
  lock.release();
  lock.release();
  expect(fs.readdirSync(at)).toEqual(['dovecot-uidlist']);
});

test('belongs to the mailbox\u2019s owner, so that Dovecot can read it', () => {
  needsRoot();
  const { dir, file } = folder();
  lockUidlist(dir, { uid: 1234, gid: 4321 });
  expect(fs.statSync(file)).toMatchObject({ uid: 1234, gid: 4321 });
});

test('a live owner on this host: TARGET_LOCKED with pid and host, however old the lock', () => {
  const child = spawn('sleep', ['60']);
  const { dir, file } = folder(`${child.pid}:${os.hostname()}`, 9999, 9999);
  const error = thrown(() => lockUidlist(dir));
  expect(error).toMatchObject({ code: 'TARGET_LOCKED', place: file, exitStatus: 75 });
  expect(error.message).toBe(`the mailbox is locked by process ${child.pid} on ${os.hostname()}`);
  expect(error.advice).toMatch(new RegExp(`ps -p ${child.pid}$`));
  expect(fs.existsSync(file)).toBe(true);
  expect(sleptMs()).toBe(2000);
  child.kill();
});

test('a live owner that finishes is waited for', () => {
  const { dir, file } = folder();
  fs.writeFileSync(file, `${process.pid}:${os.hostname()}`);
  slept.mockImplementation(() => sleptMs() >= 300 && fs.rmSync(file));
  lockUidlist(dir).release();
  expect(sleptMs()).toBe(300);
});

test('a dead owner on this host is taken over at once', () => {
  const { dir, file } = folder(`${deadPid()}:${os.hostname()}`);
  lockUidlist(dir);
  expect(sleptMs()).toBe(0);
  expect(fs.readFileSync(file, 'latin1')).toBe(`${process.pid}:${os.hostname()}`);
});

test.each(['1:elsewhere.example', '', 'rubbish', '99999999999999:x'])(
  'owner %j: abandoned after 120 s without change of lock and uidlist, not before',
  (content) => {
    const fresh = folder(content, 100, 100);
    expect(thrown(() => lockUidlist(fresh.dir)).code).toBe('TARGET_LOCKED');
    const busy = folder(content, 130, 5);
    expect(thrown(() => lockUidlist(busy.dir)).code).toBe('TARGET_LOCKED');
    const stale = folder(content, 130, 130);
    lockUidlist(stale.dir);
    expect(fs.readFileSync(stale.file, 'latin1')).toBe(`${process.pid}:${os.hostname()}`);
  },
);

test('a lock that another has taken over meanwhile is neither touched nor removed', () => {
  const { dir, file } = folder();
  const lock = lockUidlist(dir);
  fs.renameSync(file, `${file}.old`);
  fs.writeFileSync(file, '1:other');
  fs.utimesSync(file, 5, 5);
  lock.touch();
  lock.release();
  expect(fs.readFileSync(file, 'latin1')).toBe('1:other');
  expect(fs.statSync(file).mtimeMs).toBe(5000);
});

test('a symbolic link in the lock\u2019s place is not followed', () => {
  const { at, dir } = folder();
  fs.symlinkSync(`${at}/elsewhere`, `${at}/${NAME}`);
  expect(thrown(() => lockUidlist(dir)).code).toBe('TARGET_UNSAFE');
  expect(fs.existsSync(`${at}/elsewhere`)).toBe(false);
});
