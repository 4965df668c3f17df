import { LIMITS } from '../core/limits.ts';
import { Dir } from '../io/dir.ts';
import { type OpenFile, readWhole } from '../io/file.ts';
import { foreign } from '../io/owner.ts';
import { unsafe } from '../io/wrap.ts';
import { type Rejected, rejectedBy } from './rejected.ts';

/**
 * Opens a file of an account (`owner` is its uid) for reading; another user's is `SOURCE_UNSAFE`. `ownerFrom`: see
 * `foreign` (io/owner.ts).
 */
export function openOwn(
  dir: Dir | undefined,
  name: string,
  owner: number,
  ownerFrom: 'root' | 'file' = 'root',
): OpenFile | undefined {
  const file = dir?.openFile(name);
  const reason = dir && file && foreign(file.stat, dir.stat, owner, ownerFrom);
  if (file === undefined || reason === undefined) return file;
  file.close();
  throw unsafe(reason, file.path, 'source');
}

/** A small file of an account as a whole. */
export function readOwn(dir: Dir | undefined, name: string, owner: number): Buffer | undefined {
  return readWhole(openOwn(dir, name, owner), LIMITS.smallFile);
}

/** A small file that was read, and when it last changed. */
export interface OwnFile {
  readonly bytes: Buffer;
  readonly mtimeNs: bigint;
}

/** The same by the path of its directory (latin1); one that is unsafe, or may not be read, is added to `rejected`. */
export function readOwnAt(
  path: string,
  name: string,
  owner: number,
  rejected: Rejected[],
): OwnFile | undefined {
  let dir: Dir | undefined;
  try {
    dir = Dir.openRoot(path, 'source');
    const file = openOwn(dir, name, owner);
    const bytes = readWhole(file, LIMITS.smallFile);
    return file && bytes && { bytes, mtimeNs: file.stat.mtimeNs };
  } catch (error) {
    rejected.push(rejectedBy(error, `${path}/${name}`));
    return undefined;
  } finally {
    dir?.close();
  }
}

/** Opens a directory by its path (latin1); one that is unsafe, or may not be opened, is added to `rejected`. */
export function openOrReject(path: string, rejected: Rejected[]): Dir | undefined {
  try {
    return Dir.openRoot(path, 'source');
  } catch (error) {
    rejected.push(rejectedBy(error, path));
    return undefined;
  }
}
