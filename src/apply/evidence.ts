import { runningDigest } from '../codec/digest.ts';
import { isStorable, LIMITS } from '../core/limits.ts';
import type { MessageRecord } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';

/** What a file in `cur/` shows of itself before it is taken for a message. */

function seconds(ns: bigint): number {
  return Number(ns / 1_000_000_000n);
}

/** Whether a file has the INTERNALDATE that it was given. */
export function keepsDate(cur: Dir, name: string, date: number): boolean {
  if (isStorable(date)) return true;
  const stat = cur.lstat(name);
  return stat !== undefined && seconds(stat.mtimeNs) === date;
}

/** Whether a file holds exactly the bytes that its name, one of ours, promises. */
export function holdsMessage(cur: Dir, name: string, record: MessageRecord): boolean {
  const file = cur.openFile(name);
  if (file === undefined) return false;
  try {
    if (file.stat.size !== record.size) return false;
    const digest = runningDigest();
    const chunk = Buffer.allocUnsafe(Math.min(record.size, LIMITS.assembly));
    for (let at = 0; at < record.size; ) {
      const got = file.readAt(chunk.subarray(0, Math.min(chunk.length, record.size - at)), at);
      if (got === 0) return false;
      digest.update(chunk.subarray(0, got));
      at += got;
    }
    return digest.hex() === record.digest && seconds(file.stat.mtimeNs) === record.date;
  } finally {
    file.close();
  }
}
