import { SpoolsyncError } from '../../core/errors.ts';
import { printable } from '../../io/names.ts';
import type { Tree } from '../../io/tree.ts';
import { StraySearch } from '../../source/discover/strays.ts';
import { expand, parseLocation } from '../../source/location.ts';
import type { Mentions } from './mentions.ts';
import type { OldUser } from './old-users.ts';
import type { Placed } from './placing.ts';

/** Entries beside homes that are looked at, as homes of users who are gone. */
const BESIDE = 10_000;

/** Mentions what looks like mail and is in no account's place: in spool directories, homes, and beside homes. */
export function findStrays(
  tree: Tree,
  users: readonly OldUser[],
  placed: readonly Placed[],
  spools: readonly string[],
  mentions: Mentions,
  checkSignal: () => void,
): void {
  const taken = placed.flatMap(({ measured: { root, inbox } }) =>
    [root, inbox].filter((path) => path !== undefined),
  );
  const search = new StraySearch(tree, isTakenBy(taken));
  for (const path of spools) search.spools(path);
  for (const path of homesAndBeside(tree, users, mentions)) {
    checkSignal();
    search.home(path);
  }
  mentions.rejected(search.rejected);
  const seen = new Set<string>();
  for (const { path, what, files, bytes, isRead } of search.strays) {
    if (seen.has(path)) continue;
    seen.add(path);
    const message = isRead
      ? `${what} that belongs to no account (files: ${files}, bytes: ${bytes})`
      : `${what}, which is not read`;
    mentions.add('finding', isRead ? 'MAIL_NOT_PLACED' : 'FORMAT_NOT_READ', message, printable(path));
  }
}

/** Whether a path is taken, or lies in what is taken, or holds it. */
function isTakenBy(taken: readonly string[]): (path: string) => boolean {
  const [exact, above] = [new Set(taken), new Set<string>()];
  for (const path of taken)
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1))
      above.add(path.slice(0, slash));
  return (path) => {
    if (above.has(path)) return true;
    for (let one = path; one !== ''; one = one.slice(0, one.lastIndexOf('/')))
      if (exact.has(one)) return true;
    return false;
  };
}

/** Homes of people, and what stands beside those that are called like their users. */
function homesAndBeside(tree: Tree, users: readonly OldUser[], mentions: Mentions): string[] {
  const homes = new Set<string>();
  const parents = new Set(['/home']);
  for (const { home, name, isSystem } of users) {
    const path = home === undefined || isSystem ? undefined : filled(home, name);
    if (path === undefined || path === '/') continue;
    homes.add(path);
    if (/^\/[^%]+\/%[un]$/.test(home ?? '')) parents.add(path.slice(0, path.lastIndexOf('/')));
  }
  for (const parent of parents) for (const name of names(tree, parent)) homes.add(`${parent}/${name}`);
  return [...homes];

  function names(at: Tree, path: string): string[] {
    try {
      const dir = at.openDir(path);
      try {
        const found: string[] = [];
        for (const name of dir?.entries() ?? []) {
          if (found.length >= BESIDE) break;
          if (dir?.lstat(name)?.kind === 'dir') found.push(name);
        }
        return found;
      } finally {
        dir?.close();
      }
    } catch (error) {
      if (!(error instanceof SpoolsyncError) || error.code === 'INTERNAL') throw error;
      mentions.add('finding', 'NOT_READ', error.message, printable(at.onHost(path)));
      return [];
    }
  }
}

/** The home of one user; none where the name cannot stand in a path. */
function filled(home: string, name: string): string | undefined {
  try {
    return expand(parseLocation(`maildir:${home}`), name, () => undefined).root;
  } catch (error) {
    if (error instanceof SpoolsyncError && error.code !== 'INTERNAL') return undefined;
    throw error;
  }
}
