import { digestNumber } from '../codec/digest.ts';
import { parseOwnBaseName, splitName } from '../codec/maildir/name.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { Listing } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';
import { printable } from '../io/names.ts';
import type { TargetFolder } from './target-folder.ts';

const MASK = (1n << 64n) - 1n;

/** Adds up names without holding them. The order of names does not matter. */
export class ListingSum {
  #count = 0;
  #sum = 0n;

  add(name: string): void {
    this.#count++;
    this.#sum = (this.#sum + digestNumber(Buffer.from(name, 'latin1'))) & MASK;
  }

  get listing(): Listing {
    return { count: this.#count, sum: this.#sum.toString(16) };
  }
}

/** The sum over all message files of a folder, `new/` told apart from `cur/`. */
export function sumListing(folder: TargetFolder): Listing {
  const sum = new ListingSum();
  for (const name of messageFiles(folder.cur)) sum.add(name);
  for (const name of messageFiles(folder.new)) sum.add(`new/${name}`);
  return sum.listing;
}

/** Names that can be messages: Dovecot passes over those with a leading dot. */
export function* messageFiles(dir: Dir): Generator<string, void, void> {
  for (const name of dir.entries()) if (!name.startsWith('.')) yield name;
}

/** What lies in a folder, name by name; made only when the sum does not fit. */
export interface Inventory {
  /** Base name of each of our files in `cur/` to its full name. */
  readonly own: ReadonlyMap<string, string>;
  /** Message files that are not ours, with `cur/` or `new/` before the name; at most `FOREIGN_SHOWN` of them. */
  readonly foreign: readonly string[];
}

const FOREIGN_SHOWN = 3;

/**
 * Lists a folder. A file is ours when it lies in `cur/` under a name that only we make, and only once; whoever forges
 * such a name in his own Maildir gains nothing, since bytes are compared before a file is taken for a message.
 */
export function takeInventory(folder: TargetFolder): Inventory {
  const own = new Map<string, string>();
  const foreign: string[] = [];
  for (const name of messageFiles(folder.cur)) {
    const { base } = splitName(name);
    if (parseOwnBaseName(base) !== undefined && !own.has(base)) own.set(base, name);
    else if (foreign.length < FOREIGN_SHOWN) foreign.push(`cur/${name}`);
  }
  for (const name of messageFiles(folder.new)) {
    if (foreign.length >= FOREIGN_SHOWN) break;
    foreign.push(`new/${name}`);
  }
  return { own, foreign };
}

/** What a folder looks like from outside: enough to notice that somebody else has worked on it. */
export interface FolderState {
  readonly listing: Listing;
  /** Inode, size and time of the uidlist; empty if there is none. */
  readonly uidlist: string;
}

export function folderState(folder: TargetFolder): FolderState {
  const stat = folder.dir.lstat('dovecot-uidlist');
  const uidlist = stat === undefined ? '' : `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs}`;
  return { listing: sumListing(folder), uidlist };
}

/** `TARGET_FOREIGN` if the folder is not as it was `seen`: mail may have been delivered meanwhile. Call under the lock. */
export function refuseChanged(folder: TargetFolder, seen: FolderState): void {
  const { listing, uidlist } = folderState(folder);
  if (listing.count === seen.listing.count && listing.sum === seen.listing.sum && uidlist === seen.uidlist)
    return;
  throw new SpoolsyncError(
    'TARGET_FOREIGN',
    'somebody else changed the target folder while the source was read',
    {
      place: printable(folder.dir.path),
      advice: 'keep users and mail delivery off the target until the cutover, and run the same command again',
    },
  );
}
