import type { BeginEvent, CommandName } from '../core/events.ts';
import { toNameBytes } from '../io/names.ts';
import { parseOwner } from '../io/users.ts';
import { DEFAULT_MAX_REMOVE } from '../plan/removals.ts';
import type { RunContext } from '../run/context.ts';
import { convertAccounts } from '../run/convert.ts';
import type { AccountPair, ConvertSettings } from '../run/convert-account.ts';
import { pairAccounts } from '../run/pairs.ts';
import { findStatus, statusAccounts } from '../run/status.ts';
import { verifyAccounts } from '../run/verify.ts';
import type { CommandOptions, Offer } from './options.ts';

/** One call of a command. */
export interface Call {
  readonly context: RunContext;
  readonly options: CommandOptions;
  /** State directory (latin1). */
  readonly state: string;
}

type Command = (call: Call) => Promise<void>;

/** What can be called, by name. */
const COMMANDS: Readonly<Partial<Record<CommandName, Command>>> = {
  convert: (call) => convertAccounts(call.context, passSettings(call), beginPairs('convert', call)),
  verify: (call) => verifyAccounts(call.context, call.state, beginPairs('verify', call)),
  status: async ({ context, options, state }) => {
    const names = findStatus(state, options.user.map(toNameBytes));
    const { version } = context;
    context.emit({ event: 'begin', command: 'status', version, accounts: names.length });
    statusAccounts(context, { state, now: () => new Date() }, names);
  },
};

export const OFFER: Offer = { commands: Object.keys(COMMANDS) as CommandName[], verifySeal: false };

export async function callCommand(name: CommandName, call: Call): Promise<void> {
  await COMMANDS[name]?.(call);
}

/** Finds the accounts of both sides, and says that the command begins. */
function beginPairs(command: CommandName, { context, options }: Call): readonly AccountPair[] {
  const { from = '', to = '', user, dryRun } = options;
  const { pairs, rejected } = pairAccounts(toNameBytes(from), toNameBytes(to), user.map(toNameBytes));
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

function passSettings({ options, state }: Call): ConvertSettings {
  const { owner, maxRemove = DEFAULT_MAX_REMOVE, dryRun = false } = options;
  return {
    state,
    owner: owner === undefined ? undefined : parseOwner(owner),
    now: () => new Date(),
    maxRemove,
    dryRun,
  };
}
