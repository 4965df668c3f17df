import fs from 'node:fs';
import { Readable } from 'node:stream';
import { LIMITS } from '../core/limits.ts';
import type { OpenFile } from './file.ts';
import { ioError } from './wrap.ts';

/**
 * The bytes of an open file from `start` to `end`, as a stream of pieces of `LIMITS.readChunk`. Unlike `fs.ReadStream`
 * it never closes the file, also not when it is destroyed: the descriptor belongs to the `OpenFile`, and closing it
 * twice would hit whatever was opened in between.
 */
export class ReadStream extends Readable {
  readonly #file: OpenFile;
  readonly #end: number;
  #at: number;

  constructor(file: OpenFile, start: number, end: number) {
    super({ highWaterMark: LIMITS.readChunk });
    this.#file = file;
    this.#at = start;
    this.#end = end;
  }

  override _read(): void {
    const length = Math.min(LIMITS.readChunk, this.#end - this.#at);
    if (length <= 0) {
      this.push(null);
      return;
    }
    const piece = Buffer.allocUnsafe(length);
    fs.read(this.#file.fd, piece, 0, length, this.#at, (error, got) => {
      if (error !== null) this.destroy(ioError(error, 'read', this.#file.path, this.#file.side));
      else if (got === 0) this.push(null);
      else {
        this.#at += got;
        this.push(piece.subarray(0, got));
      }
    });
  }
}

/**
 * The bytes of an open file from `start` to `end`, in pieces of `LIMITS.readChunk`, each valid until the next is asked
 * for. While one piece is worked on, the next is read. There are two buffers, used in turn: with a new buffer for each
 * piece, as `ReadStream` has it, tens of megabytes wait for the garbage collector at any time. The file is not touched
 * any more when the walk has ended, early or not.
 */
export async function* readPieces(
  file: OpenFile,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, void> {
  const size = Math.min(LIMITS.readChunk, Math.max(0, end - start));
  let [piece, next] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
  let pending = readInto(file, piece, start, end);
  try {
    for (let at = start; at < end; ) {
      const got = await pending;
      if (got === 0) return;
      at += got;
      pending = readInto(file, next, at, end);
      yield piece.subarray(0, got);
      [piece, next] = [next, piece];
    }
  } finally {
    // A read under way would otherwise hit whatever gets the number of the descriptor next.
    await pending.catch(() => undefined);
  }
}

/** Reads up to `end`; returns the number of bytes, 0 at `end` and where the file ends. */
function readInto(file: OpenFile, buffer: Buffer, at: number, end: number): Promise<number> {
  const length = Math.min(buffer.length, end - at);
  return new Promise((resolve, reject) => {
    fs.read(file.fd, buffer, 0, length, at, (error, got) => {
      if (error === null) resolve(got);
      else reject(ioError(error, 'read', file.path, file.side));
    });
  });
}
