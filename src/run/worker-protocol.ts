import type { OldUidls } from '../codec/pop3-uidl.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { MboxRules, Unquote } from '../core/types.ts';
import type { AccountDone, AccountTask } from './account-task.ts';
import type { AccountPair } from './convert-account.ts';

/** What threads tell each other: plain data only. */

type WithoutFunctions<T> = T extends { readonly settings: infer S }
  ? Omit<T, 'settings'> & { readonly settings: Omit<S, 'now' | 'gate'> }
  : T;

/** What a worker is born with. */
export interface WorkerBirth {
  readonly version: string;
  readonly rules: MboxRules | 'auto';
  /** Name of the time zone. */
  readonly zone: string;
  readonly unquote: Unquote;
  readonly uidls: OldUidls | undefined;
  readonly task: WithoutFunctions<AccountTask>;
  /** The signal that has come, see `StopFlag`. */
  readonly stop: SharedArrayBuffer;
}

/** One account to be worked on; the next comes when this one is done. */
export type ToWorker = AccountPair;

export type FromWorker =
  | { readonly event: RunEvent }
  | { readonly took: number }
  | { readonly done: AccountDone }
  | { readonly failed: Failed };

/** An error as data. */
export interface Failed {
  readonly code: ErrorCode;
  readonly message: string;
  readonly place: string | undefined;
  readonly advice: string;
}
