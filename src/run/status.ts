import { SpoolsyncError } from '../core/errors.ts';
import type { PassEvent } from '../core/events.ts';
import { changesOf, type PassEntry } from '../core/history.ts';
import { printable } from '../io/names.ts';
import { hotMailboxes } from '../plan/change-rate.ts';
import { type Forecast, forecastFinal } from '../plan/forecast.ts';
import { readHistory } from '../state/history.ts';
import { accountNames, type KnownAccount, openKnownAccount, stateName, userOf } from '../state/state-dir.ts';
import type { RunContext } from './context.ts';
import { forecastEvent, runForecastEvent } from './expect.ts';
import { emitFailure, isStop } from './failures.ts';

export interface StatusSettings {
  /** State directory (latin1). */
  readonly state: string;
  readonly now: () => Date;
}

/**
 * Names of the directories of the accounts to tell of: those of `users` (latin1), or all that the state directory has.
 * None at all: `STATE_MISSING`.
 */
export function findStatus(state: string, users: readonly string[]): string[] {
  const names = accountNames(state);
  if (names === undefined || (names.length === 0 && users.length === 0)) {
    throw new SpoolsyncError('STATE_MISSING', 'no pass has been made yet with this state directory', {
      place: printable(state),
      advice: 'check --state, or run `spoolsync convert` first',
    });
  }
  return users.length === 0 ? names : users.map(stateName);
}

/**
 * Tells of accounts, by names that `findStatus` gave: their passes, which mailboxes are hot, how long `final` will
 * take. Reads nothing but the state, and writes nothing.
 */
export function statusAccounts(
  context: RunContext,
  settings: StatusSettings,
  names: readonly string[],
): void {
  const forecasts: Forecast[] = [];
  for (const name of names) {
    context.checkSignal();
    try {
      const forecast = tellAccount(context, settings, name);
      if (forecast !== undefined) forecasts.push(forecast);
    } catch (error) {
      if (isStop(error)) throw error;
      emitFailure(context.emit, error, printable(userOf(name)));
    }
  }
  if (forecasts.length > 0) context.emit(runForecastEvent(forecasts));
}

/** What is expected of an account's `final`; `undefined` where there has been one. */
function tellAccount(context: RunContext, settings: StatusSettings, name: string): Forecast | undefined {
  const account = openKnownAccount(settings.state, name);
  if (account === undefined) {
    throw new SpoolsyncError('STATE_MISSING', 'no pass has been made yet for this account', {
      place: printable(settings.state),
      advice: 'check --user and --state, or run `spoolsync convert` first',
    });
  }
  try {
    return tellPasses(context, account, settings.now());
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
