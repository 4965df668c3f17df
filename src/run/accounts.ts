import pLimit from 'p-limit';
import { LIMITS } from '../core/limits.ts';
import { cores, isOnTurningDisk } from '../io/machine.ts';
import { printable, splitPath } from '../io/names.ts';
import { type AccountDone, type AccountTask, workOf } from './account-task.ts';
import type { RunContext } from './context.ts';
import type { AccountPair } from './convert-account.ts';
import { emitFailure, isStop } from './failures.ts';
import { Workers } from './workers.ts';

/**
 * Does a task to each account, some of them side by side, each in a thread of its own where there are several. One that
 * fails is announced with its name, and does not keep the others. Returns what was done, in the order of `pairs`.
 */
export async function forEachAccount(
  context: RunContext,
  task: AccountTask,
  pairs: readonly AccountPair[],
): Promise<readonly AccountDone[]> {
  const { threads } = context;
  const count = threads === undefined ? 1 : Math.min(threads.count ?? jobsFor(pairs), pairs.length);
  if (threads === undefined || count < 2) return inTurn(context, pairs, 1, await workOf(context, task));
  const workers = new Workers(context, threads, task);
  try {
    return await inTurn(context, pairs, count, (pair) => workers.run(pair));
  } finally {
    await workers.close();
  }
}

/** As many as there are cores; few where a disk turns that one of them needs. */
function jobsFor(pairs: readonly AccountPair[]): number {
  const places = pairs.flatMap(({ account, target }) => [account.places.root, target]);
  const turning = [...new Set(places.map((path) => splitPath(path).dir))].some(isOnTurningDisk);
  return turning ? Math.min(LIMITS.accountsPerTurningDisk, cores()) : cores();
}

async function inTurn(
  { emit, checkSignal }: RunContext,
  pairs: readonly AccountPair[],
  atOnce: number,
  work: (pair: AccountPair) => Promise<AccountDone>,
): Promise<readonly AccountDone[]> {
  const limit = pLimit(atOnce);
  let stop: unknown;
  const one = async (pair: AccountPair): Promise<AccountDone> => {
    try {
      if (stop !== undefined) return {};
      checkSignal();
      return await work(pair);
    } catch (error) {
      if (isStop(error)) stop ??= error;
      else emitFailure(emit, error, printable(pair.account.user));
      return {};
    }
  };
  const done = await Promise.all(pairs.map((pair) => limit(one, pair)));
  if (stop !== undefined) throw stop;
  return done;
}
