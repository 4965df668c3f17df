import { latin1 } from '../../core/bytes.ts';
import { LIMITS } from '../../core/limits.ts';
import type { CivilTime } from '../../core/types.ts';

/**
 * The From_ line as UW c-client accepts it (docs/formats-uw.md, "Valid From_ line"; observed with c-client 2007f). It is
 * read from its end: the sender may be anything, even nothing, and only blanks, colons and signs must be in place. So a
 * line may separate although its date means nothing.
 */

/** Shortest line that separates, without its line end and without `remote from`. */
const MIN_LINE = 27;
/** Shortest line at whose end `remote from` is looked for. */
const MIN_REMOTE_LINE = 41;
const REMOTE = / remote from [^ ]*$/;

/** Longest text between the sender and the end of the line, with the blank that begins it. */
const MAX_TAIL = 31;

/** ` www mmm dd hh:mm[:ss] `, every letter any byte; behind it year and zone in one of six arrangements. */
const DATE = ' .{3} (?<month>.{3}) (?<day>.{2}) (?<hour>.{2}):(?<minute>.{2})(?::(?<second>.{2}))? ';
const ARRANGEMENTS = [
  '(?<year>.{4})',
  '(?<zone>[^:+-]..) (?<year>.{4})',
  '(?<zone>[+-].. ..)(?<misplaced>.{2})', // c-client looks two bytes too far for the year
  '(?<zone>[+-][^ ][^:]..) (?<year>.{4})',
  '(?<year>.{3}[^ ]) (?<zone>.{3})',
  '(?<year>.{4}) (?<zone>[+-][^ ].{3})',
].map((end) => new RegExp(`${DATE}${end}$`, 's'));

/**
 * c-client compares names as numbers. So other names than those below match by chance, among them ACT, a real zone, as
 * six hours west of Greenwich.
 */
function packed(name: string): number {
  const values = [...name].map((char) => {
    const code = char.charCodeAt(0);
    return (code >= 0x61 && code <= 0x7a ? code - 0x20 : code) - 0x41;
  });
  const [first = 0, second = 0, third = 0] = values;
  if (values.length === 1) return first + 0x41;
  return values.length > 3 ? -1 : first * 1024 + second * 32 + third;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map(
  packed,
);

/** Zone names that c-client knows, by hours east of UTC. Any other, such as CET or BST, means local time. */
const ZONE_NAMES: readonly (readonly [hours: number, names: string])[] = [
  [0, 'UTC GMT UT Z'],
  [1, 'MET A'],
  [2, 'EET B'],
  [3, 'C'],
  [4, 'D'],
  [5, 'E'],
  [6, 'F'],
  [7, 'G'],
  [8, 'H'],
  [9, 'JST I'],
  [10, 'K'],
  [11, 'L'],
  [12, 'M'],
  [-1, 'N'],
  [-2, 'O'],
  [-3, 'ADT P'],
  [-4, 'AST EDT Q'],
  [-5, 'EST CDT R'],
  [-6, 'CST MDT S'],
  [-7, 'MST PDT T'],
  [-8, 'PST YDT U'],
  [-9, 'YST V'],
  [-10, 'HST W'],
  [-11, 'X'],
  [-12, 'Y'],
];
const ZONES = new Map(
  ZONE_NAMES.flatMap(([hours, names]) => names.split(' ').map((name) => [packed(name), hours])),
);

/** Years that c-client can hold. */
const FIRST_YEAR = 1970;
const LAST_YEAR = 2097;

/** A line that separates. */
export interface UwFromLine {
  /** Local to the server unless `offset` is set; undefined where c-client cannot make a date of the text. */
  readonly date: CivilTime | undefined;
}

/**
 * Parses a whole From_ line.
 *
 * @param buf bytes; `buf[start..end)` is the line from its `From ` on, without its line end (LF or CR LF)
 * @returns undefined where c-client sees no From_ line
 */
export function parseUwFromLine(buf: Uint8Array, start: number, end: number): UwFromLine | undefined {
  if (end - start >= LIMITS.fromLine) return undefined; // its end is out of sight
  const whole = latin1(buf, start, end);
  if (!whole.startsWith('From ') || whole.includes('\0')) return undefined;
  const line = whole.length >= MIN_REMOTE_LINE ? whole.replace(REMOTE, '') : whole;
  if (line.length < MIN_LINE) return undefined;
  const tail = line.slice('From'.length).slice(-MAX_TAIL);
  for (const arrangement of ARRANGEMENTS) {
    const groups = arrangement.exec(tail)?.groups;
    if (groups === undefined) continue;
    const { misplaced, year = `${misplaced}${line === whole ? '\n' : ' r'}` } = groups;
    return { date: readDate({ ...groups, year }) };
  }
  return undefined;
}

type Groups = Readonly<Record<string, string | undefined>>;

function readDate({
  day = '',
  month = '',
  year = '',
  hour,
  minute,
  second = '00',
  zone = 'LCL',
}: Groups): CivilTime | undefined {
  const monthIndex = MONTHS.indexOf(packed(month));
  const dayNumber = /^(?:\d|[ \t-\r+])\d$/.test(day) ? Number(day) : 0;
  const [, digits, rest = ''] = /^ *(\d+) (.*)$/s.exec(`${year} `) ?? [];
  if (digits === undefined || monthIndex < 0 || dayNumber < 1 || dayNumber > 31) return undefined;
  const fullYear = century(Number(digits));
  if (fullYear < FIRST_YEAR || fullYear > LAST_YEAR) return undefined;
  const date = { year: fullYear, month: monthIndex, day: dayNumber };
  return {
    ...date,
    ...readTime(`${rest}${hour}:${minute}:${second}${/^[+-]/.test(zone) ? ' ' : '-'}${zone}`),
  };
}

/** RFC 2822, section 4.3, nearly: years of one to three digits. */
function century(year: number): number {
  if (year < 49) return year + 2000;
  return year < 999 ? year + 1900 : year;
}

type Time = Pick<CivilTime, 'hour' | 'minute' | 'second' | 'offset'>;

/** Hour, minute, second, any of them missing where its colon stands; then what is no number: the zone, if all is well. */
const TIME = /^(?:[ \t-\r]*([+-]?\d+))?:(?:[ \t-\r]*([+-]?\d+))?(?::(?:[ \t-\r]*([+-]?\d+))?)?(.*)/s;

/** An impossible time is midnight UTC. */
function readTime(text: string): Time {
  const match = TIME.exec(text);
  const number = (text = '0') => Number(text) + 0; // no -0
  const [hour, minute, second] = [number(match?.[1]), number(match?.[2]), number(match?.[3])];
  const inRange = (value: number, last: number) => value >= 0 && value <= last;
  if (match === null || !inRange(hour, 23) || !inRange(minute, 59) || !inRange(second, 60)) {
    return { hour: 0, minute: 0, second: 0, offset: 0 };
  }
  const offset = readZone(match[4] ?? '');
  return { hour, minute, second, ...(offset === undefined ? {} : { offset }) };
}

/**
 * @param text what follows the time: a blank and an offset, or a hyphen and a name
 * @returns seconds east of UTC, or undefined for local time
 */
function readZone(text: string): number | undefined {
  const name = /^(?: +(?=[a-z])|-)(.*)$/is.exec(text)?.[1];
  if (name !== undefined) {
    const hours = ZONES.get(packed(name));
    return hours === undefined ? undefined : hours * 3600;
  }
  if (!text.startsWith(' ')) return undefined;
  const [, sign, hours, minutes] = /^ +([+-]?)(\d\d)([0-5]\d)/.exec(text) ?? [];
  if (hours === undefined) return 0;
  // c-client keeps four bits of the hours.
  const offset = (Number(hours) % 16) * 3600 + Number(minutes) * 60;
  return sign === '-' ? -offset : offset;
}
