import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

/**
 * Mounts a tmpfs with `options` (mount(8)) on a directory, which is made, for as long as `run` takes. `refused` is called
 * with the reason where this host lets nobody mount.
 */
export function withTmpfs(
  at: string,
  options: string,
  refused: (why: string) => void,
  run: () => void,
): void {
  fs.mkdirSync(at, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at], { stdio: 'pipe' });
  } catch (error) {
    refused(`a tmpfs cannot be mounted here: ${String(error)}`);
    return;
  }
  try {
    run();
  } finally {
    execFileSync('umount', [at]);
  }
}
