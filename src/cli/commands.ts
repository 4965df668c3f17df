import path from 'node:path';
import { misfitOf } from '../codec/pop3-uidl.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { BeginEvent, CommandName, Listener } from '../core/events.ts';
import { toNameBytes } from '../io/names.ts';
import { DEFAULT_MAX_REMOVE } from '../plan/removals.ts';
import { forEachAccount } from '../run/accounts.ts';
import { readConfig } from '../run/config.ts';
import type { RunContext } from '../run/context.ts';
import type { AccountPair, ConvertSettings } from '../run/convert-account.ts';
import { expectRun } from '../run/expect.ts';
import { pairAccounts } from '../run/pairs.ts';
import { checkRoom, runPreflight } from '../run/preflight.ts';
import { accountsOf, readSeal } from '../run/seal-file.ts';
import { shareOf } from '../run/shard.ts';
import { planOf, readUsers, type SourcePlan } from '../run/source-plan.ts';
import type { NamedUser } from '../source/users-file.ts';
import type { CommandOptions } from './options.ts';

/** One call of a command. */
export interface Call {
  readonly context: RunContext;
  readonly options: CommandOptions;
  /** State directory (latin1). */
  readonly state: string;
  /** The same, and further ones with `status`. */
  readonly states: readonly string[];
}

type Command = (call: Call) => Promise<void>;

/** What not all commands need is loaded by those that do: loading it takes as long as a pass with little to do. */
const COMMANDS: Readonly<Record<CommandName, Command>> = {
  convert: async (call) => {
    const pairs = beginPairs('convert', call, await plansOf(call.options));
    const { preflight, dryRun } = call.options;
    if (preflight) return runPreflight(call.context, passSettings(call), pairs);
    if (!dryRun) await checkRoomFirst(call, pairs);
    const task = { kind: 'convert', settings: passSettings(call) } as const;
    await forEachAccount(call.context, task, pairs);
  },
  discover: async ({ context, options }) => {
    const { discover } = await import('../run/discover/discover.ts');
    discover(context, toNameBytes(path.resolve(options.root ?? '/')));
  },
  final,
  verify: async (call) => {
    if (call.options.seal !== undefined) return verifyBySeal(call, call.options.seal);
    const pairs = beginPairs('verify', call, await plansOf(call.options));
    const task = { kind: 'verify', state: call.state } as const;
    await forEachAccount(call.context, task, pairs);
  },
  status: async ({ context, options, states }) => {
    const { findStatus, statusAccounts } = await import('../run/status.ts');
    const users = options.user.map(toNameBytes);
    const found = findStatus(states, users);
    const { version } = context;
    const accounts = found.reduce((sum, { names }) => sum + names.length, 0);
    context.emit({ event: 'begin', command: 'status', version, accounts });
    statusAccounts(context, found, new Date());
  },
};

export async function callCommand(name: CommandName, call: Call): Promise<void> {
  await COMMANDS[name](call);
}

/** How long it took is held against what had been expected, unless it was refused or something is left to do. */
async function final(call: Call): Promise<void> {
  const { context, options, state } = call;
  const plans = await plansOf(options);
  const pairs = beginPairs('final', call, plans);
  const [from, to] = [listed(plans.map((plan) => plan.from)), listed(plans.map((plan) => plan.to))];
  const { verify = 'changed', merge = false, forceQuiet = false } = options;
  const begun = new Date();
  const { shard } = options;
  const share = shard === undefined ? '' : `-${shard.index}of${shard.count}`;
  const name = `seal-${begun.toISOString().replaceAll(/[-:]|\.\d+/g, '')}${share}.json`;
  const seal = options.seal === undefined ? `${state}/${name}` : toNameBytes(path.resolve(options.seal));
  const expected = expectRun(
    state,
    pairs.map(({ account }) => account.user),
    begun,
    options.jobs,
  );
  await checkRoomFirst(call, pairs);
  const how = { verify, merge, forceQuiet, seal, from, to };
  let done = !merge;
  const emit: Listener = (event) => {
    if (event.event === 'failure') done = false;
    context.emit(event);
  };
  const { finalAccounts } = await import('../run/final.ts');
  await finalAccounts({ ...context, emit }, { ...passSettings(call), ...how }, pairs);
  if (done) context.emit({ ...expected, actual: Math.round(Date.now() - begun.getTime()) / 1000 });
}

async function checkRoomFirst(call: Call, pairs: readonly AccountPair[]): Promise<void> {
  if (!call.options.skipPreflight) await checkRoom(call.context, passSettings(call), pairs);
}

/** Needs neither source nor state. */
async function verifyBySeal({ context, options }: Call, file: string): Promise<void> {
  const seal = readSeal(toNameBytes(path.resolve(file)));
  const { to, user } = options;
  const users = user.map(toNameBytes);
  const accounts = accountsOf(seal, users).length;
  const begin = { event: 'begin', command: 'verify', version: context.version, accounts } as const;
  context.emit(to === undefined ? begin : { ...begin, to });
  const { verifySeal } = await import('../run/verify-seal.ts');
  await verifySeal(context, seal, to === undefined ? undefined : toNameBytes(to), users);
}

/** What is asked for, from the configuration or from the command line. */
async function plansOf(options: CommandOptions): Promise<SourcePlan[]> {
  const { config, from = '', to = '', users, user, owner } = options;
  if (config !== undefined) return readConfig(toNameBytes(path.resolve(config)));
  const named = users === undefined ? user.map(toNameBytes).map((name) => ({ user: name })) : usersIn(users);
  const spec = owner === undefined ? undefined : toNameBytes(owner);
  return [planOf(toNameBytes(from), toNameBytes(to), named.length === 0 ? undefined : named, spec)];
}

function usersIn(file: string): NamedUser[] {
  return readUsers(toNameBytes(path.resolve(file)));
}

/** Several texts (latin1) as one for people; each once. */
function listed(texts: readonly string[]): string {
  return [...new Set(texts)].map((text) => Buffer.from(text, 'latin1').toString('utf8')).join(', ');
}

/** Finds the accounts of both sides, and says that the command begins. */
function beginPairs(
  command: CommandName,
  { context, options }: Call,
  plans: readonly SourcePlan[],
): readonly AccountPair[] {
  const { from = '', to = '', config, users, user, shard, dryRun, preflight } = options;
  // Without any list, `--user` is the list.
  const only = config === undefined && users === undefined ? [] : user.map(toNameBytes);
  const { pairs: all, events } = pairAccounts(plans, only);
  const pairs = shard === undefined ? all : shareOf(all, shard);
  refuseMisfit(context, pairs);
  const { version, emit } = context;
  const places = config === undefined ? { from, to } : { config };
  const begin: BeginEvent = { event: 'begin', command, version, ...places, accounts: pairs.length };
  emit({ ...begin, ...(dryRun && { dryRun }), ...(preflight && { preflight }) });
  for (const event of events) emit(event);
  return pairs;
}

/** UIDLs that no source of this kind can have had. */
function refuseMisfit({ reading: { uidls } }: RunContext, pairs: readonly AccountPair[]): void {
  for (const { account } of pairs) {
    const { kind } = account.places;
    // No POP3 server ever showed a list's archive: it is not asked for.
    const misfit = uidls && kind !== 'archive' ? misfitOf(uidls, kind) : undefined;
    if (misfit !== undefined)
      throw new SpoolsyncError('USAGE', `--pop3-uidl ${misfit.reason}`, { advice: misfit.advice });
  }
}

function passSettings({ options, state }: Call): ConvertSettings {
  const { maxRemove = DEFAULT_MAX_REMOVE, dryRun = false, link = false } = options;
  return { state, now: () => new Date(), maxRemove, dryRun, link };
}
