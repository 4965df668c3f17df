import { Dir } from './dir.ts';
import { readWhole } from './file.ts';
import { splitPath } from './names.ts';

/**
 * Reads a file that the command line names: `path` is absolute, latin1, and nothing else than a regular file, without
 * other links on its way than root's own. `undefined`: there is none. More than `limit` bytes: refused as damaged.
 */
export function readGivenFile(path: string, limit: number): Buffer | undefined {
  const { dir: above, name } = splitPath(path);
  const dir = Dir.openRoot(above, 'source');
  try {
    return readWhole(dir?.openFile(name), limit);
  } finally {
    dir?.close();
  }
}
