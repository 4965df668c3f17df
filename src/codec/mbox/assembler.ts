import { CR, LF } from '../../core/bytes.ts';
import { LIMITS } from '../../core/limits.ts';
import { digestOf, type RunningDigest, runningDigest } from '../digest.ts';

/** What is known of a message's stored bytes when the last has passed. */
export interface Measure {
  readonly size: number;
  readonly vsize: number;
  readonly digest: string;
}

/**
 * Collects the pieces of one message into large ones and measures them. A message smaller than `LIMITS.assembly` is
 * handed on in one piece; a larger one never lies in memory as a whole.
 */
export class Assembler {
  readonly #buffer = Buffer.allocUnsafe(LIMITS.assembly);
  readonly #out: (bytes: Uint8Array) => void;
  #used = 0;
  #flushed = 0;
  #bareLf = 0;
  #lastByte = 0;
  #digest: RunningDigest | undefined;

  /** `out` gets pieces that are valid only during the call. */
  constructor(out: (bytes: Uint8Array) => void) {
    this.#out = out;
  }

  write(buf: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const length = Math.min(end - at, this.#buffer.length - this.#used);
      this.#buffer.set(buf.subarray(at, at + length), this.#used);
      this.#used += length;
      at += length;
      if (this.#used === this.#buffer.length) this.#spill();
    }
  }

  /** Hands on the rest and starts anew. */
  finish(): Measure {
    const piece = this.#buffer.subarray(0, this.#used);
    this.#countLines(piece);
    this.#digest?.update(piece);
    const digest = this.#digest?.hex() ?? digestOf(piece);
    const size = this.#flushed + this.#used;
    const measure = { size, vsize: size + this.#bareLf, digest };
    this.#out(piece);
    this.reset();
    return measure;
  }

  reset(): void {
    this.#used = 0;
    this.#flushed = 0;
    this.#bareLf = 0;
    this.#lastByte = 0;
    this.#digest = undefined;
  }

  #spill(): void {
    this.#digest ??= runningDigest();
    this.#digest.update(this.#buffer);
    this.#countLines(this.#buffer);
    this.#out(this.#buffer);
    this.#flushed += this.#used;
    this.#used = 0;
  }

  #countLines(piece: Uint8Array): void {
    for (let lf = piece.indexOf(LF); lf >= 0; lf = piece.indexOf(LF, lf + 1)) {
      if ((lf === 0 ? this.#lastByte : piece[lf - 1]) !== CR) this.#bareLf++;
    }
    this.#lastByte = piece.at(-1) ?? this.#lastByte;
  }
}
