import type { CivilTime } from '../../core/types.ts';

/** Where the bytes come from, beyond what `push` brings. */
export interface FramerInput {
  /** Bytes in the file. */
  readonly size: number;
  /** Up to `length` bytes at `offset`; fewer only at the end of the file. */
  peek(offset: number, length: number): Uint8Array;
}

/** How a message begins. */
export interface MessageStart {
  /** Offset of the first byte of its separator. */
  readonly offset: number;
  /** Offset of the first byte behind the separator. */
  readonly content: number;
  /** The date on the From_ line; absent where there is none that can be read. */
  readonly date: CivilTime | undefined;
}

/** Receives what the framer finds; `buf[start..end)` is valid only during the call. */
export interface FramerSink {
  begin(start: MessageStart): void;
  /** Bytes of the header block: a line, or a piece of a long one; `first` at its start, `last` at its line end. */
  header(buf: Uint8Array, start: number, end: number, first: boolean, last: boolean): void;
  /** The header block is complete. Returns the Content-Length that the message claims. */
  headerEnd(): number | undefined;
  /** Bytes from the empty line behind the header on. */
  body(buf: Uint8Array, start: number, end: number): void;
  /**
   * `end` is the offset behind the last byte of the content. `disbelieved`: the message claims a Content-Length that
   * does not hold, so that bytes far away have a say in where it ends.
   */
  end(end: number, disbelieved: boolean): void;
  /** A line was taken for a separator on weak evidence, or looked like one and was not taken. */
  doubt(offset: number, taken: boolean, why: string): void;
  /** `length` bytes before the first message that belong to none: a byte order mark, empty lines. */
  leading(length: number): void;
}

/** A separator that is known from an earlier reading of the file, behind which a framer can go on. */
export interface Resumption {
  /** Offset of the first byte of the separator. */
  readonly offset: number;
  readonly blankBefore: boolean;
  /** The separator line before it, without its line end. */
  readonly previous: Uint8Array;
}
