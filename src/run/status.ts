import { SpoolsyncError } from '../core/errors.ts';
import type { PassEvent } from '../core/events.ts';
import { changesOf, type PassEntry } from '../core/history.ts';
import { printable } from '../io/names.ts';
import { hotMailboxes } from '../plan/change-rate.ts';
import { type Forecast, forecastFinal } from '../plan/forecast.ts';
import { readHistory } from '../state/history.ts';
import { accountNames, type KnownAccount, openKnownAccount, stateName, userOf } from '../state/state-dir.ts';
import type { RunContext } from './context.ts';
import { forecastEvent, shardsForecastEvent } from './expect.ts';
import { emitFailure, isStop } from './failures.ts';

/** Accounts of one state directory (latin1): names of their directories. */
export interface StatusOf {
  readonly state: string;
  readonly names: readonly string[];
}

/**
 * The accounts to tell of, by state directory: those of `users` (latin1), or all that there are. None at all:
 * `STATE_MISSING`. With several directories, of shards, each tells of those it has.
 */
export function findStatus(states: readonly string[], users: readonly string[]): StatusOf[] {
  const found = states.map((state) => ({ state, names: namesIn(state, users) }));
  if (users.length === 0 || states.length === 1) return found;
  const several = found.map(({ state, names }) => {
    const present = new Set(accountNames(state));
    return { state, names: names.filter((name) => present.has(name)) };
  });
  if (several.some(({ names }) => names.length > 0)) return several;
  throw missing(states.map(printable).join(', '));
}

function namesIn(state: string, users: readonly string[]): readonly string[] {
  const names = accountNames(state);
  if (names === undefined || (names.length === 0 && users.length === 0)) throw missing(printable(state));
  return users.length === 0 ? names : users.map(stateName);
}

function missing(place: string): SpoolsyncError {
  return new SpoolsyncError('STATE_MISSING', 'no pass has been made yet with this state directory', {
    place,
    advice: 'check --state, or run `spoolsync convert` first',
  });
}

/**
 * Tells of accounts: their passes, which mailboxes are hot, how long `final` will take; with several state directories, of
 * shards that run at the same time. Reads nothing but the state, and writes nothing.
 */
export function statusAccounts(context: RunContext, found: readonly StatusOf[], now: Date): void {
  const forecasts = found.map((one) => tellState(context, one, now)).filter(({ length }) => length > 0);
  if (forecasts.length > 0) context.emit(shardsForecastEvent(forecasts));
}

function tellState(context: RunContext, { state, names }: StatusOf, now: Date): Forecast[] {
  const forecasts: Forecast[] = [];
  for (const name of names) {
    context.checkSignal();
    try {
      const forecast = tellAccount(context, state, name, now);
      if (forecast !== undefined) forecasts.push(forecast);
    } catch (error) {
      if (isStop(error)) throw error;
      emitFailure(context.emit, error, printable(userOf(name)));
    }
  }
  return forecasts;
}

/** What is expected of an account's `final`; `undefined` where there has been one. */
function tellAccount(context: RunContext, state: string, name: string, now: Date): Forecast | undefined {
  const account = openKnownAccount(state, name);
  if (account === undefined) {
    throw new SpoolsyncError('STATE_MISSING', 'no pass has been made yet for this account', {
      place: printable(state),
      advice: 'check --user and --state, or run `spoolsync convert` first',
    });
  }
  try {
    return tellPasses(context, account, now);
  } finally {
    account.dir.close();
  }
}

function tellPasses({ emit }: RunContext, account: KnownAccount, now: Date): Forecast | undefined {
  const user = printable(account.user);
  const { passes, damaged } = readHistory(account.dir);
  const { mailboxes = 0, bytes = 0 } = passes.at(-1)?.totals ?? {};
  const places = { from: printable(account.source), to: printable(account.target) };
  const { sealed } = account;
  emit({ event: 'account', user, ...places, mailboxes, bytes, ...(sealed !== undefined && { sealed }) });
  if (damaged > 0) {
    const message = `${damaged} lines of the history cannot be read, and are passed over`;
    const place = printable(account.dir.join('history.jsonl'));
    emit({ event: 'remark', severity: 'note', code: 'HISTORY_DAMAGED', user, message, place });
  }
  for (const pass of passes) emit(passEvent(user, pass));
  for (const hot of hotMailboxes(passes)) {
    const perDay = Math.round(hot.perDay * 10) / 10;
    emit({ event: 'hot', user, ...hot, perDay });
  }
  if (sealed !== undefined) return undefined;
  const forecast = forecastFinal(passes, now.getTime());
  emit(forecastEvent(user, forecast));
  return forecast;
}

function passEvent(user: string, pass: PassEntry): PassEvent {
  const { command, version, started, seconds, written, totals, busy, compared, more, forecast } = pass;
  const changed = pass.mailboxes.filter((change) => changesOf(change) > 0);
  return {
    event: 'pass',
    user,
    command,
    version,
    started,
    seconds,
    ...totals,
    read: busy.read + compared.read,
    written,
    changed: changed.map(({ mailbox, added, reflagged, renumbered, removed }) => ({
      mailbox,
      added,
      reflagged,
      renumbered,
      removed,
    })),
    more: more.changes > 0 ? more.mailboxes : 0,
    ...(forecast && { forecast }),
  };
}
