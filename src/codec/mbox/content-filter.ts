import { CR, LF, SPACE, TAB } from '../../core/bytes.ts';
import { LIMITS } from '../../core/limits.ts';
import type { MboxDialect, MetadataHeader } from './dialect.ts';

/**
 * Separates what a client sees of a message from the header fields that the server keeps for itself
 * (docs/formats.md, "Hidden header fields"). Works on pieces of header lines of any length.
 */

/** Where bytes of the message go; `buf[start..end)` is valid only during the call. */
export type ContentSink = (buf: Uint8Array, start: number, end: number) => void;

/** What happens to the bytes of the field at hand, its continuation lines included. */
type Fate = 'show' | 'read' | 'hide';

const COLON = 0x3a;

export class ContentFilter {
  readonly #hidden: ReadonlySet<string>;
  readonly #read: ReadonlySet<string>;
  /** First bytes, in both cases, that a field of interest can begin with: nearly all lines end here. */
  readonly #first = new Uint8Array(256);
  readonly #out: ContentSink;
  #fate: Fate = 'show';
  #fields: MetadataHeader[] = [];
  #name = '';
  #value: string[] = [];
  #valueBytes = 0;
  #truncated = false;

  constructor(dialect: MboxDialect, out: ContentSink) {
    this.#hidden = dialect.hiddenHeaders;
    this.#read = dialect.readHeaders ?? new Set();
    this.#out = out;
    for (const name of [...this.#hidden, ...this.#read]) {
      this.#first[name.charCodeAt(0)] = 1;
      this.#first[name.toUpperCase().charCodeAt(0)] = 1;
    }
  }

  /** Forgets the last message. */
  begin(): void {
    this.#fate = 'show';
    this.#fields = [];
    this.#name = '';
    this.#truncated = false;
  }

  /** A header line or a piece of one; see `FramerSink.header`. */
  header(buf: Uint8Array, start: number, end: number, first: boolean): void {
    if (first) this.#startLine(buf, start, end);
    if (this.#fate !== 'show') this.#collect(buf, start, end, first);
    if (this.#fate !== 'hide') this.#out(buf, start, end);
  }

  /** Completes the last field. @returns the metadata fields in header order */
  headerEnd(): readonly MetadataHeader[] {
    this.#closeField();
    return this.#fields;
  }

  /**
   * Whether a metadata field was longer than `LIMITS.metadataHeader`, or there were too many: only a part was read. Spaces at
   * its end do not count: Dovecot leaves hundreds of kilobytes of them where headers became shorter (observed with 2.3.19).
   */
  get truncated(): boolean {
    return this.#truncated;
  }

  #startLine(buf: Uint8Array, start: number, end: number): void {
    const byte = buf[start] as number;
    if (byte === SPACE || byte === TAB) return; // continues the field at hand
    if (this.#fate !== 'show') this.#closeField();
    this.#fate = 'show';
    if (this.#first[byte] === 0) return;
    const name = fieldName(buf, start, end);
    const key = name.toLowerCase();
    if (this.#hidden.has(key)) this.#fate = 'hide';
    else if (this.#read.has(key)) this.#fate = 'read';
    else return;
    this.#name = name;
    this.#value = [];
    this.#valueBytes = 0;
  }

  #collect(buf: Uint8Array, start: number, end: number, first: boolean): void {
    let from = start;
    if (first && this.#value.length === 0) from = buf.indexOf(COLON, start) + 1;
    const room = LIMITS.metadataHeader - this.#valueBytes;
    const length = Math.min(end - from, room);
    if (!this.#truncated && !isBlank(buf, from + length, end)) this.#truncated = true;
    const text = Buffer.from(buf.buffer, buf.byteOffset + from, length).toString('latin1');
    if (length > 0 || this.#value.length === 0) this.#value.push(text);
    this.#valueBytes += length;
  }

  #closeField(): void {
    // Only now: a piece may end between CR and LF.
    if (this.#fields.length >= LIMITS.metadataFields) this.#truncated = true;
    else if (this.#fate !== 'show')
      this.#fields.push({ name: this.#name, value: withoutLastLineEnd(this.#value.join('')) });
    this.#fate = 'show';
  }
}

/** The field name at the start of a header line; empty where the line has none. */
function fieldName(buf: Uint8Array, start: number, end: number): string {
  const limit = Math.min(end, start + LIMITS.headerName);
  let colon = start;
  while (colon < limit && buf[colon] !== COLON && buf[colon] !== LF) colon++;
  if (buf[colon] !== COLON) return '';
  let stop = colon;
  while (stop > start && (buf[stop - 1] === SPACE || buf[stop - 1] === TAB)) stop--;
  return Buffer.from(buf.buffer, buf.byteOffset + start, stop - start).toString('latin1');
}

function isBlank(buf: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = buf[at];
    if (byte !== SPACE && byte !== TAB && byte !== CR && byte !== LF) return false;
  }
  return true;
}

function withoutLastLineEnd(value: string): string {
  return value.replace(/\r?\n$/, '');
}

/** One blank may stand before the number; with two, Dovecot 2.3.19 takes it for none. */
const LENGTH = /^[ \t]?\d{1,15}\s*$/;

/** Bytes of the body that a message claims: the first Content-Length that is a number (observed with Dovecot 2.3.19). */
export function claimedLength(headers: readonly MetadataHeader[]): number | undefined {
  const isLength = ({ name, value }: MetadataHeader) =>
    name.toLowerCase() === 'content-length' && LENGTH.test(value);
  const field = headers.find(isLength);
  return field === undefined ? undefined : Number(field.value);
}
