import { splitName } from './name.ts';

/**
 * Names of message files as servers other than ours leave them (docs/formats.md, "Maildir file names" and "Maildirs of
 * other servers"). Text is latin1, one char per byte of the name.
 */

export interface SourceName {
  /** What tells the message from others, flags aside. */
  readonly base: string;
  /** `:2,` and what follows, as `parseInfo` reads it; empty without one. */
  readonly info: string;
  /** The separator, where it was not a colon: flags behind it are none to Dovecot, and it takes all of the name for the base name. */
  readonly separator?: string;
}

/** `;2,S`, `!2,S` and `-2,S` of file systems that have no colons. Only letters may follow: `host-2,S=10` is a base name. */
const OTHER = /^(.+)([;!-])2,([A-Za-z]*)$/s;

export function readSourceName(name: string): SourceName {
  const { base, info } = splitName(name);
  const [, front = '', separator = '', letters = ''] = info === '' ? (OTHER.exec(name) ?? []) : [];
  return front === '' ? { base, info } : { base: front, info: `:2,${letters}`, separator };
}

/** Why a name in `cur/` or `new/` is no message, or `undefined` where it is one. */
export function unusableName(name: string): string | undefined {
  if (/[\r\n]/.test(name)) return 'has a line break in its name, for which Dovecot passes over it';
  return undefined;
}

/**
 * The order in which Dovecot gives UIDs to messages that its uidlist does not name: by the seconds that a name begins
 * with; then by the number behind the first `M` of the next part, where both names have one; then by what follows the
 * seconds, byte by byte (docs/formats.md, "Maildir file names"). Takes names up to and with the colon before the flags,
 * if there is one.
 */
export function compareArrival(a: string, b: string): number {
  const [left, right] = [arrivalOf(a), arrivalOf(b)];
  if (left.seconds !== right.seconds) return left.seconds - right.seconds;
  if (left.micros !== undefined && right.micros !== undefined && left.micros !== right.micros)
    return left.micros - right.micros;
  return left.rest < right.rest ? -1 : left.rest > right.rest ? 1 : 0;
}

interface Arrival {
  readonly seconds: number;
  readonly micros: number | undefined;
  readonly rest: string;
}

function arrivalOf(name: string): Arrival {
  const digits = /^\d*/.exec(name)?.[0] ?? '';
  const rest = name.slice(digits.length);
  const micros = /^\.[^.:M]*M(\d*)/.exec(rest)?.[1];
  return { seconds: Number(digits), micros: micros === undefined ? undefined : Number(micros), rest };
}
