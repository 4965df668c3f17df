import { formatBaseName } from '../codec/maildir/name.ts';
import type { MessageRecord } from '../core/message.ts';

/** The base name of a message: a function of the message, the same in every run. */
export function baseOf(record: MessageRecord): string {
  const { date: seconds, uid, digest, size, vsize } = record;
  return formatBaseName({ seconds, uid, digest, size, vsize });
}
