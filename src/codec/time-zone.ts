import type { CivilTime } from '../core/types.ts';

/** Civil time to epoch seconds, on the clock of a source's server. */
export interface Zone {
  /** The IANA name it was made from. */
  readonly name: string;
  /**
   * Seconds since 1970. A civil time that names its offset is plain arithmetic. Any other is local time and is
   * resolved as by `mktime` of glibc with `tm_isdst` -1, in a process that has not called it before: fields out of
   * range carry over; a time that the clock skips for summer counts from before the change; and one that occurs twice
   * is taken where mktime's guess falls first: the second time east of Greenwich, the first time west of it (observed
   * with glibc 2.36, all zones, 1970 to 2040). Two limits:
   * - glibc starts at the offset that it found last, so Dovecot shows 03:30 of an October Sunday in Helsinki as either
   *   hour, depending on the message it looked at before (observed with 2.3.19). Here the answer is always the same.
   * - Where the clock skips time without summer time, or as Dublin's tables have it, glibc may count from behind the
   *   change.
   */
  toEpoch(civil: CivilTime): number;
}

const DAY = 86_400;
/** Length of a cached stretch, seconds: about six days. Real zones hardly ever change twice within one. */
const STRETCH = 1 << 19;
/** Stretches kept; twenty years of mail need some 1200. Dates in a spool may be anything, memory may not grow. */
const MAX_STRETCHES = 4096;
/** mktime's own guesses settle or repeat within this many. */
const MAX_GUESSES = 6;
/** Moments for which Intl can tell a year of the common era; no zone changes its clock beyond them in a new way. */
const EARLIEST = -62_135_000_000;
const LATEST = 8_639_999_000_000;

/** Offsets of one stretch of time, seconds east of UTC. */
interface Stretch {
  readonly before: number;
  readonly after: number;
  /** First second of `after`. */
  readonly change: number;
}

/** Finds a zone in the time zone data that Node carries. */
export function createZone(
  ianaName: string,
): { readonly ok: true; readonly zone: Zone } | { readonly ok: false; readonly reason: string } {
  const read = offsetReader(ianaName);
  if (read === undefined) return { ok: false, reason: `no time zone is called ${JSON.stringify(ianaName)}` };
  const offsetAt = cached(read);
  const toEpoch = (civil: CivilTime) =>
    civil.offset === undefined ? localToEpoch(civil, offsetAt) : clockSeconds(civil) - civil.offset;
  return { ok: true, zone: { name: ianaName, toEpoch } };
}

/** The civil time as if its clock showed UTC; fields carry over. */
function clockSeconds(civil: CivilTime): number {
  const { year, month, day, hour, minute, second } = civil;
  return daysSinceEpoch(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
}

/** Days from 1970-01-01 in the Gregorian calendar; `month` counts from 0, and months and days carry over. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  // Years that begin in March have their leap day last, so that it does not shift the months before it.
  const fromMarch = month - 2;
  const marchYear = year + Math.floor(fromMarch / 12);
  const marchMonth = fromMarch - Math.floor(fromMarch / 12) * 12;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  const monthDays = Math.floor((153 * marchMonth + 2) / 5);
  const marchFirst1970 = 719_468;
  return marchYear * 365 + leapDays + monthDays + day - 1 - marchFirst1970;
}

/** Follows the guesses of glibc's mktime: guess, look what the clock shows then, correct by the difference. */
function localToEpoch(civil: CivilTime, offsetAt: (epoch: number) => number): number {
  // Seconds beyond a minute are added when all else is settled, so they cannot move a time out of a skipped hour.
  const second = Math.min(59, Math.max(0, civil.second));
  const clock = clockSeconds({ ...civil, second });
  const rest = civil.second - second;
  let previous = Number.NaN;
  let guess = clock;
  for (let i = 0; i < MAX_GUESSES; i++) {
    const next = clock - offsetAt(guess);
    if (next === guess) break;
    // The clock never shows this time: of the two guesses mktime prefers the one in summer time, the later one.
    if (next === previous) return Math.max(guess, previous) + rest;
    previous = guess;
    guess = next;
  }
  return guess + rest;
}

function cached(read: (epoch: number) => number): (epoch: number) => number {
  const stretches = new Map<number, Stretch>();
  return (epoch) => {
    if (!(epoch > EARLIEST)) return read(EARLIEST);
    if (epoch > LATEST) return read(LATEST);
    const at = Math.floor(epoch / STRETCH);
    let stretch = stretches.get(at);
    if (stretch === undefined) {
      if (stretches.size >= MAX_STRETCHES) stretches.clear();
      stretch = readStretch(read, at * STRETCH);
      stretches.set(at, stretch);
    }
    return epoch < stretch.change ? stretch.before : stretch.after;
  };
}

/** Finds the second at which the offset changes within a stretch, if it does, by halving. */
function readStretch(read: (epoch: number) => number, start: number): Stretch {
  const before = read(start);
  const after = read(start + STRETCH);
  let low = start;
  let high = start + STRETCH;
  while (before !== after && high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (read(middle) === before) low = middle;
    else high = middle;
  }
  return { before, after, change: high };
}

/** Asks Intl for offsets: slow, thousands of times slower than the cache. */
function offsetReader(timeZone: string): ((epoch: number) => number) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
  return (epoch) => {
    const shown = new Map(format.formatToParts(epoch * 1000).map((part) => [part.type, Number(part.value)]));
    const field = (type: Intl.DateTimeFormatPartTypes) => shown.get(type) ?? Number.NaN;
    const days = daysSinceEpoch(field('year'), field('month') - 1, field('day'));
    return days * DAY + field('hour') * 3600 + field('minute') * 60 + field('second') - epoch;
  };
}
