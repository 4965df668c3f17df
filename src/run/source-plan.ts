import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { readGivenFile } from '../io/given-file.ts';
import { printable } from '../io/names.ts';
import { type NamedUser, parseUsers } from '../source/users-file.ts';

/** The accounts of one old server as they were asked for. All texts are latin1. */
export interface SourcePlan {
  /** Location strings. */
  readonly from: string;
  readonly to: string;
  /** Without: those that are found on the disk. */
  readonly users: readonly NamedUser[] | undefined;
  /** New names by old ones. */
  readonly renames: ReadonlyMap<string, string>;
  /** Joined to new names that have none. */
  readonly domain: string | undefined;
  /** Patterns (source/left-out.ts) of old user names and of mailboxes. */
  readonly excludeUsers: readonly string[];
  readonly excludeFolders: readonly string[];
  /** As `--owner` takes it. */
  readonly owner: string | undefined;
  readonly uidMin: number | undefined;
  /** What differs for single accounts, by their old names. */
  readonly accounts: ReadonlyMap<string, AccountPlan>;
  /** Where it is written, for messages. */
  readonly place: string;
}

export interface AccountPlan {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly owner: string | undefined;
  readonly excludeFolders: readonly string[];
}

/** What a command line without a configuration asks for. */
export function planOf(
  from: string,
  to: string,
  users: readonly NamedUser[] | undefined,
  owner?: string,
): SourcePlan {
  return {
    from,
    to,
    users,
    renames: new Map(),
    domain: undefined,
    excludeUsers: [],
    excludeFolders: [],
    owner,
    uidMin: undefined,
    accounts: new Map(),
    place: 'the command line',
  };
}

/** Reads the list of users in a file; `path` is absolute, latin1. None there: `CONFIG_MISSING`. */
export function readUsers(path: string): NamedUser[] {
  const bytes = readGivenFile(path, LIMITS.smallFile);
  if (bytes === undefined) throw noSuchFile(path);
  return parseUsers(bytes.toString('latin1'), printable(path));
}

export function noSuchFile(path: string): SpoolsyncError {
  return new SpoolsyncError('CONFIG_MISSING', `there is no file ${printable(path)}`, {
    place: printable(path),
    advice: 'check the path',
  });
}
