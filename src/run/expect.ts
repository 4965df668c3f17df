import { SpoolsyncError } from '../core/errors.ts';
import type { ForecastEvent } from '../core/events.ts';
import type { Estimate, PassEntry } from '../core/history.ts';
import { cores } from '../io/machine.ts';
import { type Forecast, forecastFinal, roundEstimate, roundParts, sideBySide } from '../plan/forecast.ts';
import { readHistory } from '../state/history.ts';
import { openKnownAccount, stateName } from '../state/state-dir.ts';

/** What is expected of the `final` of several accounts in one run. */

/** The event that tells of an account's forecast. */
export function forecastEvent(user: string, forecast: Forecast): ForecastEvent {
  const head = { event: 'forecast', user } as const;
  return forecast.known
    ? { ...head, ...roundEstimate(forecast.estimate), parts: roundParts(forecast.parts) }
    : { ...head, message: `it needs ${forecast.missing}` };
}

/**
 * The event that tells of a whole run, in which so many accounts (`jobs`) are worked on side by side, in the order of
 * `forecasts`. Those of which too little is known are left out, and counted.
 */
function runForecastEvent(forecasts: readonly Forecast[], jobs: number = cores()): ForecastEvent {
  return shardsForecastEvent([forecasts], jobs);
}

/** The same for several runs, each over a share of the accounts, that begin at the same time: the longest counts. */
export function shardsForecastEvent(
  shards: readonly (readonly Forecast[])[],
  jobs: number = cores(),
): ForecastEvent {
  const all = shards.flat();
  const runs = shards.map((forecasts) =>
    forecasts.flatMap((forecast): Estimate[] => (forecast.known ? [forecast.estimate] : [])),
  );
  const unknown = all.length - runs.flat().length;
  if (unknown === all.length)
    return { event: 'forecast', message: 'too little is known of any account: see there' };
  const known = runs.filter(({ length }) => length > 0).map((estimates) => sideBySide(estimates, jobs));
  const message = `without ${unknown} of ${all.length} accounts, of which too little is known`;
  const estimate = roundEstimate(sideBySide(known, known.length));
  return { event: 'forecast', ...estimate, ...(unknown > 0 && { message }) };
}

/**
 * What is expected of a `final` over accounts (latin1 names) that begins at `now`. To be asked before it begins, and
 * emitted with `actual` when it is done.
 */
export function expectRun(state: string, users: readonly string[], now: Date, jobs?: number): ForecastEvent {
  const histories = users.map((user) => passesOf(state, user));
  return runForecastEvent(
    histories.map((passes) => forecastFinal(passes, now.getTime())),
    jobs,
  );
}

/** An account whose state cannot be used has no history here; its own pass says why. */
function passesOf(state: string, user: string): readonly PassEntry[] {
  try {
    const known = openKnownAccount(state, stateName(user));
    if (known === undefined) return [];
    try {
      return readHistory(known.dir).passes;
    } finally {
      known.dir.close();
    }
  } catch (error) {
    if (error instanceof SpoolsyncError) return [];
    throw error;
  }
}
