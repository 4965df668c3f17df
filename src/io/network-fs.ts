import fs from 'node:fs';
import type { Dir } from './dir.ts';
import { ioError } from './wrap.ts';

/** File systems whose files other hosts may change: statfs(2) `f_type`, from the kernel's magic.h. */
const SHARED: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
]);

/** The kind of file system that `dir` lies on, if other hosts may work on it; `undefined` for a local one. */
export function sharedFileSystem(dir: Dir): string | undefined {
  try {
    return sharedName(fs.statfsSync(`/proc/self/fd/${dir.fd}`).type);
  } catch (error) {
    throw ioError(error, 'look at the file system of', dir.path, dir.side);
  }
}

/** The name of a shared file system by its `f_type`, which may come with a sign. */
export function sharedName(type: number): string | undefined {
  return SHARED.get(type >>> 0);
}
