import type { Marks, Remembered, Scanned } from '../core/message.ts';
import type { Stretch } from '../core/stretch.ts';

/**
 * What happens to one message of a mailbox. Plain data: what cannot be written down here is not done. `old` is what the
 * last pass left, `next` what this one leaves and the manifest remembers.
 */
export type Action =
  /** Nothing is done. `next` may lie elsewhere in the source than `old` did. */
  | { readonly kind: 'keep'; readonly old: Remembered; readonly next: Remembered; readonly drift?: Drift }
  /** Other flags or keywords: a rename. Or only other fields in the uidlist. */
  | { readonly kind: 'reflag'; readonly old: Remembered; readonly next: Remembered; readonly drift?: Drift }
  /** The same content under another UID: a rename. */
  | {
      readonly kind: 'renumber';
      readonly old: Remembered;
      readonly now: Scanned;
      readonly next: Remembered;
      readonly drift?: Drift;
    }
  | { readonly kind: 'add'; readonly now: Scanned; readonly next: Remembered }
  /** Gone from the source, and as we left it in the target. */
  | { readonly kind: 'remove'; readonly old: Remembered }
  /** Gone from the source, but its user changed it in the target: it becomes his. */
  | { readonly kind: 'release'; readonly old: Remembered }
  /** Its user removed it from the target: it stays so, and is remembered. */
  | { readonly kind: 'leave'; readonly old: Remembered; readonly next: Remembered; readonly drift?: Drift }
  /** Gone on both sides, or not where it was left by a pass that was cut off. */
  | { readonly kind: 'forget'; readonly old: Remembered }
  /** Messages, side by side, that both sides have as the last pass left them: nothing is done. */
  | { readonly kind: 'keep-stretch'; readonly stretch: Stretch };

/** What its user did to a message in the target since the last pass; `conflict`: while the source changed it otherwise. */
export type Drift = 'gone' | 'flags' | 'conflict';

/**
 * What became of a message in the target since the last pass: as it was left; with other flags; removed by its user;
 * `absent`: taken away by a pass of ours that was cut off.
 */
export type Look = { readonly old: Remembered; readonly now: 'as-left' | 'gone' | 'absent' | Marks };

/** The target, as far as a plan asks. */
export interface TargetView {
  /** `old` of the answer is what a pass that was cut off made of the message, where it came so far. */
  look(old: Remembered): Look;
}

/** What a plan comes to. */
export interface PlanSummary {
  readonly kept: number;
  readonly added: number;
  readonly reflagged: number;
  readonly renumbered: number;
  /** Removed from the target. */
  readonly removed: number;
  /** Removed in the target by its user, and left so. */
  readonly gone: number;
  /** Bytes to be added. */
  readonly bytes: number;
  /** Highest UID in the target after the pass, foreign mail aside; 0 for none. */
  readonly lastUid: number;
  /** Lowest UID that is new in the target; `Infinity` for none. */
  readonly firstNew: number;
  /** Keyword names that messages carry in the target after the pass. */
  readonly keywordsInUse: ReadonlySet<string>;
  /** Handed over to the target's user. */
  readonly released: number;
  /** That the source has no more. */
  readonly vanished: number;
  /** Whether all that is new comes behind all that was there, and nothing moves. */
  readonly appendOnly: boolean;
  /** Whether records of the uidlist get other fields. */
  readonly refielded: boolean;
  /** Whether anything is done in the target. */
  readonly writes: boolean;
  /** Whether what is remembered changes, places in the source aside. */
  readonly changed: boolean;
}
