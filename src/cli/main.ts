import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CommanderError } from 'commander';
import { createZone } from '../codec/time-zone.ts';
import { EXIT, SpoolsyncError } from '../core/errors.ts';
import type { Listener, RunEvent } from '../core/events.ts';
import { toNameBytes } from '../io/names.ts';
import { parseOwner } from '../io/users.ts';
import { DEFAULT_MAX_REMOVE } from '../plan/removals.ts';
import { jsonReport } from '../report/json.ts';
import { Outcome } from '../report/outcome.ts';
import { progressLine } from '../report/progress.ts';
import { textReport } from '../report/text.ts';
import type { RunContext } from '../run/context.ts';
import { convertAccounts } from '../run/convert.ts';
import { emitFailure } from '../run/failures.ts';
import { pairAccounts } from '../run/pairs.ts';
import { verifyAccounts } from '../run/verify.ts';
import { buildProgram, type CommandName, type CommandOptions } from './options.ts';
import { watchSignals } from './signals.ts';

/** Runs the command line; returns the exit status. Nothing else in the program exits or prints. */
export async function main(argv: readonly string[]): Promise<number> {
  let status: number = EXIT.ok;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  const program = buildProgram(version(), async (command, options) => {
    status = await runCommand(command, options);
  });
  try {
    await program.parseAsync(argv);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}

/** Whoever read our output may have gone (`| head`); the work goes on, and its exit status stays true. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

async function runCommand(command: CommandName, options: CommandOptions): Promise<number> {
  const started = performance.now();
  const outcome = new Outcome();
  const report = makeReport(options);
  const emit: Listener = (event) => {
    outcome.listen(event);
    report(event);
  };
  const signals = watchSignals();
  try {
    await carryOut(command, options, emit, signals.check);
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
  command: CommandName,
  options: CommandOptions,
  emit: Listener,
  checkSignal: () => void,
): Promise<void> {
  const { from, to } = options;
  const zone = createZone(options.sourceTz ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  if (!zone.ok) {
    const advice = 'use an IANA name such as Europe/Helsinki; see: timedatectl list-timezones';
    throw new SpoolsyncError('USAGE', zone.reason, { advice });
  }
  let bytes = 0;
  const took = (more: number) => {
    bytes += more;
    emit({ event: 'progress', bytes });
  };
  const reading = { rules: options.mboxRules, zone: zone.zone, unquote: options.unquote };
  const context: RunContext = { reading, emit, took, checkSignal };
  const { pairs, rejected } = pairAccounts(toNameBytes(from), toNameBytes(to), options.user.map(toNameBytes));
  emit({ event: 'begin', command, version: version(), from, to, accounts: pairs.length });
  for (const remark of rejected) emit(remark);
  const state = toNameBytes(path.resolve(options.state ?? defaultState()));
  if (command === 'verify') return verifyAccounts(context, state, pairs);
  const owner = options.owner === undefined ? undefined : parseOwner(options.owner);
  return convertAccounts(
    context,
    { state, owner, now: () => new Date(), maxRemove: DEFAULT_MAX_REMOVE, dryRun: options.dryRun ?? false },
    pairs,
  );
}

/** DIR of `--state` where none is given (XDG Base Directory Specification; FHS 5.8 for root). */
function defaultState(): string {
  if (process.geteuid?.() === 0) return '/var/lib/spoolsync';
  const { XDG_STATE_HOME: base } = process.env;
  return path.join(base?.startsWith('/') ? base : path.join(os.homedir(), '.local/state'), 'spoolsync');
}

function makeReport({ json, quiet }: CommandOptions): Listener {
  const out = (text: string) => void process.stdout.write(text);
  const err = (text: string) => void process.stderr.write(text);
  if (json) return jsonReport(out);
  const text = textReport({ out, err, quiet });
  if (!process.stderr.isTTY || quiet) return text;
  const progress = progressLine(err, () => performance.now());
  return (event: RunEvent) => {
    progress.listen(event);
    if (event.event === 'progress') return;
    progress.clear();
    text(event);
  };
}
