import { LIMITS } from '../core/limits.ts';
import { readGivenFile } from '../io/given-file.ts';
import { printable } from '../io/names.ts';
import { matchesAny } from '../source/left-out.ts';
import { isUserName, parseLocation, USER_NAME_RULE } from '../source/location.ts';
import type { NamedUser } from '../source/users-file.ts';
import { ConfigTable, invalidConfig, within } from './config-table.ts';
import { readOwner } from './owners.ts';
import { parseTarget } from './pairs.ts';
import { type AccountPlan, noSuchFile, readUsers, type SourcePlan } from './source-plan.ts';

/** Configuration files (docs/config.md): TOML to plans, and everything that is not understood to errors. */

const SHARED = ['to', 'owner', 'domain', 'uid-min', 'exclude-users', 'exclude-folders'];
const SOURCE = ['from', ...SHARED, 'users', 'users-file', 'renames', 'accounts'];
const ACCOUNT = ['from', 'to', 'owner', 'exclude-folders'];

/** Reads a configuration; `path` is absolute, latin1. None there: `CONFIG_MISSING`; anything wrong: `CONFIG_INVALID`. */
export async function readConfig(path: string): Promise<SourcePlan[]> {
  const bytes = readGivenFile(path, LIMITS.smallFile);
  if (bytes === undefined) throw noSuchFile(path);
  const directory = path.slice(0, path.lastIndexOf('/'));
  return parseConfig(bytes, printable(path), (name) =>
    readUsers(name.startsWith('/') ? name : `${directory}/${name}`),
  );
}

/** The same for bytes; `file` is for messages, `usersIn` reads a list of users by its name. */
export async function parseConfig(
  bytes: Uint8Array,
  file: string,
  usersIn: (name: string) => readonly NamedUser[],
): Promise<SourcePlan[]> {
  const document = await parseToml(bytes, file);
  const top = new ConfigTable(document, file, ['source', ...SHARED]);
  const { source } = document;
  if (!Array.isArray(source) || source.length === 0) {
    const message = source === undefined ? 'it has no source' : '"source" must be a list of tables';
    throw invalidConfig(file, message, 'write [[source]], in double brackets, above the keys of each source');
  }
  return source.map((value: unknown, i) =>
    readSource(new ConfigTable(value, `${file} ([[source]] ${i + 1})`, SOURCE), top, usersIn),
  );
}

async function parseToml(bytes: Uint8Array, file: string): Promise<Readonly<Record<string, unknown>>> {
  // Only here: runs without a configuration start sooner.
  const { parse, TomlError } = await import('smol-toml');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalidConfig(file, 'it is no UTF-8', 'names in other encodings can stand in a list: users-file');
  }
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = printable((error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, ''));
    const advice = 'write it as TOML: key = "text", key = ["text", "text"], [[source]]; see docs/config.md';
    throw invalidConfig(`${file}:${error.line}`, what, advice);
  }
}

function readSource(
  table: ConfigTable,
  top: ConfigTable,
  usersIn: (name: string) => readonly NamedUser[],
): SourcePlan {
  const { place } = table;
  const from = table.text('from');
  if (from === undefined)
    throw invalidConfig(place, 'it has no "from"', 'say where the old mail is: from = "mbox:/home/%u/mail"');
  const accounts = new Map(table.entries('accounts').map(([name, value]) => readAccount(name, value, place)));
  const to = table.text('to') ?? top.text('to');
  if (to === undefined)
    throw invalidConfig(place, 'it has no "to"', 'say where the mail goes: to = "maildir:/srv/vmail/%u"');
  const plan: SourcePlan = {
    from,
    to,
    users: readUserList(table, usersIn),
    renames: new Map(table.entries('renames').map(([old, name]) => readRename(old, name, place))),
    domain: readDomain(table) ?? readDomain(top),
    excludeUsers: [...(top.texts('exclude-users') ?? []), ...(table.texts('exclude-users') ?? [])],
    excludeFolders: [...(top.texts('exclude-folders') ?? []), ...(table.texts('exclude-folders') ?? [])],
    owner: table.text('owner') ?? top.text('owner'),
    uidMin: table.count('uid-min') ?? top.count('uid-min'),
    accounts,
    place,
  };
  checkPlaces(place, plan);
  checkNames(plan);
  return plan;
}

function readAccount(name: string, value: unknown, place: string): [string, AccountPlan] {
  const table = new ConfigTable(value, `${place}, accounts.${printable(name)}`, ACCOUNT);
  const plan = {
    from: table.text('from'),
    to: table.text('to'),
    owner: table.text('owner'),
    excludeFolders: table.texts('exclude-folders') ?? [],
  };
  checkPlaces(table.place, plan);
  return [name, plan];
}

/** Whatever can be seen to be wrong without a look at any account. */
function checkPlaces(place: string, plan: Pick<AccountPlan, 'from' | 'to' | 'owner'>): void {
  const { from, to, owner } = plan;
  within(place, () => {
    if (from !== undefined) parseLocation(from);
    if (to !== undefined) parseTarget(to);
    if (owner !== undefined) readOwner(Buffer.from(owner, 'latin1').toString('utf8'), 'owner =');
  });
}

function readUserList(
  table: ConfigTable,
  usersIn: (name: string) => readonly NamedUser[],
): readonly NamedUser[] | undefined {
  const [names, file] = [table.texts('users'), table.text('users-file')];
  if (names === undefined) return file === undefined ? undefined : usersIn(file);
  if (file !== undefined)
    throw invalidConfig(table.place, 'it has "users" and "users-file"', 'leave one of them');
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw invalidConfig(table.place, `"users" has ${printable(twice)} twice`, 'remove one of them');
  return names.map((user) => ({ user }));
}

function readRename(old: string, name: unknown, place: string): [string, string] {
  if (typeof name === 'string') {
    const target = Buffer.from(name, 'utf8').toString('latin1');
    if (isUserName(target)) return [old, target];
  }
  const message = `"renames" has no user name for ${printable(old)}`;
  throw invalidConfig(place, message, `write "old" = "new"; ${USER_NAME_RULE}`);
}

function readDomain(table: ConfigTable): string | undefined {
  const domain = table.text('domain');
  if (domain === undefined || (isUserName(`x@${domain}`) && !domain.includes('@'))) return domain;
  throw invalidConfig(
    table.place,
    '"domain" is none',
    'write what stands behind the @: domain = "example.org"',
  );
}

/** Names that contradict each other. */
function checkNames({ users, renames, accounts, excludeUsers, place }: SourcePlan): void {
  const listed = users && new Map(users.map(({ user, target }) => [user, target]));
  for (const [key, names] of [['renames', renames.keys()] as const, ['accounts', accounts.keys()] as const]) {
    for (const name of names) {
      const who = `"${key}" names ${printable(name)}`;
      if (!isUserName(name)) throw invalidConfig(place, `${who}, which is no user name`, USER_NAME_RULE);
      if (matchesAny(excludeUsers, name))
        throw invalidConfig(place, `${who}, who is excluded`, 'remove one of them');
      if (listed !== undefined && !listed.has(name))
        throw invalidConfig(place, `${who}, who is not among the users`, 'add the user, or remove this');
      if (key === 'renames' && listed?.get(name) !== undefined)
        throw invalidConfig(place, `${who}, whom the list renames, too`, 'remove one of them');
    }
  }
  const wrong = users?.find(({ user }) => !isUserName(user));
  if (wrong !== undefined)
    throw invalidConfig(place, `"users" has ${printable(wrong.user)}, which is no user name`, USER_NAME_RULE);
}
