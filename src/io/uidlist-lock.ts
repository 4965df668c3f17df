import os from 'node:os';
import { SpoolsyncError } from '../core/errors.ts';
import type { Dir } from './dir.ts';
import { createLockFile, swept } from './lock-file.ts';
import { printable } from './names.ts';
import type { Owner } from './owner.ts';
import { isAlive, sleep } from './process.ts';
import type { Stat } from './stat.ts';

/** Name of Dovecot's lock file for a mailbox's uidlist. */
const LOCK = 'dovecot-uidlist.lock';
const UIDLIST = 'dovecot-uidlist';
/** Without a process that could be asked, Dovecot takes a lock for abandoned after this time without change. */
const STALE_MS = 120_000;
/** How long a live owner is waited for: a delivery holds the lock for milliseconds. */
const PATIENCE_MS = 2000;
const PAUSE_MS = 50;

/** A held `dovecot-uidlist.lock`. */
export interface UidlistLock {
  /** Shows processes on other hosts that the owner lives; call at least every 10 s while the lock is held long. */
  touch(): void;
  /** Removes the lock file if it is still ours, and flushes the directory. A second call does nothing. */
  release(): void;
}

/**
 * Takes Dovecot's lock of a Maildir folder's uidlist, in Dovecot's own way: `dovecot-uidlist.lock` created exclusively,
 * holding `PID:HOST` without line end. As long as it is held, Dovecot gives no UIDs in this folder: sessions wait, and
 * local delivery puts mail into `new/` without a UID (docs/formats.md, "Locking").
 *
 * A dead owner on this host: the lock is taken over at once. A live one: waited for up to two seconds, then
 * `TARGET_LOCKED` with its pid and host. Another host, or an owner that cannot be read: taken over after 120 s in which
 * neither the lock nor the uidlist changed.
 *
 * `owner` (the mailbox's) lets Dovecot, which runs as that user, read who holds the lock.
 */
export function lockUidlist(dir: Dir, owner?: Owner): UidlistLock {
  for (let waited = 0; ; waited += PAUSE_MS) {
    const lock = tryCreate(dir, owner);
    if (lock !== undefined) return lock;
    const other = look(dir);
    if (other === undefined || takeOver(dir, other)) continue;
    if (waited >= PATIENCE_MS) throw locked(dir, other);
    sleep(PAUSE_MS);
  }
}

interface Other {
  readonly stat: Stat;
  readonly pid: number | undefined;
  readonly host: string | undefined;
}

function tryCreate(dir: Dir, owner: Owner | undefined): UidlistLock | undefined {
  const stat = createLockFile(dir, LOCK, Buffer.from(`${process.pid}:${os.hostname()}`), owner);
  if (stat === undefined) return undefined;
  const isOurs = () => {
    const now = dir.lstat(LOCK);
    return now?.ino === stat.ino && now.dev === stat.dev;
  };
  let held = true;
  const lock = {
    touch() {
      if (!held || !isOurs()) return;
      const now = dir.openFile(LOCK, 'append');
      now?.setTime(Date.now() / 1000);
      now?.close();
    },
    release() {
      if (!held) return;
      held = false;
      if (isOurs()) dir.unlink(LOCK);
      // A lock that comes back with a power cut may name a process that lives: Dovecot would wait for it.
      dir.fsync();
    },
  };
  return swept(dir, LOCK, lock);
}

/** Who holds the lock; `undefined` if it is free by now. Anything but a file is `TARGET_UNSAFE`. */
function look(dir: Dir): Other | undefined {
  const file = dir.openFile(LOCK);
  if (file === undefined) return undefined;
  try {
    const text = file.readAll(1024).toString('latin1');
    const [, pid, host] = /^(\d{1,10}):(.+)$/.exec(text) ?? [];
    return { stat: file.restat(), pid: pid === undefined ? undefined : Number(pid), host };
  } finally {
    file.close();
  }
}

/** Removes an abandoned lock; whether it did. It is looked at again just before, as Dovecot itself does. */
function takeOver(dir: Dir, other: Other): boolean {
  const here = other.host === os.hostname() && other.pid !== undefined;
  const abandoned = here ? !isAlive(other.pid) : isStale(other.stat) && isStale(dir.lstat(UIDLIST));
  if (!abandoned) return false;
  const now = dir.lstat(LOCK);
  if (now?.ino === other.stat.ino && now.mtimeNs === other.stat.mtimeNs) dir.unlink(LOCK);
  return true;
}

function isStale(stat: Stat | undefined): boolean {
  return stat === undefined || Date.now() - Number(stat.mtimeNs / 1_000_000n) > STALE_MS;
}

function locked(dir: Dir, other: Other): SpoolsyncError {
  const here = other.host === os.hostname();
  const who =
    other.pid === undefined ? 'an unknown process' : `process ${other.pid} on ${printable(other.host ?? '')}`;
  const advice = here
    ? `wait until that process is done and run the same command again; see what it is: ps -p ${other.pid}`
    : 'wait two minutes and run the same command again: without a change the lock then counts as abandoned';
  return new SpoolsyncError('TARGET_LOCKED', `the mailbox is locked by ${who}`, {
    place: printable(dir.join(LOCK)),
    advice,
  });
}
