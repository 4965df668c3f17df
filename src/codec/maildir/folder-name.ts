import { assert } from '../../core/errors.ts';
import { decodeMutf7 } from './mutf7.ts';

/**
 * Mailbox name to Maildir++ folder and back.
 *
 * Maildir++ writes the mailbox `A/B` as directory `.A.B`: parts in modified UTF-7, joined by dots. Source names hold
 * more than that can say, so some bytes are written `=XX` (two upper-case hex digits), which stays readable in an IMAP
 * client: `v1.2` becomes `v1=2E2`. Escaped are, in each part:
 * - the dot, the slash, control characters;
 * - where the part is no valid modified UTF-7: every `&` and every byte from 0x80 on, so that the result is valid;
 * - `=` where it would look like an escape (two such digits follow), or is the whole part; `=` alone is the empty part;
 * and in the first part only (both observed with Dovecot 2.3.19):
 * - a leading `~`, which Dovecot refuses to open;
 * - the first letter of `inbox` in any case, which Dovecot takes for the INBOX itself; but `INBOX` in exactly that
 *   case, with further parts, names ordinary folders below INBOX and stays.
 *
 * Undoing all escapes gives back the name, so two names never share a folder. `cur`, `new` and `tmp` need nothing: as
 * folders they are `.cur`, `.new`, `.tmp`.
 */

/** Bytes in a file name: NAME_MAX of Linux. */
const MAX_FOLDER = 255;

export type Folder =
  | {
      readonly ok: true;
      /** Directory name below the Maildir root, `.A.B`; empty for INBOX, the root itself. */
      readonly folder: string;
      /** Whether something was escaped, and clients will see another name than before. */
      readonly changed: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Names the folder of a mailbox. Each part is latin1 text, one char per byte of its name on the source's disk; no
 * parts at all is INBOX, while `['INBOX']` is a mailbox that merely has this name, below the mail root. The one thing
 * that no escape helps against is a name too long for a directory.
 */
export function toFolder(parts: readonly string[]): Folder {
  assert(
    parts.every((part) => !/[^\0-\xff]/.test(part)),
    'a mailbox name that is not latin1 text',
  );
  const folder = parts.map((part, level) => `.${escapePart(part, level === 0, parts.length === 1)}`).join('');
  if (folder.length > MAX_FOLDER) {
    return {
      ok: false,
      reason: `the folder name would have ${folder.length} bytes; ${MAX_FOLDER} are possible`,
    };
  }
  return { ok: true, folder, changed: folder !== parts.map((part) => `.${part}`).join('') };
}

/** Names the mailbox of a folder; undefined for a directory name that `toFolder` never returns. */
export function fromFolder(folder: string): readonly string[] | undefined {
  if (folder === '') return [];
  const [before, ...escaped] = folder.split('.');
  if (before !== '') return undefined;
  const parts = escaped.map(unescapePart);
  const back = toFolder(parts);
  return back.ok && back.folder === folder ? parts : undefined;
}

const CONTROL = /[^\x20-\x7e\x80-\xff]/g;
const FOR_ESCAPE = /=(?=[0-9A-F]{2})|[./]|[^\x20-\x7e\x80-\xff]/g;
const IN_BAD_MUTF7 = /[&\x80-\xff]/g;

function escapePart(part: string, first: boolean, only: boolean): string {
  if (part === '') return '=';
  if (part === '=') return '=3D';
  const outside = part.replace(FOR_ESCAPE, escapeChar);
  // ASCII control characters are escaped already; shifts of valid modified UTF-7 hold nothing that is escaped above.
  const valid = decodeMutf7(part.replace(CONTROL, '_')) !== undefined;
  const text = valid ? outside : outside.replace(IN_BAD_MUTF7, escapeChar);
  if (!first) return text;
  const reserved = part.startsWith('~') || (/^inbox$/i.test(part) && (only || part !== 'INBOX'));
  return reserved ? escapeChar(text.charAt(0)) + text.slice(1) : text;
}

function escapeChar(char: string): string {
  return `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function unescapePart(text: string): string {
  if (text === '=') return '';
  return text.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
