import fs from 'node:fs';
import { assert } from '../core/errors.ts';
import type { Dir } from './dir.ts';
import type { OpenFile } from './file.ts';
import { errnoOf, ioError } from './wrap.ts';

const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = fs.constants;

/** What file systems and kernels say that cannot share blocks, or not between these two files. */
const CANNOT = new Set([
  'ENOTSUP',
  'EOPNOTSUPP',
  'EXDEV',
  'EINVAL',
  'ENOTTY',
  'ENOSYS',
  'EPERM',
  'EACCES',
  'EBADF',
]);

/**
 * Makes a new file `name` with the bytes of `file`, sharing its blocks (FICLONE: btrfs, XFS, bcachefs …). Both sides are
 * reached through open descriptors, as everywhere (dir.ts). `undefined`, and no file: it cannot be done here.
 */
export function cloneFile(file: OpenFile, dir: Dir, name: string, mode: number): OpenFile | undefined {
  assert(dir.side === 'target', 'the source is never written: clone');
  try {
    const to = `/proc/self/fd/${dir.fd}/${name}`;
    fs.copyFileSync(`/proc/self/fd/${file.fd}`, to, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE);
  } catch (error) {
    if (!CANNOT.has(errnoOf(error) ?? '')) throw ioError(error, 'create', dir.join(name), dir.side);
    dir.unlink(name);
    return undefined;
  }
  // It has the mode of its original, which may be one that its reader cannot write.
  const made = dir.openFile(name, 'append');
  assert(made !== undefined, 'a file that was made a moment ago');
  made.setMode(mode);
  return made;
}
