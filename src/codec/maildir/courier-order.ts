/** The orders in which Courier's servers take messages (docs/formats.md, "Maildirs of Courier" and "POP3 UIDLs"). */

/**
 * Compares base names as Courier's IMAP server numbers messages that have no UID yet: by the number at the beginning (none is
 * 0), then byte by byte. Other than Dovecot it does not count the microseconds as a number.
 */
export function compareCourierArrival(a: string, b: string): number {
  return compareNumbers(a, b) || compareBytes(a, b);
}

/** Compares base names as its POP3 server lists them: the colon of the info suffix counts as a byte of the name. */
export function compareCourierPop3(a: string, b: string): number {
  return compareNumbers(a, b) || compareBytes(`${a}:`, `${b}:`);
}

function compareNumbers(a: string, b: string): number {
  const [left, right] = [leadingNumber(a), leadingNumber(b)];
  return left === right ? 0 : left < right ? -1 : 1;
}

function compareBytes(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function leadingNumber(base: string): bigint {
  const [, digits] = /^\s*([-+]?\d+)/.exec(base) ?? [];
  return digits === undefined ? 0n : BigInt.asIntN(64, clamp(BigInt(digits.replace(/^\+/, ''))));
}

const MAX = (1n << 63n) - 1n;

function clamp(value: bigint): bigint {
  return value > MAX ? MAX : value < -MAX ? -MAX : value;
}
