import type { MessageRecord, Remembered, Scanned } from '../core/message.ts';

/**
 * Bringing messages together by content where UIDs do not do it. Equal messages are paired in order, so each true
 * duplicate stays itself.
 */

export function sameMessage(a: MessageRecord, b: MessageRecord): boolean {
  return a.digest === b.digest && a.size === b.size && a.date === b.date;
}

/** UID of a message in the source. */
export function sourceUidOf(record: Remembered): number {
  return record.sourceUid ?? record.uid;
}

/**
 * Gives UIDs to the messages of a spool that no server numbered: the UID of the manifest's message with the same
 * content, else the next one from `uidNext` on. Yields in UID order.
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

/**
 * Gives UIDs to those messages of a scan that have none yet (0), which come last. Of the `old` ones only those count that
 * are known by a name in the target alone, since a pass was cut off: all others have been told by their files.
 */
export function* numberUnknown(
  old: Iterable<MessageRecord>,
  scan: Iterable<Scanned>,
  uidNext: number,
): Generator<Scanned, void, void> {
  const scans = scan[Symbol.iterator]();
  let now = scans.next();
  for (; !now.done && now.value.uid > 0; now = scans.next()) yield now.value;
  if (now.done) return;
  const cutOff: MessageRecord[] = [];
  for (const record of old) if (record.file === undefined) cutOff.push(record);
  if (cutOff.length > 0) yield* pairRest(cutOff, [now.value, ...rest(scans)], uidNext);
  else for (; !now.done; now = scans.next()) yield { ...now.value, uid: uidNext++ };
}

function pairRest(olds: readonly MessageRecord[], scans: readonly Scanned[], uidNext: number): Scanned[] {
  const waiting = new Waiting(olds);
  let next = uidNext;
  const paired = scans.map((now) => ({ ...now, uid: waiting.take(now)?.uid ?? next++ }));
  return paired.sort((a, b) => a.uid - b.uid);
}

function* rest<T>(iterator: Iterator<T>): Generator<T, void, void> {
  for (let item = iterator.next(); !item.done; item = iterator.next()) yield item.value;
}

/**
 * The messages that the source numbers anew: those whose content vanished under one UID and appeared under another. New
 * source UID to the old record. Only messages that have no partner by UID are held in memory.
 */
export async function pairRenumbered(
  old: Iterable<Remembered>,
  scan: AsyncIterable<Scanned> | Iterable<Scanned>,
): Promise<ReadonlyMap<number, Remembered>> {
  const [lost, found] = await unmatched(old, scan);
  const pairs = new Map<number, Remembered>();
  if (lost.length === 0 || found.length === 0) return pairs;
  const waiting = new Waiting(lost);
  for (const now of found) {
    const partner = waiting.take(now);
    if (partner !== undefined) pairs.set(now.uid, partner);
  }
  return pairs;
}

async function unmatched(
  old: Iterable<Remembered>,
  scan: AsyncIterable<Scanned> | Iterable<Scanned>,
): Promise<[Remembered[], Scanned[]]> {
  const olds = old[Symbol.iterator]();
  const lost: Remembered[] = [];
  const found: Scanned[] = [];
  let head = olds.next();
  const pass = (uid: number) => {
    for (; !head.done && sourceUidOf(head.value) < uid; head = olds.next()) lost.push(head.value);
  };
  for await (const now of scan) {
    pass(now.uid);
    const same = !head.done && sourceUidOf(head.value) === now.uid;
    if (same && sameMessage(head.value as Remembered, now)) head = olds.next();
    else found.push(now);
    // Of two messages under one UID, the old one is passed over with the next.
  }
  pass(Number.POSITIVE_INFINITY);
  return [lost, found];
}

/** Records by content, first in first out. */
class Waiting<T extends MessageRecord> {
  readonly #byContent = new Map<string, T[]>();

  constructor(records: readonly T[]) {
    for (const record of [...records].reverse()) {
      const key = contentKey(record);
      const list = this.#byContent.get(key);
      if (list === undefined) this.#byContent.set(key, [record]);
      else list.push(record);
    }
  }

  take(record: MessageRecord): T | undefined {
    return this.#byContent.get(contentKey(record))?.pop();
  }
}

function contentKey({ digest, size, date }: Pick<MessageRecord, 'digest' | 'size' | 'date'>): string {
  return `${digest} ${size} ${date}`;
}
