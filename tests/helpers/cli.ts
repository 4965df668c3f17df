import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  DifferenceEvent,
  FailureEvent,
  MailboxEvent,
  RemarkEvent,
  RunEvent,
} from '../../src/core/events.ts';

/** The command as it is installed; dist/ is made by tests/helpers/build.ts. */
const BIN = fileURLToPath(new URL('../../bin/spoolsync.js', import.meta.url));

/** Environment of every run: a fixed zone, so that dates do not depend on the host. */
const ENV = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };

/** What a finished run left behind. */
export interface Result {
  /** Exit status; -1 where a signal ended the process. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Parsed standard output of a run with `--json`; empty without. */
  readonly events: readonly RunEvent[];
}

/** Runs the command to its end. */
export function cli(args: readonly string[], options: SpawnOptions = {}): Result {
  const run = spawnSync(process.execPath, [BIN, ...args], {
    env: ENV,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (run.error !== undefined) throw run.error;
  return result(args, run.status, String(run.stdout), String(run.stderr));
}

/** A run that goes on while the test does something; `done` resolves when it has ended. */
export function start(args: readonly string[]): {
  readonly child: ChildProcess;
  readonly done: Promise<Result>;
} {
  const child = spawn(process.execPath, [BIN, ...args], { env: ENV, stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  const done = new Promise<Result>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) =>
      resolve(result(args, status, Buffer.concat(out).toString(), Buffer.concat(err).toString())),
    );
  });
  return { child, done };
}

function result(args: readonly string[], status: number | null, stdout: string, stderr: string): Result {
  // A killed run may end in the middle of a line.
  const lines = args.includes('--json') ? stdout.split('\n').slice(0, -1) : [];
  return {
    status: status ?? -1,
    stdout,
    stderr,
    events: lines.map((line) => JSON.parse(line) as RunEvent),
  };
}

export function failures({ events }: Result): FailureEvent[] {
  return events.filter((event) => event.event === 'failure');
}

export function differences({ events }: Result): DifferenceEvent[] {
  return events.filter((event) => event.event === 'difference');
}

export function remarks({ events }: Result): RemarkEvent[] {
  return events.filter((event) => event.event === 'remark');
}

export function mailboxes({ events }: Result): Record<string, MailboxEvent> {
  const done = events.filter((event) => event.event === 'mailbox');
  return Object.fromEntries(done.map((event) => [event.mailbox, event]));
}
