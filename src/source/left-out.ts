import { decodeMutf7 } from '../codec/maildir/mutf7.ts';
import { toNameBytes } from '../io/names.ts';

/** Patterns of what is left out: names in which `*` stands for any bytes, slashes too. All latin1. */

/** Whether one of the patterns stands for a name. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern, name));
}

/**
 * Whether a mailbox is left out. `parts` are its hierarchy as on the source's disk or below a Maildir; none is INBOX.
 * Patterns have the parts joined by slashes, in the source's spelling or, where that is modified UTF-7, in UTF-8.
 * INBOX compares without case, as everywhere in IMAP (RFC 3501, 5.1).
 */
export function isLeftOut(patterns: readonly string[] | undefined, parts: readonly string[]): boolean {
  if (patterns === undefined || patterns.length === 0) return false;
  if (parts.length === 0 || (parts.length === 1 && parts[0] === 'INBOX'))
    return matchesAny(
      patterns.map((pattern) => pattern.toUpperCase()),
      'INBOX',
    );
  const readable = parts.map((part) => {
    const text = decodeMutf7(part);
    return text === undefined ? part : toNameBytes(text);
  });
  return matchesAny(patterns, parts.join('/')) || matchesAny(patterns, readable.join('/'));
}

/** Leftmost matches of the pieces between the stars, one after the other: names belong to users, so no backtracking. */
function matches(pattern: string, name: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return pattern === name;
  if (!name.startsWith(head) || name.length < head.length + tail.length || !name.endsWith(tail)) return false;
  let at = head.length;
  const end = name.length - tail.length;
  return rest.every((piece) => {
    const found = name.indexOf(piece, at);
    at = found + piece.length;
    return found >= 0 && at <= end;
  });
}
