import fs from 'node:fs';
import os from 'node:os';
import { splitPath } from './names.ts';

/** Cores that this process may use. */
export function cores(): number {
  return os.availableParallelism();
}

/**
 * Whether a path (latin1), or as much of it as there is, lies on a disk that turns, as far as the kernel says
 * (`queue/rotational` in sysfs): heads that are sent to and fro make several accounts at once slower, not faster.
 */
export function isOnTurningDisk(path: string): boolean {
  const dev = deviceOf(path);
  if (dev === undefined) return false;
  const device = `${major(dev)}:${minor(dev)}`;
  // A partition has no queue of its own; that of its disk is one directory up.
  return ['queue', '../queue'].some((queue) => isRotational(device, queue));
}

function deviceOf(path: string): bigint | undefined {
  for (let at = path; ; at = splitPath(at).dir) {
    try {
      return fs.lstatSync(Buffer.from(at, 'latin1'), { bigint: true }).dev;
    } catch {
      if (at === '/') return undefined;
    }
  }
}

/** makedev(3), as glibc has it. */
function major(dev: bigint): bigint {
  return ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xffff_f000n);
}

function minor(dev: bigint): bigint {
  return (dev & 0xffn) | ((dev >> 12n) & 0xffff_ff00n);
}

function isRotational(device: string, queue: string): boolean {
  try {
    return fs.readFileSync(`/sys/dev/block/${device}/${queue}/rotational`, 'latin1').trim() === '1';
  } catch {
    return false;
  }
}
