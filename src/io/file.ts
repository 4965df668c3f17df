import fs from 'node:fs';
import { assert, SpoolsyncError } from '../core/errors.ts';
import { printable } from './names.ts';
import type { Owner } from './owner.ts';
import { type Stat, toStat } from './stat.ts';
import { ioError, type Side } from './wrap.ts';

/**
 * An open regular file, made by `Dir` only: what it is has been checked on the open file itself. All calls are
 * synchronous; errors are `SpoolsyncError`s with the path. A file of the source can only be read.
 */
export class OpenFile {
  readonly fd: number;
  /** For messages: latin1, one char per byte. */
  readonly path: string;
  readonly side: Side;
  #stat: Stat | undefined;
  #open = true;

  /** `stat`: as it was when opened; what was just made here is known to be a file, and looked at when somebody asks. */
  constructor(fd: number, path: string, side: Side, stat?: Stat) {
    this.fd = fd;
    this.path = path;
    this.side = side;
    this.#stat = stat;
  }

  /** As it was when opened; where it was made here, when it was first asked for. */
  get stat(): Stat {
    this.#stat ??= this.restat();
    return this.#stat;
  }

  /** The state of the file now. */
  restat(): Stat {
    return this.#try('look at', () => toStat(fs.fstatSync(this.fd, { bigint: true })));
  }

  /** Reads at `position` (bytes) into `into` until it is full or the file ends; returns the number of bytes read. */
  readAt(into: Uint8Array, position: number): number {
    return this.#try('read', () => {
      let got = 0;
      while (got < into.length) {
        const n = fs.readSync(this.fd, into, got, into.length - got, position + got);
        if (n === 0) break;
        got += n;
      }
      return got;
    });
  }

  /** The whole file. Larger than `limit` bytes: `TARGET_DAMAGED` or `SOURCE_DAMAGED`, before anything is read. */
  readAll(limit: number): Buffer {
    const { size } = this.restat();
    if (size > limit) throw tooLarge(this, size, limit);
    const bytes = Buffer.allocUnsafe(size);
    return bytes.subarray(0, this.readAt(bytes, 0));
  }

  /** Writes all of `bytes` at the file's current position (at the end, when opened to append). */
  write(bytes: Uint8Array): void {
    this.#change('write to', () => {
      let done = 0;
      while (done < bytes.length) done += fs.writeSync(this.fd, bytes, done, bytes.length - done);
    });
  }

  truncate(size: number): void {
    this.#change('truncate', () => fs.ftruncateSync(this.fd, size));
  }

  /** Sets access and modification time, in seconds since 1970. */
  setTime(seconds: number): void {
    // As a number, Node takes a time before 1970 for "now"; as a Date it does not.
    const time = seconds < 0 ? new Date(seconds * 1000) : seconds;
    this.#change('set the time of', () => fs.futimesSync(this.fd, time, time));
  }

  setOwner(owner: Owner): void {
    this.#change('give away', () => fs.fchownSync(this.fd, owner.uid, owner.gid));
  }

  /** Sets the permission bits, which the umask may have cut when the file was created. */
  setMode(mode: number): void {
    this.#change('set the mode of', () => fs.fchmodSync(this.fd, mode));
  }

  fsync(): void {
    this.#change('flush', () => fs.fsyncSync(this.fd));
  }

  /** Closes; a second call does nothing. NFS and quotas report some write errors only here, so it may throw. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#try('close', () => fs.closeSync(this.fd));
  }

  #change(doing: string, run: () => void): void {
    assert(this.side === 'target', `the source is never written: ${doing}`);
    this.#try(doing, run);
  }

  #try<T>(doing: string, run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw ioError(error, doing, this.path, this.side);
    }
  }
}

function tooLarge(file: OpenFile, size: number, limit: number): SpoolsyncError {
  const code = file.side === 'source' ? 'SOURCE_DAMAGED' : 'TARGET_DAMAGED';
  const place = printable(file.path);
  return new SpoolsyncError(
    code,
    `${place} is ${size} bytes long, more than such a file ever is (${limit})`,
    {
      place,
      advice:
        'look at the file, move it away if it is not what its name says, and run the same command again',
    },
  );
}

/** A small file as a whole, closed afterwards; `undefined` for one that is not there. See `OpenFile.readAll`. */
export function readWhole(file: OpenFile | undefined, limit: number): Buffer | undefined {
  try {
    return file?.readAll(limit);
  } finally {
    file?.close();
  }
}
