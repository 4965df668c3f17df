import { setTimeout as sleep } from 'node:timers/promises';
import { readSourceName, unusableName } from '../../codec/maildir/source-name.ts';
import { SpoolsyncError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { CarriedField, Fingerprint } from '../../core/message.ts';
import type { Dir } from '../../io/dir.ts';
import { printable } from '../../io/names.ts';
import { isYoungMailbox } from '../mail-account.ts';
import { folderPrint } from './fingerprint.ts';
import type { SourceFolder } from './folder.ts';

/** One message file of a folder. There is one for each message of a folder that is read; all else of it is on the disk. */
export interface Entry {
  /** See `SourceFile.key`. */
  readonly key: string;
  readonly base: string;
  /** File name, and whether it lies in `new/`. */
  name: string;
  fresh: boolean;
  /** `:2,` and what follows, or nothing. */
  info: string;
  /** Whether another file has its base name, and is the one that Dovecot shows under it. */
  readonly second: boolean;
  /** UID in the source, 0 for none. */
  uid: number;
  fields: readonly CarriedField[];
}

/** Something about a file that an administrator should look at. */
export interface Problem {
  readonly code: string;
  /** Path below the folder, printable; empty for the folder itself. */
  readonly file: string;
  /** What was found, and what was done. */
  readonly message: string;
}

export type Entries = Map<string, Entry>;

export interface FolderListing {
  readonly entries: Entries;
  readonly problems: readonly Problem[];
}

/** A folder as it was at one moment. */
export interface StableListing extends FolderListing {
  readonly print: Fingerprint;
  /** Whether a later change of the folder cannot leave it the same times. */
  readonly settled: boolean;
  /** Whether two listings agreed, or nothing changed during one; else all names of the last two are here. */
  readonly agreed: boolean;
}

const NO_FIELDS: readonly CarriedField[] = [];
/** Milliseconds between two listings, times their number. */
const PAUSE = 100;

/**
 * Lists a folder until that shows one state of it: a name that is renamed while a directory is read may be met twice, or
 * not at all. Bounded: mail may arrive all the time.
 */
export async function listFolder(folder: SourceFolder, checkSignal: () => void): Promise<StableListing> {
  let print = folderPrint(folder);
  let listing = listOnce(folder);
  for (let look = 1; ; look++) {
    const now = folderPrint(folder);
    const still = now.parts === print.parts;
    if (still && !isYoungMailbox(print)) return { ...listing, print, settled: true, agreed: true };
    checkSignal();
    const again = listOnce(folder);
    if (sameNames(listing.entries, again.entries))
      return { ...again, print: now, settled: false, agreed: true };
    if (look === LIMITS.relistings) {
      for (const [key, entry] of listing.entries) if (!again.entries.has(key)) again.entries.set(key, entry);
      return { ...again, print: now, settled: false, agreed: false };
    }
    await sleep(PAUSE * look);
    print = folderPrint(folder);
    listing = listOnce(folder);
  }
}

/** `new/` first: mail moves from there to `cur/`, and is then met twice rather than not at all. */
export function listOnce({ cur, new: fresh }: SourceFolder): FolderListing {
  const lister = new Lister(cur, fresh);
  if (fresh !== undefined) lister.add(fresh, true);
  if (cur !== undefined) lister.add(cur, false);
  return lister;
}

class Lister implements FolderListing {
  readonly entries: Entries = new Map();
  readonly problems: Problem[] = [];
  /** Few are told apart, and each would hold on to a whole name. */
  readonly #infos = new Map<string, string>();
  readonly #cur: Dir | undefined;
  readonly #new: Dir | undefined;

  constructor(cur: Dir | undefined, fresh: Dir | undefined) {
    this.#cur = cur;
    this.#new = fresh;
  }

  add(dir: Dir, fresh: boolean): void {
    for (const name of dir.entries()) {
      if (name.startsWith('.')) continue;
      if (this.entries.size >= LIMITS.folderMessages) throw tooMany(dir);
      const unusable = unusableName(name);
      if (unusable !== undefined) {
        this.#problem('NAME_UNUSABLE', name, fresh, `${unusable}; it was not read`);
        continue;
      }
      this.#addName(name, fresh);
    }
  }

  #addName(name: string, fresh: boolean): void {
    const { base: read, info, separator } = readSourceName(name);
    // Dovecot gives a name without a base name a new one; here the whole name serves.
    const base = read === '' ? name : read;
    if (separator !== undefined) {
      const message = `separates its flags with "${separator}", not ":"; they were read, and in the target it has a name of its own`;
      this.#problem('SEPARATOR_REPAIRED', name, fresh, message);
    }
    const other = this.entries.get(base);
    const entry = {
      key: base,
      base,
      name,
      fresh,
      info: this.#shared(info),
      second: false,
      uid: 0,
      fields: NO_FIELDS,
    };
    if (other === undefined) this.entries.set(base, entry);
    else this.#addSecond(entry, other);
  }

  /**
   * Of two files with one base name the one in `cur/` is the message; of two there, the one with the lower inode, which
   * renames do not change. The other is a message of its own, unless it is the same file.
   */
  #addSecond(entry: Entry, other: Entry): void {
    const { base } = entry;
    const [mine, theirs] = [this.#inode(entry), this.#inode(other)];
    if (mine === undefined) return;
    if (theirs === undefined || theirs === mine) {
      // Moved while the directories were read, or two names of one file.
      if (theirs !== undefined) this.#doubled(entry, other, 'is the same file as');
      this.entries.set(base, entry);
      return;
    }
    const first = entry.fresh === other.fresh ? mine < theirs : !entry.fresh;
    const [winner, loser, inode] = first ? [entry, other, theirs] : [other, entry, mine];
    this.entries.set(base, { ...winner, key: base, second: false });
    this.entries.set(`${base}:${inode}`, { ...loser, key: `${base}:${inode}`, second: true });
  }

  #doubled(entry: Pick<Entry, 'name' | 'fresh'>, other: Entry, how: string): void {
    const message = `${how} ${placeOf(other)}; it was taken once`;
    this.#problem('DUPLICATE_FILE', entry.name, entry.fresh, message);
  }

  #shared(info: string): string {
    const known = this.#infos.get(info);
    if (known !== undefined) return known;
    if (this.#infos.size < LIMITS.sharedInfos) this.#infos.set(info, info);
    return info;
  }

  #inode({ name, fresh }: Pick<Entry, 'name' | 'fresh'>): bigint | undefined {
    return (fresh ? this.#new : this.#cur)?.lstat(name)?.ino;
  }

  #problem(code: string, name: string, fresh: boolean, message: string): void {
    this.problems.push({ code, file: placeOf({ name, fresh }), message });
  }
}

function tooMany(dir: Dir): SpoolsyncError {
  return new SpoolsyncError('SOURCE_DAMAGED', `more than ${LIMITS.folderMessages} files in one folder`, {
    place: printable(dir.path),
    advice: 'look what fills it; mail is better kept in more than one folder',
  });
}

/** Where a file lies below its folder: printable. */
export function placeOf({ name, fresh }: Pick<Entry, 'name' | 'fresh'>): string {
  return `${fresh ? 'new' : 'cur'}/${printable(name)}`;
}

function sameNames(a: Entries, b: Entries): boolean {
  if (a.size !== b.size) return false;
  for (const [key, { name, fresh }] of a) {
    const other = b.get(key);
    if (other?.name !== name || other.fresh !== fresh) return false;
  }
  return true;
}
