import { Dir } from './dir.ts';
import type { Owner } from './owner.ts';
import { type Side, unsafe } from './wrap.ts';

/**
 * Opens an absolute path (latin1), making the directories that are missing with `mode` and `owner`; those survive a
 * power cut.
 */
export function ensurePath(path: string, mode: number, owner: Owner | undefined): Dir {
  const { dir: existing, missing } = openExisting(path, 'target');
  let dir = existing;
  for (const name of missing) {
    const above: Dir = dir;
    try {
      dir = above.ensureDir(name, mode, owner);
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

/** Opens as much of a path as exists; `missing` are the names behind. */
function openExisting(path: string, side: Side): { readonly dir: Dir; readonly missing: readonly string[] } {
  const missing: string[] = [];
  let existing = path.replace(/\/+$/, '') || '/';
  for (;;) {
    const dir = Dir.openRoot(existing, side);
    if (dir !== undefined) return { dir, missing };
    if (existing === '/') throw unsafe('cannot be opened', path, side);
    const slash = existing.lastIndexOf('/');
    missing.unshift(existing.slice(slash + 1));
    existing = existing.slice(0, slash) || '/';
  }
}
