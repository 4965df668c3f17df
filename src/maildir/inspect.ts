import { digestNumber } from '../codec/digest.ts';
import { parseOwnBaseName, splitName } from '../codec/maildir/name.ts';
import type { Listing } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';
import { isYoung, type Stat } from '../io/stat.ts';
import { KEYWORDS, type TargetFolder, UIDLIST } from './target-folder.ts';

const MASK = (1n << 64n) - 1n;

/** Adds up names without holding them. The order of names does not matter. */
export class ListingSum {
  #count: number;
  #sum: bigint;

  /** Goes on from a listing, or begins with none. */
  constructor({ count, sum }: Listing = { count: 0, sum: '0' }) {
    this.#count = count;
    this.#sum = BigInt(`0x${sum}`);
  }

  add(name: string): void {
    this.#count++;
    this.#sum = (this.#sum + digestNumber(Buffer.from(name, 'latin1'))) & MASK;
  }

  /** Takes a name out again. */
  remove(name: string): void {
    this.#count--;
    this.#sum = (this.#sum - digestNumber(Buffer.from(name, 'latin1'))) & MASK;
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
  /** Base name of each file in `cur/` that bears a name of ours to its full name. */
  readonly own: ReadonlyMap<string, string>;
  /** Base names of all other message files, and where they lie. */
  readonly others: ReadonlyMap<string, 'cur' | 'new'>;
}

/**
 * Lists a folder. A file bears a name of ours when it lies in `cur/` under a name that only we make, and only once; whoever forges
 * such a name in his own Maildir gains nothing, since bytes are compared before a file is taken for a message.
 */
export function takeInventory(folder: TargetFolder): Inventory {
  const own = new Map<string, string>();
  const others = new Map<string, 'cur' | 'new'>();
  for (const name of messageFiles(folder.cur)) {
    const { base } = splitName(name);
    if (parseOwnBaseName(base) !== undefined && !own.has(base)) own.set(base, name);
    else others.set(base, 'cur');
  }
  for (const name of messageFiles(folder.new)) others.set(splitName(name).base, 'new');
  return { own, others };
}

/** What a folder looks like from outside: enough to notice that somebody else has worked on it. */
export interface FolderState {
  readonly listing: Listing;
  /** See `uidlistStamp`. */
  readonly uidlist: string;
  /** See `stampOf`; taken before the folder was listed. */
  readonly stamp: string;
}

const EMPTY: FolderState = { listing: { count: 0, sum: '0' }, uidlist: '', stamp: '' };

/**
 * `undefined`: a folder that does not exist. `known`: what it was when its stamp could be taken; where that still holds it is
 * not listed again, which in a large folder takes longer than all that a small change to it asks for.
 */
export function folderState(
  folder: TargetFolder | undefined,
  known?: Pick<FolderState, 'listing' | 'stamp'>,
): FolderState {
  if (folder === undefined) return EMPTY;
  const stamp = stampOf(folder);
  const uidlist = uidlistStamp(folder);
  const listing =
    known !== undefined && stamp !== '' && stamp === known.stamp ? known.listing : sumListing(folder);
  return { listing, uidlist, stamp };
}

/** Whether a folder is what it was when it was looked at. It is listed only where its times do not settle that. */
export function isAsSeen(folder: TargetFolder, seen: FolderState): boolean {
  if (seen.stamp !== '' && seen.stamp === stampOf(folder)) return true;
  const { listing, uidlist } = folderState(folder);
  return listing.count === seen.listing.count && listing.sum === seen.listing.sum && uidlist === seen.uidlist;
}

/** Inode, size and times of the uidlist; empty if there is none. */
export function uidlistStamp({ dir }: TargetFolder): string {
  const stat = dir.lstat(UIDLIST);
  return stat === undefined ? '' : stampOfFile(stat);
}

/**
 * Inodes and times of what names a folder's messages: its `cur/` and `new/`, the uidlist, the keyword letters. Equal
 * stamps mean that no name was added, removed or changed in between. Empty where one of the times is so young that a
 * change may follow within the same tick of the clock (`YOUNG_MS`): such a folder must be listed the next time.
 */
function stampOf(folder: TargetFolder): string {
  return stampFrom(folder, folder.cur.restat(), folder.new.restat());
}

/** The same of a folder that has just been opened: as it was then. */
export function stampAsOpened(folder: TargetFolder): string {
  return stampFrom(folder, folder.cur.stat, folder.new.stat);
}

function stampFrom({ dir }: TargetFolder, cur: Stat, fresh: Stat): string {
  const stats = [cur, fresh, dir.lstat(UIDLIST), dir.lstat(KEYWORDS)];
  if (stats.some((stat) => stat !== undefined && isYoung(stat))) return '';
  return stats.map((stat) => (stat === undefined ? '-' : stampOfFile(stat))).join(';');
}

function stampOfFile({ dev, ino, size, mtimeNs, ctimeNs }: Stat): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
