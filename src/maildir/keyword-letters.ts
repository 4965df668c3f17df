import { formatInfo } from '../codec/maildir/flags.ts';
import {
  addKeywords,
  formatKeywords,
  type KeywordTable,
  keywordIndex,
  parseKeywords,
} from '../codec/maildir/keywords.ts';
import { LIMITS } from '../core/limits.ts';
import type { Marks } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';
import { writeFileAtomic } from '../io/durable.ts';
import { readWhole } from '../io/file.ts';
import type { Owner } from '../io/owner.ts';
import { KEYWORDS as FILE, FILE_MODE } from './target-folder.ts';

/** The keyword letters of one folder. */
export class KeywordLetters {
  readonly #table: KeywordTable;
  readonly #file: KeywordTable;

  private constructor(table: KeywordTable, file: KeywordTable) {
    this.#table = table;
    this.#file = file;
  }

  /**
   * The letters that a folder has. `remembered` is what the last pass wrote: the file names carry those letters,
   * whatever has become of the file since. `undefined`: a folder that does not exist yet.
   */
  static read(dir: Dir | undefined, remembered: KeywordTable = []): KeywordLetters {
    const file = dir === undefined ? [] : readTable(dir);
    const length = Math.max(file.length, remembered.length);
    const table = Array.from({ length }, (_, index) => remembered[index] ?? file[index]);
    return new KeywordLetters(table, file);
  }

  /**
   * Letters for a pass: those the folder has, then the keywords that messages carry, then, while letters last, the
   * other names the mailbox knows, which clients offer to their users.
   */
  extend(inUse: ReadonlySet<string>, known: readonly string[]): KeywordLetters {
    const used = known.filter((name) => inUse.has(name));
    const others = [...inUse].filter((name) => !known.includes(name));
    const { table } = addKeywords(this.#table, [...used, ...others, ...known]);
    return new KeywordLetters(table, this.#file);
  }

  get table(): KeywordTable {
    return this.#table;
  }

  get changed(): boolean {
    return formatKeywords(this.#table) !== formatKeywords(this.#file);
  }

  /** Must be on disk before a file name carries a new letter: Dovecot would give it a name of its own. */
  write(dir: Dir, owner: Owner | undefined): void {
    if (!this.changed) return;
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

  /** The info suffix of a message; keywords without a letter are left out. `extra`: see `MaildirInfo.unknown`. */
  infoOf({ flags, keywords }: Marks, extra = ''): string {
    return formatInfo(flags, this.indexesOf(keywords).indexes, extra);
  }

  /** The name behind a letter index. */
  nameOf(index: number): string {
    return this.#table[index] ?? `unknown-${index}`;
  }
}

function readTable(dir: Dir): KeywordTable {
  const bytes = readWhole(dir.openFile(FILE), LIMITS.smallFile);
  return bytes === undefined ? [] : parseKeywords(bytes.toString('latin1')).table;
}
