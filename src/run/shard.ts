import { digestNumber } from '../codec/digest.ts';
import type { AccountPair } from './convert-account.ts';

/** One of several shares of all accounts, for as many runs that share the work: `index` of `count`, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * The accounts of a share. Which share an account is in follows from its name in the target alone, so that it is the same
 * in every run, whatever accounts come and go.
 */
export function shareOf<T extends Pick<AccountPair, 'account'>>(
  pairs: readonly T[],
  { index, count }: Shard,
): T[] {
  const of = (user: string) => Number(digestNumber(Buffer.from(user, 'latin1')) % BigInt(count)) + 1;
  return pairs.filter(({ account }) => of(account.user) === index);
}
