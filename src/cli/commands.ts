import path from 'node:path';
import { misfitOf } from '../codec/pop3-uidl.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { BeginEvent, CommandName, Listener } from '../core/events.ts';
import { toNameBytes } from '../io/names.ts';
import { parseOwner } from '../io/users.ts';
import { DEFAULT_MAX_REMOVE } from '../plan/removals.ts';
import { forEachAccount } from '../run/accounts.ts';
import type { RunContext } from '../run/context.ts';
import type { AccountPair, ConvertSettings } from '../run/convert-account.ts';
import { expectRun } from '../run/expect.ts';
import { finalAccounts } from '../run/final.ts';
import { pairAccounts } from '../run/pairs.ts';
import { accountsOf, readSeal } from '../run/seal-file.ts';
import { findStatus, statusAccounts } from '../run/status.ts';
import { verifySeal } from '../run/verify-seal.ts';
import type { CommandOptions } from './options.ts';

/** One call of a command. */
export interface Call {
  readonly context: RunContext;
  readonly options: CommandOptions;
  /** State directory (latin1). */
  readonly state: string;
}

type Command = (call: Call) => Promise<void>;

const COMMANDS: Readonly<Record<CommandName, Command>> = {
  convert: async (call) => {
    const task = { kind: 'convert', settings: passSettings(call) } as const;
    await forEachAccount(call.context, task, beginPairs('convert', call));
  },
  final,
  verify: async (call) => {
    if (call.options.seal !== undefined) return verifyBySeal(call, call.options.seal);
    const task = { kind: 'verify', state: call.state } as const;
    await forEachAccount(call.context, task, beginPairs('verify', call));
  },
  status: async ({ context, options, state }) => {
    const names = findStatus(state, options.user.map(toNameBytes));
    const { version } = context;
    context.emit({ event: 'begin', command: 'status', version, accounts: names.length });
    statusAccounts(context, { state, now: () => new Date() }, names);
  },
};

export async function callCommand(name: CommandName, call: Call): Promise<void> {
  await COMMANDS[name](call);
}

/** How long it took is held against what had been expected, unless it was refused or something is left to do. */
async function final(call: Call): Promise<void> {
  const { context, options, state } = call;
  const pairs = beginPairs('final', call);
  const { verify = 'changed', merge = false, forceQuiet = false, from = '', to = '' } = options;
  const begun = new Date();
  const name = `seal-${begun.toISOString().replaceAll(/[-:]|\.\d+/g, '')}.json`;
  const seal = options.seal === undefined ? `${state}/${name}` : toNameBytes(path.resolve(options.seal));
  const expected = expectRun(
    state,
    pairs.map(({ account }) => account.user),
    begun,
    options.jobs,
  );
  const how = { verify, merge, forceQuiet, seal, from, to };
  let done = !merge;
  const emit: Listener = (event) => {
    if (event.event === 'failure') done = false;
    context.emit(event);
  };
  await finalAccounts({ ...context, emit }, { ...passSettings(call), ...how }, pairs);
  if (done) context.emit({ ...expected, actual: Math.round(Date.now() - begun.getTime()) / 1000 });
}

/** Needs neither source nor state. */
async function verifyBySeal({ context, options }: Call, file: string): Promise<void> {
  const seal = readSeal(toNameBytes(path.resolve(file)));
  const { to = '', user } = options;
  const users = user.map(toNameBytes);
  const accounts = accountsOf(seal, users).length;
  context.emit({ event: 'begin', command: 'verify', version: context.version, to, accounts });
  await verifySeal(context, seal, toNameBytes(to), users);
}

/** Finds the accounts of both sides, and says that the command begins. */
function beginPairs(command: CommandName, { context, options }: Call): readonly AccountPair[] {
  const { from = '', to = '', user, dryRun } = options;
  const { pairs, rejected } = pairAccounts(toNameBytes(from), toNameBytes(to), user.map(toNameBytes));
  refuseMisfit(context, pairs);
  const begin: BeginEvent = {
    event: 'begin',
    command,
    version: context.version,
    from,
    to,
    accounts: pairs.length,
  };
  context.emit(dryRun ? { ...begin, dryRun } : begin);
  for (const remark of rejected) context.emit(remark);
  return pairs;
}

/** UIDLs that no source of this kind can have had. */
function refuseMisfit({ reading: { uidls } }: RunContext, pairs: readonly AccountPair[]): void {
  for (const { account } of pairs) {
    const misfit = uidls && misfitOf(uidls, account.places.kind);
    if (misfit !== undefined)
      throw new SpoolsyncError('USAGE', `--pop3-uidl ${misfit.reason}`, { advice: misfit.advice });
  }
}

function passSettings({ options, state }: Call): ConvertSettings {
  const { owner, maxRemove = DEFAULT_MAX_REMOVE, dryRun = false, link = false } = options;
  return {
    state,
    owner: owner === undefined ? undefined : parseOwner(owner),
    now: () => new Date(),
    maxRemove,
    dryRun,
    link,
  };
}
