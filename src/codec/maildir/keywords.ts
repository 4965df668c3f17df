import { LIMITS } from '../../core/limits.ts';

/**
 * `dovecot-keywords`: which keyword each of the letters a to z in a folder's file names means (docs/formats.md,
 * "dovecot-keywords"). Text is latin1, one char per byte.
 */

/** Keyword names by letter index, 0 (`a`) to 25 (`z`); undefined where a letter has no name. */
export type KeywordTable = readonly (string | undefined)[];

/**
 * Reads the file as leniently as Dovecot does; each remark names a line that does not count. Names compare without
 * case. Where one number stands twice, the later name holds (observed with Dovecot 2.3.19).
 */
export function parseKeywords(text: string): {
  readonly table: KeywordTable;
  readonly remarks: readonly string[];
} {
  const table: (string | undefined)[] = [];
  const remarks: string[] = [];
  const seen = new Set<string>();
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const [at, line] of lines.entries()) {
    const [, digits = '', name = ''] = /^(\d+) (.*?)\r?$/s.exec(line) ?? [];
    const index = Number(digits);
    const remark = (why: string) => remarks.push(`line ${at + 1}: ${why}`);
    if (digits === '' || !isKeywordName(name)) remark('not a number and a keyword');
    else if (index >= LIMITS.maildirKeywords) remark('number above 25');
    else if (seen.has(fold(name))) remark('keyword stands twice');
    else {
      if (table[index] !== undefined) remark(`number ${index} stands twice`);
      seen.add(fold(name));
      setIndex(table, index, name);
    }
  }
  return { table, remarks };
}

/** Writes the file. */
export function formatKeywords(table: KeywordTable): string {
  return table.map((name, index) => (name === undefined ? '' : `${index} ${name}\n`)).join('');
}

/** Letter index of a keyword, compared without case; undefined where the table does not name it. */
export function keywordIndex(table: KeywordTable, name: string): number | undefined {
  const wanted = fold(name);
  const index = table.findIndex((entry) => entry !== undefined && fold(entry) === wanted);
  return index < 0 ? undefined : index;
}

/**
 * Gives every name a letter that has none yet. No entry ever moves, since file names already carry the letters. New
 * letters are taken behind the last one in use; gaps come last, as names with such a letter may exist all the same.
 */
export function addKeywords(
  table: KeywordTable,
  names: readonly string[],
): {
  readonly table: KeywordTable;
  /** Names that found no letter left: the 27th and later. */
  readonly overflow: readonly string[];
  /** Names that the file cannot hold: empty, or with a control character. */
  readonly unusable: readonly string[];
} {
  const next = [...table];
  const overflow: string[] = [];
  const unusable: string[] = [];
  for (const name of names) {
    if (!isKeywordName(name)) {
      unusable.push(name);
      continue;
    }
    if (keywordIndex(next, name) !== undefined) continue;
    const index = next.length < LIMITS.maildirKeywords ? next.length : next.indexOf(undefined);
    if (index < 0) overflow.push(name);
    else next[index] = name;
  }
  return { table: next, overflow, unusable };
}

/** Sets an entry, without the holes of a sparse array on the way there. */
function setIndex(table: (string | undefined)[], index: number, name: string): void {
  while (table.length < index) table.push(undefined);
  table[index] = name;
}

function isKeywordName(name: string): boolean {
  return /^[\x20-\x7e\x80-\xff]+$/.test(name);
}

/** ASCII only: Dovecot compares bytes with strcasecmp. */
function fold(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
