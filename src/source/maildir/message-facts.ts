import { readSizes } from '../../codec/maildir/name.ts';
import type { CarriedField, Remembered } from '../../core/message.ts';
import type { Stat } from '../../io/stat.ts';
import type { Entry } from './listing.ts';

/** What follows for a message from its name, its file and the record in the uidlist. */

/** What is known of a message's bytes. */
export interface Content {
  readonly size: number;
  readonly vsize: number;
  readonly digest: string;
  /** See `MessageRecord.uidl`. */
  readonly uidl?: string;
}

/** Which sizes a base name claims wrongly, in words. */
export function wrongSizes(base: string, { size, vsize }: Content): readonly string[] {
  const claimed = readSizes(base);
  return [
    ...(claimed.size === undefined || claimed.size === size ? [] : [`S=${claimed.size} for ${size} bytes`]),
    ...(claimed.vsize === undefined || claimed.vsize === vsize ? [] : [`W=${claimed.vsize} for ${vsize}`]),
  ];
}

/**
 * The GUID is what Dovecot reports: `G`, else the base name. `S` and `W` are in our names. An empty `P` says that the UIDL is
 * the base name, and ours is another.
 */
export function carriedFields({ base, fields, second, key }: Entry): readonly CarriedField[] {
  const carried = fields
    .filter(([letter]) => letter !== 'S' && letter !== 'W')
    .map((field): CarriedField => (field[0] === 'P' && field[1] === '' ? ['P', base] : field))
    .filter(([letter, value]) => letter !== 'P' || isFieldValue(value));
  if (second || key !== base || carried.some(([letter]) => letter === 'G')) return carried;
  return isFieldValue(base) ? [['G', base], ...carried] : carried;
}

/** Whether a file is the one whose bytes are known. */
export function isSameFile(
  known: Remembered | undefined,
  { key }: Entry,
  { ino, mtimeNs, size }: Stat,
): known is Remembered {
  const file = known?.file;
  return (
    file?.key === key && known?.size === size && file.ino === String(ino) && file.mtimeNs === String(mtimeNs)
  );
}

/** What a field of a uidlist can hold; a base name may have blanks. */
function isFieldValue(text: string): boolean {
  return /^[^\0-\x20]+$/.test(text);
}

/** As Dovecot counts: the second that a moment lies in, before 1970 too. */
export function secondsOf(ns: bigint): number {
  const seconds = ns / 1_000_000_000n;
  return Number(ns < 0n && ns % 1_000_000_000n !== 0n ? seconds - 1n : seconds);
}
