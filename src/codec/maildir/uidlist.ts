import { assert } from '../../core/errors.ts';
import { MAX_UID } from '../../core/limits.ts';
import type { CarriedField } from '../../core/message.ts';

/**
 * The lines of `dovecot-uidlist`: version 3, and version 1, which is also Courier's `courierimapuiddb`
 * (docs/formats.md, "dovecot-uidlist").
 *
 * One line at a time, so that memory does not grow with the mailbox. A line is latin1 text, one char per byte, without
 * its LF; a CR before the LF is tolerated, as Dovecot does. Formatted lines end with LF: Dovecot appends to the file in
 * place, and without the last LF its next record would be glued to ours.
 */

export interface UidlistHeader {
  readonly version: 1 | 3;
  readonly uidValidity: number;
  /**
   * UIDNEXT as written; may be too low, since Dovecot appends records without touching the header. The true value is
   * the maximum of this and the last UID plus one.
   */
  readonly uidNext: number;
  /** Mailbox GUID, 32 hex digits. */
  readonly guid?: string;
  /** Fields that are not V, N or G, each with its letter, in order: kept when the file is rewritten. */
  readonly extensions: readonly string[];
}

export interface UidlistRecord {
  readonly uid: number;
  /** Fields `G`, `P`, `O`, `S`, `W` and unknown ones, in order and verbatim: `['P', 'foo-1']`. */
  readonly fields: readonly CarriedField[];
  /** Base name of the file. */
  readonly base: string;
}

interface UidlistFailure {
  readonly ok: false;
  /** What is wrong, in words for an administrator; the caller adds file and line. */
  readonly reason: string;
}

type ParsedHeader = { readonly ok: true; readonly header: UidlistHeader } | UidlistFailure;

type ParsedRecord =
  | {
      readonly ok: true;
      readonly record: UidlistRecord;
      /** Fields that Dovecot throws away when it reads the line, and so do we: each is worth a finding. */
      readonly dropped: readonly string[];
    }
  | UidlistFailure;

/** Dovecot counts 2^32-1 as "UID too high". */
const HIGHEST_RECORD_UID = MAX_UID - 1;

function failure(reason: string): UidlistFailure {
  return { ok: false, reason };
}

/** A decimal number from 1 to 2^32-1, the range of UID, UIDVALIDITY and UIDNEXT (RFC 3501, 2.3.1.1). */
function parseNumber(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= 1 && value <= MAX_UID ? value : undefined;
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Whether a byte is left that cannot stand inside a line: the file would not say what it seems to say. */
function hasLineBreaker(text: string): boolean {
  return text.includes('\n') || text.includes('\r') || text.includes('\0');
}

/** Reads the first line. */
export function parseUidlistHeader(line: string): ParsedHeader {
  const text = withoutCr(line);
  if (hasLineBreaker(text)) return failure('control character in the header');
  if (text.startsWith('1 ')) return parseHeader1(text);
  if (text.startsWith('3 ')) return parseHeader3(text);
  return failure('the header names neither version 1 nor version 3');
}

function parseHeader1(text: string): ParsedHeader {
  const [, validity = '', next = '', ...rest] = text.split(' ');
  const uidValidity = parseNumber(validity);
  const uidNext = parseNumber(next);
  if (uidValidity === undefined) return failure('UIDVALIDITY is no number from 1 to 4294967295');
  if (uidNext === undefined) return failure('UIDNEXT is no number from 1 to 4294967295');
  if (rest.length > 0) return failure('more than two numbers in a header of version 1');
  return { ok: true, header: { version: 1, uidValidity, uidNext, extensions: [] } };
}

function parseHeader3(text: string): ParsedHeader {
  let uidValidity: number | undefined;
  let uidNext: number | undefined;
  let guid: string | undefined;
  const extensions: string[] = [];
  for (const field of text.slice(2).split(' ')) {
    const value = field.slice(1);
    if (field.startsWith('V')) uidValidity = parseNumber(value);
    else if (field.startsWith('N')) uidNext = parseNumber(value);
    else if (field.startsWith('G')) guid = value;
    else if (field !== '') extensions.push(field);
  }
  if (uidValidity === undefined) return failure('V (UIDVALIDITY) is no number from 1 to 4294967295');
  if (uidNext === undefined) return failure('N (UIDNEXT) is no number from 1 to 4294967295');
  if (guid !== undefined && !/^[0-9a-fA-F]{32}$/.test(guid)) return failure('G (GUID) is not 32 hex digits');
  const header = { version: 3, uidValidity, uidNext, extensions } as const;
  return { ok: true, header: guid === undefined ? header : { ...header, guid } };
}

/** Reads a line behind the header, in the version that the header names. The caller checks the order of the UIDs. */
export function parseUidlistRecord(line: string, version: 1 | 3): ParsedRecord {
  const text = withoutCr(line);
  if (hasLineBreaker(text)) return failure('control character in the record');
  const space = text.indexOf(' ');
  const uid = parseNumber(space < 0 ? text : text.slice(0, space));
  if (space < 0 || uid === undefined) return failure('the record does not begin with a UID and a space');
  if (uid > HIGHEST_RECORD_UID) return failure('UID too high');
  const fields: CarriedField[] = [];
  const dropped: string[] = [];
  let at = skipSpaces(text, space);
  while (version === 3 && at < text.length && text[at] !== ':') {
    const next = text.indexOf(' ', at);
    const end = next < 0 ? text.length : next;
    const field = text.slice(at, end);
    // An empty G is "had empty GUID, clearing it" for Dovecot 2.3.19; an empty P has a meaning and stays.
    if (/^[A-Z]/.test(field) && field !== 'G') fields.push([field.charAt(0), field.slice(1)]);
    else dropped.push(field);
    at = skipSpaces(text, end);
  }
  const name = text.slice(version === 3 ? at + 1 : at);
  // Dovecot too strips flags from a name here.
  const base = name.split(':', 1)[0] ?? '';
  if (base === '') return failure('the record has no file name');
  if (base.includes('/')) return failure('the file name contains a slash');
  return { ok: true, record: { uid, fields, base }, dropped };
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at++;
  return at;
}

/** Writes the header line of version 3, whichever version was read. */
export function formatUidlistHeader(header: UidlistHeader): string {
  const fields = [`V${header.uidValidity}`, `N${header.uidNext}`];
  if (header.guid !== undefined) fields.push(`G${header.guid}`);
  fields.push(...header.extensions);
  return `3 ${fields.join(' ')}\n`;
}

/** Writes a record line of version 3. A record that would break the file is a broken contract. */
export function formatUidlistRecord(record: UidlistRecord): string {
  const { uid, fields, base } = record;
  assert(Number.isInteger(uid) && uid >= 1 && uid <= HIGHEST_RECORD_UID, `UID ${uid} in a uidlist record`);
  assert(base !== '' && !/[:/]/.test(base) && !hasLineBreaker(base), 'base name in a uidlist record');
  let line = `${uid}`;
  for (const [letter, value] of fields) {
    assert(/^[A-Z]$/.test(letter) && !value.includes(' ') && !hasLineBreaker(value), 'uidlist field');
    line += ` ${letter}${value}`;
  }
  return `${line} :${base}\n`;
}

/**
 * Checks what must hold between lines: UIDs strictly ascend. From the first line that breaks this on, Dovecot gives
 * every message a new UID and deletes the file (observed with 2.3.19).
 */
export class UidlistOrder {
  #last = 0;

  /** Takes the next UID; false, and no change, when it is not above the last one. */
  accept(uid: number): boolean {
    if (uid <= this.#last) return false;
    this.#last = uid;
    return true;
  }

  /** UIDNEXT, given what the header says. */
  uidNext(header: UidlistHeader): number {
    return Math.max(header.uidNext, this.#last + 1);
  }
}
