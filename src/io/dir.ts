import fs from 'node:fs';
import { assert, SpoolsyncError } from '../core/errors.ts';
import { OpenFile } from './file.ts';
import { checkName, fsPath } from './names.ts';
import type { Owner } from './owner.ts';
import { isRootsOwn, KIND_WORDS, type Stat, toStat } from './stat.ts';
import { errnoOf, ioError, type Side, unsafe } from './wrap.ts';

const C = fs.constants;
/** open(2) flag that Node does not name: a handle that touches nothing, for asking what a name is. */
const O_PATH = 0o10000000;
const OPEN_DIR = C.O_RDONLY | C.O_DIRECTORY | C.O_NOFOLLOW;
/** Symbolic links on the way to a root; the kernel itself stops at 40. */
const MAX_HOPS = 16;

/**
 * An open directory; everything in it is reached relative to the open descriptor, never by path again.
 *
 * Node has no openat(2). On Linux `/proc/self/fd/N/NAME` is looked up in the directory that N holds, whatever has been
 * renamed or swapped meanwhile, and with O_NOFOLLOW a symbolic link NAME is refused by the kernel: the same thing.
 *
 * Names and paths are latin1 strings, one char per byte (names.ts). Names with `/` or NUL, `.`, `..` and the empty name
 * are refused. A missing child is `undefined`, a normal case; a child that is something else than asked for (link, FIFO,
 * device …) is `SOURCE_UNSAFE`/`TARGET_UNSAFE`. All calls are synchronous. Node sets O_CLOEXEC on everything.
 */
export class Dir {
  readonly fd: number;
  /** For messages: latin1, one char per byte. */
  readonly path: string;
  /** `source` directories refuse every call that changes something. */
  readonly side: Side;
  readonly stat: Stat;
  readonly #prefix: string;
  #open = true;

  private constructor(fd: number, path: string, side: Side) {
    this.fd = fd;
    this.path = path;
    this.side = side;
    this.#prefix = `/proc/self/fd/${fd}/`;
    this.stat = this.#try('look at', path, () => toStat(fs.fstatSync(fd, { bigint: true })));
  }

  /**
   * Opens an absolute path (latin1) from `/` on, component by component. A symbolic link is followed only where no
   * ordinary user can have put it: link and directory around it owned by root, the directory not writable by group or
   * others (`/var/mail -> spool/mail`). Missing: `undefined`. Any other link, or a component that is no directory:
   * `SOURCE_UNSAFE`/`TARGET_UNSAFE`.
   */
  static openRoot(path: string, side: Side): Dir | undefined {
    assert(path.startsWith('/') && !path.includes('\0'), `not an absolute path: ${JSON.stringify(path)}`);
    let dir = Dir.#slash(side);
    try {
      const todo = path.split('/');
      for (let hops = 0; todo.length > 0; ) {
        const name = todo.shift() ?? '';
        if (name === '' || name === '.') continue;
        const target = dir.trustedLink(name);
        if (target !== undefined) {
          if (++hops > MAX_HOPS) throw unsafe('has too many symbolic links on its way', path, side);
          todo.unshift(...target.split('/'));
        }
        const next = target === undefined ? dir.#step(name) : target.startsWith('/') ? Dir.#slash(side) : dir;
        if (next === dir) continue;
        dir.close();
        if (next === undefined) return undefined;
        dir = next;
      }
      return dir;
    } catch (error) {
      dir.close();
      throw error;
    }
  }

  /** A second descriptor for this directory, to be closed on its own. */
  reopen(): Dir {
    return this.#try('open', this.path, () => {
      const fd = fs.openSync(`${this.#prefix}.`, OPEN_DIR);
      return new Dir(fd, this.path, this.side);
    });
  }

  /** Opens a directory in this one; a root's trusted link (see `openRoot`) is not followed here. */
  openDir(name: string): Dir | undefined {
    checkName(name);
    return this.#step(name);
  }

  /**
   * Opens an existing regular file. First a handle that touches nothing is opened and looked at; only a regular file is
   * then opened through that handle, so that a FIFO or device is never opened at all, and nothing can be swapped in
   * between. Where allowed (owner, root) reading does not change the access time, which mail programs take for "read".
   */
  openFile(name: string, access: 'read' | 'append' = 'read'): OpenFile | undefined {
    checkName(name);
    const path = this.join(name);
    assert(access === 'read' || this.side === 'target', 'the source is never written: open for writing');
    const handle = this.#unlessMissing('open', path, () =>
      fs.openSync(fsPath(this.#prefix + name), O_PATH | C.O_NOFOLLOW),
    );
    if (handle === undefined) return undefined;
    try {
      const stat = this.#try('look at', path, () => toStat(fs.fstatSync(handle, { bigint: true })));
      if (stat.kind !== 'file') throw unsafe(KIND_WORDS[stat.kind], path, this.side);
      const flags = access === 'read' ? C.O_RDONLY : C.O_WRONLY | C.O_APPEND;
      const fd = this.#try('open', path, () => reopen(handle, flags | C.O_NONBLOCK));
      return new OpenFile(fd, path, this.side, stat);
    } finally {
      this.#try('close', path, () => fs.closeSync(handle));
    }
  }

  /** Creates a file that must not exist (else `CANNOT_CREATE`), for writing. `mode` is cut by the umask. */
  createFile(name: string, mode: number): OpenFile {
    checkName(name);
    this.#mayWrite('create');
    const path = this.join(name);
    const flags = C.O_WRONLY | C.O_CREAT | C.O_EXCL | C.O_NOFOLLOW;
    const fd = this.#try('create', path, () => fs.openSync(fsPath(this.#prefix + name), flags, mode));
    return new OpenFile(fd, path, this.side);
  }

  /** Makes a directory; `mode` is cut by the umask. `exists` says that the name is taken, by whatever. */
  mkdir(name: string, mode: number): 'created' | 'exists' {
    checkName(name);
    this.#mayWrite('mkdir');
    try {
      fs.mkdirSync(fsPath(this.#prefix + name), mode);
      return 'created';
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return 'exists';
      throw ioError(error, 'create', this.join(name), this.side);
    }
  }

  /**
   * Opens a directory in this one, made if missing with exactly `mode` and `owner`. One that exists keeps both. What
   * was made is given away only if it is still ours when opened: its parent may belong to a user who swaps names.
   */
  ensureDir(name: string, mode: number, owner?: Owner): Dir {
    const made = this.mkdir(name, mode & 0o700) === 'created';
    const dir = this.openDir(name);
    if (dir === undefined) throw unsafe('vanished just after it was made', this.join(name), this.side);
    if (!made) return dir;
    try {
      if (dir.stat.uid !== process.geteuid?.())
        throw unsafe('was swapped while it was made', dir.path, this.side);
      dir.#try('set up', dir.path, () => {
        if (owner !== undefined) fs.fchownSync(dir.fd, owner.uid, owner.gid);
        fs.fchmodSync(dir.fd, mode);
      });
      return dir;
    } catch (error) {
      dir.close();
      throw error;
    }
  }

  /** Renames within or between directories, replacing a file `to` that exists. */
  rename(from: string, toDir: Dir, to: string): void {
    checkName(from);
    checkName(to);
    this.#mayWrite('rename');
    toDir.#mayWrite('rename');
    this.#try('rename', this.join(from), () =>
      fs.renameSync(fsPath(this.#prefix + from), fsPath(toDir.#prefix + to)),
    );
  }

  /** Gives a file a second name, which must be free (else `CANNOT_CREATE`). */
  link(from: string, toDir: Dir, to: string): void {
    checkName(from);
    checkName(to);
    this.#mayWrite('link');
    toDir.#mayWrite('link');
    this.#try('link', toDir.join(to), () =>
      fs.linkSync(fsPath(this.#prefix + from), fsPath(toDir.#prefix + to)),
    );
  }

  /** Removes a file; whether there was one. */
  unlink(name: string): boolean {
    checkName(name);
    this.#mayWrite('unlink');
    const done = this.#unlessMissing('remove', this.join(name), () => {
      fs.unlinkSync(fsPath(this.#prefix + name));
      return true;
    });
    return done ?? false;
  }

  /** Removes a directory if it is empty; whether it did. */
  rmdir(name: string): boolean {
    checkName(name);
    this.#mayWrite('remove');
    try {
      fs.rmdirSync(fsPath(this.#prefix + name));
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTEMPTY') return false;
      throw ioError(error, 'remove', this.join(name), this.side);
    }
  }

  /** What a name is, without following it. */
  lstat(name: string): Stat | undefined {
    checkName(name);
    return this.#unlessMissing('look at', this.join(name), () =>
      toStat(fs.lstatSync(fsPath(this.#prefix + name), { bigint: true })),
    );
  }

  /** The state of the directory itself now. */
  restat(): Stat {
    return this.#try('look at', this.path, () => toStat(fs.fstatSync(this.fd, { bigint: true })));
  }

  /** Names of all entries, `.` and `..` excluded, in the directory's own order; read in pieces, not all at once. */
  *entries(): Generator<string, void, void> {
    const options = { encoding: 'latin1', bufferSize: 1024 } as const;
    const handle = this.#try('list', this.path, () => fs.opendirSync(this.#prefix, options));
    const read = () => handle.readSync();
    try {
      for (;;) {
        const entry = this.#try('list', this.path, read);
        if (entry === null) return;
        yield entry.name;
      }
    } finally {
      handle.closeSync();
    }
  }

  /** Sets access and modification time, in seconds since 1970. */
  setTime(seconds: number): void {
    this.#mayWrite('set the time');
    this.#try('set the time of', this.path, () => fs.futimesSync(this.fd, seconds, seconds));
  }

  setOwner(owner: Owner): void {
    this.#mayWrite('give away');
    this.#try('give away', this.path, () => fs.fchownSync(this.fd, owner.uid, owner.gid));
  }

  /** Makes names created, renamed or removed in here survive a power cut. */
  fsync(): void {
    this.#mayWrite('flush');
    this.#try('flush', this.path, () => fs.fsyncSync(this.fd));
  }

  /** Closes; a second call does nothing. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#try('close', this.path, () => fs.closeSync(this.fd));
  }

  /** The path of a child, for messages (latin1). */
  join(name: string): string {
    return this.path === '/' ? `/${name}` : `${this.path}/${name}`;
  }

  static #slash(side: Side): Dir {
    try {
      const dir = new Dir(fs.openSync('/', OPEN_DIR), '/', side);
      if (checkProc(dir)) return dir;
      dir.close();
    } catch (error) {
      throw ioError(error, 'open', '/', side);
    }
    throw new SpoolsyncError('IO', '/proc is not mounted, and without it no directory can be opened safely', {
      place: '/proc',
      advice: 'mount it: mount -t proc proc /proc',
    });
  }

  /** The target of a link `name` that only root can have made; `undefined` for anything but such a link. */
  trustedLink(name: string): string | undefined {
    if (name === '..') return undefined;
    const stat = this.lstat(name);
    if (stat?.kind !== 'link' || stat.uid !== 0 || !isRootsOwn(this.stat)) return undefined;
    return this.#try('read the link', this.join(name), () =>
      fs.readlinkSync(fsPath(this.#prefix + name), 'latin1'),
    );
  }

  #step(name: string): Dir | undefined {
    const path = name === '..' ? this.path.replace(/\/[^/]*$/, '') || '/' : this.join(name);
    try {
      return new Dir(fs.openSync(fsPath(this.#prefix + name), OPEN_DIR), path, this.side);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT') return undefined;
      const kind = errno === 'ENOTDIR' || errno === 'ELOOP' ? this.lstat(name)?.kind : undefined;
      if (kind !== undefined && kind !== 'dir') throw unsafe(KIND_WORDS[kind], path, this.side);
      throw ioError(error, 'open', path, this.side);
    }
  }

  #mayWrite(doing: string): void {
    assert(this.side === 'target', `the source is never written: ${doing}`);
  }

  #unlessMissing<T>(doing: string, path: string, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw ioError(error, doing, path, this.side);
    }
  }

  #try<T>(doing: string, path: string, run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw ioError(error, doing, path, this.side);
    }
  }
}

/** Opens for real what a handle holds, by inode; without touching the access time where we may. */
function reopen(handle: number, flags: number): number {
  const path = `/proc/self/fd/${handle}`;
  if ((flags & C.O_WRONLY) !== 0) return fs.openSync(path, flags);
  try {
    return fs.openSync(path, flags | C.O_NOATIME);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    return fs.openSync(path, flags);
  }
}

let procChecked = false;

/** Whether `/proc/self/fd` leads where this module relies on it to lead; asked once per process. */
function checkProc(slash: Dir): boolean {
  if (procChecked) return true;
  const seen = fs.statSync(`/proc/self/fd/${slash.fd}/.`, { bigint: true, throwIfNoEntry: false });
  procChecked = seen?.ino === slash.stat.ino && seen.dev === slash.stat.dev;
  return procChecked;
}
