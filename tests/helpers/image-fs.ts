import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { installPackages } from './install.ts';

/** A file system that a test can have as a file. */
export interface ImageKind {
  readonly type: 'btrfs' | 'xfs' | 'vfat';
  /** The Debian package with its mkfs. */
  readonly tools: string;
  /** A program that mounts it as a user does, and its package, for a kernel that does not know it. */
  readonly fuse?: string;
}

/**
 * Makes a file system in a file beside the directory `at`, and mounts it there for as long as `run` takes. `refused` is
 * called with the reason where this host lets nobody mount, or its kernel does not know the type.
 */
export function withImage(
  { type, tools, fuse }: ImageKind,
  at: string,
  refused: (why: string) => void,
  run: () => void,
): void {
  const known = fs.readFileSync('/proc/filesystems', 'utf8').split(/\s+/);
  const isKnown = known.includes(type);
  if (process.getuid?.() !== 0 || !(isKnown || (fuse !== undefined && known.includes('fuse')))) {
    refused(`only root can mount a ${type}, and only where /proc/filesystems has it`);
    return;
  }
  const mkfs = `mkfs.${type}`;
  const user = isKnown ? undefined : fuse;
  const missing = (program: string) => spawnSync(program, ['-V']).error !== undefined;
  if (missing(mkfs)) installPackages([tools], mkfs);
  if (user !== undefined && missing(user)) installPackages([user], user);
  const image = `${at}.img`;
  fs.mkdirSync(at, { recursive: true });
  fs.writeFileSync(image, '');
  // The least that mkfs.xfs takes is 300 MiB; nearly all of it is a hole.
  fs.truncateSync(image, 320 << 20);
  try {
    execFileSync(mkfs, type === 'vfat' ? [image] : ['-q', image], { stdio: 'pipe' });
    try {
      if (user === undefined) execFileSync('mount', ['-t', type, '-o', 'loop', image, at], { stdio: 'pipe' });
      else execFileSync(user, ['-o', 'rw+', image, at], { stdio: 'ignore' });
    } catch (error) {
      refused(`a ${type} in a file cannot be mounted here: ${String(error)}`);
      return;
    }
    try {
      run();
    } finally {
      execFileSync('umount', [at]);
    }
  } finally {
    fs.rmSync(image);
  }
}
