/** Modified UTF-7, the spelling of mailbox names in IMAP and in Maildir++ folders (RFC 3501, 5.1.3). */

/** Writes Unicode as modified UTF-7. A lone surrogate, which no UTF-8 name leads to, is written as U+FFFD. */
export function encodeMutf7(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/&|[^\x20-\x7e]+/g, (run) => (run === '&' ? '&-' : `&${encodeShift(run)}-`));
}

function encodeShift(run: string): string {
  const base64 = Buffer.from(run, 'utf16le').swap16().toString('base64');
  return base64.replace(/=+$/, '').replaceAll('/', ',');
}

/**
 * Reads modified UTF-7. Undefined for anything that `encodeMutf7` would not have written: other bytes than printable
 * ASCII, an open or superfluous shift, ASCII inside a shift, bits left over, half a surrogate pair. U+0000 is no
 * character of a name either: Dovecot 2.3.19 takes `&AAA-` for an invalid name.
 */
export function decodeMutf7(name: string): string | undefined {
  const text = name.replace(/&([^-]*)-/g, (_, shift: string) => (shift === '' ? '&' : decodeShift(shift)));
  if (text.includes('\0') || encodeMutf7(text) !== name) return undefined;
  return text;
}

function decodeShift(shift: string): string {
  const bytes = Buffer.from(shift.replaceAll(',', '/'), 'base64');
  return bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : '';
}
