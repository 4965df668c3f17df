/**
 * The `subscriptions` file, both versions (docs/formats.md, "subscriptions"). A name is the list of its hierarchy
 * parts as they stand on disk: modified UTF-7, latin1 text, one char per byte.
 */

export type Subscriptions =
  | {
      readonly ok: true;
      /** Version 1: names as typed, with the namespace's separator. Version 2: parts, whatever the separator. */
      readonly version: 1 | 2;
      readonly names: readonly (readonly string[])[];
    }
  | { readonly ok: false; readonly reason: string };

const ESCAPE_BYTE = '\x01';

/** What follows the escape byte, by the byte that it stands for. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '0'],
  ['\x01', '1'],
  ['\t', 't'],
  ['\r', 'r'],
  ['\n', 'n'],
]);

const UNESCAPES: ReadonlyMap<string, string> = new Map([...ESCAPES].map(([char, code]) => [code, char]));

/** Reads the file; `separator` is the hierarchy separator of names in version 1. Empty lines do not count. */
export function parseSubscriptions(text: string, separator: string): Subscriptions {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  const version = /^V\t(\d+)/.exec(lines[0] ?? '')?.[1];
  if (version === undefined) {
    return { ok: true, version: 1, names: lines.filter(isName).map((line) => line.split(separator)) };
  }
  if (version !== '2') return { ok: false, reason: `version ${version} is not known` };
  // Header lines may follow the first; an empty line ends them.
  const blank = lines.indexOf('');
  const names = blank < 0 ? [] : lines.slice(blank).filter(isName);
  return { ok: true, version: 2, names: names.map((line) => line.split('\t').map(unescapePart)) };
}

/** Writes version 2, which Dovecot 2.3 and 2.4 read and write. */
export function formatSubscriptions(names: readonly (readonly string[])[]): string {
  return `V\t2\n\n${names.map((parts) => `${parts.map(escapePart).join('\t')}\n`).join('')}`;
}

function isName(line: string): boolean {
  return line !== '';
}

function escapePart(part: string): string {
  return [...part].map((char) => (ESCAPES.has(char) ? ESCAPE_BYTE + ESCAPES.get(char) : char)).join('');
}

/** An escape that means nothing stands for its second byte, as for Dovecot. */
function unescapePart(text: string): string {
  const [start = '', ...escaped] = text.split(ESCAPE_BYTE);
  const code = (piece: string) => piece.charAt(0);
  return (
    start + escaped.map((piece) => (UNESCAPES.get(code(piece)) ?? code(piece)) + piece.slice(1)).join('')
  );
}
