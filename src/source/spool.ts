import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { FramerInput } from '../codec/mbox/framing.ts';
import { SNIFF_BYTES, type Sniffed, sniff } from '../codec/mbox/sniff.ts';
import { CR, LF } from '../core/bytes.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Fingerprint } from '../core/message.ts';
import type { OpenFile } from '../io/file.ts';
import { printable } from '../io/names.ts';
import { tryReadLock } from '../io/read-lock.ts';
import { ReadStream, readPieces } from '../io/read-stream.ts';
import { openScratch } from '../io/scratch.ts';
import { isYoung, type Stat } from '../io/stat.ts';

/**
 * One spool file, ready to be read: locked where that is possible without writing beside it, decompressed if need be,
 * with line ends that are LF. What is read is the file as long as it was when it was opened.
 */
export class Spool implements FramerInput {
  /** For messages. */
  readonly place: string;
  readonly kind: Exclude<Sniffed['kind'], 'gzip' | 'refused'>;
  /** Bytes to be read, decompressed. */
  readonly size: number;
  readonly locked: boolean;
  readonly compressed: boolean;
  readonly #file: OpenFile;
  readonly #before: Stat;
  readonly #settled: boolean;
  /** The bytes; the file itself unless it is compressed. */
  readonly #plain: OpenFile;

  private constructor(file: OpenFile, before: Stat, plain: OpenFile, sniffed: Sniffed, locked: boolean) {
    this.place = printable(file.path);
    if (sniffed.kind === 'refused' || sniffed.kind === 'gzip') throw refused(this.place, sniffed);
    this.#file = file;
    this.#before = before;
    this.#settled = !isYoung(before);
    this.#plain = plain;
    this.kind = sniffed.kind;
    this.locked = locked;
    this.compressed = plain !== file;
    this.size = this.compressed ? plain.restat().size : before.size;
  }

  /** Takes over `file`, also when it throws: `SOURCE_NOT_MBOX` for what is none, `SOURCE_DAMAGED` for a broken `.gz`. */
  static async open(file: OpenFile): Promise<Spool> {
    let plain = file;
    try {
      const locked = tryReadLock(file.fd) === 'locked';
      const before = file.restat();
      let sniffed = sniff(head(file, before.size));
      if (sniffed.kind === 'gzip') {
        plain = await decompress(file, before.size);
        sniffed = sniff(head(plain, plain.restat().size));
      }
      return new Spool(file, before, plain, sniffed, locked);
    } catch (error) {
      if (plain !== file) plain.close();
      file.close();
      throw error;
    }
  }

  close(): void {
    if (this.#plain !== this.#file) this.#plain.close();
    this.#file.close();
  }

  peek(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - offset)));
    return this.#lineEnds(bytes.subarray(0, this.#plain.readAt(bytes, offset)));
  }

  /** All bytes, in pieces of `LIMITS.readChunk`; each piece is valid until the next. */
  async *stream(): AsyncGenerator<Uint8Array, void, void> {
    for await (const piece of readPieces(this.#plain, 0, this.size)) yield this.#lineEnds(piece);
  }

  /** The bytes from `start` to `end`, without waiting; each piece is valid until the next. */
  *chunksSync(
    start: number,
    end: number,
    size: number = LIMITS.readChunk,
  ): Generator<Uint8Array, void, void> {
    const buffer = Buffer.allocUnsafe(Math.min(size, Math.max(0, end - start)));
    for (let at = start; at < end; ) {
      const got = this.#plain.readAt(buffer.subarray(0, Math.min(buffer.length, end - at)), at);
      if (got === 0) return;
      at += got;
      yield this.#lineEnds(buffer.subarray(0, got));
    }
  }

  /** Whether the file's own bytes are an mbox, so that places in it mean the same at the next reading. */
  get inPlace(): boolean {
    return this.kind === 'mbox' && !this.compressed;
  }

  /** Whether its times were so old when it was opened that a later change cannot have left it the same. */
  get settled(): boolean {
    return this.#settled;
  }

  get modified(): number {
    return Number(this.#before.mtimeNs / 1_000_000_000n);
  }

  get fingerprint(): Fingerprint {
    return fingerprintOf(this.#before);
  }

  /** What happened to the open file since it was opened. See `isReplacedBy` for a file put in its place. */
  moved(): 'no' | 'grew' | 'changed' {
    const [before, now] = [this.#before, this.#file.restat()];
    if (now.size === before.size && now.mtimeNs === before.mtimeNs && now.ctimeNs === before.ctimeNs)
      return 'no';
    return now.size > before.size ? 'grew' : 'changed';
  }

  /** Whether another file is now in its place: programs that rewrite a spool may put a new one there by a rename. */
  isReplacedBy(now: OpenFile): boolean {
    return now.stat.ino !== this.#before.ino || now.stat.dev !== this.#before.dev;
  }

  /** In a file whose lines end with CR alone, each CR is read as LF; no offset changes. */
  #lineEnds(bytes: Uint8Array): Uint8Array {
    if (this.kind !== 'cr-only') return bytes;
    for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) bytes[at] = LF;
    return bytes;
  }
}

/** What tells a spool file from itself at another time. */
export function fingerprintOf({ dev, ino, size, mtimeNs, ctimeNs, birthNs }: Stat): Fingerprint {
  return {
    dev: String(dev),
    ino: String(ino),
    size,
    mtimeNs: String(mtimeNs),
    ctimeNs: String(ctimeNs),
    ...(birthNs > 0n && { birthNs: String(birthNs) }),
  };
}

/** Whether a spool, or the folder of a Maildir, is what it was. */
export function sameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.birthNs === b.birthNs &&
    a.parts === b.parts
  );
}

function head(file: OpenFile, size: number): Uint8Array {
  const bytes = Buffer.alloc(Math.min(SNIFF_BYTES, size));
  return bytes.subarray(0, file.readAt(bytes, 0));
}

function refused(place: string, sniffed: Sniffed & { kind: 'refused' | 'gzip' }): SpoolsyncError {
  const what = sniffed.kind === 'gzip' ? 'a compressed file inside a compressed file' : sniffed.what;
  return new SpoolsyncError('SOURCE_NOT_MBOX', `this is no mbox but ${what}`, {
    place,
    advice:
      'nothing was taken from it; convert it to mbox with the program that wrote it, or move it out of the mail root',
  });
}

/** Into a file without a name, so that any place of it can be read again. A truncated or endless one is refused. */
async function decompress(file: OpenFile, size: number): Promise<OpenFile> {
  const plain = openScratch();
  const limit = Math.max(LIMITS.gzipFloor, size * LIMITS.gzipRatio);
  const source = new ReadStream(file, 0, size);
  let written = 0;
  let bomb: SpoolsyncError | undefined;
  try {
    await pipeline(source, createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        written += chunk.length;
        if (written > limit) {
          bomb = damaged(file, `it grows to more than ${LIMITS.gzipRatio} times its size`);
          throw bomb;
        }
        plain.write(chunk);
      }
    });
    return plain;
  } catch (error) {
    plain.close();
    // The pipeline may say only that it was aborted.
    if (bomb !== undefined) throw bomb;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('Z_')) throw error;
    throw damaged(file, error instanceof Error ? error.message : code, error);
  }
}

function damaged(file: OpenFile, why: string, cause?: unknown): SpoolsyncError {
  return new SpoolsyncError('SOURCE_DAMAGED', `the compressed file cannot be read: ${why}`, {
    place: printable(file.path),
    advice:
      'nothing was taken from it; look for an undamaged copy, or unpack what can be unpacked and convert that',
    cause,
  });
}
