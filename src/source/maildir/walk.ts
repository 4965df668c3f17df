import { LIMITS } from '../../core/limits.ts';
import type { Dir } from '../../io/dir.ts';
import { foreign } from '../../io/owner.ts';
import { KIND_WORDS } from '../../io/stat.ts';
import { unsafe } from '../../io/wrap.ts';
import { type Rejected, rejectedBy } from '../rejected.ts';
import { openBelow } from '../walk.ts';
import { PARTS } from './folder.ts';

export interface Layout {
  /** The account's uid. */
  readonly owner: number;
  /** Folders are directories within each other, not names with dots. */
  readonly fs: boolean;
  /** Paths below the root that hold no folders. */
  readonly without: ReadonlySet<string>;
}

export interface Folders {
  /** Sorted by path: directory names from the root on, and hierarchy parts. */
  readonly folders: readonly { readonly below: readonly string[]; readonly parts: readonly string[] }[];
  readonly rejected: readonly Rejected[];
}

/** All folders of a Maildir but INBOX. Links, and directories of other users, are not looked into. */
export function findFolders(root: Dir, layout: Layout): Folders {
  const found = new Finder(root, layout);
  if (layout.fs) found.descend([]);
  else found.listDotted();
  return found.folders;
}

class Finder {
  readonly #root: Dir;
  readonly #layout: Layout;
  readonly #folders: { below: readonly string[]; parts: readonly string[] }[] = [];
  readonly #rejected: Rejected[] = [];

  constructor(root: Dir, layout: Layout) {
    this.#root = root;
    this.#layout = layout;
  }

  get folders(): Folders {
    const sorted = this.#folders.sort((a, b) => (a.below.join('/') < b.below.join('/') ? -1 : 1));
    return { folders: sorted, rejected: this.#rejected };
  }

  /** Maildir++: every directory with a leading dot is a folder, whatever is in it (observed with Dovecot 2.3.19). */
  listDotted(): void {
    for (const name of this.#root.entries()) {
      if (!name.startsWith('.') || !this.#isDir(this.#root, [name])) continue;
      this.#add([name], name.slice(1).split('.'));
    }
  }

  /** `:LAYOUT=fs`: a directory with `cur/`, `new/` or `tmp/` is a folder; every other one may hold folders. */
  descend(below: readonly string[]): void {
    const path = [this.#root.path, ...below].join('/');
    try {
      if (below.length > LIMITS.folderDepth) throw unsafe('lies too deep', path, 'source');
      const dir = openBelow(this.#root, below, this.#layout.owner);
      if (dir === undefined) return;
      try {
        this.#enter(dir, below);
      } finally {
        if (dir !== this.#root) dir.close();
      }
    } catch (error) {
      this.#rejected.push(rejectedBy(error, path));
    }
  }

  #enter(dir: Dir, below: readonly string[]): void {
    const isMessages = (name: string) => PARTS.some((part) => part === name);
    if (below.length > 0 && PARTS.some((part) => dir.lstat(part)?.kind === 'dir')) this.#add(below, below);
    for (const name of dir.entries()) {
      if (isMessages(name) || name === 'courierimapkeywords') continue;
      if (this.#isDir(dir, [...below, name])) this.descend([...below, name]);
    }
  }

  #add(below: readonly string[], parts: readonly string[]): void {
    if (this.#folders.length >= LIMITS.mailboxes)
      throw unsafe(
        `holds more than ${LIMITS.mailboxes} folders and is hardly a Maildir`,
        this.#root.path,
        'source',
      );
    this.#folders.push({ below, parts });
  }

  #isDir(dir: Dir, below: readonly string[]): boolean {
    if (this.#layout.without.has(below.join('/'))) return false;
    const stat = dir.lstat(below.at(-1) ?? '');
    if (stat === undefined || stat.kind === 'file') return false;
    const reason = stat.kind === 'dir' ? foreign(stat, dir.stat, this.#layout.owner) : KIND_WORDS[stat.kind];
    if (reason !== undefined) this.#rejected.push({ path: [this.#root.path, ...below].join('/'), reason });
    return reason === undefined;
  }
}
