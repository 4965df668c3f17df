import type { ForecastEvent, HotEvent, PassEvent, RunEvent } from '../core/events.ts';
import { formatBytes, formatSeconds, plural } from './format.ts';

/** Passes, hot mailboxes, and changed mailboxes of one pass, that are shown; all are in the JSON output. */
const PASSES = 10;
const HOT = 5;
const CHANGED = 3;

/** The text of `status`: for each account a table of its passes, its hot mailboxes, the forecast. */
export class StatusText {
  readonly #say: (line: string) => void;
  #passes: PassEvent[] = [];
  #hot: HotEvent[] = [];

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  listen(event: RunEvent): void {
    if (event.event === 'pass') this.#passes.push(event);
    else if (event.event === 'hot') this.#hot.push(event);
    else if (event.event === 'account' || event.event === 'forecast' || event.event === 'end') this.#flush();
    if (event.event === 'account') {
      const sealed = event.sealed === undefined ? '' : `, sealed ${moment(event.sealed)}`;
      this.#say(`${event.user}: ${event.from} -> ${event.to}${sealed}`);
    }
    if (event.event === 'forecast' && event.actual === undefined) this.#say(forecastLine(event));
  }

  #flush(): void {
    const hidden = this.#passes.length - PASSES;
    if (hidden > 0) this.#say(`  ${plural(hidden, 'earlier pass', 'earlier passes')} (all with --json)`);
    const rows = this.#passes.slice(-PASSES).map(rowOf);
    if (rows.length > 0) for (const line of table([HEAD, ...rows])) this.#say(`  ${line}`);
    for (const hot of this.#hot.slice(0, HOT)) this.#say(`  ${hotLine(hot)}`);
    const cooler = this.#hot.length - HOT;
    if (cooler > 0) this.#say(`  … and ${plural(cooler, 'more hot mailbox', 'more hot mailboxes')}`);
    this.#passes = [];
    this.#hot = [];
  }
}

const HEAD = ['began (UTC)', 'command', 'took', 'read', 'written', 'messages', 'in'];

function rowOf(pass: PassEvent): string[] {
  const { started, command, seconds, forecast, read, written } = pass;
  const expected = forecast === undefined ? '' : ` (expected ${formatSeconds(forecast.seconds)})`;
  const took = `${formatSeconds(seconds)}${expected}`;
  return [moment(started), command, took, formatBytes(read), formatBytes(written), workOf(pass), where(pass)];
}

function workOf({
  command,
  messages,
  added,
  reflagged,
  renumbered,
  removed,
  differences,
}: PassEvent): string {
  if (command === 'verify') return `${messages} compared, ${plural(differences, 'difference')}`;
  const numbered = renumbered > 0 ? ` #${renumbered}` : '';
  const unequal = differences > 0 ? `, ${plural(differences, 'difference')}` : '';
  return `+${added} ~${reflagged} -${removed}${numbered}${unequal}`;
}

function where({ changed, more, failures }: PassEvent): string {
  const names = changed.slice(0, CHANGED).map(({ mailbox }) => mailbox);
  const others = changed.length - names.length + more;
  if (others > 0) names.push(`${others} more`);
  if (failures > 0) names.push(plural(failures, 'FAILURE'));
  return names.join(', ');
}

function hotLine({ mailbox, changed, passes, perDay }: HotEvent): string {
  return `hot: ${mailbox} changed in ${changed} of ${passes} passes, ${perDay} messages a day`;
}

function forecastLine({ user, seconds, low, high, parts, message }: ForecastEvent): string {
  const head = user === undefined ? 'final of all accounts:' : '  final:';
  if (seconds === undefined || low === undefined || high === undefined)
    return `${head} cannot be told yet: ${message ?? ''}`;
  const range = `about ${formatSeconds(seconds)} (${formatSeconds(low)} to ${formatSeconds(high)})`;
  const made =
    parts &&
    `${formatSeconds(parts.overhead)} to begin, ${formatSeconds(parts.unchanged)} to look at mailboxes, ` +
      `${formatSeconds(parts.reading)} to read what has changed, ${formatSeconds(parts.comparing)} to compare it`;
  return `${head} ${[range, made, message].filter((part) => part !== undefined).join(', ')}`;
}

/** ISO 8601 without what nobody reads: `2026-11-20 02:00:07`. */
function moment(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
