import pLimit from 'p-limit';
import { LIMITS } from '../core/limits.ts';
import { printable } from '../io/names.ts';
import type { RunContext } from './context.ts';
import { type AccountPair, type ConvertSettings, convertAccount } from './convert-account.ts';
import { emitFailure, isStop } from './failures.ts';

/** Converts accounts, some of them side by side. One that fails does not keep the others. */
export async function convertAccounts(
  context: RunContext,
  settings: ConvertSettings,
  pairs: readonly AccountPair[],
): Promise<void> {
  await forEachAccount(context, pairs, (pair) => convertAccount(context, settings, pair));
}

/** Runs `work` for each account; failures are announced with the account's name. */
export async function forEachAccount(
  { emit, checkSignal }: RunContext,
  pairs: readonly AccountPair[],
  work: (pair: AccountPair) => Promise<void>,
): Promise<void> {
  const limit = pLimit(LIMITS.accountsAtOnce);
  let stop: unknown;
  const one = async (pair: AccountPair) => {
    try {
      if (stop !== undefined) return;
      checkSignal();
      await work(pair);
    } catch (error) {
      if (isStop(error)) stop ??= error;
      else emitFailure(emit, error, printable(pair.account.user));
    }
  };
  await Promise.all(pairs.map((pair) => limit(one, pair)));
  if (stop !== undefined) throw stop;
}
