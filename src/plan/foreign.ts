import type { UidlistRecord } from '../codec/maildir/uidlist.ts';

/** A foreign message that has a UID, and the one that it will have. */
export interface ForeignNumber {
  readonly record: UidlistRecord;
  readonly uid: number;
}

/**
 * UIDs of messages that others put into the target (docs/formats.md, "Changing the uidlist from outside"): those below
 * `floor`, the next UID of the source, stand where the source's next messages will, and move up behind all others, with
 * every one after them, so that their order stays. `records` ascend; so does the result.
 */
export function numberForeign(records: readonly UidlistRecord[], floor: number): readonly ForeignNumber[] {
  let next = floor;
  return records.map((record) => {
    const uid = Math.max(record.uid, next);
    next = uid + 1;
    return { record, uid };
  });
}
