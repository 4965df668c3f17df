import type { Effort, Estimate, PassEntry } from '../core/history.ts';
import { changeRate, type Expected, expectedChange, laterPasses } from './change-rate.ts';
import { type Cost, fitCost } from './fit.ts';

/**
 * How long `final` will take, from the passes recorded so far.
 *
 * It is the sum of four parts, each fitted to what recorded passes took for the same kind of work (`fitCost`):
 *   overhead    per account: opening it, listing its mailboxes
 *   unchanged   per mailbox, three times: spools are looked at before, in and after the pass
 *   reading     per mailbox and byte, of the spools that will probably have changed since the last pass
 *   comparing   per message and byte, of what has changed since the last comparison and will have by then
 * What will have changed follows from the time since the last pass (`expectedChange`).
 *
 * The range: each part as fast, or slow, as all but the fastest, or slowest, tenth of the passes, and as few, or many,
 * changes as in all but the calmest, or busiest, tenth. The fewer passes there are, the wider it is (`spread`).
 */

export type Forecast =
  | { readonly known: true; readonly estimate: Estimate; readonly parts: ForecastParts }
  /** What is missing, in words that complete "it needs …". */
  | { readonly known: false; readonly missing: string };

/** Seconds; their sum is the estimate. */
export interface ForecastParts {
  readonly overhead: number;
  readonly unchanged: number;
  readonly reading: number;
  readonly comparing: number;
}

/** Later passes without which no rate of change is known. */
const ENOUGH = 2;
/** Looks at every spool in one `final`. */
const LOOKS = 3;
/** `final` compares the bytes of a message on both sides. */
const SIDES = 2;

/** `at`: when `final` will begin, milliseconds since 1970. */
export function forecastFinal(history: readonly PassEntry[], at: number): Forecast {
  const passes = history.filter(({ command }) => command !== 'verify');
  const last = passes.at(-1);
  const missing = missingIn(history);
  if (last === undefined || missing !== undefined) return { known: false, missing: missing ?? 'a pass' };
  const costs = costsOf(history);
  const rate = changeRate(history);
  const hours = Math.max(0, at - Date.parse(last.started)) / 3_600_000;
  const unverified = changedSinceComparison(history, last);
  const partsOf = (factor: number, of: (cost: Cost) => number): ForecastParts => {
    const expected = expectedChange(rate, hours, factor);
    return secondsFor(costs, last, expected, unverified, of);
  };
  const parts = partsOf(1, () => 1);
  const low = total(partsOf(rate.low, (cost) => cost.low));
  const high = total(partsOf(rate.high, (cost) => cost.high));
  return { known: true, parts, estimate: { seconds: total(parts), low, high } };
}

/**
 * The durations of accounts worked on `slots` at a time, in this order, as one: each goes to the slot that is free first.
 */
export function sideBySide(estimates: readonly Estimate[], slots: number): Estimate {
  const lengthOf = (of: (estimate: Estimate) => number) => {
    const busy = Array.from({ length: slots }, () => 0);
    for (const estimate of estimates) {
      const first = busy.indexOf(Math.min(...busy));
      busy[first] = (busy[first] ?? 0) + of(estimate);
    }
    return Math.max(...busy);
  };
  return {
    seconds: lengthOf(({ seconds }) => seconds),
    low: lengthOf(({ low }) => low),
    high: lengthOf(({ high }) => high),
  };
}

function missingIn(history: readonly PassEntry[]): string | undefined {
  const later = laterPasses(history).length;
  const first = history.some(({ command }) => command !== 'verify') ? 0 : 1;
  const needed = first + Math.max(0, ENOUGH - later);
  const words = ['', 'one more pass', 'two more passes', 'three passes'];
  const parts = [
    ...(needed > 0 ? [words[needed] ?? `${needed} passes`] : []),
    ...(comparisons(history).length === 0 ? ['one run of `spoolsync verify`'] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(' and ');
}

interface Costs {
  readonly overhead: Cost;
  readonly unchanged: Cost;
  readonly reading: Cost;
  readonly comparing: Cost;
}

function costsOf(history: readonly PassEntry[]): Costs {
  const later = laterPasses(history).map(({ pass }) => pass);
  return {
    overhead: fitCost(later.map((pass) => ({ x: 1, y: 0, seconds: overheadOf(pass) }))),
    unchanged: fitCost(
      later.flatMap(({ idle }) =>
        idle.mailboxes > 0 ? [{ x: idle.mailboxes, y: 0, seconds: idle.seconds }] : [],
      ),
    ),
    reading: fitCost(
      later.flatMap(({ busy }) =>
        busy.mailboxes > 0 ? [{ x: busy.mailboxes, y: busy.read, seconds: busy.seconds }] : [],
      ),
    ),
    comparing: fitCost(
      comparisons(history).map(({ messages, read, seconds }) => ({ x: messages, y: read, seconds })),
    ),
  };
}

function overheadOf({ seconds, idle, busy, compared }: PassEntry): number {
  return Math.max(0, seconds - idle.seconds - busy.seconds - compared.seconds);
}

function comparisons(history: readonly PassEntry[]): Effort[] {
  return history.flatMap(({ compared }) => (compared.messages > 0 ? [compared] : []));
}

/** Messages and bytes whose comparison is still to come. */
interface Unverified {
  readonly messages: number;
  readonly bytes: number;
}

function changedSinceComparison(history: readonly PassEntry[], { totals }: PassEntry): Unverified {
  const size = totals.messages > 0 ? totals.bytes / totals.messages : 0;
  const since = history.slice(history.findLastIndex(({ compared }) => compared.messages > 0) + 1);
  const added = since.reduce((sum, pass) => sum + pass.totals.added, 0);
  const written = since.reduce((sum, pass) => sum + pass.written, 0);
  const marked = since.reduce((sum, pass) => sum + pass.totals.reflagged + pass.totals.renumbered, 0);
  return {
    messages: Math.min(totals.messages, added + marked),
    bytes: Math.min(totals.bytes, written + marked * size),
  };
}

function secondsFor(
  costs: Costs,
  { totals }: PassEntry,
  expected: Expected,
  unverified: Unverified,
  factor: (cost: Cost) => number,
): ForecastParts {
  const seconds = (cost: Cost, x: number, y: number) => (cost.x * x + cost.y * y) * factor(cost);
  const { messages, bytes } = expected;
  return {
    overhead: seconds(costs.overhead, 1, 0),
    unchanged: seconds(costs.unchanged, totals.mailboxes * LOOKS, 0),
    reading: seconds(costs.reading, expected.mailboxes, expected.read),
    comparing: seconds(costs.comparing, unverified.messages + messages, SIDES * (unverified.bytes + bytes)),
  };
}

function total({ overhead, unchanged, reading, comparing }: ForecastParts): number {
  return overhead + unchanged + reading + comparing;
}

/** To milliseconds, for reports and the history. */
export function roundEstimate({ seconds, low, high }: Estimate): Estimate {
  return { seconds: round(seconds), low: round(low), high: round(high) };
}

export function roundParts({ overhead, unchanged, reading, comparing }: ForecastParts): ForecastParts {
  return {
    overhead: round(overhead),
    unchanged: round(unchanged),
    reading: round(reading),
    comparing: round(comparing),
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
