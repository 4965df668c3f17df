import { CR, LF, SPACE, startsWith, TAB } from '../../core/bytes.ts';
import { LIMITS } from '../../core/limits.ts';

/** What stands at the place where a header block might begin. */
export interface FieldLines {
  /** Header fields (RFC 5322, 2.2) before the first line that is none; counting stops at eight. */
  readonly fields: number;
  /** Those among them whose name mail software writes; `Note:` in a letter is a field by its form, too. */
  readonly known: number;
}

const KNOWN = new Set([
  'apparently-to',
  'bcc',
  'cc',
  'date',
  'delivered-to',
  'dkim-signature',
  'envelope-to',
  'errors-to',
  'from',
  'in-reply-to',
  'lines',
  'message-id',
  'mime-version',
  'newsgroups',
  'organization',
  'path',
  'precedence',
  'received',
  'references',
  'reply-to',
  'return-path',
  'sender',
  'status',
  'subject',
  'to',
  'user-agent',
]);

const KNOWN_FAMILY = /^(?:x|list|resent|content|arc)-./;
/** More fields prove no more. */
const ENOUGH = 8;

const COLON = 0x3a;
const SLASH = 0x2f;

/** Counts the header fields from `buf[start]` on; `buf[..end)` may be looked at. */
export function countFieldLines(buf: Uint8Array, start: number, end: number): FieldLines {
  let [fields, known] = [0, 0];
  let at = start;
  // Old sendmail and UUCP left a quoted From_ line as the first line of the header.
  if (startsWith(buf, at, end, '>From ')) at = nextLine(buf, at, end);
  while (at < end && fields < ENOUGH) {
    const byte = buf[at];
    if (fields > 0 && (byte === SPACE || byte === TAB)) {
      at = nextLine(buf, at, end);
      continue;
    }
    const name = fieldName(buf, at, end);
    if (name === undefined) break;
    fields++;
    if (KNOWN.has(name) || KNOWN_FAMILY.test(name)) known++;
    at = nextLine(buf, at, end);
  }
  return { fields, known };
}

/** Lower-case name of the field that begins at `start`; `undefined` where the line is none. `http://` is no field. */
function fieldName(buf: Uint8Array, start: number, end: number): string | undefined {
  let name = '';
  for (let at = start; at < Math.min(end, start + LIMITS.headerName); at++) {
    const byte = buf[at] ?? LF;
    if (byte === COLON) {
      const url = buf[at + 1] === SLASH && buf[at + 2] === SLASH;
      return name === '' || url ? undefined : name.toLowerCase();
    }
    if (byte <= SPACE || byte >= 0x7f) return undefined;
    name += String.fromCharCode(byte);
  }
  return undefined;
}

/** Index of the first byte behind the line end (LF, CR LF, or a lone CR) of the line at `at`. */
function nextLine(buf: Uint8Array, at: number, end: number): number {
  for (let i = at; i < end; i++) {
    if (buf[i] === LF) return i + 1;
    if (buf[i] === CR && buf[i + 1] !== LF) return i + 1;
  }
  return end;
}
