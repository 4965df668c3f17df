import type { MessageRecord, Scanned } from '../core/message.ts';

/** One change of the target, or none. Plain data: what cannot be written down here is not done. */
export type Action =
  /** Nothing to do; `now` may lie elsewhere in the source than `old` did. */
  | { readonly kind: 'keep'; readonly old: MessageRecord; readonly now: Scanned }
  | { readonly kind: 'add'; readonly now: Scanned }
  /** Flags or keywords differ: a rename. */
  | { readonly kind: 'reflag'; readonly old: MessageRecord; readonly now: Scanned }
  /** Gone from the source. */
  | { readonly kind: 'remove'; readonly old: MessageRecord };

/** What a plan comes to. */
export interface PlanSummary {
  readonly kept: number;
  readonly added: number;
  readonly reflagged: number;
  readonly removed: number;
  /** Bytes to be added. */
  readonly bytes: number;
  /** Highest UID after the pass; 0 for an empty mailbox. */
  readonly lastUid: number;
  /** Keyword names that messages carry after the pass. */
  readonly keywordsInUse: ReadonlySet<string>;
  /** Whether all that is added comes behind all that was there: what an index of the target may be told. */
  readonly appendOnly: boolean;
}
