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
