import { compareCourierPop3 } from '../codec/maildir/courier-order.ts';
import type { MessageRecord, Scanned } from '../core/message.ts';

/** In which order a POP3 server lists the messages of a Maildir: by time of the file (qmail), or as Courier does. */
export type ListingOrder = 'mtime' | 'courier';

/**
 * Places in a POP3 server's order, from 1, by place in the folder; 0 for the messages at the end that come in the order of their
 * UIDs anyway, behind all others: Dovecot lists messages with an `O` first. `undefined` where nobody needs one.
 */
export function ranksOf(order: ListingOrder, records: Iterable<Scanned>): Uint32Array | undefined {
  const compare = order === 'mtime' ? byTime(records) : byName(records);
  const listed = Array.from({ length: compare.count }, (_, i) => i).sort((a, b) => compare.of(a, b) || a - b);
  let end = listed.length;
  while (end > 0 && listed[end - 1] === end - 1) end--;
  if (end === 0) return undefined;
  const ranks = new Uint32Array(listed.length);
  for (let rank = 0; rank < end; rank++) ranks[listed[rank] as number] = rank + 1;
  return ranks;
}

interface Comparison {
  readonly count: number;
  /** Of the messages at two places in the folder. */
  of(a: number, b: number): number;
}

/** qmail looks at whole seconds; which of two messages of one second comes first is chance, and here their UIDs decide. */
function byTime(records: Iterable<Scanned>): Comparison {
  const times = Array.from(records, ({ date }) => date);
  return { count: times.length, of: (a, b) => (times[a] ?? 0) - (times[b] ?? 0) };
}

function byName(records: Iterable<Scanned>): Comparison {
  const names = Array.from(records, baseOf);
  return { count: names.length, of: (a, b) => compareCourierPop3(names[a] ?? '', names[b] ?? '') };
}

/** Base name of the file of a message in a Maildir. */
export function baseOf({ file }: MessageRecord): string {
  const key = file?.key ?? '';
  return key.startsWith(':') ? key : (key.split(':', 1)[0] ?? '');
}
