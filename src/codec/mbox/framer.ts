import { CR, LF, SPACE, startsWith, TAB } from '../../core/bytes.ts';
import { assert } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { CivilTime } from '../../core/types.ts';
import type { MboxDialect, Verdict } from './dialect.ts';
import type { FramerInput, FramerSink, Resumption } from './framing.ts';

/**
 * Finds the messages in an mbox that arrives in pieces.
 *
 * Memory is bounded by the size of a piece plus `LIMITS.fromLine + LIMITS.lookahead`; a message is never held. A
 * decision about a line is taken only when all bytes it may depend on have arrived, so the events do not depend on
 * how the input was cut (docs/formats.md, "Message boundary"). Only a Content-Length needs bytes far ahead; they come
 * through `FramerInput.peek`, because a message that lies about its length must not force the file into memory.
 *
 * Every byte is handed to the sink once, as part of a separator, of a message, or of what leads the file; `end()`
 * asserts that the spans add up to the size of the file.
 */

type State = 'leading' | 'resume' | 'separator' | 'gap' | 'header' | 'header-rest' | 'body';

/** Bytes that stay unhanded behind the scan: a line end that may turn out to belong to a separator. */
const HOLD = 8;

/** A header line longer than this is handed on in pieces. */
const HEADER_PIECE = 4096;

const NOTHING = new Uint8Array(0);
const BOM = '\xef\xbb\xbf';

export class MboxFramer {
  readonly #dialect: MboxDialect;
  readonly #sink: FramerSink;
  readonly #input: FramerInput;
  #win: Buffer = Buffer.alloc(0);
  /** What `#win` is the beginning of; used again and again, so that no memory waits to be collected. */
  #store: Buffer = Buffer.alloc(0);
  /** Offset in the file of `#win[0]`. */
  #base = 0;
  /** First byte of `#win` that no event has covered. */
  #pos = 0;
  /** Where the search for the next separator goes on; never before `#pos`. */
  #scan = 0;
  #state: State = 'leading';
  #final = false;
  #open = false;
  /** Offset behind the separator of the open message: a From_ line that stands right there is its text. */
  #contentStart = 0;
  /** Offset of the empty line behind the header of the open message. */
  #bodyStart = 0;
  /** Offset at which the rules see no separator. */
  #hidden = -1;
  /** Offset at which a believed Content-Length ends. */
  #trusted = -1;
  /** Date and offset of the separator that was read last. */
  #date: CivilTime | undefined;
  #separatorOffset = 0;
  #ordinal = 0;
  #previous: Uint8Array = NOTHING;
  #accounted = 0;
  /** Whether the open message claims a Content-Length that does not hold. */
  #disbelieved = false;
  #resumption: Resumption | undefined;

  /**
   * `within` says that the input is the content of one message, without its separator; or where to go on in a file
   * that was read before: the first byte to be pushed is then that of the separator.
   */
  constructor(
    dialect: MboxDialect,
    sink: FramerSink,
    input: FramerInput,
    within: 'file' | 'message' | Resumption = 'file',
  ) {
    this.#dialect = dialect;
    this.#sink = sink;
    this.#input = input;
    if (within === 'message') this.#begin(0, undefined);
    else if (within !== 'file') this.#resumeAt(within);
  }

  #resumeAt(resumption: Resumption): void {
    this.#resumption = resumption;
    this.#base = resumption.offset;
    this.#accounted = resumption.offset;
    this.#previous = resumption.previous;
    this.#ordinal = 1;
    this.#state = 'resume';
  }

  /** Takes the next piece of the file. `chunk` may be reused by the caller afterwards. */
  push(chunk: Uint8Array): void {
    const rest = this.#win.length;
    if (rest + chunk.length > this.#store.length) this.#grow(rest + chunk.length);
    this.#store.set(chunk, rest);
    this.#win = this.#store.subarray(0, rest + chunk.length);
    this.#run();
    this.#store.copyWithin(0, this.#pos, this.#win.length);
    this.#win = this.#store.subarray(0, this.#win.length - this.#pos);
    this.#base += this.#pos;
    this.#scan -= this.#pos;
    this.#pos = 0;
  }

  /** The file is complete: closes the last message and checks that every byte was accounted for. */
  end(): void {
    this.#final = true;
    this.#run();
    if (this.#state === 'header' && this.#open) this.#closeMessage(this.#pos);
    const size = this.#base + this.#win.length;
    assert(size === this.#input.size, `framer saw ${size} of ${this.#input.size} bytes`);
    assert(this.#accounted === size, `framer accounts for ${this.#accounted} of ${size} bytes`);
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(size + HEADER_PIECE);
    larger.set(this.#win);
    this.#store = larger;
  }

  #run(): void {
    while (this.#step());
  }

  /** One step of the machine; false when more input is needed, or none is left. */
  #step(): boolean {
    switch (this.#state) {
      case 'leading':
        return this.#stepLeading();
      case 'resume':
        return this.#stepResume();
      case 'separator':
        return this.#stepSeparator();
      case 'gap':
        return this.#stepGap();
      case 'header':
        return this.#stepHeader();
      case 'header-rest':
        return this.#stepHeaderRest();
      case 'body':
        return this.#stepBody();
    }
  }

  /** The file's first bytes: byte order mark and empty lines are passed over where the rules allow it. */
  #stepLeading(): boolean {
    if (this.#win.length === 0 || !this.#enough(this.#pos)) return false;
    const { before: allowed } = this.#dialect;
    if (allowed !== 'nothing') {
      const before = this.#pos;
      if (
        allowed === 'anything' &&
        this.#base + this.#pos === 0 &&
        startsWith(this.#win, 0, this.#win.length, BOM)
      )
        this.#pos += 3;
      this.#pos = this.#behindBlankLines(this.#pos);
      if (this.#pos > before) {
        this.#sink.leading(this.#pos - before);
        this.#accounted += this.#pos - before;
        return this.#pos < this.#win.length;
      }
    }
    this.#scan = this.#pos;
    if (this.#atMarker(this.#pos)) {
      const verdict = this.#judge(this.#pos, true);
      if (verdict.separator) return this.#openAt(this.#pos, verdict);
      if (verdict.doubt !== undefined) this.#sink.doubt(this.#base + this.#pos, false, verdict.doubt);
    }
    assert(allowed === 'anything', 'the file does not begin with a separator');
    this.#begin(this.#pos, undefined);
    return true;
  }

  #stepResume(): boolean {
    if (this.#win.length === 0 || !this.#enough(this.#pos)) return false;
    const verdict = this.#judge(this.#pos, this.#resumption?.blankBefore ?? true);
    assert(verdict.separator, 'what was a separator is one');
    return this.#openAt(this.#pos, verdict);
  }

  /** Index behind the lines of blanks that begin at `at`. One longer than a From_ line is text: it could not be seen whole. */
  #behindBlankLines(at: number): number {
    let lineStart = at;
    for (let i = at; i < this.#win.length; i++) {
      const byte = this.#win[i];
      if (byte === LF) lineStart = i + 1;
      else if ((byte !== SPACE && byte !== TAB && byte !== CR) || i - lineStart >= LIMITS.fromLine)
        return lineStart;
    }
    return this.#final ? this.#win.length : lineStart;
  }

  /** Goes on behind the separator line, however long it is. */
  #stepSeparator(): boolean {
    const lf = this.#win.indexOf(LF, this.#pos);
    const end = lf < 0 ? this.#win.length : lf + 1;
    this.#accounted += end - this.#pos;
    this.#pos = end;
    if (lf < 0 && !this.#final) return false;
    this.#state = this.#dialect.marker === 'From ' ? 'header' : 'gap';
    if (this.#state === 'header') this.#begin(this.#pos, this.#date);
    return true;
  }

  /** MMDF: between the marker that ends a message and the text of the next lie more markers and perhaps a From_ line. */
  #stepGap(): boolean {
    if (!this.#enough(this.#pos)) return false;
    if (this.#pos === this.#win.length) return false;
    if (this.#atMarker(this.#pos)) {
      this.#state = 'separator';
      return true;
    }
    if (isBlank(this.#win[this.#pos])) {
      this.#pos++;
      this.#accounted++;
      return true;
    }
    if (startsWith(this.#win, this.#pos, this.#win.length, 'From ')) {
      const verdict = this.#judge(this.#pos, true);
      const { next } = lineAt(this.#win, this.#pos);
      // A longer line is text: whether it ends may not be known yet.
      if (verdict.separator && this.#win[next - 1] === LF) {
        this.#accounted += next - this.#pos;
        this.#pos = next;
        this.#date = verdict.date;
      }
    }
    this.#begin(this.#pos, this.#date);
    return true;
  }

  /** One header line. A separator ends the header block, and the message, where it stands. */
  #stepHeader(): boolean {
    const { length } = this.#win;
    if (this.#pos === length) return false;
    if (length - this.#pos < HEADER_PIECE + 2 && !this.#final && this.#win.indexOf(LF, this.#pos) < 0)
      return false;
    const { marker, separatorInHeader } = this.#dialect;
    const first = marker === 'From ' && this.#base + this.#pos === this.#contentStart;
    if (separatorInHeader && !first && this.#win[this.#pos] === marker.charCodeAt(0)) {
      if (!this.#enough(this.#pos)) return false;
      if (this.#atMarker(this.#pos) && this.#trySeparator(this.#pos, false)) return true;
    }
    const lf = this.#win.indexOf(LF, this.#pos);
    if (lf === this.#pos || (lf === this.#pos + 1 && this.#win[this.#pos] === CR)) {
      this.#startBody();
      return true;
    }
    const end = lf < 0 ? this.#win.length : lf + 1;
    this.#state = lf < 0 ? 'header-rest' : 'header';
    this.#headerPiece(end, true, lf >= 0);
    return true;
  }

  /** The rest of a header line that was too long to be handed on at once. */
  #stepHeaderRest(): boolean {
    const lf = this.#win.indexOf(LF, this.#pos);
    const end = lf < 0 ? this.#win.length : lf + 1;
    const complete = lf >= 0 || this.#final;
    if (end > this.#pos || complete) this.#headerPiece(end, false, complete);
    if (!complete) return false;
    this.#state = 'header';
    return true;
  }

  #headerPiece(end: number, first: boolean, last: boolean): void {
    this.#sink.header(this.#win, this.#pos, end, first, last);
    this.#accounted += end - this.#pos;
    this.#pos = end;
  }

  /** At the empty line behind the header: decides whether the Content-Length can be believed. */
  #startBody(): void {
    this.#bodyStart = this.#base + this.#pos;
    const body = this.#bodyStart + (this.#win[this.#pos] === CR ? 2 : 1);
    const claimed = this.#sink.headerEnd();
    this.#state = 'body';
    this.#scan = this.#pos;
    this.#trusted = -1;
    if (claimed === undefined || !this.#dialect.contentLength) return;
    this.#disbelieved = !this.#endsOnSeparator(body + claimed);
    if (!this.#disbelieved) {
      this.#trusted = body + claimed;
      this.#scan = this.#trusted - this.#base;
    }
  }

  /** Whether at `offset` stands a line end and behind it a separator or the end of the file. */
  #endsOnSeparator(offset: number): boolean {
    if (offset >= this.#input.size) return false;
    const need = 2 + LIMITS.fromLine + LIMITS.lookahead;
    const at = offset - this.#base;
    const near = at >= 0 && at + need <= this.#win.length;
    const buf = near ? this.#win.subarray(at, at + need) : this.#input.peek(offset, need);
    const newline = buf[0] === LF ? 1 : buf[0] === CR && buf[1] === LF ? 2 : 0;
    if (newline === 0) return false;
    if (offset + newline === this.#input.size) return true;
    if (!startsWith(buf, newline, buf.length, this.#dialect.marker)) return false;
    if (this.#isHidden(offset)) return false;
    const view = Buffer.from(buf.buffer, buf.byteOffset, buf.byteLength);
    return this.#verdict(view, newline, offset + newline, true).separator;
  }

  /** Whether the line that ends at `offset` hides what begins behind it; only a bare `From ` does. */
  #isHidden(offset: number): boolean {
    const line = Buffer.from(this.#input.peek(offset - 6, 7));
    if (!startsWith(line, 0, line.length, '\nFrom ')) return false;
    const verdict = this.#verdict(line, 1, offset - 5, false);
    return !verdict.separator && verdict.hidesNext === true;
  }

  /** Searches the body for the next separator and hands on what certainly belongs to it. */
  #stepBody(): boolean {
    const { length } = this.#win;
    const at =
      this.#scan < length ? this.#win.indexOf(this.#dialect.marker, Math.max(this.#scan, this.#pos)) : -1;
    if (at < 0) return this.#bodyWithoutMarker();
    if (this.#win[at - 1] !== LF || at - 1 < this.#pos) {
      this.#scan = at + 1;
      return true;
    }
    if (!this.#enough(at)) {
      this.#scan = at;
      this.#emitBody(at - HOLD);
      return false;
    }
    if (!this.#trySeparator(at, this.#isBlankBefore(at))) this.#scan = at + 1;
    return true;
  }

  #bodyWithoutMarker(): boolean {
    const { length } = this.#win;
    if (this.#final) {
      const end = this.#contentEnd(length);
      this.#closeMessage(end);
      this.#accounted += length - end;
      this.#pos = length;
      this.#scan = length;
      this.#state = 'gap';
      return false;
    }
    this.#emitBody(length - HOLD);
    this.#scan = Math.max(this.#scan, length - HOLD, this.#pos);
    return false;
  }

  #trySeparator(at: number, blankBefore: boolean): boolean {
    if (this.#base + at === this.#hidden) return false;
    const verdict = this.#judge(at, blankBefore);
    if (verdict.separator) return this.#openAt(at, verdict);
    if (verdict.doubt !== undefined) this.#sink.doubt(this.#base + at, false, verdict.doubt);
    if (verdict.hidesNext) this.#hidden = this.#base + lineAt(this.#win, at).next;
    return false;
  }

  /** Closes the message before the separator at `at` and goes into the separator. */
  #openAt(at: number, verdict: Verdict & { separator: true }): boolean {
    if (this.#open) {
      const end = this.#state === 'body' ? this.#contentEnd(at) : at;
      this.#closeMessage(end);
      this.#accounted += at - end;
    }
    this.#pos = at;
    this.#separatorOffset = this.#base + at;
    this.#date = verdict.date;
    const lineEnd = lineAt(this.#win, at).lineEnd;
    this.#previous = Buffer.from(this.#win.subarray(at, lineEnd));
    if (verdict.weak !== undefined) this.#sink.doubt(this.#separatorOffset, true, verdict.weak);
    this.#ordinal++;
    this.#state = 'separator';
    return true;
  }

  #begin(at: number, date: CivilTime | undefined): void {
    const content = this.#base + at;
    const offset = this.#ordinal === 0 ? content : this.#separatorOffset;
    this.#contentStart = content;
    this.#sink.begin({ offset, content, date });
    this.#open = true;
    this.#state = 'header';
  }

  /** Ends the open message at `end`; what lies between `end` and the separator is the separator's. */
  #closeMessage(end: number): void {
    if (this.#state === 'body') this.#emitBody(end);
    else this.#sink.headerEnd();
    this.#open = false;
    this.#sink.end(this.#base + end, this.#disbelieved);
    this.#disbelieved = false;
  }

  #emitBody(end: number): void {
    if (end <= this.#pos) return;
    this.#sink.body(this.#win, this.#pos, end);
    this.#accounted += end - this.#pos;
    this.#pos = end;
  }

  /** Where the content ends before a separator, or the end of the file, at `at`: the rule of `trailingNewline`. */
  #contentEnd(at: number): number {
    if (this.#dialect.trailingNewline === 'never') return at;
    if (at - 1 < this.#pos || this.#win[at - 1] !== LF) return at;
    const crlf = at - 2 >= this.#pos && this.#win[at - 2] === CR;
    const newline = at - (crlf ? 2 : 1);
    if (this.#dialect.trailingNewline === 'always') return newline;
    const endsHeader = this.#base + newline === this.#bodyStart;
    if (endsHeader && this.#dialect.trailingNewline === 'blank-body-line') return at;
    return this.#isBlankBefore(at) ? newline : at;
  }

  /** Whether the line that ends just before `at` is empty. */
  #isBlankBefore(at: number): boolean {
    const crlf = at - 2 >= this.#pos && this.#win[at - 2] === CR;
    const newline = at - (crlf ? 2 : 1);
    const offset = this.#base + newline;
    return offset === this.#bodyStart || offset === this.#trusted || this.#win[newline - 1] === LF;
  }

  #atMarker(at: number): boolean {
    return startsWith(this.#win, at, this.#win.length, this.#dialect.marker);
  }

  /** Whether all bytes that a verdict on a line at `at` may depend on have arrived. */
  #enough(at: number): boolean {
    return this.#final || this.#win.length - at >= LIMITS.fromLine + LIMITS.lookahead;
  }

  #judge(at: number, blankBefore: boolean): Verdict {
    return this.#verdict(this.#win, at, this.#base + at, blankBefore);
  }

  #verdict(buf: Buffer, start: number, offset: number, blankBefore: boolean): Verdict {
    const { lineEnd, next } = lineAt(buf, start);
    const end = Math.min(buf.length, next + LIMITS.lookahead);
    const { marker, judge } = this.#dialect;
    if (marker !== 'From ' && buf[start] === 1) return { separator: true, date: undefined };
    const [ordinal, previous] = [this.#ordinal, this.#previous];
    return judge({ buf, start, lineEnd, next, end, offset, blankBefore, ordinal, previous });
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}

/** Where the line at `start` ends, without its line end, and where the next begins; looked for up to `LIMITS.fromLine`. */
function lineAt(buf: Buffer, start: number): { lineEnd: number; next: number } {
  const cap = Math.min(buf.length, start + LIMITS.fromLine);
  const lf = buf.subarray(start, cap).indexOf(LF);
  if (lf < 0) return { lineEnd: cap, next: cap };
  const end = start + lf;
  return { lineEnd: end > start && buf[end - 1] === CR ? end - 1 : end, next: end + 1 };
}
