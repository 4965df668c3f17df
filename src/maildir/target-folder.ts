import type { Dir } from '../io/dir.ts';
import type { Owner } from '../io/owner.ts';

/** Modes of everything in the target: only the mail user reads it. */
export const DIR_MODE = 0o700;
export const FILE_MODE = 0o600;

/** An open Maildir folder with its three directories. */
export interface TargetFolder {
  readonly dir: Dir;
  readonly cur: Dir;
  readonly new: Dir;
  readonly tmp: Dir;
  /** Whether this run made it. */
  readonly made: boolean;
  close(): void;
}

const MARKER = 'maildirfolder';
/** Name of the file with the keyword letters of a folder. */
export const KEYWORDS = 'dovecot-keywords';
/** Name of the file with the UIDs of a folder. */
export const UIDLIST = 'dovecot-uidlist';

/**
 * Opens a folder of a Maildir (`''` is the root itself), making what is missing. `maildirfolder` marks every folder
 * but the root, so that delivery agents know where the Maildir begins.
 */
export function ensureFolder(root: Dir, folder: string, owner: Owner | undefined): TargetFolder {
  const own = folder !== '';
  const made = own && root.lstat(folder) === undefined;
  const dir = own ? root.ensureDir(folder, DIR_MODE, owner) : root;
  const opened: Dir[] = own ? [dir] : [];
  try {
    // All that is in the folder is gone after a power cut if its own name is.
    if (made) root.fsync();
    for (const name of ['tmp', 'new', 'cur']) opened.push(dir.ensureDir(name, DIR_MODE, owner));
    if (own && dir.lstat(MARKER) === undefined) makeMarker(dir, owner);
    if (owner !== undefined) for (const part of [...opened, dir]) giveAway(part, owner);
  } catch (error) {
    for (const child of opened) child.close();
    throw error;
  }
  const [tmp, fresh, cur] = opened.slice(-3) as [Dir, Dir, Dir];
  return { dir, cur, new: fresh, tmp, made, close: () => closeAll(opened) };
}

/** Opens a folder that exists, with all three directories; `undefined` if anything is missing. */
export function openFolder(root: Dir, folder: string): TargetFolder | undefined {
  const own = folder !== '';
  const dir = own ? root.openDir(folder) : root;
  if (dir === undefined) return undefined;
  const opened: Dir[] = own ? [dir] : [];
  for (const name of ['tmp', 'new', 'cur']) {
    const child = dir.openDir(name);
    if (child === undefined) {
      closeAll(opened);
      return undefined;
    }
    opened.push(child);
  }
  const [tmp, fresh, cur] = opened.slice(-3) as [Dir, Dir, Dir];
  return { dir, cur, new: fresh, tmp, made: false, close: () => closeAll(opened) };
}

/**
 * Gives away a directory that is still ours, and the files in it: an earlier run was cut off before it could, or had no
 * owner to give it to. What belongs to anybody else stays theirs.
 */
function giveAway(dir: Dir, owner: Owner): void {
  const self = process.geteuid?.();
  if (dir.stat.uid !== self || dir.stat.uid === owner.uid) return;
  for (const name of dir.entries()) {
    if (dir.lstat(name)?.kind !== 'file') continue;
    const file = dir.openFile(name);
    try {
      // One with a second name may be a message of the source (`--link`).
      if (file?.stat.uid === self && file.stat.nlink === 1) file.setOwner(owner);
    } finally {
      file?.close();
    }
  }
  dir.setOwner(owner);
}

/** Takes back a folder that this run made and into which nothing was put: half a mailbox would look like an empty one. */
export function discardFolder(root: Dir, folder: string, target: TargetFolder): void {
  if (!target.made || !target.dir.rmdir('cur')) return;
  for (const name of ['new', 'tmp']) target.dir.rmdir(name);
  for (const name of [MARKER, KEYWORDS]) target.dir.unlink(name);
  root.rmdir(folder);
}

/** Removes a folder without messages, and Dovecot's files in it. One that holds anything else stays. */
export function removeFolder(root: Dir, folder: string): void {
  const dir = root.openDir(folder);
  if (dir === undefined) return;
  try {
    for (const name of ['cur', 'new', 'tmp']) dir.rmdir(name);
    if (dir.lstat('cur') !== undefined) return;
    for (const name of dir.entries()) {
      if (name === MARKER || name.startsWith('dovecot')) dir.unlink(name);
    }
  } finally {
    dir.close();
  }
  root.rmdir(folder);
  root.fsync();
}

function closeAll(dirs: readonly Dir[]): void {
  for (const dir of dirs) dir.close();
}

function makeMarker(dir: Dir, owner: Owner | undefined): void {
  const file = dir.createFile(MARKER, FILE_MODE);
  try {
    if (owner !== undefined) file.setOwner(owner);
  } finally {
    file.close();
  }
}
