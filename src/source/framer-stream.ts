import { Writable } from 'node:stream';
import type { MboxFramer } from '../codec/mbox/framer.ts';

/** The end of a pipeline: feeds a framer, and shows what it took. */
export class FramerStream extends Writable {
  readonly #framer: MboxFramer;
  readonly #took: (piece: Uint8Array) => void;

  constructor(framer: MboxFramer, took: (piece: Uint8Array) => void) {
    super();
    this.#framer = framer;
    this.#took = took;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      this.#framer.push(chunk);
      this.#took(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}
