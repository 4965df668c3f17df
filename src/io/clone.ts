import fs from 'node:fs';
import { assert } from '../core/errors.ts';
import type { Dir } from './dir.ts';
import type { OpenFile } from './file.ts';
import { fsPath } from './names.ts';
import { errnoOf, ioError } from './wrap.ts';

const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = fs.constants;

/** What file systems and kernels say that cannot share blocks or inodes, or not between these two places. */
const CANNOT = new Set([
  ...['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOTTY', 'ENOSYS'],
  ...['EPERM', 'EACCES', 'EBADF', 'EMLINK'],
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

/** A file by its place, and as it was opened there. */
export interface Placed {
  readonly dir: Dir;
  readonly name: string;
  readonly file: OpenFile;
}

/**
 * Gives a file of the source a second name in a directory of the target. Its bytes stay as they are, as do its times but
 * for that of its last change of status. False: it cannot be done here, or something else bears the name by now.
 */
export function linkFile({ dir, name, file }: Placed, to: Dir, as: string): boolean {
  assert(to.side === 'target', 'the source is never written: link');
  try {
    fs.linkSync(fsPath(`/proc/self/fd/${dir.fd}/${name}`), `/proc/self/fd/${to.fd}/${as}`);
  } catch (error) {
    if (CANNOT.has(errnoOf(error) ?? '') || errnoOf(error) === 'ENOENT') return false;
    throw ioError(error, 'link', to.join(as), to.side);
  }
  // link(2) follows nothing, but the name may be another file's since ours was opened.
  const linked = to.lstat(as);
  if (linked?.ino === file.stat.ino && linked.dev === file.stat.dev) return true;
  to.unlink(as);
  return false;
}
