import { assert } from '../core/errors.ts';
import { cloneFile } from '../io/clone.ts';
import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import type { Owner } from '../io/owner.ts';
import { FILE_MODE } from '../maildir/target-folder.ts';
import type { MessageStore } from '../source/maildir/message-store.ts';

/** What all our files in a `tmp/` begin with; what is left of it by a killed run is removed by the next. */
const PREFIX = 'spoolsync.';

/**
 * Messages on their way into a folder: complete files in `tmp/`, with owner and INTERNALDATE, waiting for their names.
 * A file gets its name in `cur/` only when the whole spool has been read and found consistent.
 */
export class Staging implements MessageStore {
  readonly #tmp: Dir;
  readonly #owner: Owner | undefined;
  readonly #wanted: (ordinal: number) => boolean;
  #file: OpenFile | undefined;
  #name = '';
  /** Until it fails: file systems that can do it are few. */
  #canClone = true;

  /** `wanted` says whether a message, by its place in the spool, will probably be added. */
  constructor(tmp: Dir, owner: Owner | undefined, wanted: (ordinal: number) => boolean) {
    this.#tmp = tmp;
    this.#owner = owner;
    this.#wanted = wanted;
  }

  begin(ordinal: number): boolean {
    if (!this.#wanted(ordinal)) return false;
    this.#name = stagedName(ordinal);
    return true;
  }

  data(bytes: Uint8Array): void {
    this.#file ??= this.#tmp.createFile(this.#name, FILE_MODE);
    this.#file.write(bytes);
  }

  /** Shares the blocks of a file instead of writing them again, where the file system can. */
  takeFile(file: OpenFile): boolean {
    if (!this.#canClone) return false;
    this.#file = cloneFile(file, this.#tmp, this.#name, FILE_MODE);
    this.#canClone = this.#file !== undefined;
    return this.#canClone;
  }

  end(date: number): void {
    assert(this.#file !== undefined, 'a staged message without data');
    if (this.#owner !== undefined) this.#file.setOwner(this.#owner);
    this.#file.setTime(date);
    this.#file.close();
    this.#file = undefined;
  }

  drop(): void {
    if (this.#file === undefined) return;
    this.#file.close();
    this.#file = undefined;
    this.#tmp.unlink(this.#name);
  }

  /** Removes every staged file, those of earlier runs included. */
  clear(): void {
    this.#file?.close();
    this.#file = undefined;
    // A directory that changes while it is listed may hide entries, so it is listed until nothing is found.
    for (let found = true; found; ) {
      found = false;
      for (const name of this.#tmp.entries()) {
        if (!name.startsWith(PREFIX)) continue;
        found = this.#tmp.unlink(name) || found;
      }
    }
  }
}

/** Name in `tmp/` of message `ordinal` of the spool at hand. */
export function stagedName(ordinal: number): string {
  return `${PREFIX}${ordinal}`;
}
