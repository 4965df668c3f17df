import { CR, LF, SPACE, startsWith, TAB } from '../../core/bytes.ts';
import { LIMITS } from '../../core/limits.ts';
import { countFieldLines } from './field-lines.ts';
import { mmdfDialect, plainDialect } from './plain.ts';
import { namedBySignature } from './signatures.ts';

/** What a file is, judged by its beginning. Offsets and lengths are bytes of the (decompressed) file. */
export type Sniffed =
  /** No byte at all: an mbox without messages. */
  | { readonly kind: 'empty' }
  /** From_ line behind `leading` bytes of byte order mark and empty lines; without messages where all is blank. */
  | { readonly kind: 'mbox'; readonly leading: number }
  /** The first From_ line stands at `first`; what lies before is neither blank nor a header. */
  | { readonly kind: 'junk'; readonly first: number }
  /** A header block without a From_ line: a single message, or an mbox that lost its first line. */
  | { readonly kind: 'message'; readonly leading: number }
  /** Lines end with CR alone. With each CR read as LF the file is mail; no offset changes. */
  | { readonly kind: 'cr-only' }
  | { readonly kind: 'mmdf' }
  | { readonly kind: 'gzip' }
  /** Nothing here can be read as mail; `what` names what was seen, as a noun with its article. */
  | { readonly kind: 'refused'; readonly what: string };

/** Bytes of a file's beginning that `sniff` wants; it looks no further. */
export const SNIFF_BYTES = 65_536;

/**
 * Says what a file is.
 *
 * @param head the first `SNIFF_BYTES` of the file, or all of a smaller one
 */
export function sniff(head: Uint8Array): Sniffed {
  if (head.length === 0) return { kind: 'empty' };
  if (head[0] === 0x1f && head[1] === 0x8b) return { kind: 'gzip' };
  if (startsWith(head, 0, head.length, mmdfDialect.marker)) return { kind: 'mmdf' };
  const what = namedBySignature(head);
  if (what !== undefined) return { kind: 'refused', what };
  const crOnly = head.includes(CR) && !head.includes(LF);
  const mail = findMail(crOnly ? head.map((byte) => (byte === CR ? LF : byte)) : head);
  if (mail === undefined)
    return { kind: 'refused', what: isBinary(head) ? 'binary data' : 'text that is no mail' };
  return crOnly ? { kind: 'cr-only' } : mail;
}

function findMail(head: Uint8Array): Sniffed | undefined {
  const leading = countLeading(head);
  if (leading === head.length || isSeparator(head, leading, true, leading)) return { kind: 'mbox', leading };
  const { fields, known } = countFieldLines(head, leading, head.length);
  if (fields > 1 && known > 0) return { kind: 'message', leading };
  const first = findSeparator(head, leading);
  return first === undefined ? undefined : { kind: 'junk', first };
}

/** Byte order mark and lines of blanks, as the framer passes over them. */
function countLeading(head: Uint8Array): number {
  let lineStart = startsWith(head, 0, head.length, '\xef\xbb\xbf') ? 3 : 0;
  for (let at = lineStart; at < head.length; at++) {
    if (head[at] === LF) lineStart = at + 1;
    else if (!isBlank(head[at])) return lineStart;
  }
  return head.length;
}

function isBlank(byte: number | undefined): boolean {
  return byte === CR || byte === SPACE || byte === TAB;
}

/** The first From_ line behind `start`. */
function findSeparator(head: Uint8Array, start: number): number | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  for (let at = bytes.indexOf('\nFrom ', start); at >= 0; at = bytes.indexOf('\nFrom ', at + 1)) {
    const blankBefore = bytes[at - 1] === LF || (bytes[at - 1] === CR && bytes[at - 2] === LF);
    if (isSeparator(head, at + 1, blankBefore, at + 1)) return at + 1;
  }
  return undefined;
}

function isSeparator(buf: Uint8Array, start: number, blankBefore: boolean, offset: number): boolean {
  if (!startsWith(buf, start, buf.length, plainDialect.marker)) return false;
  const lf = buf.indexOf(LF, start);
  const next = lf < 0 ? buf.length : lf + 1;
  const lineEnd = lf < 0 ? buf.length : buf[lf - 1] === CR ? lf - 1 : lf;
  const end = Math.min(buf.length, next + LIMITS.lookahead);
  const previous = new Uint8Array(0);
  return plainDialect.judge({ buf, start, lineEnd, next, end, offset, blankBefore, ordinal: 0, previous })
    .separator;
}

/** Control characters that no text has make up more than a twentieth. */
function isBinary(head: Uint8Array): boolean {
  let controls = 0;
  for (const byte of head)
    if (byte < 7 || (byte > 13 && byte < 27) || (byte > 27 && byte < SPACE)) controls++;
  return controls * 20 > head.length;
}
