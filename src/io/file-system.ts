import fs from 'node:fs';
import type { Dir } from './dir.ts';
import { errnoOf, ioError } from './wrap.ts';

/** What a file system has left. Sizes are bytes. */
export interface FileSystem {
  /** Two directories with the same are on one file system. */
  readonly dev: bigint;
  /** Without what is kept back for root. */
  readonly free: number;
  /** What a file takes is a multiple of this. */
  readonly block: number;
  /** Inodes; `undefined` where the file system makes them as it needs them (btrfs), or does not tell. */
  readonly freeFiles: number | undefined;
  /** Whether a tenth of it is free, of inodes as of bytes, and a gigabyte: what mail grows by in a day does not fill it. */
  readonly ample: boolean;
  /** Of a kind that is known to refuse `:` in names. */
  readonly refusesColon: boolean;
}

/** statfs(2) `f_type` of what came from DOS, from the kernel's magic.h. */
const DOS: ReadonlySet<number> = new Set([0x4d44, 0x2011bab0]);

/** Larger "blocks" are records (ZFS) or transfers of a network, and small files take less. */
const LARGEST_BLOCK = 65_536;
const USUAL_BLOCK = 4096;

const GIGABYTE = 2 ** 30;

/** Looks at the file system of a directory. */
export function fileSystemOf(dir: Dir): FileSystem {
  try {
    const { type, bsize, blocks, bavail, files, ffree } = fs.statfsSync(`/proc/self/fd/${dir.fd}`);
    return {
      dev: dir.stat.dev,
      free: bsize * bavail,
      block: bsize > 0 && bsize <= LARGEST_BLOCK ? bsize : USUAL_BLOCK,
      freeFiles: files === 0 ? undefined : ffree,
      ample: bavail * 10 >= blocks && bsize * bavail >= GIGABYTE && ffree * 10 >= files,
      refusesColon: DOS.has(type >>> 0),
    };
  } catch (error) {
    throw ioError(error, 'look at the file system of', dir.path, dir.side);
  }
}

/** Refuses a directory in which nothing can be made: `PERMISSION`, or `CANNOT_CREATE` where it is mounted read-only. */
export function checkWritable(dir: Dir): void {
  try {
    fs.accessSync(`/proc/self/fd/${dir.fd}`, fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw ioError(error, 'write to', dir.path, dir.side);
  }
}

/** Hidden, so that nobody takes it for mail, and the same each time, so that no second one is left behind. */
const PROBE = '.spoolsync-preflight:2,S';

/** Whether names in a directory may hold `:`; tried with an empty file, which is removed. */
export function holdsColon(dir: Dir): boolean {
  try {
    dir.createFile(PROBE, 0o600).close();
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') return false;
    // Left behind by a run that was killed.
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  dir.unlink(PROBE);
  return true;
}
