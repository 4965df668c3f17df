import { Dir } from './dir.ts';
import type { Owner } from './owner.ts';
import { unsafe } from './wrap.ts';

/** Opens an absolute path (latin1), making the directories that are missing with `mode` and `owner`. */
export function ensurePath(path: string, mode: number, owner: Owner | undefined): Dir {
  const missing: string[] = [];
  let existing = path.replace(/\/+$/, '') || '/';
  let dir = Dir.openRoot(existing, 'target');
  while (dir === undefined) {
    const slash = existing.lastIndexOf('/');
    missing.unshift(existing.slice(slash + 1));
    existing = existing.slice(0, slash) || '/';
    dir = Dir.openRoot(existing, 'target');
    if (dir === undefined && existing === '/') throw unsafe('cannot be opened', path, 'target');
  }
  for (const name of missing) {
    const above: Dir = dir;
    try {
      dir = above.ensureDir(name, mode, owner);
    } finally {
      above.close();
    }
  }
  return dir;
}
