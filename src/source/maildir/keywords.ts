import { CourierKeywordList, readCourierUpdate, readCourierUpdateName } from '../../codec/maildir/courier.ts';
import { parseKeywords } from '../../codec/maildir/keywords.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Dir } from '../../io/dir.ts';
import { readWhole } from '../../io/file.ts';
import { readLines } from '../../io/lines.ts';
import { openOwn, readOwn } from '../own-file.ts';
import { openBelow } from '../walk.ts';
import type { SourceFolder } from './folder.ts';
import type { Entries, Entry } from './listing.ts';

/** The keywords of a folder's messages. */
export interface FolderKeywords {
  /** All names, in the order of the server's own list. */
  readonly names: readonly string[];
  /** Those of a message; `indexes` are the letters in its name. */
  of(entry: Entry, indexes: readonly number[]): readonly string[];
}

/**
 * Reads Dovecot's letters and Courier's lists. A letter without a name is `unknown-<n>`, as for Dovecot. Courier keeps no
 * letters in names; messages of a folder that both served have the keywords of both.
 */
export function readFolderKeywords(folder: SourceFolder, owner: number, entries: Entries): FolderKeywords {
  const letters = readLetters(folder, owner);
  const courier = readCourier(folder, owner, entries);
  const named = letters.filter((name) => name !== undefined);
  const names = new Map<string, string>();
  for (const name of [...named, ...courier.names])
    if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  return {
    names: [...names.values()],
    of: ({ key }, indexes) => {
      const own = courier.byKey.get(key) ?? [];
      if (indexes.length === 0) return own;
      return [...new Set([...indexes.map((index) => letters[index] ?? `unknown-${index}`), ...own])];
    },
  };
}

function readLetters({ control }: SourceFolder, owner: number): readonly (string | undefined)[] {
  const bytes = readOwn(control, 'dovecot-keywords', owner);
  return bytes === undefined ? [] : parseKeywords(bytes.toString('latin1')).table;
}

interface CourierKeywords {
  readonly names: readonly string[];
  /** Equal lists are one array. */
  readonly byKey: ReadonlyMap<string, readonly string[]>;
}

function readCourier({ dir }: SourceFolder, owner: number, entries: Entries): CourierKeywords {
  if (dir.lstat('courierimapkeywords')?.kind !== 'dir') return { names: [], byKey: new Map() };
  const keywords = openBelow(dir, ['courierimapkeywords'], owner);
  if (keywords === undefined) return { names: [], byKey: new Map() };
  try {
    return new CourierReader(keywords, owner, entries).read();
  } finally {
    keywords.close();
  }
}

class CourierReader {
  readonly #dir: Dir;
  readonly #owner: number;
  readonly #entries: Entries;
  readonly #byKey = new Map<string, readonly string[]>();
  readonly #shared = new Map<string, readonly string[]>();

  constructor(dir: Dir, owner: number, entries: Entries) {
    this.#dir = dir;
    this.#owner = owner;
    this.#entries = entries;
  }

  read(): CourierKeywords {
    const names = [...this.#readList()];
    for (const name of this.#readUpdates()) if (!names.includes(name)) names.push(name);
    return { names, byKey: this.#byKey };
  }

  #readList(): readonly string[] {
    const list = new CourierKeywordList();
    const file = openOwn(this.#dir, ':list', this.#owner);
    try {
      for (const { text } of file === undefined ? [] : readLines(file)) {
        const message = list.line(text);
        if (message !== undefined) this.#set(message.base, message.keywords);
      }
      return list.names;
    } finally {
      file?.close();
    }
  }

  /** Of the files about one message the newest counts, and more than the list. */
  #readUpdates(): Set<string> {
    const newest = new Map<string, { readonly name: string; readonly rank: number }>();
    for (const name of this.#dir.entries()) {
      const update = readCourierUpdateName(name);
      if (update === undefined || !this.#entries.has(update.base)) continue;
      const known = newest.get(update.base);
      if (known === undefined || update.rank > known.rank)
        newest.set(update.base, { name, rank: update.rank });
    }
    const names = new Set<string>();
    for (const [base, { name }] of newest) {
      const bytes = readWhole(openOwn(this.#dir, name, this.#owner), LIMITS.textLine);
      if (bytes === undefined) continue;
      const keywords = readCourierUpdate(bytes.toString('latin1'));
      this.#set(base, keywords);
      for (const keyword of keywords) names.add(keyword);
    }
    return names;
  }

  #set(base: string, keywords: readonly string[]): void {
    if (!this.#entries.has(base)) return;
    const key = keywords.join('\n');
    if (!this.#shared.has(key)) this.#shared.set(key, keywords);
    this.#byKey.set(base, this.#shared.get(key) ?? keywords);
  }
}
