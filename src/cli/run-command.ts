import os from 'node:os';
import path from 'node:path';
import { parseOldUidls } from '../codec/pop3-uidl.ts';
import { createZone } from '../codec/time-zone.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { CommandName, Listener, RunEvent } from '../core/events.ts';
import { toNameBytes } from '../io/names.ts';
import { discoverReport } from '../report/discover-text.ts';
import { jsonReport } from '../report/json.ts';
import { Outcome } from '../report/outcome.ts';
import { progressLine } from '../report/progress.ts';
import { textReport } from '../report/text.ts';
import type { RunContext } from '../run/context.ts';
import { emitFailure } from '../run/failures.ts';
import type { StopFlag } from '../run/stop-flag.ts';
import { callCommand } from './commands.ts';
import type { CommandOptions } from './options.ts';
import { watchSignals } from './signals.ts';

/** Carries out a command; returns its exit status. */
export async function runCommand(
  version: string,
  command: CommandName,
  options: CommandOptions,
): Promise<number> {
  const started = performance.now();
  const outcome = new Outcome();
  const report = makeReport(command, options);
  const emit: Listener = (event) => {
    outcome.listen(event);
    report(event);
  };
  const signals = watchSignals();
  try {
    await carryOut(version, command, options, emit, signals.flag);
  } catch (error) {
    emitFailure(emit, error);
  } finally {
    signals.stop();
  }
  const { exit, totals } = outcome;
  const seconds = Math.round(performance.now() - started) / 1000;
  emit({ event: 'end', exit, seconds, totals });
  return exit;
}

async function carryOut(
  version: string,
  command: CommandName,
  options: CommandOptions,
  emit: Listener,
  stop: StopFlag,
): Promise<void> {
  const zone = createZone(options.sourceTz ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  if (!zone.ok) {
    const advice = 'use an IANA name such as Europe/Helsinki; see: timedatectl list-timezones';
    throw new SpoolsyncError('USAGE', zone.reason, { advice });
  }
  const parsed = options.pop3Uidl === undefined ? undefined : parseOldUidls(options.pop3Uidl);
  if (parsed?.ok === false)
    throw new SpoolsyncError('USAGE', `--pop3-uidl ${parsed.reason}`, { advice: parsed.advice });
  let bytes = 0;
  const took = (more: number) => {
    bytes += more;
    emit({ event: 'progress', bytes });
  };
  const { mboxRules: rules = 'auto', unquote = 'none' } = options;
  const reading = { rules, zone: zone.zone, unquote, uidls: parsed?.uidls };
  const checkSignal = () => stop.check();
  const threads = { count: options.jobs, entry: WORKER, stop: stop.shared };
  const context: RunContext = { version, reading, emit, took, checkSignal, threads };
  const given = options.state ?? defaultState();
  const states = [given].flat().map((dir) => toNameBytes(path.resolve(dir)));
  await callCommand(command, { context, options, state: states[0] ?? '', states });
}

/** Beside this file, also where the program is joined to a few. */
const WORKER = new URL('./worker.js', import.meta.url);

/** DIR of `--state` where none is given (XDG Base Directory Specification; FHS 5.8 for root). */
function defaultState(): string {
  if (process.geteuid?.() === 0) return '/var/lib/spoolsync';
  const { XDG_STATE_HOME: base } = process.env;
  return path.join(base?.startsWith('/') ? base : path.join(os.homedir(), '.local/state'), 'spoolsync');
}

function makeReport(command: CommandName, { json, quiet }: CommandOptions): Listener {
  const out = (text: string) => void process.stdout.write(text);
  const err = (text: string) => void process.stderr.write(text);
  if (json) return jsonReport(out);
  const text = command === 'discover' ? discoverReport({ out, err, quiet }) : textReport({ out, err, quiet });
  if (!process.stderr.isTTY || quiet) return text;
  const progress = progressLine(err, () => performance.now());
  return (event: RunEvent) => {
    progress.listen(event);
    if (event.event === 'progress') return;
    progress.clear();
    text(event);
  };
}
