import { assert } from '../core/errors.ts';
import { cloneFile, linkFile, type Placed } from '../io/clone.ts';
import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import type { Owner } from '../io/owner.ts';
import { FILE_MODE } from '../maildir/target-folder.ts';
import type { MessageStore } from '../source/maildir/message-store.ts';

/** Hears why a message is copied that should have been linked. */
export type LinkRefused = (reason: string) => void;

/** What all our files in a `tmp/` begin with; what is left of it by a killed run is removed by the next. */
const PREFIX = 'spoolsync.';

export interface StagingManner {
  readonly owner: Owner | undefined;
  /** Says whether a message, by its place in the source, will probably be added. */
  readonly wanted: (ordinal: number) => boolean;
  /** Called before anything in `tmp/` changes. */
  readonly beforeChange: () => void;
  /** With this a message that is a file gets a second name where that can be, instead of a copy. */
  readonly link?: LinkRefused | undefined;
}

/**
 * Messages on their way into a folder: complete files in `tmp/`, with owner and INTERNALDATE, waiting for their names.
 * A file gets its name in `cur/` only when the whole spool has been read and found consistent.
 */
export class Staging implements MessageStore {
  readonly #tmp: Dir;
  readonly #owner: Owner | undefined;
  readonly #wanted: (ordinal: number) => boolean;
  readonly #beforeChange: () => void;
  #file: OpenFile | undefined;
  #name = '';
  /** Until it fails: file systems that can do it are few. */
  #canClone = true;
  /** Whether the file at hand is a link to the source's, which is not to be changed. */
  #linked = false;
  readonly #link: LinkRefused | undefined;

  constructor(tmp: Dir, { owner, wanted, beforeChange, link }: StagingManner) {
    this.#tmp = tmp;
    this.#owner = owner;
    this.#wanted = wanted;
    this.#beforeChange = beforeChange;
    this.#link = link;
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

  /** Links a file, or shares its blocks, instead of writing its bytes again, where that is wanted and can be. */
  takeFile(placed: Placed): boolean {
    this.#beforeChange();
    if (this.#link !== undefined && this.#takeLink(placed, this.#link)) return true;
    if (!this.#canClone) return false;
    this.#file = cloneFile(placed.file, this.#tmp, this.#name, FILE_MODE);
    this.#canClone = this.#file !== undefined;
    return this.#canClone;
  }

  /** Never where the file would have to belong to somebody else in the target: it is one file. */
  #takeLink(placed: Placed, refused: LinkRefused): boolean {
    const { uid, gid, dev } = placed.file.stat;
    const owner = this.#owner ?? { uid: process.geteuid?.() ?? uid, gid };
    if (dev !== this.#tmp.stat.dev) refused('source and target are on different file systems');
    else if (uid !== owner.uid || gid !== owner.gid)
      refused(`files belong to ${uid}:${gid}, and in the target to ${owner.uid}:${owner.gid}`);
    else if (linkFile(placed, this.#tmp, this.#name)) this.#linked = true;
    else refused('the file system does not link them');
    return this.#linked;
  }

  end(date: number): void {
    if (this.#linked) {
      this.#linked = false;
      return;
    }
    assert(this.#file !== undefined, 'a staged message without data');
    if (this.#owner !== undefined) this.#file.setOwner(this.#owner);
    this.#file.setTime(date);
    this.#file.close();
    this.#file = undefined;
  }

  drop(): void {
    if (this.#file === undefined && !this.#linked) return;
    this.#linked = false;
    this.#file?.close();
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
