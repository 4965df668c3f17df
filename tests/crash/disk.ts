import path from 'node:path';
import type { Call } from './stage.ts';
import { type FileNode, isFile, type Tree } from './tree.ts';

/**
 * A disk that forgets: what a journal of calls has made of it, and what of that is on it for certain. Bytes, mode and
 * time of a file are after fsync(2) of the file, names after fsync(2) of their directory, everything after syncfs(2). That is
 * all that POSIX promises; most file systems keep more.
 */
export class Disk {
  readonly #root: Directory;
  readonly #at: string;
  /** What is open, and where the next write goes. */
  readonly #open = new Map<number, { node: Directory | File; position: number }>();

  /** `at`: the directory on the real disk whose content this was at first. */
  constructor(at: string, tree: Tree) {
    this.#at = at;
    this.#root = new Directory(0o700);
    for (const [name, node] of tree) {
      this.#parent(name).put(path.basename(name), isFile(node) ? new File(node) : new Directory(node.mode));
    }
    this.#root.flushAll();
  }

  /** Whether anything may be different, or more durable, after it. */
  apply(call: Call): boolean {
    if (call.threw !== undefined) return false;
    const at = this.#relative(call.path);
    const opened = call.fd === undefined ? undefined : this.#open.get(call.fd);
    switch (call.call) {
      case 'open':
      case 'create':
        if (at !== undefined) this.#opened(call, at);
        return call.call === 'create' && at !== undefined;
      case 'close':
        this.#open.delete(call.fd ?? -1);
        return false;
      case 'write':
        if (opened === undefined) return false;
        opened.position += file(opened.node).write(opened.position, Buffer.from(call.data ?? '', 'base64'));
        return true;
      case 'fchmod':
        if (opened !== undefined) opened.node.setMode(call.mode ?? 0);
        return opened !== undefined;
      case 'futimes':
        if (opened?.node instanceof File) opened.node.setTime(call.seconds ?? 0);
        return opened !== undefined;
      case 'fsync':
        opened?.node.flush();
        return opened !== undefined;
      case 'syncfs':
        this.#root.flushAll();
        return true;
      default:
        return at !== undefined && call.change && this.#name(call, at);
    }
  }

  /** What is found after a power cut, as `luck` will have it. */
  afterPowerCut(luck: Luck): Tree {
    const tree = new Map<string, FileNode | { mode: number }>();
    const visit = (dir: Directory, above: string) => {
      for (const [name, node] of [...luck.names(dir.history)].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const at = path.join(above, name);
        if (node instanceof File) tree.set(at, luck.file(node.now, node.durable));
        else {
          tree.set(at, { mode: node.mode });
          visit(node, at);
        }
      }
    };
    visit(this.#root, '');
    return tree;
  }

  #opened({ call, fd = -1, mode = 0, append }: Call, at: string): void {
    if (call === 'create')
      this.#parent(at).put(path.basename(at), new File({ bytes: Buffer.alloc(0), mode, seconds: 0 }));
    const node = at === '' ? this.#root : this.#parent(at).get(path.basename(at));
    const position = append && node instanceof File ? node.now.bytes.length : 0;
    if (node !== undefined) this.#open.set(fd, { node, position });
  }

  /** Calls that make, move and remove names. */
  #name({ call, to, mode = 0 }: Call, at: string): boolean {
    const [dir, name] = [this.#parent(at), path.basename(at)];
    switch (call) {
      case 'mkdir':
        dir.put(name, new Directory(mode));
        return true;
      case 'unlink':
      case 'rmdir':
        dir.remove(name);
        return true;
      case 'rename':
      case 'link': {
        const target = this.#relative(to ?? '');
        const node = dir.get(name);
        if (target === undefined || node === undefined)
          throw new Error(`${call} ${at} ${to}: not on this disk`);
        if (call === 'rename') dir.move(name, this.#parent(target), path.basename(target));
        else this.#parent(target).put(path.basename(target), node);
        return true;
      }
      default:
        throw new Error(`${call} ${at}: the disk does not know how`);
    }
  }

  #relative(absolute: string): string | undefined {
    const at = path.relative(this.#at, absolute);
    return /^(tmp|\.\.)(\/|$)/.test(at) ? undefined : at;
  }

  #parent(at: string): Directory {
    let dir = this.#root;
    for (const name of at.split('/').slice(0, -1)) {
      const next = dir.get(name);
      if (!(next instanceof Directory)) throw new Error(`${at}: no such directory on this disk`);
      dir = next;
    }
    return dir;
  }
}

/** What survives of that which nothing has flushed. */
export interface Luck {
  /** Picks from all that a directory has been since its last flush, that first. */
  names(history: readonly Names[]): Names;
  file(now: FileNode, durable: FileNode | undefined): FileNode;
}

type Names = ReadonlyMap<string, Directory | File>;

class Directory {
  mode: number;
  history: Names[] = [new Map()];

  constructor(mode: number) {
    this.mode = mode;
  }

  get(name: string): Directory | File | undefined {
    return this.history.at(-1)?.get(name);
  }

  put(name: string, node: Directory | File): void {
    this.history.push(new Map(this.history.at(-1)).set(name, node));
  }

  remove(name: string): void {
    const names = new Map(this.history.at(-1));
    names.delete(name);
    this.history.push(names);
  }

  /** Within a directory this is one step, as a rename is. */
  move(name: string, to: Directory, as: string): void {
    const node = this.get(name) as Directory | File;
    if (to !== this) {
      this.remove(name);
      to.put(as, node);
      return;
    }
    const names = new Map(this.history.at(-1)).set(as, node);
    names.delete(name);
    this.history.push(names);
  }

  setMode(mode: number): void {
    this.mode = mode;
  }

  flush(): void {
    this.history = this.history.slice(-1);
  }

  flushAll(): void {
    this.flush();
    for (const node of this.history[0]?.values() ?? []) node.flushAll();
  }
}

class File {
  now: FileNode;
  durable: FileNode | undefined;

  constructor(node: FileNode) {
    this.now = node;
  }

  /** Returns the number of bytes. */
  write(position: number, bytes: Buffer): number {
    const { now } = this;
    const end = now.bytes.subarray(position + bytes.length);
    this.now = { ...now, bytes: Buffer.concat([now.bytes.subarray(0, position), bytes, end]) };
    return bytes.length;
  }

  setMode(mode: number): void {
    this.now = { ...this.now, mode };
  }

  setTime(seconds: number): void {
    this.now = { ...this.now, seconds: Math.floor(seconds) };
  }

  flush(): void {
    this.durable = this.now;
  }

  flushAll(): void {
    this.flush();
  }
}

function file(node: Directory | File): File {
  if (node instanceof File) return node;
  throw new Error('a directory is written to');
}
