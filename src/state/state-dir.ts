import { digestOf } from '../codec/digest.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { Dir } from '../io/dir.ts';
import { writeFileAtomic } from '../io/durable.ts';
import { ensurePath } from '../io/ensure-path.ts';
import { printable } from '../io/names.ts';
import { ascii, parseJson } from './record-line.ts';

/**
 * The state of one account: a directory below the state directory, with `account.json`, the run lock, and a manifest
 * for each mailbox in `mailboxes/` (docs/manifest.md).
 */
export interface AccountState {
  readonly dir: Dir;
  readonly mailboxes: Dir;
  /** Whether it was there before it was opened. */
  readonly known: boolean;
  /** When a final pass sealed the account, ISO 8601. */
  readonly sealed: string | undefined;
  close(): void;
}

const MODE = 0o700;
const FILE = 'account.json';
const VERSION = 1;

/** What `account.json` holds; all paths are canonical, latin1. */
interface AccountFile {
  readonly format: 'spoolsync account';
  readonly version: number;
  readonly target: string;
  /** Mail root of the source. */
  readonly source: string;
  /** Digests of the subscriptions that the last pass wrote, and of those it was about to write. */
  readonly subscriptions?: readonly string[];
  /** When a final pass sealed the account, ISO 8601. */
  readonly sealed?: string;
}

/** Opens the state of an account, making it at the first pass. Made for another target: `STATE_FOREIGN`. */
export function openAccountState(root: string, user: string, source: string, target: string): AccountState {
  const base = ensurePath(root, MODE, undefined);
  try {
    const made = base.lstat(stateName(user)) === undefined;
    const dir = base.ensureDir(stateName(user), MODE);
    if (made) base.fsync();
    const mailboxes = dir.ensureDir('mailboxes', MODE);
    const close = () => {
      mailboxes.close();
      dir.close();
    };
    const known = readAccount(dir);
    if (known === undefined)
      writeAccount(dir, { format: 'spoolsync account', version: VERSION, source, target });
    else if (known.target !== target || known.source !== source) {
      close();
      throw known.target === target
        ? foreign(dir, 'source', known.source, source)
        : foreign(dir, 'target', known.target, target);
    }
    return { dir, mailboxes, known: known !== undefined, sealed: known?.sealed, close };
  } finally {
    base.close();
  }
}

/** The same for reading: nothing is made. */
export function findAccountState(root: string, user: string, target: string): AccountState | undefined {
  const base = Dir.openRoot(root, 'target');
  const dir = base?.openDir(stateName(user));
  base?.close();
  const mailboxes = dir?.openDir('mailboxes');
  const known = dir && readAccount(dir);
  if (dir === undefined || mailboxes === undefined || known?.target !== target) {
    dir?.close();
    mailboxes?.close();
    return undefined;
  }
  const close = () => {
    mailboxes.close();
    dir.close();
  };
  return { dir, mailboxes, known: true, sealed: known.sealed, close };
}

/** An account as its state tells of it, without its source or target at hand; all names are latin1. */
export interface KnownAccount {
  readonly user: string;
  readonly dir: Dir;
  readonly source: string;
  readonly target: string;
  readonly sealed: string | undefined;
}

/** Names of the accounts' directories in a state directory, sorted; `undefined` if there is no such directory. */
export function accountNames(root: string): string[] | undefined {
  const base = Dir.openRoot(root, 'target');
  if (base === undefined) return undefined;
  try {
    return [...base.entries()].filter((name) => isAccount(base, name)).sort();
  } finally {
    base.close();
  }
}

function isAccount(base: Dir, name: string): boolean {
  if (base.lstat(name)?.kind !== 'dir') return false;
  const dir = base.openDir(name);
  try {
    return dir?.lstat(FILE) !== undefined;
  } finally {
    dir?.close();
  }
}

/** Opens the account with that directory name, for reading; `undefined` if it is none. Close its `dir` after use. */
export function openKnownAccount(root: string, name: string): KnownAccount | undefined {
  const base = Dir.openRoot(root, 'target');
  const dir = base?.openDir(name);
  base?.close();
  if (dir === undefined) return undefined;
  try {
    const known = readAccount(dir);
    if (known !== undefined) {
      const { source, target, sealed } = known;
      return { user: userOf(name), dir, source, target, sealed };
    }
  } catch (error) {
    dir.close();
    throw error;
  }
  dir.close();
  return undefined;
}

/** Remembers that a final pass has sealed the account: from then on its users may be on the new server. */
export function rememberSealed(state: AccountState, when: string): void {
  const known = readAccount(state.dir);
  if (known !== undefined) writeAccount(state.dir, { ...known, sealed: when });
}

/** Whether the subscriptions with this digest are of our writing. */
export function wroteSubscriptions(state: AccountState, digest: string): boolean {
  return readAccount(state.dir)?.subscriptions?.includes(digest) ?? false;
}

export function rememberSubscriptions(state: AccountState, digests: readonly string[]): void {
  const known = readAccount(state.dir);
  if (known !== undefined && known.subscriptions?.join() !== digests.join()) {
    writeAccount(state.dir, { ...known, subscriptions: digests });
  }
}

/** Name of the manifest of a folder in the target; `''` is INBOX. */
export function manifestName(folder: string): string {
  return folder === '' ? 'INBOX' : stateName(folder);
}

/**
 * A name for a file or directory of the state: readable, never hidden, never too long, different for different names
 * (only a shortened one holds a `~`).
 */
export function stateName(name: string): string {
  const safe = name.replace(
    /^\.|[^\w.@+=&-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  if (safe.length <= 200) return safe;
  return `${safe.slice(0, 180)}~${digestOf(Buffer.from(name, 'latin1'))}`;
}

/** The name that `stateName` was made of; a shortened one stays as it is. */
export function userOf(name: string): string {
  return name.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function readAccount(dir: Dir): AccountFile | undefined {
  const file = dir.openFile(FILE);
  if (file === undefined) return undefined;
  try {
    const value = parseJson(file.readAll(LIMITS.smallFile).toString('latin1')) as
      | Partial<AccountFile>
      | undefined;
    if (
      value?.format === 'spoolsync account' &&
      value.version === VERSION &&
      typeof value.target === 'string' &&
      typeof value.source === 'string'
    )
      return value as AccountFile;
    const newer = value?.format === 'spoolsync account' && Number(value.version) > VERSION;
    const advice = newer
      ? 'use the spoolsync that wrote it, or a newer one'
      : 'move the account’s state directory away and run the same command again';
    throw new SpoolsyncError(
      newer ? 'STATE_NEWER' : 'STATE_DAMAGED',
      'the state of this account cannot be used',
      {
        place: printable(file.path),
        advice,
      },
    );
  } finally {
    file.close();
  }
}

function writeAccount(dir: Dir, account: AccountFile): void {
  const json = Buffer.from(`${ascii(JSON.stringify(account))}\n`, 'latin1');
  writeFileAtomic(dir, FILE, json, { mode: 0o600 });
}

function foreign(dir: Dir, side: 'source' | 'target', known: string, asked: string): SpoolsyncError {
  const message = `the state of this account belongs to the ${side} ${printable(known)}, not to ${printable(asked)}`;
  return new SpoolsyncError('STATE_FOREIGN', message, {
    place: printable(dir.path),
    advice:
      side === 'target'
        ? 'check --to, or use another --state for another target'
        : `check --from and --user; if the old mail has moved, change "source" in ${printable(dir.join(FILE))}`,
  });
}
