import type { MessageTable } from './message-table.ts';

/**
 * Bringing the messages of an archive together with those that are known, and with themselves, by content alone. Pure; beside
 * the tables it takes four bytes for each message.
 */

/**
 * Drops what files of one period have of each other: of each content, the file that has it most often counts, the first of
 * several. `periodOf` tells the period of a file.
 */
export function dropCopies(scan: MessageTable, periodOf: (file: number) => number): void {
  for (const group of groups(scan, 'fresh')) {
    if (group.length === 1) continue;
    const counts = new Map<number, number>();
    for (const at of group) counts.set(scan.fileOf(at), (counts.get(scan.fileOf(at)) ?? 0) + 1);
    const best = new Map<number, number>();
    for (const file of [...counts.keys()].sort((a, b) => a - b)) {
      const other = best.get(periodOf(file));
      if (other === undefined || (counts.get(other) ?? 0) < (counts.get(file) ?? 0))
        best.set(periodOf(file), file);
    }
    for (const at of group) {
      const file = scan.fileOf(at);
      if (best.get(periodOf(file)) !== file) scan.drop(at);
    }
  }
}

/**
 * Gives messages of `scan` that have no UID and are known the UIDs and dates that they have. Of equal ones those with the same date find each
 * other first, the rest in the order of their dates, so that each true duplicate stays itself.
 */
export function pairByContent(known: MessageTable, scan: MessageTable): void {
  const before = groups(known, 'all');
  let old = before.next();
  for (const now of groups(scan, 'fresh')) {
    const [first = 0] = now;
    while (old.done !== true && known.compareContent(old.value[0] ?? 0, scan, first) < 0) old = before.next();
    if (old.done === true) return;
    if (known.compareContent(old.value[0] ?? 0, scan, first) === 0) pairGroup(known, old.value, scan, now);
  }
}

function pairGroup(known: MessageTable, olds: Uint32Array, scan: MessageTable, nows: Uint32Array): void {
  let next = 0;
  for (const now of nows) {
    while (next < olds.length && known.dateOf(olds[next] ?? 0) < scan.dateOf(now)) next++;
    const old = olds[next];
    if (old !== undefined && known.dateOf(old) === scan.dateOf(now)) scan.pair(now, known, olds[next++] ?? 0);
  }
  const left = olds.filter((old) => !known.isPaired(old));
  const waiting = nows.filter((now) => !scan.isPaired(now));
  for (let i = 0; i < Math.min(left.length, waiting.length); i++)
    scan.pair(waiting[i] ?? 0, known, left[i] ?? 0);
}

/** Entries of equal content, in the order of content. */
function* groups(table: MessageTable, which: 'all' | 'fresh'): Generator<Uint32Array, undefined, void> {
  const all = table.byContent(which);
  for (let from = 0; from < all.length; ) {
    let to = from + 1;
    while (to < all.length && table.compareContent(all[from] ?? 0, table, all[to] ?? 0) === 0) to++;
    yield all.subarray(from, to);
    from = to;
  }
  return undefined;
}
