import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Estimate, PassEntry } from '../../../src/core/history.ts';
import { hotMailboxes } from '../../../src/plan/change-rate.ts';
import { type Forecast, forecastFinal, sideBySide } from '../../../src/plan/forecast.ts';
import {
  anyHistory,
  change,
  HOUR,
  type Machine,
  MONDAY,
  pass,
  passOn,
  verifyOn,
} from '../../helpers/passes.ts';

/** Other histories are made with SPOOLSYNC_SEED, and more of them with SPOOLSYNC_SEEDS. */
const { SPOOLSYNC_SEED, SPOOLSYNC_SEEDS } = process.env;
const SEED = Number(SPOOLSYNC_SEED ?? 1);
const RUNS = { seed: SEED, numRuns: Number(SPOOLSYNC_SEEDS ?? 500) };
const DAY = 24 * HOUR;

type Known = Forecast & { readonly known: true };

function known(forecast: Forecast): Known {
  if (!forecast.known) throw new Error(`no forecast: it needs ${forecast.missing}`);
  return forecast;
}

/** A server that reads 100 MB/s and compares 50 MB/s. */
const MACHINE: Machine = {
  overhead: 0.5,
  look: 0.001,
  open: 0.01,
  byte: 1e-8,
  message: 1e-4,
  comparedByte: 2e-8,
};

/** A first pass, `days` nightly ones that find what `changed` says, and a comparison after the first. */
function nights(days: number, changed: (day: number) => Parameters<typeof passOn>[2], machine = MACHINE) {
  const all = Array.from({ length: 10 }, (_, i) => change(`box${i}`, 1_000_000, { added: 100 }));
  const later = Array.from({ length: days }, (_, i) =>
    passOn(machine, MONDAY + (i + 1) * DAY, changed(i + 1)),
  );
  return [passOn(machine, MONDAY, all), verifyOn(machine, MONDAY + HOUR), ...later];
}

describe('what is missing', () => {
  const verified = verifyOn(MACHINE, MONDAY);
  test.each<[PassEntry[], string]>([
    [[], 'three passes and one run of `spoolsync verify`'],
    [[pass()], 'two more passes and one run of `spoolsync verify`'],
    [[pass(), verified], 'two more passes'],
    [[pass(), pass({ at: MONDAY + DAY }), verified], 'one more pass'],
    [[pass(), pass({ at: MONDAY + DAY }), pass({ at: MONDAY + 2 * DAY })], 'one run of `spoolsync verify`'],
  ])('history %#', (history, missing) => {
    expect(forecastFinal(history, MONDAY + 9 * DAY)).toEqual({ known: false, missing });
  });

  test('a pass that brought most of the mail over does not count as a later one', () => {
    const bulk = pass({ at: MONDAY + DAY, totals: { added: 900 } });
    const history = [pass({ totals: { added: 100 } }), bulk, pass({ at: MONDAY + 2 * DAY }), verified];
    expect(forecastFinal(history, MONDAY + 3 * DAY)).toEqual({ known: false, missing: 'one more pass' });
  });
});

describe('on a machine whose costs are known', () => {
  test('nothing ever changes: the time is that of opening and looking, and nothing is read or compared', () => {
    const { parts, estimate } = known(
      forecastFinal(
        nights(5, () => []),
        MONDAY + 6 * DAY,
      ),
    );
    expect(parts.overhead).toBeCloseTo(0.5, 6);
    expect(parts.unchanged).toBeCloseTo(10 * 3 * 0.001, 6);
    expect([parts.reading, parts.comparing]).toEqual([0, 0]);
    expect(estimate.seconds).toBeCloseTo(0.53, 6);
  });

  test('what surely changes is read once, however long it is ago, and compared since the comparison', () => {
    // A day's changes are so many that each of these two mailboxes has changed for certain.
    const busy = (day: number) => [
      change('box0', 1_000_000, { added: 40 }),
      ...(day % 2 === 0 ? [change('box1', 3_000_000, { reflagged: 60 })] : []),
    ];
    const history = nights(6, busy);
    const { parts } = known(forecastFinal(history, MONDAY + 7 * DAY));
    expect(parts.reading).toBeCloseTo(2 * 0.01 + 4_000_000 * 1e-8, 4);
    const week = known(forecastFinal(history, MONDAY + 60 * DAY));
    expect(week.parts.reading).toBeCloseTo(parts.reading, 4);
    // Since the comparison: six nights with 40 added and three with 60 reflagged, and one more day of both rates.
    const messages = 6 * 40 + 3 * 60 + 40 + 30;
    const verifyCost = verifyOn(MACHINE, 0).compared.seconds;
    const share = messages / 1000;
    expect(parts.comparing).toBeCloseTo(verifyCost * share, 4);
  });

  test('right after a pass hardly anything is expected to be read', () => {
    const history = nights(5, () => [change('box0', 1_000_000, { added: 24 })]);
    const soon = known(forecastFinal(history, MONDAY + 5 * DAY + 60_000));
    // One change an hour: within a minute one in sixty.
    expect(soon.parts.reading).toBeCloseTo((1 - Math.exp(-1 / 60)) * (0.01 + 0.01), 5);
  });

  test('a comparison between resets what is to be compared', () => {
    const history = nights(5, () => [change('box0', 1_000_000, { added: 50 })]);
    const before = known(forecastFinal(history, MONDAY + 6 * DAY));
    const after = known(
      forecastFinal([...history, verifyOn(MACHINE, MONDAY + 5 * DAY + HOUR)], MONDAY + 6 * DAY),
    );
    expect(before.parts.comparing / after.parts.comparing).toBeCloseTo(6, 1);
  });

  test('one slow night moves the upper bound more than what is expected', () => {
    const normal = nights(9, () => [change('box0', 1_000_000, { added: 24 })]);
    const slow = normal.map((one, i) =>
      i < 9
        ? one
        : { ...one, seconds: one.seconds * 20, busy: { ...one.busy, seconds: one.busy.seconds * 20 } },
    );
    const [calm, upset] = [normal, slow].map((history) => known(forecastFinal(history, MONDAY + 10 * DAY)));
    const ratio = (of: (estimate: Estimate) => number) =>
      of((upset as Known).estimate) / of((calm as Known).estimate);
    expect(ratio(({ seconds }) => seconds)).toBeLessThan(ratio(({ high }) => high));
  });

  test('few passes give a wide range, many a narrow one', () => {
    const width = (days: number) => {
      const passes = nights(days, () => [change('box0', 1_000_000, { added: 24 })]);
      // As many comparisons as passes, since each kind of work has a range of its own.
      const history = passes.flatMap((one, i) => [one, verifyOn(MACHINE, MONDAY + i * DAY + HOUR)]);
      const { estimate } = known(forecastFinal(history, MONDAY + (days + 1) * DAY));
      return (estimate.high - estimate.low) / estimate.seconds;
    };
    expect(width(2)).toBeGreaterThan(2 * width(20));
    expect(width(20)).toBeGreaterThan(0);
  });
});

describe(`any history (seed ${SEED})`, () => {
  /** A history that is long enough for a forecast in most cases. */
  const enough = anyHistory.map((history) => [pass(), verifyOn(MACHINE, MONDAY), ...history]);
  const after = fc.nat({ max: 2e9 }).map((seconds) => MONDAY + seconds * 1000);

  test('the range holds what is expected; nothing is negative, infinite or no number', () => {
    let told = 0;
    fc.assert(
      fc.property(enough, after, (history, at) => {
        const forecast = forecastFinal(history, at);
        if (!forecast.known) return;
        told++;
        const { low, seconds, high } = forecast.estimate;
        for (const value of [low, seconds, high, ...Object.values(forecast.parts)]) {
          expect(Number.isFinite(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(0);
        }
        expect(low).toBeLessThanOrEqual(seconds);
        expect(seconds).toBeLessThanOrEqual(high);
      }),
      RUNS,
    );
    expect(told).toBeGreaterThan(RUNS.numRuns / 4);
  });

  test('the longer ago the last pass is, the longer it takes', () => {
    let told = 0;
    fc.assert(
      fc.property(enough, after, fc.nat({ max: 1e8 }), (history, at, more) => {
        const [sooner, later] = [forecastFinal(history, at), forecastFinal(history, at + more)];
        if (!sooner.known || !later.known) return;
        told++;
        for (const bound of ['low', 'seconds', 'high'] as const)
          expect(later.estimate[bound]).toBeGreaterThanOrEqual(sooner.estimate[bound] * (1 - 1e-12));
      }),
      RUNS,
    );
    expect(told).toBeGreaterThan(RUNS.numRuns / 4);
  });

  test('accounts side by side: the range holds, and neither longer than one after the other nor shorter than half', () => {
    const estimate = fc
      .tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000))
      .map(([low, a, b]): Estimate => ({ low, seconds: low + a, high: low + a + b }));
    fc.assert(
      fc.property(fc.array(estimate), (estimates) => {
        const run = sideBySide(estimates, 2);
        expect(run.low).toBeLessThanOrEqual(run.seconds);
        expect(run.seconds).toBeLessThanOrEqual(run.high);
        const sum = estimates.reduce((total, { seconds }) => total + seconds, 0);
        expect(run.seconds).toBeLessThanOrEqual(sum);
        expect(run.seconds).toBeGreaterThanOrEqual(sum / 2);
      }),
      RUNS,
    );
  });
});

test('accounts are worked on in their order, each by whoever is free first', () => {
  const of = (seconds: number) => ({ seconds, low: seconds, high: seconds });
  expect(sideBySide([5, 1, 1, 1, 4].map(of), 2).seconds).toBe(7);
  expect(sideBySide([], 2)).toEqual(of(0));
});

describe('hot mailboxes', () => {
  test('those that changed in half of the later passes or more, by messages per day', () => {
    const history = nights(4, (day) => [
      change('INBOX', 1000, { added: 12, removed: 2 }),
      change('touched', 1000),
      ...(day % 2 === 0 ? [change('Sent', 1000, { added: 40 })] : []),
      ...(day === 1 ? [change('rare', 1000, { reflagged: 500 })] : []),
    ]);
    expect(hotMailboxes(history)).toEqual([
      { mailbox: 'Sent', changed: 2, passes: 4, perDay: 20 },
      { mailbox: 'INBOX', changed: 4, passes: 4, perDay: 14 },
    ]);
  });

  test('of one later pass nothing is told', () => {
    expect(hotMailboxes(nights(1, () => [change('INBOX', 1000, { added: 12 })]))).toEqual([]);
  });
});
