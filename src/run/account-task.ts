import type { SealedAccount } from '../codec/seal.ts';
import type { RunContext } from './context.ts';
import { type AccountPair, type ConvertSettings, convertAccount } from './convert-account.ts';
import { type FinalSettings, finalAccount, mergeAccount } from './final-account.ts';
import { Gate } from './gate.ts';
import { verifyAccount } from './verify.ts';

/** What is done to each account of a run. */
export type AccountTask =
  | { readonly kind: 'convert'; readonly settings: ConvertSettings }
  | { readonly kind: 'final' | 'merge'; readonly settings: FinalSettings }
  | { readonly kind: 'verify'; readonly state: string };

/** What a run must know of an account that is done: of `final`, its part of the seal. */
export interface AccountDone {
  readonly sealed?: { readonly account: SealedAccount; readonly forced: readonly string[] };
}

export type AccountWork = (pair: AccountPair) => Promise<AccountDone>;

/** The work of one thread on its accounts. */
export function workOf(context: RunContext, task: AccountTask): AccountWork {
  switch (task.kind) {
    case 'convert':
      return async (pair) => {
        await convertAccount(context, task.settings, pair);
        return {};
      };
    case 'merge':
      return async (pair) => {
        await mergeAccount(context, task.settings, pair);
        return {};
      };
    case 'final': {
      const { settings } = task;
      const gate = new Gate(context, { force: settings.forceQuiet, ...settings.gate });
      return async (pair) => ({ sealed: await finalAccount(context, settings, pair, gate) });
    }
    case 'verify':
      return async (pair) => {
        await verifyAccount(context, task.state, pair);
        return {};
      };
  }
}
