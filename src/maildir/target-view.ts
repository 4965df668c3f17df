import { parseInfo } from '../codec/maildir/flags.ts';
import { splitName } from '../codec/maildir/name.ts';
import type { Marks, Remembered } from '../core/message.ts';
import { baseOf } from './base-of.ts';
import type { Inventory } from './inspect.ts';
import type { KeywordLetters } from './keyword-letters.ts';

/** What a pass that was cut off had in mind for a message of the last manifest, by its UID there. */
export type Tried = (uid: number) => readonly (Remembered | 'removed')[];

interface Looked {
  readonly old: Remembered;
  readonly now: 'as-left' | 'gone' | 'absent' | Marks;
}

/**
 * Says what became of a message since the last pass, from the names in the folder. Without an `inventory` the folder is
 * as it was left.
 */
export class FolderView {
  readonly #inventory: Inventory | undefined;
  readonly #letters: KeywordLetters;
  readonly #tried: Tried;

  constructor(inventory: Inventory | undefined, letters: KeywordLetters, tried: Tried) {
    this.#inventory = inventory;
    this.#letters = letters;
    this.#tried = tried;
  }

  look(old: Remembered): Looked {
    if (this.#inventory === undefined) return { old, now: 'as-left' };
    const base = baseOf(old);
    const name = this.#inventory.own.get(base);
    return name === undefined ? this.#missing(old, this.#inventory) : this.#named(old, base, name);
  }

  #named(old: Remembered, base: string, name: string): Looked {
    const possible = [old, ...this.#tried(old.uid).filter((record) => record !== 'removed')];
    const left = possible.find(
      (record) =>
        baseOf(record) === base &&
        base + this.#letters.infoOf(record.target ?? record, record.extra) === name,
    );
    return left === undefined ? { old, now: this.#marksOf(old, name) } : { old: left, now: 'as-left' };
  }

  #missing(old: Remembered, { own }: Inventory): Looked {
    const tried = this.#tried(old.uid);
    if (tried.some((record) => record !== 'removed' && own.has(baseOf(record))))
      return { old, now: 'as-left' };
    return { old, now: tried.includes('removed') ? 'absent' : 'gone' };
  }

  /** Keywords that have no letter cannot have been taken away by renaming a file. */
  #marksOf(old: Remembered, name: string): Marks {
    const { flags, keywords } = parseInfo(splitName(name).info);
    const { missing } = this.#letters.indexesOf((old.target ?? old).keywords);
    return { flags, keywords: [...keywords.map((index) => this.#letters.nameOf(index)), ...missing] };
  }
}
