import { spawnSync } from 'node:child_process';
import type { Dir } from './dir.ts';
import type { Owner } from './owner.ts';

/** Up to this many files, fsync(2) of each is cheaper than a process and a flush of the whole file system. */
const FSYNC_UP_TO = 16;

/**
 * Makes closed files in `dir`, bytes and names, survive a power cut: one flush for a whole mailbox instead of one per
 * message. For more than 16 files that is `sync -f` (syncfs(2), coreutils >= 8.24) on the file system of `dir`; for
 * fewer, or where that fails, fsync(2) of each of `names` and of the directory. Names that are missing by now are
 * passed over. Returns how.
 */
export function flushFiles(dir: Dir, count: number, names: Iterable<string>): 'syncfs' | 'fsync' {
  if (count > FSYNC_UP_TO && syncfs(dir)) return 'syncfs';
  for (const name of names) {
    const file = dir.openFile(name);
    try {
      file?.fsync();
    } finally {
      file?.close();
    }
  }
  dir.fsync();
  return 'fsync';
}

/** The child gets the open directory as its descriptor 3, so that here too no path is walked. */
function syncfs(dir: Dir): boolean {
  const child = spawnSync('sync', ['-f', '/proc/self/fd/3'], {
    stdio: ['ignore', 'ignore', 'ignore', dir.fd],
  });
  return child.status === 0;
}

export interface AtomicOptions {
  /** Exact permission bits. */
  readonly mode: number;
  readonly owner?: Owner | undefined;
  /** Name of the file it is written to first; `NAME.tmp` unless given. A leftover of that name is replaced. */
  readonly temp?: string;
}

/**
 * Writes a small file so that at any moment, power cuts included, `name` holds all of the old bytes or all of the new:
 * temporary file, fsync, rename, fsync of the directory. One writer at a time: the caller holds the lock that applies.
 */
export function writeFileAtomic(dir: Dir, name: string, bytes: Uint8Array, options: AtomicOptions): void {
  const temp = options.temp ?? `${name}.tmp`;
  dir.unlink(temp);
  const file = dir.createFile(temp, 0o600);
  try {
    file.write(bytes);
    if (options.owner !== undefined) file.setOwner(options.owner);
    file.setMode(options.mode);
    file.fsync();
    file.close();
    dir.rename(temp, dir, name);
  } catch (error) {
    file.close();
    dir.unlink(temp);
    throw error;
  }
  dir.fsync();
}
