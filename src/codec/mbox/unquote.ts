import { LF } from '../../core/bytes.ts';
import type { Unquote } from '../../core/types.ts';
import type { ContentSink } from './content-filter.ts';

/**
 * Undoes `>From ` quoting in a body that arrives in pieces (docs/formats.md, "Quoting"): `rd` takes one `>` from every
 * line of `>`s followed by `From `, `o` only from `>From ` itself. Holds back at most a number, so memory is constant
 * however many `>` a line begins with.
 */

const GT = 0x3e;
const FROM = [0x46, 0x72, 0x6f, 0x6d, 0x20];
const QUOTES = Buffer.alloc(4096, GT);
const FROM_BYTES = Buffer.from(FROM);

export class Unquoter {
  readonly #mode: Unquote;
  readonly #out: ContentSink;
  /** In the body's first line no line end has been seen yet, but it is a line start all the same. */
  #lineStart = true;
  /** `>`s held back at a line start, and how much of `From ` has followed them. */
  #quotes = 0;
  #matched = 0;
  /** Lines changed so far. */
  changed = 0;

  constructor(mode: Unquote, out: ContentSink) {
    this.#mode = mode;
    this.#out = out;
  }

  push(buf: Uint8Array, start: number, end: number): void {
    if (this.#mode === 'none') {
      this.#out(buf, start, end);
      return;
    }
    let from = start;
    for (let at = start; at < end; ) {
      if (this.#quotes === 0 && !(this.#lineStart && buf[at] === GT)) {
        const lf = buf.indexOf(LF, at);
        this.#lineStart = lf >= 0 && lf < end;
        at = this.#lineStart ? lf + 1 : end;
        continue;
      }
      if (from < at && this.#quotes === 0) this.#out(buf, from, at);
      at = this.#quoted(buf, at, end);
      from = at;
    }
    if (from < end) this.#out(buf, from, end);
  }

  /** The body is complete: lets go of what was held back, and is ready for the next. */
  end(): void {
    this.#release(0);
    this.#lineStart = true;
  }

  /** Goes through `>`s and `From `; returns where ordinary text goes on. */
  #quoted(buf: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const byte = buf[at] as number;
      if (this.#matched === 0 && byte === GT) this.#quotes++;
      else if (byte === FROM[this.#matched]) this.#matched++;
      else break;
      at++;
      if (this.#matched === FROM.length) break;
    }
    if (at === end && this.#matched < FROM.length) return end;
    const strip = this.#matched === FROM.length && (this.#mode === 'rd' || this.#quotes === 1) ? 1 : 0;
    this.#release(strip);
    this.#lineStart = false;
    return at;
  }

  #release(strip: number): void {
    this.changed += strip;
    for (let left = this.#quotes - strip; left > 0; left -= QUOTES.length)
      this.#out(QUOTES, 0, Math.min(left, QUOTES.length));
    if (this.#matched > 0) this.#out(FROM_BYTES, 0, this.#matched);
    this.#quotes = 0;
    this.#matched = 0;
  }
}
