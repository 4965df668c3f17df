import fs from 'node:fs';
import type { FileId } from './in-use.ts';

/** A lock that some process of this host holds on a file. */
export interface HeldLock {
  readonly kind: 'fcntl' | 'flock';
  readonly mode: 'read' | 'write';
  /** `undefined` where the kernel does not say: a lock of an open file description, or of a process elsewhere. */
  readonly pid: number | undefined;
}

const LINE = /^\d+: (POSIX|OFDLCK|FLOCK) +\w+ +(READ|WRITE) +(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /;

/**
 * All fcntl and flock locks that are held on files of this host, from `/proc/locks` (proc(5)); who only waits for one is
 * left out, and so are leases. Locks of the clients of a file server are not seen. btrfs has other device numbers
 * there than stat(2): a lock is then not found here, though its holder has the file open.
 */
export function heldLocks(): (file: FileId) => readonly HeldLock[] {
  return parseLocks(readTable());
}

/** The same from the text of such a table. */
export function parseLocks(table: string): (file: FileId) => readonly HeldLock[] {
  const found = new Map<string, HeldLock[]>();
  for (const line of table.split('\n')) {
    const [, kind, mode, pid, major = '', minor = '', ino] = LINE.exec(line) ?? [];
    if (kind === undefined) continue;
    const key = `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}:${ino}`;
    const lock: HeldLock = {
      kind: kind === 'FLOCK' ? 'flock' : 'fcntl',
      mode: mode === 'READ' ? 'read' : 'write',
      pid: Number(pid) > 0 ? Number(pid) : undefined,
    };
    found.set(key, [...(found.get(key) ?? []), lock]);
  }
  return ({ dev, ino }) => found.get(`${major(dev)}:${minor(dev)}:${ino}`) ?? [];
}

function readTable(): string {
  try {
    return fs.readFileSync('/proc/locks', 'latin1');
  } catch {
    return '';
  }
}

/** How Linux packs a device number into the `dev_t` of stat(2): makedev(3). */
function major(dev: bigint): bigint {
  return ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
}

function minor(dev: bigint): bigint {
  return (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
}
