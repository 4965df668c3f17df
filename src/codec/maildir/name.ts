import { MAX_UID } from '../../core/limits.ts';

/**
 * Maildir file names. A name is a base name, then the info suffix from the first `:` on. Dovecot knows a message by
 * its whole base name, `,S=` and `,W=` included (docs/formats.md, "Maildir file names"): a base name never changes.
 *
 * Text is latin1, one char per byte of the name.
 */

/** What goes into a base name of ours: the same message leads to the same name in every run. */
export interface OwnName {
  /** INTERNALDATE, seconds since 1970; earlier moments count as 0 in the name. */
  readonly seconds: number;
  readonly uid: number;
  /** xxh64 of the stored bytes: 16 lower-case hex digits. */
  readonly digest: string;
  /** Bytes on disk (`S=`). */
  readonly size: number;
  /** Bytes with every line end as CR LF (`W=`). */
  readonly vsize: number;
}

const OWN = /^(\d+)\.U(\d+)X([0-9a-f]{16})\.spoolsync,S=(\d+),W=(\d+)$/;

/**
 * Writes our base name. It begins with the seconds, because Dovecot orders files that its uidlist does not know by
 * that number; where other programs put the host name stands `spoolsync`, so no delivery agent makes an equal name.
 */
export function formatBaseName(name: OwnName): string {
  const seconds = Math.max(0, name.seconds);
  return `${seconds}.U${name.uid}X${name.digest}.spoolsync,S=${name.size},W=${name.vsize}`;
}

/** Reads a base name of ours; undefined for any name that `formatBaseName` would not write exactly so. */
export function parseOwnBaseName(base: string): OwnName | undefined {
  const match = OWN.exec(base);
  if (match === null) return undefined;
  const [, seconds, uid, digest = '', size, vsize] = match;
  const name = {
    seconds: Number(seconds),
    uid: Number(uid),
    digest,
    size: Number(size),
    vsize: Number(vsize),
  };
  if (name.uid === 0 || name.uid > MAX_UID) return undefined;
  return formatBaseName(name) === base ? name : undefined;
}

/**
 * The base name of a message of ours that becomes its user's: not one that we make, so that no later pass takes the
 * file for its own.
 */
export function releasedBaseName(base: string): string {
  return base.replace('.spoolsync,', '.released,');
}

/** Cuts a file name at its first `:`; `info` begins with that colon, or is empty. */
export function splitName(filename: string): { readonly base: string; readonly info: string } {
  const colon = filename.indexOf(':');
  if (colon < 0) return { base: filename, info: '' };
  return { base: filename.slice(0, colon), info: filename.slice(colon) };
}

/**
 * The sizes that any base name claims, in bytes. Like Dovecot, only the first `,S=` and `,W=` count, and only when a
 * comma or the end follows the digits.
 */
export function readSizes(base: string): { readonly size?: number; readonly vsize?: number } {
  const size = readSize(base, ',S=');
  const vsize = readSize(base, ',W=');
  return { ...(size !== undefined && { size }), ...(vsize !== undefined && { vsize }) };
}

function readSize(base: string, key: string): number | undefined {
  const at = base.indexOf(key);
  if (at < 0) return undefined;
  const digits = base.slice(at + key.length).split(',', 1)[0] ?? '';
  if (!/^\d+$/.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : undefined;
}
