import { latin1 } from '../../core/bytes.ts';
import type { CivilTime } from '../../core/types.ts';
import { parseDovecotFromLine } from './dovecot-from-line.ts';

/**
 * The From_ line as anybody ever wrote it (docs/formats.md, "From_ lines of files without a server").
 *
 * No program owns these files, so the parser accepts each date that some reader of mbox accepts: asctime with a zone
 * before or behind the year, RFC 822 order, ISO 8601, two-digit years, full month names, one-digit hours. What stands
 * before the date must look like an envelope sender, or the line is prose that mentions a date.
 */

/** No date stands further behind in a line; it also bounds the work on hostile lines. */
const SEARCHED = 1024;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const WEEKDAY = String.raw`(?:[^\s,]{3}\.?,?\s+|(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?`;
const MONTH = String.raw`(?<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}|\?{3})\.?`;
const DAY = String.raw`(?<day>\d{1,2})`;
const YEAR = String.raw`(?<year>\d{4}|\d\d)(?!\d)`;
const TIME = String.raw`(?<hour>\d{1,2})(?<mark>[:.])(?<minute>\d\d)(?:\k<mark>(?<second>\d\d)(?:[.,]\d+)?)?`;
const NUMERIC = String.raw`[+-]\d\d:?\d\d`;
const ZONE = String.raw`(?:(?:gmt|utc)?${NUMERIC}(?!\d)|[a-z][a-z0-9+-]*)`;

/** Each form finds the date; the text before it is the envelope sender, the text behind it the tail. */
const FORMS = [
  // Thu Nov  9 22:33:52 [EST [DST]] 2001 [+0200]
  `${WEEKDAY}${MONTH}\\s+${DAY},?\\s+${TIME}(?<before>(?:\\s+${ZONE}){0,2})\\s+${YEAR}(?<after>\\s+${ZONE})?`,
  // Thu Nov 09 2001 22:33:52 [GMT+0200]
  `${WEEKDAY}${MONTH}\\s+${DAY},?\\s+(?<year>\\d{4})\\s+${TIME}(?<after>\\s+${ZONE})?`,
  // [Thu,] 9 Nov 2001 22:33:52 [+0200], 9-Nov-01 22:33
  `${WEEKDAY}${DAY}[\\s-]+${MONTH}[\\s-]+${YEAR}\\s+${TIME}(?<after>\\s+${ZONE})?`,
  // 2001-11-09T22:33:52[Z|+02:00]
  `(?<year>\\d{4})[-/](?<number>\\d\\d)[-/](?<day>\\d\\d)(?:t|\\s+)${TIME}(?<after>\\s*(?:z\\b|${NUMERIC}|${ZONE}))?`,
].map((form) => new RegExp(`(?<!\\S)${form}(?![\\w:])`, 'i'));

/** `a@b`, `-`, `???@???`, `MAILER-DAEMON`, `"a b"@c`. */
const ONE_WORD = /^(?:"[^"]*"\S*|\S+)$/;
/** `user at host` of list archives; the host, and even the user, may be missing or hold 8-bit bytes. */
const USER_AT_HOST = /^(?:[^\s,;]+\s+){0,4}at(?:\s+[^\s,;]+)?$/i;
/** `Some Name <user@host>`; prose has its address elsewhere. */
const NAME_AND_ADDRESS = /^(?:[^\s,;]+\s+){1,4}<[^\s<>]+@[^\s<>]+>$/;
/** What may follow the date where the sender alone does not make the line plausible. */
const TAIL = /^\s*(?:\([^()]*\)\s*)?(?:[+-]\d{4}\s*)?(?:remote from \S+\s*)?$/i;

/** RFC 5322 4.3, "obs-zone"; hours east of UTC. Other names are ambiguous and leave the time local. */
const NAMED_ZONES: Readonly<Record<string, number>> = {
  z: 0,
  ut: 0,
  utc: 0,
  gmt: 0,
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
};

/**
 * Parses what follows `From ` on a From_ line.
 *
 * @param buf bytes; `buf[start..end)` is the text behind `From `, without its line end
 * @returns the civil time, with `offset` where the line names a zone that is unambiguous; `undefined` where the line
 *   holds no date, or holds one behind text that is no envelope sender
 */
export function parsePlainFromLine(buf: Uint8Array, start: number, end: number): CivilTime | undefined {
  const text = latin1(buf, start, Math.min(end, start + SEARCHED));
  if (text.search(/\d[:.]\d\d/) < 0) return undefined;
  for (const form of FORMS) {
    const match = form.exec(text);
    if (match === null) continue;
    const tail = text.slice(match.index + match[0].length);
    if (!isSender(text.slice(0, match.index).trim(), tail)) continue;
    return civil(match.groups ?? {});
  }
  // Dovecot looks neither at the weekday nor at what its four bytes hold.
  return parseDovecotFromLine(buf, start, end);
}

function isSender(sender: string, tail: string): boolean {
  if (ONE_WORD.test(sender)) return true;
  if (!TAIL.test(tail)) return false;
  return sender === '' || USER_AT_HOST.test(sender) || NAME_AND_ADDRESS.test(sender);
}

type Groups = Readonly<Record<string, string | undefined>>;

function civil(groups: Groups): CivilTime {
  // biome-ignore format: one line per field would hide that they are all alike
  const { year = '', month = '', number, day, hour, minute, second = '0', before = '', after = '' } = groups;
  const time = {
    year: fullYear(year),
    month:
      number === undefined
        ? Math.max(0, MONTHS.indexOf(month.slice(0, 3).toLowerCase()))
        : Number(number) - 1,
    day: Math.max(1, Number(day)), // day 0 is day 1, as Dovecot has it
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  const offset = zoneOffset(after) ?? zoneOffset(before);
  return offset === undefined ? time : { ...time, offset };
}

/** Two-digit years: 70 to 99 lie in the 20th century, as in most asctime readers; mbox is younger than 1970. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 4) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}

/** Seconds east of UTC. */
function zoneOffset(text: string): number | undefined {
  const numeric = /([+-])(\d\d):?(\d\d)/.exec(text);
  if (numeric !== null) {
    const seconds = Number(numeric[2]) * 3600 + Number(numeric[3]) * 60;
    return numeric[1] === '-' ? -seconds : seconds;
  }
  const hours = NAMED_ZONES[text.trim().toLowerCase()];
  return hours === undefined ? undefined : hours * 3600;
}
