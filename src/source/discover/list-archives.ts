import { parseArchiveName } from '../../codec/archive-name.ts';
import type { Dir } from '../../io/dir.ts';
import type { Tree } from '../../io/tree.ts';
import { passedOver, type Rejected } from '../rejected.ts';

/** Files, and bytes of them. */
interface Amount {
  readonly files: number;
  readonly bytes: number;
}

/** A list of Mailman 2, and what lies there of its archive (docs/formats.md, "Archives of lists"). Names are latin1. */
export interface FoundList {
  readonly name: string;
  /** Mailman's `archives/private`: on this host, behind all links. */
  readonly above: string;
  /** Bytes of the cumulative mbox; 0 without one. */
  readonly mbox: number;
  /** pipermail's months, and bytes of those that are not packed. */
  readonly months: Amount;
  readonly text: number;
  /** What pipermail has cut off from messages. */
  readonly attachments: Amount;
}

interface ListArchives {
  /** Those of which something is there, by place and name. */
  readonly lists: readonly FoundList[];
  readonly rejected: readonly Rejected[];
}

/** Where packages and Mailman's own installation keep archives. */
const PLACES = ['/var/lib/mailman', '/usr/local/mailman', '/var/mailman', '/opt/mailman', '/home/mailman'];
/** Levels below `attachments/`: a day, a message, its files. */
const DEPTH = 4;
/** Entries of one list's attachments that are counted. */
const COUNTED = 1_000_000;

/** Looks at Mailman's archives; nothing is read but directories. */
export function listArchives(tree: Tree): ListArchives {
  const lists = new Map<string, FoundList>();
  const rejected: Rejected[] = [];
  for (const place of PLACES) {
    const path = `${place}/archives/private`;
    attempt(tree.onHost(path), () =>
      within(tree.openDir(path), (above) => {
        for (const name of new Set([...above.entries()].flatMap(listOf))) {
          const list = lookAt(above, name);
          // Two places may be one, by a link.
          if (list.mbox + list.months.files > 0) lists.set(above.join(name), list);
        }
      }),
    );
  }
  const sorted = [...lists].sort(([a], [b]) => (a < b ? -1 : 1));
  return { lists: sorted.map(([, list]) => list), rejected };

  function lookAt(above: Dir, name: string): FoundList {
    let [mbox, text] = [0, 0];
    const [months, attachments] = [new Sum(), new Sum()];
    inside(above, `${name}.mbox`, (dir) => {
      const stat = dir.lstat(`${name}.mbox`);
      if (stat?.kind === 'file') mbox = stat.size;
    });
    inside(above, name, (dir) => {
      for (const file of dir.entries()) {
        if (file === 'attachments') inside(dir, file, (one) => count(one, attachments, DEPTH));
        const stat = parseArchiveName(file) === undefined ? undefined : dir.lstat(file);
        if (stat?.kind !== 'file') continue;
        months.add(stat.size);
        if (!/\.gz$/i.test(file)) text += stat.size;
      }
    });
    return { name, above: above.path, mbox, months, text, attachments };
  }

  function count(dir: Dir, sum: Sum, depth: number): void {
    for (const name of dir.entries()) {
      if (sum.files >= COUNTED) return;
      const stat = dir.lstat(name);
      if (stat?.kind === 'file') sum.add(stat.size);
      else if (stat?.kind === 'dir' && depth > 1) inside(dir, name, (one) => count(one, sum, depth - 1));
    }
  }

  /** Looks into a directory, if it is there and one. */
  function inside(dir: Dir, name: string, look: (dir: Dir) => void): void {
    attempt(dir.join(name), () => {
      if (dir.lstat(name)?.kind === 'dir') within(dir.openDir(name), look);
    });
  }

  function attempt(path: string, look: () => void): void {
    try {
      look();
    } catch (error) {
      rejected.push(passedOver(error, path));
    }
  }
}

class Sum implements Amount {
  files = 0;
  bytes = 0;

  add(bytes: number): void {
    this.files++;
    this.bytes += bytes;
  }
}

/** The list that an entry belongs to. */
function listOf(entry: string): string[] {
  const name = entry.replace(/\.mbox$/, '');
  return name === '' || name.startsWith('.') ? [] : [name];
}

function within(dir: Dir | undefined, look: (dir: Dir) => void): void {
  try {
    if (dir !== undefined) look(dir);
  } finally {
    dir?.close();
  }
}
