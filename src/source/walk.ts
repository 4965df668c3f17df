import type { Dirent } from 'node:fs';
import fastGlob from 'fast-glob';
import { assert } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Dir } from '../io/dir.ts';
import { foreign } from '../io/owner.ts';
import { KIND_WORDS, type Stat } from '../io/stat.ts';
import { unsafe } from '../io/wrap.ts';
import { type Rejected, rejectedBy } from './rejected.ts';

/** A regular file found below a mail root. */
interface FoundFile {
  /** Names from the root on, the file's last: latin1, one char per byte. */
  readonly parts: readonly string[];
  readonly stat: Stat;
}

export interface Walk {
  /** Sorted by their parts. */
  readonly files: readonly FoundFile[];
  readonly rejected: readonly Rejected[];
}

/** Names that are no mailboxes to Dovecot's mbox storage (observed with 2.3.19): dot-files and locks. */
const IGNORED = ['**/*.lock', '**/*.lock/**'];

/**
 * All mailbox files below a mail root. fast-glob walks and leaves out what is ignored; what it gets to see comes from
 * `Dir`, by open descriptors, so that it follows nothing: links, FIFOs, devices, other users' entries, Maildirs and too
 * deep directories come back as `rejected`. `owner` is the account's uid; `without` are further directories to leave
 * out (an index directory inside the root), as parts.
 */
export function walkMailRoot(root: Dir, owner: number, without: readonly (readonly string[])[]): Walk {
  const lister = new Lister(root, owner);
  const paths = fastGlob.sync('**', {
    cwd: '/',
    fs: lister.fs(),
    ignore: [...IGNORED, ...without.map((parts) => `${parts.map(encode).join('/')}/**`)],
    dot: false,
    onlyFiles: false,
    followSymbolicLinks: false,
  });
  const files: FoundFile[] = [];
  for (const path of paths) {
    const stat = lister.stats.get(path);
    if (stat === undefined || stat.kind === 'dir') continue;
    const parts = path.split('/').map(decode);
    const reason = stat.kind === 'file' ? lister.reasons.get(path) : KIND_WORDS[stat.kind];
    if (reason === undefined) files.push({ parts, stat });
    else lister.rejected.push({ path: [root.path, ...parts].join('/'), reason });
  }
  files.sort((a, b) => (a.parts.join('/') < b.parts.join('/') ? -1 : 1));
  return { files, rejected: lister.rejected };
}

/** The file system as fast-glob sees it: the mail root is `/`, names are encoded. */
class Lister {
  readonly rejected: Rejected[] = [];
  /** By encoded path relative to the root. */
  readonly stats = new Map<string, Stat>();
  /** Why a regular file is another user's. */
  readonly reasons = new Map<string, string>();
  readonly #root: Dir;
  readonly #owner: number;

  constructor(root: Dir, owner: number) {
    this.#root = root;
    this.#owner = owner;
  }

  fs(): NonNullable<fastGlob.Options['fs']> {
    const readdirSync = (path: string) => this.#list(path.split('/').filter((part) => part !== ''));
    const never = (path: unknown) => assert(false, `the walk must not look at ${String(path)} by path`);
    return { readdirSync, statSync: never, lstatSync: never } as unknown as NonNullable<
      fastGlob.Options['fs']
    >;
  }

  #list(encoded: readonly string[]): Dirent[] {
    const parts = encoded.map(decode);
    const path = [this.#root.path, ...parts].join('/');
    try {
      if (parts.length > LIMITS.folderDepth) throw unsafe('lies too deep', path, 'source');
      const opened = openBelow(this.#root, parts, this.#owner);
      try {
        return opened === undefined ? [] : this.#entries(opened, encoded);
      } finally {
        if (opened !== this.#root) opened?.close();
      }
    } catch (error) {
      // The root itself is not one entry among others.
      if (parts.length === 0) throw error;
      this.rejected.push(rejectedBy(error, path));
      return [];
    }
  }

  #entries(dir: Dir, above: readonly string[]): Dirent[] {
    const entries: Dirent[] = [];
    const subdirs = new Set<string>();
    for (const name of dir.entries()) {
      const stat = dir.lstat(name);
      if (stat === undefined) continue;
      if (stat.kind === 'dir') subdirs.add(name);
      const path = [...above, encode(name)].join('/');
      this.stats.set(path, stat);
      if (this.stats.size > LIMITS.mailboxes * 2) throw tooMany(this.#root);
      const reason = foreign(stat, dir.stat, this.#owner);
      if (reason !== undefined) this.reasons.set(path, reason);
      entries.push(toDirent(encode(name), stat));
    }
    if (dir === this.#root || !['cur', 'new', 'tmp'].every((name) => subdirs.has(name))) return entries;
    throw unsafe('is a Maildir, not a directory of mbox files', dir.path, 'source');
  }
}

/**
 * Opens a directory below a mail root, checking each on the way: another user's directory is `SOURCE_UNSAFE`. Without
 * `parts` it is `root` itself. `undefined`: missing by now.
 */
export function openBelow(root: Dir, parts: readonly string[], owner: number): Dir | undefined {
  let dir = root;
  for (const part of parts) {
    const above = dir;
    let next: Dir | undefined;
    try {
      next = above.openDir(part);
    } finally {
      if (above !== root) above.close();
    }
    if (next === undefined) return undefined;
    const reason = foreign(next.stat, above.stat, owner);
    if (reason !== undefined) {
      next.close();
      throw unsafe(reason, next.path, 'source');
    }
    dir = next;
  }
  return dir;
}

function tooMany(root: Dir): Error {
  return unsafe(`holds more than ${LIMITS.mailboxes} entries and is hardly a mail root`, root.path, 'source');
}

/**
 * Patterns are for text, names are bytes: all but plain characters go to the Private Use Area, so that no byte of a name
 * can act in a pattern or end a line in one.
 */
function encode(name: string): string {
  return name.replace(/[^\w.@+ -]/g, (char) => String.fromCharCode(0xe000 + char.charCodeAt(0)));
}

function decode(name: string): string {
  return name.replace(/[\ue000-\ue0ff]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xe000));
}

function toDirent(name: string, stat: Stat): Dirent {
  const is = (kind: Stat['kind']) => () => stat.kind === kind;
  return {
    name,
    parentPath: '',
    path: '',
    isFile: is('file'),
    isDirectory: is('dir'),
    isSymbolicLink: is('link'),
    isFIFO: is('fifo'),
    isSocket: is('socket'),
    isBlockDevice: is('device'),
    isCharacterDevice: is('device'),
  };
}
