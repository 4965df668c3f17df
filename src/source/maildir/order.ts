import { compareCourierArrival } from '../../codec/maildir/courier-order.ts';
import { compareArrival } from '../../codec/maildir/source-name.ts';
import type { Remembered } from '../../core/message.ts';
import type { Entries, Entry } from './listing.ts';
import type { FolderNumbers } from './uidlist.ts';

/** A message in the order of UIDs. */
export interface Ordered {
  /** 0: it has none yet, and stands behind all that have one. */
  readonly uid: number;
  /** Its file; or what the manifest knows of a message of which it is not certain that it is gone. */
  readonly entry: Entry | Remembered;
}

/** Whether a message was met. */
export function isEntry(entry: Entry | Remembered): entry is Entry {
  return 'key' in entry;
}

/** The messages of a folder, and what a manifest knows of them. */
export interface FolderOrder {
  readonly messages: readonly Ordered[];
  /** Records of messages that have another UID now, by key; few. The others are found in step with `messages`. */
  readonly moved: ReadonlyMap<string, Remembered>;
}

/**
 * Puts messages into the order of their UIDs. Those that no server has listed keep the UID that the manifest knows, unless
 * the server has given that to another meanwhile; those that are new come last, as Dovecot would number them, or Courier where
 * it serves the folder. `certain`: what is not among the entries is gone.
 */
export function orderEntries(
  entries: Entries,
  { rules, uidValidity, uidNext }: Pick<FolderNumbers, 'rules' | 'uidValidity' | 'uidNext'>,
  known: Iterable<Remembered>,
  certain: boolean,
): FolderOrder {
  const numbered = uidValidity !== undefined;
  const messages: Ordered[] = [];
  const moved = new Map<string, Remembered>();
  const kept = new Set<Entry>();
  for (const record of known) {
    if (record.file === undefined) continue;
    const uid = record.sourceUid ?? record.uid;
    const entry = entries.get(record.file.key);
    if (entry === undefined) {
      if (!certain) messages.push({ uid, entry: record });
    } else if (entry.uid === 0 && (!numbered || uid >= uidNext)) {
      kept.add(entry);
      messages.push({ uid, entry });
      if (record.sourceUid !== undefined) moved.set(entry.key, record);
    } else if (entry.uid !== uid || record.sourceUid !== undefined) moved.set(entry.key, record);
  }
  const fresh: Entry[] = [];
  for (const entry of entries.values()) {
    if (entry.uid > 0) messages.push({ uid: entry.uid, entry });
    else if (!kept.has(entry)) fresh.push(entry);
  }
  const listed = dropDoubles(messages.sort((a, b) => a.uid - b.uid || (isEntry(a.entry) ? -1 : 1)));
  // A second file of a base name behind the first, with which it is compared.
  const compare = (a: Entry, b: Entry) =>
    rules === 'maildir-courier'
      ? compareCourierArrival(a.key, b.key)
      : compareArrival(arrival(a), arrival(b));
  fresh.sort((a, b) => Number(a.second) - Number(b.second) || compare(a, b));
  return { messages: [...listed, ...fresh.map((entry) => ({ uid: 0, entry }))], moved };
}

/** What the manifest knows under a UID that another message has now is passed over. */
function dropDoubles(sorted: readonly Ordered[]): Ordered[] {
  return sorted.filter(({ uid }, i) => sorted[i - 1]?.uid !== uid);
}

/** A name as far as Dovecot compares it, with whatever else than a colon separates its flags. */
function arrival({ name }: Entry): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(0, colon + 1);
}
