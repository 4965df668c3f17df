import { assert } from '../core/errors.ts';
import type { MessageRecord, Scanned } from '../core/message.ts';
import type { Action, PlanSummary } from './action.ts';

/**
 * manifest x scan -> actions, as a merge of two streams in UID order; memory does not grow with the mailbox.
 *
 * Where the source numbers its messages (`planNumbered`), a message is the same as last time when UID, content digest,
 * size and INTERNALDATE are. All cases:
 *   UID in both, same message, same flags and keywords      keep
 *   UID in both, same message, other flags or keywords      reflag
 *   UID in both, another message                            remove the old, add the new
 *   UID only in the scan                                    add
 *   UID only in the manifest                                remove
 * Where it does not (`assignUids`), messages are first paired by content in file order.
 */
export function* planNumbered(
  old: Iterable<MessageRecord>,
  scan: Iterable<Scanned>,
): Generator<Action, void, void> {
  const olds = old[Symbol.iterator]();
  let head = olds.next();
  let last = 0;
  for (const now of scan) {
    assert(now.uid > last, `scan gives UID ${now.uid} after ${last}`);
    last = now.uid;
    while (!head.done && head.value.uid < now.uid) {
      yield { kind: 'remove', old: head.value };
      head = olds.next();
    }
    if (head.done || head.value.uid !== now.uid) {
      yield { kind: 'add', now };
      continue;
    }
    yield* compare(head.value, now);
    head = olds.next();
  }
  for (; !head.done; head = olds.next()) yield { kind: 'remove', old: head.value };
}

function* compare(old: MessageRecord, now: Scanned): Generator<Action, void, void> {
  if (!sameMessage(old, now)) {
    yield { kind: 'remove', old };
    yield { kind: 'add', now };
  } else if (sameFlags(old, now)) {
    yield { kind: 'keep', old, now };
  } else {
    yield { kind: 'reflag', old, now };
  }
}

function sameMessage(a: MessageRecord, b: MessageRecord): boolean {
  return a.digest === b.digest && a.size === b.size && a.date === b.date;
}

function sameFlags(a: MessageRecord, b: MessageRecord): boolean {
  if (a.flags !== b.flags || a.keywords.length !== b.keywords.length) return false;
  return a.keywords.every((name) => b.keywords.includes(name));
}

/**
 * Gives UIDs to the messages of a spool that no server numbered: the UID of the manifest's message with the same
 * content, else the next one from `uidNext` on. Equal messages are paired in file order, so each true duplicate keeps
 * its own UID. Yields in UID order.
 *
 * While both sides agree, which is always so for a spool that only grew, nothing is held in memory; from the first
 * disagreement on, the rest of both sides is.
 */
export function* assignUids(
  old: Iterable<MessageRecord>,
  scan: Iterable<Scanned>,
  uidNext: number,
): Generator<Scanned, void, void> {
  const olds = old[Symbol.iterator]();
  const scans = scan[Symbol.iterator]();
  let head = olds.next();
  for (let now = scans.next(); !now.done; now = scans.next()) {
    if (head.done) {
      yield { ...now.value, uid: uidNext++ };
    } else if (sameMessage(head.value, now.value)) {
      yield { ...now.value, uid: head.value.uid };
      head = olds.next();
    } else {
      yield* pairRest([head.value, ...rest(olds)], [now.value, ...rest(scans)], uidNext);
      return;
    }
  }
}

function pairRest(olds: readonly MessageRecord[], scans: readonly Scanned[], uidNext: number): Scanned[] {
  const waiting = new Map<string, number[]>();
  for (const { uid, ...record } of [...olds].reverse()) {
    const uids = waiting.get(contentKey(record));
    if (uids === undefined) waiting.set(contentKey(record), [uid]);
    else uids.push(uid);
  }
  let next = uidNext;
  const paired = scans.map((now) => ({ ...now, uid: waiting.get(contentKey(now))?.pop() ?? next++ }));
  return paired.sort((a, b) => a.uid - b.uid);
}

function contentKey({ digest, size, date }: Pick<MessageRecord, 'digest' | 'size' | 'date'>): string {
  return `${digest} ${size} ${date}`;
}

function* rest<T>(iterator: Iterator<T>): Generator<T, void, void> {
  for (let item = iterator.next(); !item.done; item = iterator.next()) yield item.value;
}

/** Walks through a plan and adds up what it comes to. */
export function summarize(plan: Iterable<Action>): PlanSummary {
  const counts = { keep: 0, add: 0, reflag: 0, remove: 0 };
  const keywordsInUse = new Set<string>();
  let [bytes, lastUid, lastOld, appendOnly] = [0, 0, 0, true];
  for (const action of plan) {
    counts[action.kind]++;
    if (action.kind === 'add') {
      bytes += action.now.size;
      if (action.now.uid <= lastOld) appendOnly = false;
    } else {
      lastOld = action.old.uid;
      if (counts.add > 0) appendOnly = false;
    }
    if (action.kind === 'remove') continue;
    for (const name of action.now.keywords) keywordsInUse.add(name);
    lastUid = action.now.uid;
  }
  const { keep: kept, add: added, reflag: reflagged, remove: removed } = counts;
  return { kept, added, reflagged, removed, bytes, lastUid, keywordsInUse, appendOnly };
}
