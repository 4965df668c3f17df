import type { SealedAccount } from '../codec/seal.ts';
import type { RunContext } from './context.ts';
import { type AccountPair, type ConvertSettings, convertAccount } from './convert-account.ts';
import type { FinalSettings } from './final-account.ts';

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

/** The work of one thread on its accounts. Only what the task needs is loaded. */
export async function workOf(context: RunContext, task: AccountTask): Promise<AccountWork> {
  switch (task.kind) {
    case 'convert':
      return convertWork(context, task.settings);
    case 'verify':
      return verifyWork(context, task.state);
    case 'merge':
      return mergeWork(context, task.settings);
    case 'final':
      return finalWork(context, task.settings);
  }
}

function convertWork(context: RunContext, settings: ConvertSettings): AccountWork {
  return async (pair) => {
    await convertAccount(context, settings, pair);
    return {};
  };
}

async function verifyWork(context: RunContext, state: string): Promise<AccountWork> {
  const { verifyAccount } = await import('./verify.ts');
  return async (pair) => {
    await verifyAccount(context, state, pair);
    return {};
  };
}

async function mergeWork(context: RunContext, settings: FinalSettings): Promise<AccountWork> {
  const { mergeAccount } = await import('./final-account.ts');
  return async (pair) => {
    await mergeAccount(context, settings, pair);
    return {};
  };
}

async function finalWork(context: RunContext, settings: FinalSettings): Promise<AccountWork> {
  const [{ finalAccount }, { Gate }] = await Promise.all([import('./final-account.ts'), import('./gate.ts')]);
  const gate = new Gate(context, { force: settings.forceQuiet, ...settings.gate });
  return async (pair) => ({ sealed: await finalAccount(context, settings, pair, gate) });
}
