import type { BigIntStats } from 'node:fs';

/** What a directory entry is. Only `file` and `dir` are ever opened. */
export type Kind = 'file' | 'dir' | 'link' | 'fifo' | 'socket' | 'device';

/** What is known of a file or directory. Sizes are bytes, times nanoseconds since 1970. */
export interface Stat {
  readonly kind: Kind;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits only, e.g. 0o600. */
  readonly mode: number;
  readonly nlink: number;
  readonly size: number;
  /** Device and inode: two names with the same pair are the same file. */
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** When it was made; 0 where the file system does not say. */
  readonly birthNs: bigint;
}

/** `kind` in words that complete "PATH …". */
export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  file: 'is a file, not a directory',
  dir: 'is a directory, not a file',
  link: 'is a symbolic link, which is not followed',
  fifo: 'is a FIFO, which is not read',
  socket: 'is a socket, which is not read',
  device: 'is a device, which is not read',
};

/** Whether only root can put something into a directory: owned by root, not writable by group or others. */
export function isRootsOwn(dir: Stat): boolean {
  return dir.uid === 0 && (dir.mode & 0o022) === 0;
}

export function toStat(stats: BigIntStats): Stat {
  return {
    kind: kindOf(stats),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mode: Number(stats.mode & 0o7777n),
    nlink: Number(stats.nlink),
    size: Number(stats.size),
    dev: stats.dev,
    ino: stats.ino,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    birthNs: stats.birthtimeNs,
  };
}

/**
 * Times younger than this may still stand for two states: file systems count in steps of up to two seconds (FAT; ext3
 * and NFS version 2 one second, the kernel's own clock ticks every few milliseconds).
 */
const YOUNG_MS = 2000;

/** Whether a file or directory changed so lately that a further change may leave it the same times. */
export function isYoung({ mtimeNs, ctimeNs }: Pick<Stat, 'mtimeNs' | 'ctimeNs'>, now = Date.now()): boolean {
  const latest = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  return now - Number(latest / 1_000_000n) < YOUNG_MS;
}

function kindOf(stats: BigIntStats): Kind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'dir';
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  return 'device';
}
