import { Dir } from './dir.ts';
import { readWhole } from './file.ts';

/**
 * Reads a file that the command line names: `path` is absolute, latin1, and nothing else than a regular file, without
 * other links on its way than root's own. `undefined`: there is none. More than `limit` bytes: refused as damaged.
 */
export function readGivenFile(path: string, limit: number): Buffer | undefined {
  const slash = path.lastIndexOf('/');
  const dir = Dir.openRoot(path.slice(0, slash) || '/', 'source');
  try {
    return readWhole(dir?.openFile(path.slice(slash + 1)), limit);
  } finally {
    dir?.close();
  }
}
