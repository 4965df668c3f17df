import { latin1 } from '../../core/bytes.ts';
import { LIMITS } from '../../core/limits.ts';
import type { CivilTime } from '../../core/types.ts';

/**
 * The From_ line as Dovecot's mbox driver accepts it (docs/formats.md, "Valid From_ line"; observed with Dovecot
 * 2.3.19 and 2.4.1). Case-sensitive, positional, and lenient in places where nobody would expect it: the weekday is
 * never looked at, fields may be out of range, anything may follow the date.
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Envelope sender (empty, bare, or beginning with a quoted part that may hold spaces) and the blanks behind it. */
const SENDER = /^(?:"[^"]*"[^ ]*|[^" ][^ ]*|) +/;

/** Bytes that must follow the sender; a shorter line is text. */
const MIN_DATE = 21;

/** `Thu Nov  9 22:33:52 [word] 2001 [+0200]`; a zone before the year is just a word. */
const MONTH_FIRST =
  /^.{4}([a-z]{3}|\?{3}) ( \d|\d\d?) (\d\d):(\d\d)(?::(\d\d))? (?:(?!\d{4})[^ ]+ )?(\d{4})(?: ([+-])(\d\d)(\d\d))?/is;

/** `Thu, 9 Nov 2001 22:33:52 [+0200]` */
const DAY_FIRST =
  /^.{4} ( \d|\d\d?) ([a-z]{3}|\?{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))?(?: ([+-])(\d\d)(\d\d))?/is;

/**
 * Parses what follows `From ` on a From_ line.
 *
 * @param buf bytes; `buf[start..end)` is the text behind `From `, without its line end
 * @returns the civil time (local to the server unless `offset` is set), or `undefined` where Dovecot sees no From_ line
 */
export function parseDovecotFromLine(buf: Uint8Array, start: number, end: number): CivilTime | undefined {
  const text = latin1(buf, start, Math.min(end, start + LIMITS.fromLine));
  const sender = SENDER.exec(text);
  if (sender === null) return undefined;
  const date = text.slice(sender[0].length);
  if (date.length < MIN_DATE) return undefined;
  return monthFirst(date) ?? dayFirst(date);
}

function monthFirst(text: string): CivilTime | undefined {
  const match = MONTH_FIRST.exec(text);
  if (match === null) return undefined;
  const [, month, day, hour, minute, second, year, sign, zoneHours, zoneMinutes] = match;
  return civil([year, month, day, hour, minute, second], [sign, zoneHours, zoneMinutes]);
}

function dayFirst(text: string): CivilTime | undefined {
  const match = DAY_FIRST.exec(text);
  if (match === null) return undefined;
  const [, day, month, year, hour, minute, second, sign, zoneHours, zoneMinutes] = match;
  return civil([year, month, day, hour, minute, second], [sign, zoneHours, zoneMinutes]);
}

type Field = string | undefined;

function civil(fields: readonly Field[], zone: readonly Field[]): CivilTime | undefined {
  const [year, monthName = '', day, hour, minute, second = '0'] = fields;
  const month = monthName === '???' ? 0 : MONTHS.indexOf(monthName.toLowerCase());
  if (month < 0) return undefined;
  const time = {
    year: Number(year),
    month,
    day: Math.max(1, Number(day)), // observed: day 0 is day 1
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  const [sign, hours, minutes] = zone;
  if (sign === undefined) return time;
  // Dovecot adds the zone's minutes as seconds (2.3 and 2.4 alike). Clients have cached the result, so it is kept.
  const offset = Number(hours) * 3600 + Number(minutes);
  return { ...time, offset: sign === '-' ? -offset : offset };
}
