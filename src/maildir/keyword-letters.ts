import { formatInfo } from '../codec/maildir/flags.ts';
import {
  addKeywords,
  formatKeywords,
  type KeywordTable,
  keywordIndex,
  parseKeywords,
} from '../codec/maildir/keywords.ts';
import { LIMITS } from '../core/limits.ts';
import type { Flags } from '../core/types.ts';
import type { Dir } from '../io/dir.ts';
import { writeFileAtomic } from '../io/durable.ts';
import type { Owner } from '../io/owner.ts';
import { KEYWORDS as FILE, FILE_MODE } from './target-folder.ts';

/** The keyword letters of one folder. */
export class KeywordLetters {
  readonly #table: KeywordTable;
  readonly #changed: boolean;

  private constructor(table: KeywordTable, changed: boolean) {
    this.#table = table;
    this.#changed = changed;
  }

  /**
   * Letters for a pass: those the folder has, then the keywords that messages carry, then, while letters last, the
   * other names the mailbox knows, which clients offer to their users. `remembered` is what the last pass wrote: the
   * file names carry those letters, whatever has become of the file since.
   */
  static plan(
    dir: Dir,
    inUse: ReadonlySet<string>,
    known: readonly string[],
    remembered: KeywordTable = [],
  ): KeywordLetters {
    const file = readTable(dir);
    const length = Math.max(file.length, remembered.length);
    const old = Array.from({ length }, (_, index) => remembered[index] ?? file[index]);
    const used = known.filter((name) => inUse.has(name));
    const others = [...inUse].filter((name) => !known.includes(name));
    const { table } = addKeywords(old, [...used, ...others, ...known]);
    return new KeywordLetters(table, formatKeywords(table) !== formatKeywords(file));
  }

  /** The letters as they are, for reading. */
  static read(dir: Dir): KeywordLetters {
    return new KeywordLetters(readTable(dir), false);
  }

  get table(): KeywordTable {
    return this.#table;
  }

  get changed(): boolean {
    return this.#changed;
  }

  /** Must be on disk before a file name carries a new letter: Dovecot would give it a name of its own. */
  write(dir: Dir, owner: Owner | undefined): void {
    if (!this.#changed) return;
    const text = Buffer.from(formatKeywords(this.#table), 'latin1');
    writeFileAtomic(dir, FILE, text, { mode: FILE_MODE, owner, temp: `${FILE}.tmp` });
  }

  /** Letter indexes of keywords, and the names that have none. */
  indexesOf(names: readonly string[]): { readonly indexes: number[]; readonly missing: string[] } {
    const indexes: number[] = [];
    const missing: string[] = [];
    for (const name of names) {
      const index = keywordIndex(this.#table, name);
      if (index === undefined) missing.push(name);
      else indexes.push(index);
    }
    return { indexes, missing };
  }

  /** The info suffix of a message; keywords without a letter are left out. */
  infoOf(flags: Flags, keywords: readonly string[]): string {
    return formatInfo(flags, this.indexesOf(keywords).indexes);
  }

  /** The name behind a letter index. */
  nameOf(index: number): string {
    return this.#table[index] ?? `unknown-${index}`;
  }
}

function readTable(dir: Dir): KeywordTable {
  const file = dir.openFile(FILE);
  if (file === undefined) return [];
  try {
    return parseKeywords(file.readAll(LIMITS.smallFile).toString('latin1')).table;
  } finally {
    file.close();
  }
}
