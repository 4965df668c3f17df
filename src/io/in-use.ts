import fs from 'node:fs';

/** A process that has something open below a directory. */
export interface User {
  readonly pid: number;
  /** Its name, as the kernel cuts it (15 bytes). */
  readonly name: string;
  /** What it has open. */
  readonly path: string;
}

/**
 * The first process, this one and programs called as in `except` aside, that has a file open below one of `directories`
 * (canonical paths). Only what this user may see: root sees all processes of this host. Processes on other hosts that
 * mount the same disk stay unseen.
 */
export function findUserOf(
  directories: readonly string[],
  except: ReadonlySet<string> = new Set(),
): User | undefined {
  const prefixes = directories.map((directory) => Buffer.from(`${directory}/`, 'latin1').toString());
  for (const pid of numbersIn('/proc')) {
    if (pid === process.pid) continue;
    for (const fd of numbersIn(`/proc/${pid}/fd`)) {
      const path = orUndefined(() => fs.readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (path === undefined || !prefixes.some((prefix) => path.startsWith(prefix))) continue;
      const name = orUndefined(() => fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? 'unknown';
      if (except.has(name)) break;
      return { pid, name, path };
    }
  }
  return undefined;
}

function numbersIn(directory: string): number[] {
  const names = orUndefined(() => fs.readdirSync(directory)) ?? [];
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Processes come and go, and other users' cannot be looked into: neither is an error here. */
function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
