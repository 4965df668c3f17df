import { assert } from '../core/errors.ts';
import type { Marks, Remembered, Scanned } from '../core/message.ts';
import { isStretch, messagesOf, type Stretch, StretchCursor } from '../core/stretch.ts';
import type { Action, Drift, PlanSummary, TargetView } from './action.ts';
import { mergeMarks, sameCarried, sameMarks, targetMarks } from './marks.ts';
import { sameMessage, sourceUidOf } from './pairing.ts';

/**
 * manifest x scan x target -> actions, as a merge of two streams in the order of the source's UIDs; memory does not grow
 * with the mailbox. What we left last time, what the source has now, what the target has now:
 *
 *   left       source            target              then
 *   message    same              as left             keep
 *   message    other flags       as left             reflag (also other fields of the uidlist)
 *   message    other UID         any                 renumber, flags merged
 *   message    gone              as left             remove
 *   message    gone              other flags         release: it becomes its user's
 *   message    gone              gone                forget
 *   message    same, or flags    gone                leave: not added again
 *   message    same, or flags    other flags         keep or reflag: flags merged, the target wins where both changed one
 *   message    another content   as left             remove the old, add the new
 *   message    any               absent (cut off)    add
 *   nothing    message           -                   add
 *   gone       any               -                   leave, or forget where the source has it no more
 *   stretch    the same stretch  as left             keep-stretch
 *
 * Stretches may come in `scan` only while the target is as it was left and every UID is the source's own: not late, not
 * renumbered, not merging. Each must be one of `old`.
 *
 * Where users have seen the target (`late`), mail that is new comes behind all that is there: with the source's UID if
 * that is high enough, else with the next one. In a merging plan nothing else happens.
 */
export interface PlanInput {
  readonly old: Iterable<Remembered | Stretch>;
  readonly scan: Iterable<Scanned | Stretch>;
  readonly target: TargetView;
  /** Source UIDs of messages that were known under another (`pairRenumbered`). */
  readonly renumbered: ReadonlyMap<number, Remembered>;
  readonly merge: boolean;
  readonly late: Late | undefined;
}

/** What a plan must know to put mail behind all that the target has. */
export interface Late {
  /** The least UID that a message new to the target may have. */
  readonly nextUid: number;
  /** Those of the `old` that have another UID in the source. */
  readonly mapped: readonly Remembered[];
}

/** The records that have another UID in the source: few, so that they can be held in memory. */
export function mappedOf(records: Iterable<Remembered>): Remembered[] {
  const mapped: Remembered[] = [];
  for (const record of records) if (record.sourceUid !== undefined) mapped.push(record);
  return mapped;
}

/** Actions in the order of the target's UIDs, those that leave nothing there in between. */
export function* makePlan(input: PlanInput): Generator<Action, void, void> {
  const { late, old } = input;
  if (late === undefined) {
    yield* inSourceOrder(input);
    return;
  }
  const from = Math.min(late.nextUid, ...late.mapped.map(({ uid }) => uid));
  const tail: { readonly uid: number; readonly action: Action }[] = [];
  for (const action of inSourceOrder({ ...input, old: bySourceUid(old, late.mapped) })) {
    const uid = uidOf(action);
    if (uid < from) yield action;
    else tail.push({ uid, action });
  }
  for (const { action } of tail.sort((a, b) => a.uid - b.uid)) yield action;
}

function uidOf(action: Action): number {
  if (action.kind === 'keep-stretch') return action.stretch.firstUid;
  return 'next' in action ? action.next.uid : action.old.uid;
}

/** Records in the order of the source's UIDs; only those that are mapped are out of it. */
function* bySourceUid(
  old: Iterable<Remembered | Stretch>,
  mapped: readonly Remembered[],
): Generator<Remembered, void, void> {
  const waiting = [...mapped].sort((a, b) => sourceUidOf(b) - sourceUidOf(a));
  for (const record of messagesOf(old)) {
    if (record.sourceUid !== undefined) continue;
    for (
      let next = waiting.at(-1);
      next !== undefined && sourceUidOf(next) < record.uid;
      next = waiting.at(-1)
    ) {
      yield next;
      waiting.pop();
    }
    yield record;
  }
  yield* waiting.reverse();
}

function* inSourceOrder(input: PlanInput): Generator<Action, void, void> {
  const planner = new Planner(input);
  // A merge leaves what it knows where it is, whatever UID the source gives it now.
  const moved = new Set(input.merge ? [] : [...input.renumbered.values()].map(({ uid }) => uid));
  const olds = new StretchCursor(input.old);
  /** The next that is known; only plain stretches are passed as one, and only while no message may have moved. */
  const head = () => {
    for (; olds.head !== undefined; olds.advance()) {
      const whole = isStretch(olds.head) && olds.head.plain && moved.size === 0;
      const old = whole ? olds.head : olds.message();
      if (old === undefined || isStretch(old) || !moved.has(old.uid)) return old;
    }
    return undefined;
  };
  const vanishedBefore = function* (uid: number): Generator<Action, void, void> {
    for (let old = head(); old !== undefined && firstSourceUid(old) < uid; old = head()) {
      const message = olds.message() as Remembered;
      olds.advance();
      yield planner.vanished(message);
    }
  };
  let last = 0;
  for (const now of input.scan) {
    const uid = firstSourceUid(now);
    assert(uid > last, `scan gives UID ${uid} after ${last}`);
    last = isStretch(now) ? now.lastUid : uid;
    yield* vanishedBefore(uid);
    if (isStretch(now)) {
      const old = head();
      assert(old !== undefined && isSameStretch(old, now), `no such stretch at UID ${uid}`);
      olds.advance();
      yield { kind: 'keep-stretch', stretch: now };
      continue;
    }
    const old = head();
    const same = old !== undefined && firstSourceUid(old) === uid ? olds.message() : undefined;
    if (same !== undefined) olds.advance();
    yield* planner.present(same, now);
  }
  yield* vanishedBefore(Number.POSITIVE_INFINITY);
}

function firstSourceUid(item: Remembered | Scanned | Stretch): number {
  return isStretch(item) ? item.firstUid : sourceUidOf(item);
}

function isSameStretch(item: Remembered | Stretch, stretch: Stretch): boolean {
  return isStretch(item) && item.at === stretch.at;
}

class Planner {
  readonly #input: PlanInput;
  #next: number;

  constructor(input: PlanInput) {
    this.#input = input;
    this.#next = input.late?.nextUid ?? 1;
  }

  /** A message of the scan; `old` had its UID. */
  *present(old: Remembered | undefined, now: Scanned): Generator<Action, void, void> {
    if (old !== undefined && !sameMessage(old, now)) yield this.vanished(old);
    else if (old !== undefined) {
      yield* this.#again(old, now, 'reflag');
      return;
    }
    const before = this.#input.renumbered.get(now.uid);
    if (before === undefined) yield this.#add(now);
    else if (!this.#input.merge) yield* this.#again(before, now, 'renumber');
  }

  /** A message that the source has no more. */
  vanished(known: Remembered): Action {
    if (this.#input.merge) return this.#untouched(known, known);
    if (known.gone) return { kind: 'forget', old: known };
    const { old, now } = this.#input.target.look(known);
    if (now === 'gone' || now === 'absent') return { kind: 'forget', old };
    return { kind: now === 'as-left' ? 'remove' : 'release', old };
  }

  *#again(known: Remembered, now: Scanned, kind: 'reflag' | 'renumber'): Generator<Action, void, void> {
    if (this.#input.merge) {
      yield this.#untouched(known, { ...known, ...place(now) });
      return;
    }
    const moved = kind === 'renumber' ? { ...record(now), uid: now.uid } : withUids(now, known);
    if (known.gone) {
      yield { kind: 'leave', old: known, next: { ...moved, gone: true } };
      return;
    }
    const { old, now: there } = this.#input.target.look(known);
    if (there === 'gone') yield { kind: 'leave', old, next: { ...moved, gone: true }, drift: 'gone' };
    else if (there === 'absent') {
      yield { kind: 'forget', old };
      yield { kind: 'add', now, next: moved };
    } else yield merged(kind, old, now, moved, there === 'as-left' ? undefined : there);
  }

  /** What its users made of a message since they are in is theirs: it is only written down. */
  #untouched(known: Remembered, next: Remembered): Action {
    if (known.gone) return { kind: 'leave', old: known, next };
    const { old, now } = this.#input.target.look(known);
    if (now === 'gone' || now === 'absent') return { kind: 'leave', old, next: { ...next, gone: true } };
    return { kind: 'keep', old, next: now === 'as-left' ? next : { ...next, target: now } };
  }

  #add(now: Scanned): Action {
    if (this.#input.late === undefined || now.uid >= this.#next) {
      this.#next = now.uid + 1;
      return { kind: 'add', now, next: record(now) };
    }
    return { kind: 'add', now, next: { ...record(now), uid: this.#next++, sourceUid: now.uid } };
  }
}

/** `there`: flags that its user gave the message. */
function merged(
  kind: 'reflag' | 'renumber',
  old: Remembered,
  now: Scanned,
  moved: Remembered,
  there: Marks | undefined,
): Action {
  // By far the most messages: nobody but the source ever changed their flags.
  if (there === undefined && old.target === undefined) {
    if (kind === 'renumber') return { kind, old, now, next: moved };
    return { kind: sameMarks(old, moved) && sameCarried(old, moved) ? 'keep' : 'reflag', old, next: moved };
  }
  const left = targetMarks(old);
  const marks = mergeMarks({ before: old, now: moved }, { before: left, now: there ?? left });
  const next = sameMarks(marks, moved)
    ? moved
    : { ...moved, target: { flags: marks.flags, keywords: marks.keywords } };
  const drift: Drift | undefined = there === undefined ? undefined : marks.conflict ? 'conflict' : 'flags';
  const noticed = drift === undefined ? {} : { drift };
  if (kind === 'renumber') return { kind, old, now, next, ...noticed };
  const kept = sameMarks(marks, there ?? left) && sameCarried(old, moved);
  return { kind: kept ? 'keep' : 'reflag', old, next, ...noticed };
}

/** A scanned message under the UIDs by which it is known. */
function withUids(now: Scanned, { uid, sourceUid }: Remembered): Remembered {
  return { ...record(now), uid, ...(sourceUid !== undefined && { sourceUid }) };
}

function record({ ordinal: _ordinal, staged: _staged, ...message }: Scanned): Remembered {
  return message;
}

/** Where a message lies in the source now. */
function place({ start, end, claim, file }: Scanned): Pick<Remembered, 'start' | 'end' | 'claim' | 'file'> {
  return { start, end, ...(claim !== undefined && { claim }), ...(file !== undefined && { file }) };
}

/** Adds up what a plan comes to, action by action. */
export class Summary {
  readonly #counts = { keep: 0, add: 0, reflag: 0, renumber: 0, remove: 0, release: 0, leave: 0, forget: 0 };
  readonly #keywords = new Set<string>();
  #bytes = 0;
  #lastUid = 0;
  #lastOld = 0;
  #firstNew = Number.POSITIVE_INFINITY;
  #inOrder = true;
  #drifted = false;
  #refielded = false;

  add(action: Action): void {
    if (action.kind === 'keep-stretch') this.#addStretch(action.stretch);
    else this.#addOne(action);
  }

  #addStretch({ count, lastUid, keywords }: Stretch): void {
    this.#counts.keep += count;
    this.#lastOld = Math.max(this.#lastOld, lastUid);
    if (this.#counts.add > 0) this.#inOrder = false;
    for (const name of keywords) this.#keywords.add(name);
    this.#lastUid = lastUid;
  }

  #addOne(action: Exclude<Action, { kind: 'keep-stretch' }>): void {
    const fresh = this.#counts.add > 0;
    this.#counts[action.kind]++;
    if (action.kind !== 'add') {
      this.#lastOld = Math.max(this.#lastOld, action.old.uid);
      if (fresh) this.#inOrder = false;
    } else {
      this.#bytes += action.now.size;
      this.#firstNew = Math.min(this.#firstNew, action.next.uid);
      if (action.next.uid <= this.#lastOld) this.#inOrder = false;
    }
    if (!('next' in action)) return;
    if ('drift' in action) this.#drifted = true;
    if (action.kind === 'reflag' && !sameCarried(action.old, action.next)) this.#refielded = true;
    if (action.kind === 'leave') return;
    for (const name of targetMarks(action.next).keywords) this.#keywords.add(name);
    this.#lastUid = action.next.uid;
  }

  get plan(): PlanSummary {
    const { keep: kept, add: added, reflag: reflagged, renumber: renumbered } = this.#counts;
    const { remove: removed, release: released, leave: gone, forget } = this.#counts;
    const writes = added + reflagged + renumbered + removed + released > 0;
    return {
      kept,
      added,
      reflagged,
      renumbered,
      removed,
      released,
      gone,
      bytes: this.#bytes,
      lastUid: this.#lastUid,
      firstNew: this.#firstNew,
      keywordsInUse: this.#keywords,
      vanished: removed + released + forget,
      appendOnly: this.#inOrder && renumbered === 0,
      refielded: this.#refielded,
      writes,
      changed: writes || forget > 0 || this.#drifted,
    };
  }
}
