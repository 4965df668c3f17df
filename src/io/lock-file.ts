import os from 'node:os';
import type { Dir } from './dir.ts';
import type { Owner } from './owner.ts';
import { isAlive } from './process.ts';
import type { Stat } from './stat.ts';
import { errnoOf } from './wrap.ts';

/**
 * Makes a lock file that is never seen without what it says of its owner, also not after a kill or a power cut: nobody
 * could tell whose an empty one is. It is written and flushed as `NAME.PID.HOST`, and then linked: link(2), like open(2)
 * with O_EXCL, fails where the name is taken; then it is `undefined`. Mode 0600.
 */
export function createLockFile(dir: Dir, name: string, bytes: Uint8Array, owner?: Owner): Stat | undefined {
  const own = `${name}.${process.pid}.${os.hostname()}`;
  dir.unlink(own);
  const stat = writeAndLink(dir, own, name, bytes, owner);
  try {
    dir.unlink(own);
  } catch (error) {
    // Whoever asks does not get the lock, and asks again: it must not be in his own way.
    if (stat !== undefined) dir.unlink(name);
    throw error;
  }
  return stat;
}

function writeAndLink(
  dir: Dir,
  own: string,
  name: string,
  bytes: Uint8Array,
  owner: Owner | undefined,
): Stat | undefined {
  try {
    const stat = write(dir, own, bytes, owner);
    dir.link(own, dir, name);
    return stat;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    dir.unlink(own);
    throw error;
  }
}

function write(dir: Dir, name: string, bytes: Uint8Array, owner: Owner | undefined): Stat {
  const file = dir.createFile(name, 0o600);
  try {
    if (owner !== undefined) file.setOwner(owner);
    file.write(bytes);
    file.fsync();
    return file.stat;
  } finally {
    file.close();
  }
}

/** The lock just taken, when what killed processes left of `createLockFile` has been removed; released if that fails. */
export function swept<Lock extends { release(): void }>(dir: Dir, name: string, lock: Lock): Lock {
  try {
    for (const entry of [...dir.entries()].filter((other) => isLeft(other, name))) dir.unlink(entry);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

function isLeft(entry: string, name: string): boolean {
  const [start, end] = [`${name}.`, `.${os.hostname()}`];
  if (!entry.startsWith(start) || !entry.endsWith(end)) return false;
  const pid = entry.slice(start.length, -end.length);
  return /^\d{1,10}$/.test(pid) && !isAlive(Number(pid));
}
