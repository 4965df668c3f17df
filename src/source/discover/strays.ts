import type { Dir } from '../../io/dir.ts';
import type { Stat } from '../../io/stat.ts';
import type { Tree } from '../../io/tree.ts';
import { passedOver, type Rejected } from '../rejected.ts';
import { measure, sniffAndClose } from './measure.ts';

/** Something that looks like mail and is in no account's place. Paths are the host's, latin1. */
export interface Stray {
  readonly path: string;
  /** A noun with its article. */
  readonly what: string;
  readonly files: number;
  readonly bytes: number;
  /** False: a format that is not read. */
  readonly isRead: boolean;
}

/** Looks for strays. `isTaken` says of a path (host, latin1) whether an account has it, or something below it. */
export class StraySearch {
  readonly strays: Stray[] = [];
  readonly rejected: Rejected[] = [];
  readonly #tree: Tree;
  readonly #isTaken: (path: string) => boolean;

  constructor(tree: Tree, isTaken: (path: string) => boolean) {
    this.#tree = tree;
    this.#isTaken = isTaken;
  }

  /** A directory of spools, where each file may be mail. */
  spools(path: string): void {
    this.#inDir(path, (dir) => {
      for (const name of dir.entries()) {
        if (name.startsWith('.') || name.endsWith('.lock')) continue;
        this.#entry(dir, name, (stat) => {
          if (stat.kind === 'dir') this.#mailDir(dir, name);
          else this.#file(dir, name, stat);
        });
      }
    });
  }

  /** A home: files in it, and directories that are called like mail. */
  home(path: string): void {
    let left = HOME_ENTRIES;
    this.#inDir(path, (dir) => {
      for (const name of dir.entries()) {
        if (left-- <= 0) return;
        const isDir = MAIL_DIRS.test(name);
        if (name.startsWith('.') && !isDir) continue;
        this.#entry(dir, name, (stat) => {
          if (stat.kind === 'dir' && isDir) this.#mailDir(dir, name);
          else if (stat.kind === 'file') this.#file(dir, name, stat);
        });
      }
    });
  }

  #inDir(path: string, look: (dir: Dir) => void): void {
    this.#try(this.#tree.onHost(path), () => {
      const dir = this.#tree.openDir(path);
      try {
        if (dir !== undefined) look(dir);
      } finally {
        dir?.close();
      }
    });
  }

  #entry(dir: Dir, name: string, look: (stat: Stat) => void): void {
    const path = dir.join(name);
    if (this.#isTaken(path)) return;
    this.#try(path, () => {
      const stat = dir.lstat(name);
      if (stat !== undefined) look(stat);
    });
  }

  #try(path: string, look: () => void): void {
    try {
      look();
    } catch (error) {
      this.rejected.push(passedOver(error, path));
    }
  }

  #file(dir: Dir, name: string, stat: Stat): void {
    if (stat.kind !== 'file' || stat.size === 0) return;
    const file = dir.openFile(name);
    if (file === undefined) return;
    const sniffed = sniffAndClose(file);
    const one = { path: dir.join(name), files: 1, bytes: stat.size };
    if (sniffed.kind === 'refused') {
      if (CONTAINERS.test(sniffed.what)) this.strays.push({ ...one, what: sniffed.what, isRead: false });
    } else if (sniffed.kind === 'mbox' ? sniffed.leading < stat.size : sniffed.kind === 'mmdf')
      this.strays.push({ ...one, what: sniffed.kind === 'mbox' ? 'an mbox' : 'an MMDF file', isRead: true });
  }

  #mailDir(dir: Dir, name: string): void {
    const inside = dir.openDir(name);
    if (inside === undefined) return;
    const path = inside.path;
    const has = (...names: string[]) => names.every((one) => inside.lstat(one)?.kind === 'dir');
    const isMaildir = has('cur', 'new');
    const isDbox = has('mailboxes');
    inside.close();
    if (isDbox) {
      this.strays.push({ path, what: 'a dbox of Dovecot', files: 0, bytes: 0, isRead: false });
      return;
    }
    const places = { inbox: undefined, index: undefined, control: undefined, layout: 'maildir++' } as const;
    const root = this.#tree.path === '/' ? path : path.slice(this.#tree.path.length);
    const kind = isMaildir ? 'maildir' : 'mbox';
    const { files, bytes } = measure(this.#tree, { ...places, kind, root, inbox: `${root}/inbox` });
    const what = isMaildir ? 'a Maildir' : 'a directory of mbox files';
    if (files > 0) this.strays.push({ path, what, files, bytes, isRead: true });
  }
}

/** Entries of a home that are looked at; mail lies among the first few, a hostile home has millions. */
const HOME_ENTRIES = 2000;
const MAIL_DIRS = /^(?:\.?maildir|mail|mdbox|sdbox|dbox)$/i;
/** Files that hold mail in ways that are not read (codec/mbox/signatures.ts). */
const CONTAINERS = /\b(?:mbx|mtx|dbox|Babyl|Foxmail|Outlook|emlx|LISTSERV)\b/;
