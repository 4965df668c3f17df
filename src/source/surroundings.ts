import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import type { Stat } from '../io/stat.ts';
import { unlessHidden } from './rejected.ts';

/** What lies around a spool and tells of those who work on it. */
export interface Surroundings {
  /** The dotlock, if there is one, and the beginning of what it holds (a pid, and perhaps a host): latin1. */
  readonly dotlock: { readonly path: string; readonly stat: Stat; readonly text: string } | undefined;
  /** Files of Dovecot's index: a session keeps them open while the spool is closed. */
  readonly index: readonly { readonly path: string; readonly stat: Stat }[];
  /** Files that a mailbox is made of, where it is more than the one at its path. */
  readonly files?: readonly { readonly path: string; readonly stat: Stat }[];
}

/** A file name ends at 255 bytes. */
const MAX_NAME = 255;
const INDEX_FILES = ['dovecot.index', 'dovecot.index.log', 'dovecot.index.cache'];

/** `<spool>.lock` (docs/formats.md, "Locks"). A name too long for it was never locked so. */
export function dotlockIn(dir: Dir | undefined, spool: string): Surroundings['dotlock'] {
  const name = `${spool}.lock`;
  return dir === undefined || name.length > MAX_NAME ? undefined : lockFileIn(dir, name);
}

/** A lock file by its name. */
export function lockFileIn(dir: Dir, name: string): Surroundings['dotlock'] {
  const stat = dir.lstat(name);
  if (stat === undefined || stat.kind === 'dir') return undefined;
  const text = stat.kind === 'file' ? unlessHidden(dir.join(name), () => beginningOf(dir, name)) : undefined;
  return { path: dir.join(name), stat, text: text ?? '' };
}

function beginningOf(dir: Dir, name: string): string | undefined {
  let file: OpenFile | undefined;
  try {
    file = dir.openFile(name);
    const bytes = Buffer.alloc(256);
    return bytes.toString('latin1', 0, file?.readAt(bytes, 0) ?? 0);
  } finally {
    file?.close();
  }
}

export function indexFilesIn(dir: Dir): Surroundings['index'] {
  return INDEX_FILES.flatMap((name) => {
    const stat = dir.lstat(name);
    return stat?.kind === 'file' ? [{ path: dir.join(name), stat }] : [];
  });
}
