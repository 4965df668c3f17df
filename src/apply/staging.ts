import type { ContentStore } from '../codec/mbox/message-scanner.ts';
import { assert } from '../core/errors.ts';
import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import type { Owner } from '../io/owner.ts';
import { FILE_MODE } from '../maildir/target-folder.ts';

/** What all our files in a `tmp/` begin with; what is left of it by a killed run is removed by the next. */
const PREFIX = 'spoolsync.';

/**
 * Messages on their way into a folder: complete files in `tmp/`, with owner and INTERNALDATE, waiting for their names.
 * A file gets its name in `cur/` only when the whole spool has been read and found consistent.
 */
export class Staging implements ContentStore {
  readonly #tmp: Dir;
  readonly #owner: Owner | undefined;
  readonly #wanted: (ordinal: number) => boolean;
  readonly #beforeChange: () => void;
  #file: OpenFile | undefined;
  #name = '';

  /**
   * `wanted` says whether a message, by its place in the spool, will probably be added. `beforeChange` is called before
   * anything in `tmp/` changes.
   */
  constructor(
    tmp: Dir,
    owner: Owner | undefined,
    wanted: (ordinal: number) => boolean,
    beforeChange: () => void,
  ) {
    this.#tmp = tmp;
    this.#owner = owner;
    this.#wanted = wanted;
    this.#beforeChange = beforeChange;
  }

  begin(ordinal: number): boolean {
    if (!this.#wanted(ordinal)) return false;
    this.#name = stagedName(ordinal);
    return true;
  }

  data(bytes: Uint8Array): void {
    this.#file ??= this.#create();
    this.#file.write(bytes);
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

  #create(): OpenFile {
    this.#beforeChange();
    return this.#tmp.createFile(this.#name, FILE_MODE);
  }

  /** Removes every staged file, those of earlier runs included. */
  clear(): void {
    this.#file?.close();
    this.#file = undefined;
    // A directory that changes while it is listed may hide entries, so it is listed until nothing is found.
    for (let found = true; found; ) {
      found = false;
      for (const name of this.#tmp.entries()) {
        if (!isStaged(name)) continue;
        this.#beforeChange();
        found = this.#tmp.unlink(name) || found;
      }
    }
  }
}

/** Whether a name in `tmp/` is that of a staged message, of this run or of one that was killed. */
export function isStaged(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** Name in `tmp/` of message `ordinal` of the spool at hand. */
export function stagedName(ordinal: number): string {
  return `${PREFIX}${ordinal}`;
}
