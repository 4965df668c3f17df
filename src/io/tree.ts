import { assert } from '../core/errors.ts';
import { Dir } from './dir.ts';
import { type OpenFile, readWhole } from './file.ts';
import type { Stat } from './stat.ts';
import { unsafe } from './wrap.ts';

/** Symbolic links on the way to one name. */
const MAX_HOPS = 16;

/** A name in an open directory. */
interface Located {
  /** Open; the caller closes it. */
  readonly dir: Dir;
  readonly name: string;
}

/**
 * A directory that stands for `/`, such as a mounted copy of another disk. Paths are absolute within it, latin1. Links are
 * followed only where `Dir.trustedLink` says that root alone can have made them, and then within the tree: an absolute one
 * begins at the tree's root, `..` never leads above it, whoever moves directories meanwhile. Nothing is ever written.
 */
export class Tree {
  readonly #root: Dir;

  private constructor(root: Dir) {
    this.#root = root;
  }

  /** `path` is absolute on this host. `undefined`: there is no such directory. Close it. */
  static open(path: string): Tree | undefined {
    const root = Dir.openRoot(path, 'source');
    return root === undefined ? undefined : new Tree(root);
  }

  /** On this host, without links; latin1. */
  get path(): string {
    return this.#root.path;
  }

  /** How people find a path of the tree on this host. */
  onHost(path: string): string {
    return this.path === '/' ? path : `${this.path}${path === '/' ? '' : path}`;
  }

  /** Opens a directory, whose `path` is then free of links. Missing: `undefined`; unsafe: `SOURCE_UNSAFE`. */
  openDir(path: string): Dir | undefined {
    const found = this.#locate(path);
    if (found === undefined) return undefined;
    if (found.name === '') return found.dir;
    try {
      return found.dir.openDir(found.name);
    } finally {
      found.dir.close();
    }
  }

  /** What lies at a path behind trusted links, and where it is on this host. */
  look(path: string): { readonly path: string; readonly stat: Stat; readonly parent: Stat } | undefined {
    const found = this.#locate(path);
    if (found === undefined) return undefined;
    const { dir, name } = found;
    try {
      const stat = name === '' ? dir.stat : dir.lstat(name);
      return stat && { path: name === '' ? dir.path : dir.join(name), stat, parent: dir.stat };
    } finally {
      dir.close();
    }
  }

  /** Opens a regular file; the rest as `openDir`. */
  openFile(path: string): OpenFile | undefined {
    const found = this.#locate(path);
    try {
      return found === undefined || found.name === '' ? undefined : found.dir.openFile(found.name);
    } finally {
      found?.dir.close();
    }
  }

  /** A small file whole; larger than `limit` bytes: `SOURCE_DAMAGED`. */
  readFile(path: string, limit: number): Buffer | undefined {
    return readWhole(this.openFile(path), limit);
  }

  close(): void {
    this.#root.close();
  }

  /** The directory in which the last part of a path stands, behind all trusted links; without a name it is the root. */
  #locate(path: string): Located | undefined {
    assert(path.startsWith('/') && !path.includes('\0'), `not an absolute path: ${JSON.stringify(path)}`);
    const above: Dir[] = [this.#root.reopen()];
    const todo = path.split('/');
    try {
      for (let hops = 0; ; ) {
        const name = todo.shift();
        const dir = above.at(-1);
        if (dir === undefined) return undefined;
        if (name === undefined) return ended(above);
        if (name === '' || name === '.') continue;
        if (name === '..') {
          if (above.length > 1) above.pop()?.close();
          continue;
        }
        const target = dir.trustedLink(name);
        if (target !== undefined) {
          if (++hops > MAX_HOPS) throw unsafe('has too many symbolic links on its way', path, 'source');
          if (target.startsWith('/')) for (const one of above.splice(1)) one.close();
          todo.unshift(...target.split('/'));
        } else if (todo.every((part) => part === '' || part === '.')) return ended(above, name);
        else {
          const next = dir.openDir(name);
          if (next === undefined) return undefined;
          above.push(next);
        }
      }
    } finally {
      for (const one of above) one.close();
    }
  }
}

/** Takes the innermost directory, so that it stays open. A path that ended in `..` is that directory itself. */
function ended(above: Dir[], name = ''): Located | undefined {
  const dir = above.pop();
  return dir === undefined ? undefined : { dir, name };
}
