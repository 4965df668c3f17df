import os from 'node:os';
import { SpoolsyncError } from '../core/errors.ts';
import type { Dir } from './dir.ts';
import { createLockFile, swept } from './lock-file.ts';
import { printable } from './names.ts';
import { isAlive, startTicks } from './process.ts';

const LOCK = 'run.lock';

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

/**
 * Takes the lock that keeps two runs off one account: `run.lock` in the account's state directory, never empty.
 * The lock of a run on this host that lives no more is taken over. Else: `STATE_LOCKED`, whose advice ends with the
 * command to run. `now` is when this run began.
 */
export function lockRun(state: Dir, now: Date): RunLock {
  for (let attempt = 0; ; attempt++) {
    const lock = tryCreate(state, now);
    if (lock !== undefined) return lock;
    const text = read(state);
    if (text === undefined) continue;
    const holder = parse(text);
    if (holder === undefined || !isDead(holder) || attempt > 3) throw locked(state, holder);
    if (read(state) === text) state.unlink(LOCK);
  }
}

function tryCreate(state: Dir, now: Date): RunLock | undefined {
  const ticks = startTicks(process.pid);
  const holder: Holder = {
    pid: process.pid,
    host: os.hostname(),
    started: now.toISOString(),
    ...(ticks === undefined ? {} : { ticks }),
  };
  const stat = createLockFile(state, LOCK, Buffer.from(`${JSON.stringify(holder)}\n`));
  if (stat === undefined) return undefined;
  let held = true;
  const lock = {
    release() {
      const now = held ? state.lstat(LOCK) : undefined;
      if (now?.ino === stat.ino && now.dev === stat.dev) state.unlink(LOCK);
      held = false;
    },
  };
  return swept(state, LOCK, lock);
}

function read(state: Dir): string | undefined {
  const file = state.openFile(LOCK);
  if (file === undefined) return undefined;
  try {
    return file.readAll(4096).toString('utf8');
  } finally {
    file.close();
  }
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

function locked(state: Dir, holder: Holder | undefined): SpoolsyncError {
  const place = printable(state.join(LOCK));
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
