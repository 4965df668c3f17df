import type { Claim } from '../../core/message.ts';

/** What the UIDs that a message's header names, in order, claim beside the one it got; see `MessageRecord.claim`. */
export function claimOf(named: readonly number[], uid: number): { readonly claim?: Claim } {
  if (named.length === 1 && named[0] === uid) return {};
  return { claim: named.length === 0 ? 'none' : 'other' };
}
