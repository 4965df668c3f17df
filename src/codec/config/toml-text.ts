/**
 * Text for TOML that strangers may have named: nothing in it can end a string or a comment, move a cursor or reorder what
 * people see. Names are latin1 strings of bytes; what is no UTF-8 cannot stand in TOML at all.
 */

const HARMFUL = /[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** A name or path as a TOML string with its quotes; `undefined` where it is no UTF-8. */
export function tomlString(name: string): string | undefined {
  const text = utf8(name);
  if (text === undefined) return undefined;
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replace(HARMFUL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${escaped}"`;
}

/** Text for people as lines of comments, broken between words at about `width` characters. */
export function tomlComment(text: string, width = 110): string[] {
  const safe = text.replace(HARMFUL, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`);
  const lines: string[] = [];
  let line = '#';
  for (const word of safe.split(' ')) {
    if (line.length > 1 && line.length + word.length >= width) {
      lines.push(line);
      line = '#  ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function utf8(name: string): string | undefined {
  const bytes = Buffer.from(name, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}
