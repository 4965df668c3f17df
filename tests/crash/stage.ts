import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { FailureEvent, RunEvent } from '../../src/core/events.ts';
import { capture, materialise, type Tree } from './tree.ts';

const BIN = fileURLToPath(new URL('../../bin/spoolsync.js', import.meta.url));
const RUNNER = fileURLToPath(new URL('./runner.cjs', import.meta.url));
const PRELOAD = fileURLToPath(new URL('./preload.cjs', import.meta.url));

/** What preload.cjs is told. */
export interface Plan {
  /** Which calls are numbered: those that can change something, or all. */
  readonly count: 'changes' | 'calls';
  /** What happens to call number `at`: the process dies before it, or in the middle of a write; it fails with `errno`; it writes half. */
  readonly do?: 'kill' | 'torn' | 'fail' | 'short';
  readonly at?: number;
  readonly errno?: string;
  /** Calls that fail with `errno` from then on. */
  readonly again?: readonly string[];
  /** Whether bytes written go into the log. */
  readonly data?: boolean;
  /** Whether what lies there is kept for `left()`: before each call that changes something, and in the middle of each write. */
  readonly keep?: boolean;
}

/** Where a pass dies: before one of its calls that change something, or in the middle of one that writes. */
export interface Moment {
  readonly at: number;
  readonly do: 'kill' | 'torn';
}

/** One call, as preload.cjs logs it. */
export interface Call {
  readonly n: number;
  /** Name of the function without `Sync`; `create` is an `open` that makes a file. */
  readonly call: string;
  /** With `/proc/self/fd` resolved; latin1. */
  readonly path: string;
  /** Whether it can change something. */
  readonly change: boolean;
  /** Whether it is one that the plan meant. */
  readonly hit?: true;
  /** Error name, where the call failed of itself. */
  readonly threw?: string;
  readonly create?: boolean;
  readonly append?: boolean;
  readonly to?: string;
  readonly fd?: number;
  readonly mode?: number;
  readonly data?: string;
  readonly length?: number;
  readonly size?: number;
  readonly seconds?: number;
}

/** How a run ended. */
export interface Ended {
  /** Exit status; -1 where it was killed. */
  readonly status: number;
  readonly events: readonly RunEvent[];
  readonly stderr: string;
}

/**
 * Target, state, seal and directory for temporary files of runs, one at a time; always at the same path. Close it after use.
 */
export class Slot {
  readonly at: string;
  readonly #source: string;
  readonly #from: string;
  readonly #log: string;
  readonly #kept: string;
  #runner: ChildProcess | undefined;
  /** When the files were put there. */
  #restored = Date.now();

  /** `from`: the location that is converted, with `SOURCE` for the directory of the source. */
  constructor(at: string, source: string, from: string) {
    this.at = at;
    this.#source = source;
    this.#from = from.replaceAll('SOURCE', source);
    this.#log = `${at}.log`;
    this.#kept = `${at}.kept`;
    materialise(at, new Map(['seal', 'tmp'].map((name) => [name, { mode: 0o700 }])));
  }

  /** Runs the command to its end. */
  async run(command: readonly string[], plan?: Plan): Promise<Ended> {
    this.#runner ??= fork(RUNNER, [this.at], { env: this.#env(), stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const runner = this.#runner;
    const answer = new Promise<{ status: number; stdout: string; stderr: string }>((resolve, reject) => {
      runner.once('message', resolve);
      runner.once('exit', () => reject(new Error('the command ended its process')));
    });
    runner.send({ argv: [...command, ...this.#options(command)], plan: plan && this.#instructions(plan) });
    try {
      const { status, stdout, stderr } = await answer;
      return ended(status, stdout, stderr);
    } finally {
      for (const event of ['message', 'exit']) runner.removeAllListeners(event);
    }
  }

  /** Runs the command in a process of its own, which the plan may kill. */
  async runApart(command: readonly string[], plan: Plan): Promise<Ended> {
    const env = { ...this.#env(), SPOOLSYNC_CRASH: JSON.stringify(this.#instructions(plan)) };
    const args = ['--require', PRELOAD, BIN, ...command, ...this.#options(command)];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err] = [text(child.stdout), text(child.stderr)];
    const [status] = (await once(child, 'close')) as [number | null];
    return ended(status ?? -1, await out, await err);
  }

  /** The calls of the last run with a plan that kills nobody. */
  calls(): Call[] {
    const lines = fs.readFileSync(this.#log, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Call);
  }

  /** What lay there at each moment of the last run with `keep`, by `momentKey`. */
  left(): Map<string, Tree> {
    const lines = fs.readFileSync(this.#kept, 'utf8').split('\n').slice(0, -1);
    return new Map(lines.map((line) => keptTree(JSON.parse(line) as Kept)));
  }

  state(): Tree {
    return capture(this.at);
  }

  restore(tree: Tree): void {
    materialise(this.at, tree);
    this.#restored = Date.now();
  }

  /** Ends the process that runs the command; the next run gets another one. */
  async close(): Promise<void> {
    const runner = this.#runner;
    this.#runner = undefined;
    if (runner === undefined || runner.exitCode !== null) return;
    runner.kill('SIGKILL');
    await once(runner, 'exit');
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, TZ: 'UTC', LC_ALL: 'C', TMPDIR: `${this.at}/tmp` };
  }

  #instructions(plan: Plan): object {
    fs.rmSync(this.#log, { force: true });
    const { at } = this;
    const below = [`${at}/Maildir`, `${at}/state`, `${at}/tmp`, `${at}/seal`];
    if (plan.count === 'calls') below.push(this.#source);
    const log = plan.do === 'kill' || plan.do === 'torn' ? {} : { log: this.#log };
    const keep = plan.keep === true ? { at, in: this.#kept } : undefined;
    return { below, clock: this.#restored, ...log, ...plan, keep };
  }

  #options([command]: readonly string[]): string[] {
    const seal = command === 'final' ? ['--seal', `${this.at}/seal/seal.json`] : [];
    const to = `maildir:${this.at}/Maildir`;
    const places = ['--from', this.#from, '--to', to, '--state', `${this.at}/state`];
    // It writes nothing, and a pass reads anew what it has read: its calls would only thin out those that count.
    const begin = ['convert', 'final'].includes(command ?? '') ? ['--skip-preflight'] : [];
    return [...places, '--json', ...seal, ...begin];
  }
}

/** A line of the preload's: the moment, and what lay there. */
interface Kept {
  readonly n: number;
  readonly torn: boolean;
  readonly nodes: readonly { at: string; mode: number; seconds?: number; bytes?: string }[];
}

export function momentKey({ at, do: how }: Moment): string {
  return `${how} ${at}`;
}

function keptTree({ n, torn, nodes }: Kept): [string, Tree] {
  const tree = nodes.map(({ at, mode, seconds, bytes }) => {
    if (seconds === undefined || bytes === undefined) return [at, { mode }] as const;
    return [at, { mode, seconds, bytes: Buffer.from(bytes, 'base64') }] as const;
  });
  return [momentKey({ at: n, do: torn ? 'torn' : 'kill' }), new Map(tree)];
}

function ended(status: number, stdout: string, stderr: string): Ended {
  // A killed run may end in the middle of a line.
  const events = stdout.split('\n').slice(0, -1);
  return { status, events: events.map((line) => JSON.parse(line) as RunEvent), stderr };
}

const made: string[] = [];
afterAll(() => {
  for (const dir of made.splice(0)) fs.rmSync(dir, { recursive: true, force: true });
});

/** A new directory that goes when the tests are done. */
export function makeStage(): string {
  const at = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'spoolsync-crash-')));
  made.push(at);
  fs.chmodSync(at, 0o755);
  return at;
}

export function failuresOf({ events }: Ended): FailureEvent[] {
  return events.filter((event) => event.event === 'failure');
}
