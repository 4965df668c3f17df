import { createRequire } from 'node:module';
import { sleep } from './process.ts';
import { errnoOf } from './wrap.ts';

/** How long a busy lock is asked for again, and how often (milliseconds). Writers hold theirs for one delivery. */
const PATIENCE = 1000;
const PAUSE = 50;

type TryLock = (fd: number, offset: number, length: number, options: { shared: boolean }) => boolean;

/** The optional package's function; `undefined` where it is not installed or does not load (musl, old glibc). */
let tryLock: TryLock | undefined | 'not asked' = 'not asked';

function load(): TryLock | undefined {
  try {
    return (createRequire(import.meta.url)('fs-native-extensions') as { tryLock: TryLock }).tryLock;
  } catch {
    return undefined;
  }
}

/** Whether fcntl locks can be taken at all. */
export function canLock(): boolean {
  return load() !== undefined;
}

/**
 * Takes an fcntl(2) read lock over a whole open file, which may be open for reading only. It writes nothing, neither to
 * the file nor beside it, and keeps out every writer that locks with fcntl: Dovecot's and, for most local delivery
 * agents, theirs too (docs/formats.md, "Locks"). It ends when `fd` is closed.
 *
 * `busy`: somebody writes and did not finish within a second. `unavailable`: the optional package is missing or the
 * file system knows no locks; the caller must then see by size and time whether the file moved.
 *
 * It is an *open file description* lock (F_OFD_SETLK): it conflicts with everybody's F_SETLK locks, but belongs to this
 * `fd` and not to the process, so closing another descriptor of the same file does not lose it, and threads that lock
 * the same file do not undo each other's locks.
 */
export function tryReadLock(fd: number): 'locked' | 'busy' | 'unavailable' {
  if (tryLock === 'not asked') tryLock = load();
  if (tryLock === undefined) return 'unavailable';
  for (let waited = 0; ; waited += PAUSE) {
    try {
      if (tryLock(fd, 0, 0, { shared: true })) return 'locked';
    } catch (error) {
      // fcntl(2): a conflict is EAGAIN on some file systems and EACCES on others; the rest means "no locks here".
      if (errnoOf(error) !== 'EACCES') return 'unavailable';
    }
    if (waited >= PATIENCE) return 'busy';
    sleep(PAUSE);
  }
}
