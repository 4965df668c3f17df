import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { installPackages } from './install.ts';

/** A file system of the kernel's that a test can have as a file. */
export interface ImageKind {
  readonly type: 'btrfs' | 'xfs';
  /** The Debian package with its mkfs. */
  readonly tools: string;
}

/**
 * Makes a file system in a file beside the directory `at`, and mounts it there for as long as `run` takes. `refused` is
 * called with the reason where this host lets nobody mount, or its kernel does not know the type.
 */
export function withImage(
  { type, tools }: ImageKind,
  at: string,
  refused: (why: string) => void,
  run: () => void,
): void {
  const known = fs.readFileSync('/proc/filesystems', 'utf8').split(/\s+/);
  if (process.getuid?.() !== 0 || !known.includes(type)) {
    refused(`only root can mount a ${type}, and only where /proc/filesystems has it`);
    return;
  }
  const mkfs = `mkfs.${type}`;
  if (spawnSync(mkfs, ['-V']).error !== undefined) installPackages([tools], mkfs);
  const image = `${at}.img`;
  fs.mkdirSync(at, { recursive: true });
  fs.writeFileSync(image, '');
  // The least that mkfs.xfs takes is 300 MiB; nearly all of it is a hole.
  fs.truncateSync(image, 320 << 20);
  try {
    execFileSync(mkfs, ['-q', image], { stdio: 'pipe' });
    try {
      execFileSync('mount', ['-t', type, '-o', 'loop', image, at], { stdio: 'pipe' });
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
