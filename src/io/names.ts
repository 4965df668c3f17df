import { assert } from '../core/errors.ts';

/**
 * File names are bytes. Above this floor they travel as latin1 strings: one char per byte, so nothing is lost where a
 * name is no UTF-8. `fsPath` turns such a string back into what `node:fs` wants, `printable` into what people read.
 */

const NOT_ASCII = /[\x80-\xff]/;

/** A latin1 path as an argument for `node:fs`: itself while it is ASCII (faster), else its bytes. */
export function fsPath(path: string): string | Buffer {
  return NOT_ASCII.test(path) ? Buffer.from(path, 'latin1') : path;
}

/** Refuses what is no name of one directory entry. A broken contract of our own code, so `INTERNAL`. */
export function checkName(name: string): void {
  assert(
    name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0'),
    `not a file name: ${JSON.stringify(name)}`,
  );
}

/** The directory and the last name of an absolute path. */
export function splitPath(path: string): { readonly dir: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { dir: path.slice(0, slash) || '/', name: path.slice(slash + 1) };
}

/** Whether a name holds control characters (0-31, 127), which would garble every list and log. */
export function hasControl(name: string): boolean {
  for (let i = 0; i < name.length; i++)
    if (name.charCodeAt(i) < 0x20 || name.charCodeAt(i) === 0x7f) return true;
  return false;
}

/** Text from outside (command line, passwd) as a latin1 string of its UTF-8 bytes: the form names have in here. */
export function toNameBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * A latin1 name or path for messages: UTF-8 where it is UTF-8; control characters, and all bytes >= 0x80 of a name that
 * is no UTF-8, as `\xNN`. A name can therefore neither move the terminal's cursor nor fake a second line.
 */
export function printable(path: string): string {
  const text = Buffer.from(path, 'latin1').toString('utf8');
  const hex = (char: string) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const unsafe = /[\x00-\x1f\x7f-\x9f]/g;
  if (!text.includes('\ufffd')) return text.replace(unsafe, hex);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  return path.replace(/[\x00-\x1f\x7f-\xff]/g, hex);
}
