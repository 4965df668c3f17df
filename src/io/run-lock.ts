import os from 'node:os';
import { SpoolsyncError } from '../core/errors.ts';
import type { Dir } from './dir.ts';
import { readWhole } from './file.ts';
import { createLockFile, swept } from './lock-file.ts';
import { printable } from './names.ts';
import { isAlive, startTicks } from './process.ts';

/** A held run lock. */
export interface RunLock {
  /** Removes the lock file if it is still ours. A second call does nothing. */
  release(): void;
}

/** What the lock file holds, as JSON with a line end. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the run began, ISO 8601. */
  readonly started: string;
  /** When its process began (`startTicks`): a dead run's pid may belong to another program by now. */
  readonly ticks?: number;
}

/** Keeps two runs off one account: in its state directory. */
const RUN_LOCK = 'run.lock';
/** Keeps two runs off one Maildir, whatever state they use: in its root, where Dovecot passes it over. */
export const TARGET_LOCK = 'spoolsync.lock';

/**
 * Takes the lock `name` in a directory; it is never empty. The lock of a run on this host that lives no more is taken
 * over. Else: `STATE_LOCKED`, whose advice ends with the command to run. `now` is when this run began.
 */
export function lockRun(dir: Dir, now: Date, name: typeof RUN_LOCK | typeof TARGET_LOCK = RUN_LOCK): RunLock {
  for (let attempt = 0; ; attempt++) {
    const lock = tryCreate(dir, name, now);
    if (lock !== undefined) return lock;
    const text = read(dir, name);
    if (text === undefined) continue;
    const holder = parse(text);
    if (holder === undefined || !isDead(holder) || attempt > 3) throw locked(dir.join(name), holder);
    if (read(dir, name) === text) dir.unlink(name);
  }
}

function tryCreate(dir: Dir, name: string, now: Date): RunLock | undefined {
  const ticks = startTicks(process.pid);
  const holder: Holder = {
    pid: process.pid,
    host: os.hostname(),
    started: now.toISOString(),
    ...(ticks === undefined ? {} : { ticks }),
  };
  const stat = createLockFile(dir, name, Buffer.from(`${JSON.stringify(holder)}\n`));
  if (stat === undefined) return undefined;
  let held = true;
  const lock = {
    release() {
      const now = held ? dir.lstat(name) : undefined;
      if (now?.ino === stat.ino && now.dev === stat.dev) dir.unlink(name);
      held = false;
    },
  };
  return swept(dir, name, lock);
}

function read(dir: Dir, name: string): string | undefined {
  return readWhole(dir.openFile(name), 4096)?.toString('utf8');
}

function parse(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    if (!Number.isSafeInteger(value?.pid) || typeof value?.host !== 'string') return undefined;
    return typeof value.started === 'string' ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function isDead(holder: Holder): boolean {
  if (holder.host !== os.hostname()) return false;
  if (!isAlive(holder.pid)) return true;
  const ticks = startTicks(holder.pid);
  return ticks !== undefined && holder.ticks !== undefined && ticks !== holder.ticks;
}

function locked(path: string, holder: Holder | undefined): SpoolsyncError {
  const place = printable(path);
  const remove = `rm ${quote(place)}`;
  if (holder === undefined) {
    const advice = `if no spoolsync runs for this account, remove the lock: ${remove}`;
    return new SpoolsyncError('STATE_LOCKED', 'another run has begun, or died, for this account', {
      place,
      advice,
    });
  }
  const host = printable(Buffer.from(holder.host).toString('latin1'));
  const advice =
    holder.host === os.hostname()
      ? `wait until it is done; see what it does: ps -o pid,lstart,args -p ${holder.pid}`
      : `wait until it is done; if that host is gone for good, remove the lock: ${remove}`;
  const message = `process ${holder.pid} on ${host} works on this account since ${printable(holder.started)}`;
  return new SpoolsyncError('STATE_LOCKED', message, { place, advice });
}

function quote(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
