import type { Dir } from '../../io/dir.ts';
import type { Tree } from '../../io/tree.ts';
import { passedOver, type Rejected } from '../rejected.ts';

interface ListArchives {
  readonly archives: readonly { readonly path: string; readonly bytes: number }[];
  readonly rejected: readonly Rejected[];
}

/** Where packages and Mailman's own installation keep archives. */
const PLACES = ['/var/lib/mailman', '/usr/local/mailman', '/var/mailman', '/opt/mailman', '/home/mailman'];

/** Mailman 2's raw archives, `archives/private/LIST.mbox/LIST.mbox`; paths are the host's, latin1. */
export function listArchives(tree: Tree): ListArchives {
  const archives = new Map<string, { path: string; bytes: number }>();
  const rejected: Rejected[] = [];
  for (const place of PLACES) {
    const path = `${place}/archives/private`;
    attempt(tree.onHost(path), () =>
      within(tree.openDir(path), (dir) => {
        for (const name of dir.entries())
          if (name.endsWith('.mbox'))
            attempt(dir.join(name), () => within(dir.openDir(name), (one) => add(one, name)));
      }),
    );
  }
  return { archives: [...archives.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), rejected };

  function add(dir: Dir, name: string): void {
    const stat = dir.lstat(name);
    const path = dir.join(name);
    if (stat?.kind === 'file' && stat.size > 0) archives.set(path, { path, bytes: stat.size });
  }

  function attempt(path: string, look: () => void): void {
    try {
      look();
    } catch (error) {
      rejected.push(passedOver(error, path));
    }
  }
}

function within(dir: Dir | undefined, look: (dir: Dir) => void): void {
  try {
    if (dir !== undefined) look(dir);
  } finally {
    dir?.close();
  }
}
