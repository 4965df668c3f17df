import { Dir } from './dir.ts';
import type { FileId } from './in-use.ts';
import { splitPath } from './names.ts';
import type { Owner } from './owner.ts';
import { type Side, unsafe } from './wrap.ts';

/** Of directories that are made for several owners: each must get through. */
const SHARED_MODE = 0o755;

/**
 * Opens an absolute path (latin1), making the directories that are missing; those survive a power cut. The last
 * `ownParts` components get `mode` and `owner`, what is made above them is of whoever runs this, and others may pass
 * through it. What exists is not changed.
 */
export function ensurePath(
  path: string,
  mode: number,
  owner: Owner | undefined,
  ownParts = Number.POSITIVE_INFINITY,
): Dir {
  const { dir: existing, missing } = openExisting(path, 'target');
  let dir = existing;
  for (const [i, name] of missing.entries()) {
    const above: Dir = dir;
    const own = missing.length - i <= ownParts;
    try {
      dir = own ? above.ensureDir(name, mode, owner) : above.ensureDir(name, SHARED_MODE);
      above.fsync();
    } finally {
      above.close();
    }
  }
  return dir;
}

/** The path (latin1) that `ensurePath` would open, root's own links followed; nothing is made. */
export function canonicalPath(path: string, side: Side): string {
  const { dir, missing } = openExisting(path, side);
  dir.close();
  return missing.reduce((above, name) => (above === '/' ? `/${name}` : `${above}/${name}`), dir.path);
}

/** The directories on the way to a path as far as they exist, `/` first, told by device and inode. */
export interface Way {
  readonly directories: readonly FileId[];
  /** Whether the last of them is what the path names. */
  readonly complete: boolean;
}

/** What lies on the way to an absolute path (latin1), root's own links followed: the same whatever the path's spelling. */
export function wayTo(path: string, side: Side): Way {
  const { dir, missing } = openExisting(path, side);
  dir.close();
  const directories: FileId[] = [];
  // Its path has no links in it any more.
  let at = Dir.openRoot('/', side);
  const names = dir.path.split('/').filter((part) => part !== '');
  try {
    while (at !== undefined) {
      directories.push(at.stat);
      const name = names.shift();
      const next: Dir | undefined = name === undefined ? undefined : at.openDir(name);
      at.close();
      at = next;
    }
  } finally {
    at?.close();
  }
  return { directories, complete: missing.length === 0 };
}

/** Opens as much of a path (latin1) as exists; `missing` are the names behind. */
export function openExisting(
  path: string,
  side: Side,
): { readonly dir: Dir; readonly missing: readonly string[] } {
  const missing: string[] = [];
  let existing = path.replace(/\/+$/, '') || '/';
  for (;;) {
    const dir = Dir.openRoot(existing, side);
    if (dir !== undefined) return { dir, missing };
    if (existing === '/') throw unsafe('cannot be opened', path, side);
    const { dir: above, name } = splitPath(existing);
    missing.unshift(name);
    existing = above;
  }
}
