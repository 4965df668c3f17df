import { type Sniffed, sniff } from '../../codec/mbox/sniff.ts';
import type { Dir } from '../../io/dir.ts';
import type { OpenFile } from '../../io/file.ts';
import { accountOwner } from '../../io/owner.ts';
import type { Tree } from '../../io/tree.ts';
import type { Places } from '../location.ts';
import { passedOver, type Rejected } from '../rejected.ts';
import { walkMailRoot } from '../walk.ts';

/** What lies in an account's place, by stats and first bytes. Paths are the host's, latin1, behind all links. */
export interface Measured {
  /** Of mbox: mail root and INBOX; of a Maildir itself. `undefined`: not there, or not to be looked at. */
  readonly root: string | undefined;
  readonly inbox: string | undefined;
  /** mbox files, or messages; and their bytes (of a Maildir's messages as `S=` in their names says, where it does). */
  readonly files: number;
  readonly bytes: number;
  /** Formats that are not read: how often, and where first. By what they are. */
  readonly unread: ReadonlyMap<string, Unread>;
  readonly rejected: readonly Rejected[];
}

export interface Unread {
  readonly count: number;
  readonly bytes: number;
  readonly first: string;
}

/** Of each file so much is read: what tells formats apart stands at the beginning. */
const HEAD = 4096;
/** Messages of each folder of a Maildir that are looked into, for compression. */
const SAMPLES = 3;
/** Levels of a Maildir whose folders are directories. */
const DEPTH = 10;

/** Collects what is found in one place. */
class Sum {
  files = 0;
  bytes = 0;
  readonly unread = new Map<string, Unread>();
  readonly rejected: Rejected[] = [];

  add(bytes: number): void {
    this.files++;
    this.bytes += bytes;
  }

  addUnread(what: string, path: string, bytes: number): void {
    const before = this.unread.get(what) ?? { count: 0, bytes: 0, first: path };
    this.unread.set(what, { ...before, count: before.count + 1, bytes: before.bytes + bytes });
  }

  /** What is unsafe, or may not be read, is noted and passed over. */
  try<T>(path: string, look: () => T | undefined): T | undefined {
    try {
      return look();
    } catch (error) {
      this.rejected.push(passedOver(error, path));
      return undefined;
    }
  }
}

/** `places` are paths of the tree. */
export function measure(tree: Tree, places: Places): Measured {
  return places.kind === 'mbox' ? measureMbox(tree, places) : measureMaildir(tree, places);
}

function measureMbox(tree: Tree, places: Places): Measured {
  const { root: rootPath, inbox: inboxPath = '' } = places;
  const sum = new Sum();
  const root = sum.try(tree.onHost(rootPath), () => tree.openDir(rootPath));
  const inbox = sum.try(tree.onHost(inboxPath), () => tree.look(inboxPath));
  try {
    const isFile = inbox?.stat.kind === 'file';
    if (inbox !== undefined && isFile)
      sum.try(inbox.path, () => addFile(sum, inbox.path, inbox.stat.size, tree.openFile(inboxPath)));
    const owner = accountOwner(root?.stat, isFile ? inbox?.stat : undefined);
    if (root !== undefined && owner !== undefined)
      sum.try(root.path, () =>
        addMailRoot(sum, root, owner, isFile ? inbox?.path : undefined, ownDirs(places)),
      );
    return { ...found(sum), root: root?.path, inbox: isFile ? inbox?.path : undefined };
  } finally {
    root?.close();
  }
}

function addMailRoot(
  sum: Sum,
  root: Dir,
  owner: number,
  inbox: string | undefined,
  without: string[][],
): void {
  const { files, rejected } = walkMailRoot(root, owner, without);
  sum.rejected.push(...rejected);
  for (const { parts, stat } of files) {
    const path = [root.path, ...parts].join('/');
    if (path !== inbox) sum.try(path, () => addFile(sum, path, stat.size, openBelow(root, parts)));
  }
}

/** Directories of indexes and lists inside the mail root, as parts. */
function ownDirs({ root, index, control }: Places): string[][] {
  const inside = [index, control].filter((dir) => dir?.startsWith(`${root}/`));
  return inside.map((dir = '') => dir.slice(root.length + 1).split('/'));
}

function openBelow(root: Dir, parts: readonly string[]): OpenFile | undefined {
  const [name = '', ...rest] = parts;
  if (rest.length === 0) return root.openFile(name);
  const dir = root.openDir(name);
  try {
    return dir && openBelow(dir, rest);
  } finally {
    dir?.close();
  }
}

function addFile(sum: Sum, path: string, size: number, file: OpenFile | undefined): void {
  if (file === undefined) return;
  const sniffed = sniffAndClose(file);
  const isMhMessage = sniffed.kind === 'message' && /\/\d+$/.test(path);
  if (isMhMessage) sum.addUnread('a message of an MH folder', path, size);
  else if (sniffed.kind === 'refused') sum.addUnread(sniffed.what, path, size);
  else sum.add(size);
}

/** What a file is by its first bytes. */
export function sniffAndClose(file: OpenFile): Sniffed {
  try {
    return sniff(headOf(file, HEAD));
  } finally {
    file.close();
  }
}

function headOf(file: OpenFile, length: number): Buffer {
  const bytes = Buffer.alloc(Math.min(length, file.stat.size));
  return bytes.subarray(0, file.readAt(bytes, 0));
}

function measureMaildir(tree: Tree, { root: path, layout }: Places): Measured {
  const sum = new Sum();
  const root = sum.try(tree.onHost(path), () => tree.openDir(path));
  try {
    if (root !== undefined) addFolders(sum, root, layout, 0);
    return { ...found(sum), root: root?.path, inbox: undefined };
  } finally {
    root?.close();
  }
}

/** A folder and those below it: `.A.B` beside each other, or directories in directories. */
function addFolders(sum: Sum, dir: Dir, layout: Places['layout'], depth: number): void {
  for (const name of ['cur', 'new']) within(sum, dir, name, (one) => addMessages(sum, one));
  if (depth > (layout === 'fs' ? DEPTH : 0)) return;
  for (const name of dir.entries()) {
    const isFolder = layout === 'fs' ? !/^(?:cur|new|tmp$|\.)/.test(name) : name.startsWith('.');
    if (isFolder && dir.lstat(name)?.kind === 'dir')
      within(sum, dir, name, (one) => addFolders(sum, one, layout, depth + 1));
  }
}

function within(sum: Sum, dir: Dir, name: string, look: (dir: Dir) => void): void {
  sum.try(dir.join(name), () => {
    const one = dir.openDir(name);
    try {
      if (one !== undefined) look(one);
    } finally {
      one?.close();
    }
  });
}

function addMessages(sum: Sum, dir: Dir): void {
  let sampled = 0;
  for (const name of dir.entries()) {
    if (name.startsWith('.')) continue;
    const stated = /,S=(\d{1,15})(?:,|:|$)/.exec(name)?.[1];
    const stat = stated === undefined || sampled < SAMPLES ? dir.lstat(name) : undefined;
    if (stat !== undefined && stat.kind !== 'file') continue;
    const bytes = Number(stated ?? stat?.size ?? 0);
    const packed = sampled++ < SAMPLES ? sum.try(dir.join(name), () => packing(dir, name)) : undefined;
    if (packed !== undefined) sum.addUnread(packed, dir.join(name), bytes);
    else sum.add(bytes);
  }
}

const PACKINGS = [
  ['a compressed message (gzip)', '\x1f\x8b'],
  ['a compressed message (bzip2)', 'BZh'],
  ['a compressed message (xz)', '\xfd7zXZ\0'],
  ['a compressed message (zstd)', '\x28\xb5\x2f\xfd'],
  ['a compressed message (lz4)', 'Dovecot-LZ4'],
  ['an encrypted message (mail_crypt)', 'CRYPTED\x03\x07'],
] as const;

function packing(dir: Dir, name: string): string | undefined {
  const file = dir.openFile(name);
  try {
    const head = file === undefined ? '' : headOf(file, 16).toString('latin1');
    return PACKINGS.find(([, bytes]) => head.startsWith(bytes))?.[0];
  } finally {
    file?.close();
  }
}

function found({ files, bytes, unread, rejected }: Sum): Omit<Measured, 'root' | 'inbox'> {
  return { files, bytes, unread, rejected };
}
