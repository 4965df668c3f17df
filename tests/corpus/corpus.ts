import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Access to the corpus of real mailboxes; it belongs to its authors and is no part of the project. */

const VARIABLE = 'SPOOLSYNC_CORPUS';
const TABLE = fileURLToPath(new URL('known-differences.md', import.meta.url));

/** Folder that holds EXPECTED.json; `undefined` where the tests cannot run, which has been said by then. */
export const corpusRoot = process.env[VARIABLE];

if (corpusRoot === undefined) console.log(`corpus tests not run: ${VARIABLE} is not set`);

/** One disagreement between a corpus file's expectation and our reading; all fields as they stand in the table. */
export interface Difference {
  readonly file: string;
  readonly what: string;
  readonly expected: string;
  readonly ours: string;
}

export function readJson<T>(file: string): T {
  return JSON.parse(fs.readFileSync(file, 'utf8')) as T;
}

/** The rows of known-differences.md whose file is `wanted`, in the table's order. A row without a reason is an error. */
export function differences(wanted: (file: string) => boolean): Difference[] {
  const lines = fs.readFileSync(TABLE, 'utf8').split('\n');
  const rows = lines.filter((line) => /^\| (?!file |-)/.test(line));
  return rows.flatMap((row) => {
    const [, file = '', what = '', expected = '', ours = '', why = ''] = row
      .split('|')
      .map((cell) => cell.trim());
    if (why === '') throw new Error(`known-differences.md: no reason in: ${row}`);
    return wanted(file) ? [{ file, what, expected, ours }] : [];
  });
}

/** The count that most readers agree on; of several the largest. Texts stand for a refusal and have no vote. */
export function majority(counts: readonly (number | string | undefined)[]): number {
  const votes = new Map<number, number>();
  for (const count of counts) if (typeof count === 'number') votes.set(count, (votes.get(count) ?? 0) + 1);
  const ranked = [...votes].sort(([a, m], [b, n]) => n - m || b - a);
  return ranked[0]?.[0] ?? 0;
}
