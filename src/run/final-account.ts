import type { SealedAccount } from '../codec/seal.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { Listener } from '../core/events.ts';
import { printable } from '../io/names.ts';
import { rememberSealed } from '../state/state-dir.ts';
import type { Differ } from '../verify/compare.ts';
import type { RunContext } from './context.ts';
import {
  type AccountPair,
  type ConvertSettings,
  type OpenAccount,
  runPass,
  withAccount,
} from './convert-account.ts';
import { emitFailure, isStop } from './failures.ts';
import type { Gate, GateSettings } from './gate.ts';
import type { MailboxJob } from './jobs.ts';
import { PassRecorder } from './record-pass.ts';
import { sealAccount } from './seal.ts';
import { compareAccount } from './verify.ts';
import { type Verification, verifyChanges } from './verify-changes.ts';

export interface FinalSettings extends ConvertSettings {
  /** What is compared before the seal: everything, what changed since it was last compared, or a sample beside that. */
  readonly verify: 'all' | 'changed' | 'sample';
  /** Only brings over mail that came late, after users are in; nothing is gated, verified or sealed. */
  readonly merge: boolean;
  readonly forceQuiet: boolean;
  /** Where the seal goes: absolute, latin1. */
  readonly seal: string;
  /** The locations as given. */
  readonly from: string;
  readonly to: string;
  /** For tests: the gate's clock and what it takes for mail services. */
  readonly gate?: Omit<GateSettings, 'force'>;
}

/** Late mail joins what users know already; nothing else is done. */
export async function mergeAccount(
  context: RunContext,
  settings: FinalSettings,
  pair: AccountPair,
): Promise<void> {
  const pass = new PassRecorder(context, 'merge', settings.now());
  await withAccount(pass.context, settings, pair, { merge: true, sealed: true }, async (open) => {
    if (open.state?.sealed === undefined) throw notSealed(open);
    await runPass(pass.context, open);
    pass.finish(open.state.dir);
  });
}

/** Gate, pass, verification, gate again; returns the account's part of the seal, and what was overridden. */
export async function finalAccount(
  context: RunContext,
  settings: FinalSettings,
  pair: AccountPair,
  gate: Gate,
): Promise<{ readonly account: SealedAccount; readonly forced: readonly string[] }> {
  const pass = new PassRecorder(context, 'final', settings.now());
  return withAccount(pass.context, settings, pair, { merge: false, sealed: false }, async (open) => {
    const { jobs, target, state, user } = open;
    const watch = new Watch(pass.context.emit);
    const watched = { ...context, emit: watch.listen };
    const { state: before, forced } = await gate.pass(jobs.source, user);
    context.emit({ event: 'gate', user, quiet: forced.length === 0, reasons: forced });
    await runPass(watched, open);
    if (!watch.trouble) await verify(watched, settings, pair, open);
    const moved = gate.recheck(jobs.source, user, before);
    const { root } = target;
    if (watch.trouble || jobs.failed || root === undefined || state === undefined) throw incomplete(open);
    const account = await sealAccount({
      user: pair.account.user,
      root,
      state: state.mailboxes,
      mailboxes: jobs.jobs,
      verified: settings.verify,
      checkSignal: context.checkSignal,
    });
    rememberSealed(state, settings.now().toISOString());
    pass.finish(state.dir);
    return { account, forced: [...forced, ...moved] };
  });
}

async function verify(
  context: RunContext,
  settings: FinalSettings,
  pair: AccountPair,
  { jobs, target: { root, state }, user }: OpenAccount,
): Promise<void> {
  if (settings.verify === 'all') return compareAccount(context, settings.state, pair);
  if (root === undefined || state === undefined) return;
  for (const job of jobs.jobs) {
    context.checkSignal();
    const { mailbox } = job;
    const differ: Differ = (sign, message, where = {}) =>
      context.emit({ event: 'difference', sign, user, mailbox, message, ...where });
    try {
      const done = await verifyChanges({ context, root, state, job, part: settings.verify, differ });
      if (done !== undefined) sayCompared(context, user, job, done);
    } catch (error) {
      if (isStop(error)) throw error;
      emitFailure(context.emit, error, user, mailbox);
    }
  }
}

function sayCompared(
  { emit }: RunContext,
  user: string,
  { mailbox, folder, bytes }: MailboxJob,
  done: Verification,
): void {
  const counts = { bytes, added: 0, reflagged: 0, removed: 0, ...done };
  emit({ event: 'mailbox', user, mailbox, folder: printable(folder), ...counts });
}

/** Passes events on, and notices what must not be sealed. */
class Watch {
  readonly #emit: Listener;
  trouble = false;

  constructor(emit: Listener) {
    this.#emit = emit;
  }

  readonly listen: Listener = (event) => {
    const moved = event.event === 'remark' && event.code === 'SOURCE_MOVED';
    if (event.event === 'failure' || event.event === 'difference' || moved) this.trouble = true;
    this.#emit(event);
  };
}

function incomplete({ user, target }: OpenAccount): SpoolsyncError {
  return new SpoolsyncError(
    'NOT_SEALED',
    `${user} was not sealed: not all of its mail was brought over and found equal`,
    {
      place: printable(target.path),
      advice: 'look at the failures and differences above, mend them, and run the same command again',
    },
  );
}

function notSealed({ user, target }: OpenAccount): SpoolsyncError {
  return new SpoolsyncError('NOT_SEALED', `${user} has not been sealed by a final pass`, {
    place: printable(target.path),
    advice: 'late mail is brought over after the cutover: run `spoolsync final` without --merge first',
  });
}
