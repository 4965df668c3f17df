import { Writable } from 'node:stream';
import type { MboxFramer } from '../codec/mbox/framer.ts';

/** The end of a pipeline: feeds a framer, and tells how many bytes it took. */
export class FramerStream extends Writable {
  readonly #framer: MboxFramer;
  readonly #took: (bytes: number) => void;

  constructor(framer: MboxFramer, took: (bytes: number) => void) {
    super();
    this.#framer = framer;
    this.#took = took;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      this.#framer.push(chunk);
      this.#took(chunk.length);
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}
