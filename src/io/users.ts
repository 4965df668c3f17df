import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { SpoolsyncError } from '../core/errors.ts';
import { toNameBytes } from './names.ts';
import type { Owner } from './owner.ts';

/** Part of every libc that has more user databases than /etc/passwd. */
const GETENT = 'getent';

/** One user of the system's user database. */
export interface User extends Owner {
  /** Latin1, one char per byte, as is the home directory. */
  readonly name: string;
  readonly home: string;
}

/**
 * Looks a user up by name (latin1), through `getent` and so through LDAP and the like too; where there is no `getent` (musl), in
 * /etc/passwd. `undefined`: no such user.
 */
export function findUser(name: string): User | undefined {
  return toUser(record('passwd', Buffer.from(name, 'latin1').toString('utf8')) ?? []);
}

/** All users that the user database enumerates; LDAP and the like may be set up not to. */
export function allUsers(): User[] {
  const users = (query('passwd') ?? '').split('\n').map((line) => toUser(line.split(':')));
  return users.filter((user) => user !== undefined);
}

/** Without /etc/login.defs, or UID_MIN in it: what useradd(8) and Debian's adduser take. */
const DEFAULT_UID_MIN = 1000;

/** The lowest uid of people, as /etc/login.defs has it (login.defs(5), UID_MIN). */
export function uidMin(): number {
  try {
    return parseUidMin(fs.readFileSync('/etc/login.defs', 'latin1'));
  } catch {
    return DEFAULT_UID_MIN;
  }
}

/** UID_MIN of the text of a login.defs; the last one counts. Octal and hexadecimal are allowed there. */
export function parseUidMin(text: string): number {
  const [, number = ''] = [...text.matchAll(/^[ \t]*UID_MIN[ \t]+"?(\w+)/gm)].at(-1) ?? [];
  const value = Number(/^0[0-7]+$/.test(number) ? `0o${number.slice(1)}` : number);
  return number === '' || !Number.isSafeInteger(value) || value < 0 ? DEFAULT_UID_MIN : value;
}

function toUser(fields: readonly string[]): User | undefined {
  const [name, , uid, gid, , home] = fields;
  if (name === undefined || !isId(uid) || !isId(gid) || home === undefined) return undefined;
  return { name: toNameBytes(name), uid: Number(uid), gid: Number(gid), home: toNameBytes(home) };
}

/**
 * Reads `USER[:GROUP]`, names or numbers, as chown(1) takes them: a name is looked up before it is taken for a number,
 * and without a group it is the user's login group. Unknown: `USAGE`, in words that name the `option`.
 */
export function parseOwner(spec: string, option = '--owner'): Owner {
  const [userText = '', groupText, ...rest] = spec.split(':');
  if (userText === '' || groupText === '' || rest.length > 0)
    throw usage(
      spec,
      'is not USER or USER:GROUP',
      'give a name or a number, for example --owner vmail:vmail',
    );
  const user = findUser(toNameBytes(userText));
  const uid = user?.uid ?? (isId(userText) ? Number(userText) : undefined);
  if (uid === undefined)
    throw usage(spec, `names the unknown user ${userText}`, `check it: getent passwd ${userText}`);
  const gid = groupText === undefined ? user?.gid : findGroup(groupText);
  if (gid !== undefined) return { uid, gid };
  if (groupText === undefined)
    throw usage(
      spec,
      'names no known user and so has no group of its own',
      `give a group: --owner ${userText}:GROUP`,
    );
  throw usage(spec, `names the unknown group ${groupText}`, `check it: getent group ${groupText}`);

  function usage(text: string, what: string, advice: string): SpoolsyncError {
    return new SpoolsyncError('USAGE', `${option} ${text} ${what}`, { advice });
  }
}

function findGroup(text: string): number | undefined {
  const gid = record('group', text)?.[2];
  if (isId(gid)) return Number(gid);
  return isId(text) ? Number(text) : undefined;
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 0xffff_ffff;
}

/** The fields of one entry, by exact name; `getent` also looks numbers up by number, which is not asked for here. */
function record(database: 'passwd' | 'group', name: string): string[] | undefined {
  if (!/^[^-:\s\0][^:\s\0]*$/.test(name)) return undefined;
  return query(database, name)
    ?.split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === name);
}

/** The text of one entry, or of all. */
function query(database: 'passwd' | 'group', name?: string): string | undefined {
  const args = name === undefined ? [database] : [database, name];
  try {
    return execFileSync(GETENT, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
    });
  } catch (error) {
    // Exit status 2: no such entry. Anything else: no (working) getent.
    if ((error as { status?: unknown }).status === 2) return undefined;
    return fs.readFileSync(`/etc/${database}`, 'utf8');
  }
}
