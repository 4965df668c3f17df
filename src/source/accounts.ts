import { SpoolsyncError } from '../core/errors.ts';
import { Dir } from '../io/dir.ts';
import { splitPath } from '../io/names.ts';
import { KIND_WORDS, type Kind } from '../io/stat.ts';
import { allUsers, findUser, uidMin } from '../io/users.ts';
import { expand, type Location, type Places, variablesOf } from './location.ts';
import { type Rejected, rejectedBy, unlessHidden } from './rejected.ts';

/** One user's mail. Names are latin1, one char per byte. */
export interface Account {
  /** Its name in the target. */
  readonly user: string;
  /** Its name in the source, where that is another. */
  readonly formerly?: string;
  readonly places: Places;
  /** Patterns of mailboxes that are left out (source/left-out.ts). */
  readonly exclude?: readonly string[];
}

interface Found {
  readonly accounts: readonly Account[];
  readonly rejected: readonly Rejected[];
  /** Present where the user database was asked for all its users. */
  readonly system?: SystemAccounts;
}

/** System accounts of the user database, which are no accounts here unless they are named. */
export interface SystemAccounts {
  readonly count: number;
  /** Those who have mail in this location, sorted. */
  readonly withMail: readonly string[];
  /** Whoever has a lower uid is a system account. */
  readonly uidMin: number;
}

/** The user name of a location without variables when none was given. */
const ONLY_USER = 'default';

/**
 * The accounts that a location stands for, sorted by user name. Named `users` (latin1) are taken as they are, whether
 * or not they have mail; without any, a location with variables finds its users on the disk: every user whose mail root
 * or INBOX exists. A location with `~` also asks the user database; whoever has a uid below `minimum` there is left out.
 * `rejected` are entries in a user's place that are no mail root or INBOX: links, FIFOs, directories in the spool, what
 * may not be looked at.
 */
export function findAccounts(location: Location, users: readonly string[] = [], minimum = uidMin()): Found {
  const account = (user: string) => ({ user, places: expand(location, user, homeOf) });
  if (users.length > 0) return { accounts: [...new Set(users)].sort().map(account), rejected: [] };
  const used = new Set([...variablesOf(location.root), ...variablesOf(location.inbox)]);
  if (used.size === 0) return { accounts: [account(ONLY_USER)], rejected: [] };

  const search = new Search(location, used.has('d'));
  if (used.has('h')) search.homes(minimum);
  if (search.tellsUser(location.root)) search.template('root');
  if (search.tellsUser(location.inbox)) search.template('inbox');
  if (!search.possible)
    throw new SpoolsyncError('LOCATION_INVALID', 'neither the mail root nor the INBOX names the whole user', {
      advice: 'use %u, or %n and %d, in one of them, or name the users: --user NAME',
    });
  const accounts = [...search.found.values()].sort((a, b) => (a.user < b.user ? -1 : 1));
  const { rejected, system } = search;
  return { accounts, rejected, ...(used.has('h') && { system: system(minimum) }) };
}

function homeOf(user: string): string | undefined {
  return findUser(user)?.home;
}

/** Values of variables on the way down a template. */
export type Bound = ReadonlyMap<string, string>;
type Which = 'root' | 'inbox';

/** A search on the disk. It opens directories only, relative to each other, and follows none but root's own links. */
class Search {
  readonly found = new Map<string, Account>();
  readonly rejected: Rejected[] = [];
  /** Names of system accounts, and whether they have mail. */
  readonly #system = new Map<string, boolean>();
  /** Whether anything could be searched at all. */
  possible = false;
  readonly #location: Location;
  readonly #withDomain: boolean;

  constructor(location: Location, withDomain: boolean) {
    this.#location = location;
    this.#withDomain = withDomain;
  }

  /** Whether a template tells the whole user name; one that begins with a home is not searched on the disk. */
  tellsUser(template: string | undefined): boolean {
    const used = variablesOf(template);
    return !used.has('h') && (used.has('u') || (used.has('n') && (used.has('d') || !this.#withDomain)));
  }

  /**
   * Users of the user database who own what the location calls their mail root or INBOX. System users without mail have
   * strange homes (`/`, `/dev`, `/nonexistent`), so what is not theirs is passed over here.
   */
  homes(minimum: number): void {
    this.possible = true;
    for (const user of allUsers()) {
      const isSystem = user.uid < minimum;
      if (isSystem) this.#system.set(user.name, false);
      const look = () => {
        const places = this.#expand(user.name, user.home);
        const inbox = this.#location.kind === 'mbox' ? ownerOfFile(places?.inbox) : ownerOfDir(places?.inbox);
        const owners = [this.#ownerOfRoot(places?.root), inbox];
        if (places !== undefined && owners.includes(user.uid)) this.#found(user.name, places);
      };
      // What is wrong with the home of a system account is nobody's concern.
      if (isSystem) unlessHidden(user.home, look);
      else this.#orReject(user.home, look);
    }
  }

  readonly system = (minimum: number): SystemAccounts => ({
    count: this.#system.size,
    withMail: [...this.#system].flatMap(([name, mail]) => (mail ? name : [])).sort(),
    uidMin: minimum,
  });

  #found(user: string, places: Places): void {
    if (this.#system.has(user)) this.#system.set(user, true);
    else this.found.set(user, { user, places });
  }

  template(which: Which): void {
    this.possible = true;
    const parts = (this.#location[which] ?? '').split('/').filter((part) => part !== '');
    const fixed = parts.findIndex((part) => variablesOf(part).size > 0);
    const base = Dir.openRoot(`/${parts.slice(0, fixed).map(literal).join('/')}`, 'source');
    if (base !== undefined) this.#descend(base, parts.slice(fixed), which, new Map());
  }

  /** Looks for `parts` in `dir`, which it closes. */
  #descend(dir: Dir, parts: readonly string[], which: Which, bound: Bound): void {
    const [part = '', ...rest] = parts;
    try {
      if (variablesOf(part).size === 0) {
        this.#enter(dir, literal(part), rest, which, bound);
        return;
      }
      for (const name of dir.entries()) {
        const isNone = isExcluded(name) || (rest.length === 0 && this.#isRawArchive(part, name));
        const more = isNone ? undefined : match(part, name, bound);
        if (more !== undefined) this.#enter(dir, name, rest, which, more);
      }
    } finally {
      dir.close();
    }
  }

  #enter(dir: Dir, name: string, rest: readonly string[], which: Which, bound: Bound): void {
    const path = dir.join(name);
    this.#orReject(path, () => {
      const kind = dir.lstat(name)?.kind;
      if (kind === undefined) return;
      if (rest.length === 0 && this.#isFile(which, kind)) {
        if (kind === 'file') this.#add(path, bound);
        else this.rejected.push({ path, reason: KIND_WORDS[kind] });
        return;
      }
      // A link is followed only if it is root's own, which openRoot judges.
      const next = kind === 'link' ? Dir.openRoot(path, 'source') : dir.openDir(name);
      if (next === undefined) return;
      if (rest.length > 0) return this.#descend(next, rest, which, bound);
      next.close();
      this.#add(path, bound);
    });
  }

  /** INBOX of mbox; an archive may be a file, where its name says more than who it is. */
  #isFile(which: Which, kind: Kind): boolean {
    if (this.#location.kind === 'mbox') return which === 'inbox';
    const last = this.#location.root.split('/').at(-1) ?? '';
    return this.#location.kind === 'archive' && kind === 'file' && last.replace(/%[^%]/g, '') !== '';
  }

  /** Mailman keeps the raw archive of a list beside its months: `LIST.mbox` is no list. */
  #isRawArchive(part: string, name: string): boolean {
    return this.#location.kind === 'archive' && name.endsWith('.mbox') && !part.endsWith('.mbox');
  }

  #ownerOfRoot(path: string | undefined): number | undefined {
    return (this.#location.kind === 'archive' ? ownerOfFile(path) : undefined) ?? ownerOfDir(path);
  }

  #add(path: string, bound: Bound): void {
    const local = bound.get('n') ?? '';
    const user = bound.get('u') ?? (this.#withDomain ? `${local}@${bound.get('d')}` : local);
    // With `%n` alone a name that holds an `@` would lead to another place than the one it was found in.
    const places = bound.has('u') || !local.includes('@') ? this.#expand(user) : undefined;
    if (places === undefined) this.rejected.push({ path, reason: 'gives no user name for this location' });
    else this.#found(user, places);
  }

  /** `undefined` for a name that is refused, or has no home or domain where the location needs one. */
  #expand(user: string, home?: string): Places | undefined {
    try {
      return expand(this.#location, user, home === undefined ? homeOf : () => home);
    } catch (error) {
      if (error instanceof SpoolsyncError && error.code !== 'INTERNAL') return undefined;
      throw error;
    }
  }

  /** What is unsafe or may not be looked at ends the search there, not elsewhere. */
  #orReject(path: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.rejected.push(rejectedBy(error, path));
    }
  }
}

function ownerOfDir(path: string | undefined): number | undefined {
  const dir = path === undefined ? undefined : Dir.openRoot(path, 'source');
  dir?.close();
  return dir?.stat.uid;
}

function ownerOfFile(path: string | undefined): number | undefined {
  if (path === undefined) return undefined;
  const { dir: above, name } = splitPath(path);
  const dir = Dir.openRoot(above, 'source');
  const stat = dir?.lstat(name);
  dir?.close();
  return stat?.kind === 'file' ? stat.uid : undefined;
}

/** Names that no user has: hidden files, locks of spools, the file system's own directory. */
export function isExcluded(name: string): boolean {
  return name.startsWith('.') || name.endsWith('.lock') || name === 'lost+found';
}

function literal(part: string): string {
  return part.replaceAll('%%', '%');
}

/** Matches a name against a path component such as `%n-mail`; values bound higher up must be the same here. */
export function match(part: string, name: string, bound: Bound): Bound | undefined {
  const letters: string[] = [];
  const pattern = part.replace(/%(.)|[^%]/gs, (text, letter: string | undefined) => {
    if (letter === '%') return '%';
    if (letter === undefined) return text.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
    letters.push(letter);
    return '(.+)';
  });
  const found = new RegExp(`^${pattern}$`, 's').exec(name);
  if (found === null) return undefined;
  const result = new Map(bound);
  const fits = letters.every((letter, i) => bind(result, letter, found[i + 1] ?? ''));
  return fits ? result : undefined;
}

/** Whether a value fits to what is known; then it is known too. `%u` is `%n`, or `%n@%d`. */
function bind(bound: Map<string, string>, letter: string, value: string): boolean {
  if ((bound.get(letter) ?? value) !== value) return false;
  bound.set(letter, value);
  if (letter !== 'u') return true;
  const at = value.indexOf('@');
  if (at < 0) return bind(bound, 'n', value);
  return bind(bound, 'n', value.slice(0, at)) && bind(bound, 'd', value.slice(at + 1));
}
