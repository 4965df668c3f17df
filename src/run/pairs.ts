import { SpoolsyncError } from '../core/errors.ts';
import type { FailureEvent, RemarkEvent } from '../core/events.ts';
import { printable } from '../io/names.ts';
import { findUser } from '../io/users.ts';
import { type Account, findAccounts, type SystemAccounts } from '../source/accounts.ts';
import { matchesAny } from '../source/left-out.ts';
import { expand, type Location, parseLocation, splitUser, variablesOf } from '../source/location.ts';
import type { NamedUser } from '../source/users-file.ts';
import type { AccountPair } from './convert-account.ts';
import { type OwnerChoice, partsOf, readOwner } from './owners.ts';
import type { AccountPlan, SourcePlan } from './source-plan.ts';

/** The accounts of a run, and what is said of those who are none. */
export interface Pairs {
  readonly pairs: readonly AccountPair[];
  /** Who is no account, and who cannot be one: told when the command has begun. */
  readonly events: readonly (RemarkEvent | FailureEvent)[];
}

/**
 * The accounts of a run, each with its target. `only` are names in the target (latin1), all if there are none. No
 * account at all is `SOURCE_MISSING`; two with one name or one target are `LOCATION_INVALID`, a name in `only` that no
 * account has is `USAGE`. One whose name, home or domain does not fit to its locations is a failure among others.
 */
export function pairAccounts(plans: readonly SourcePlan[], only: readonly string[] = []): Pairs {
  const owners = new Owners();
  const found = plans.map((plan) => pairsOf(plan, owners));
  const all = found.flatMap(({ pairs }) => pairs);
  const [first] = found.flatMap(({ failed }) => failed);
  if (all.length === 0 && first !== undefined) throw first.error;
  if (all.length === 0) {
    throw new SpoolsyncError('SOURCE_MISSING', 'the source location finds no account on the disk', {
      place: plans.map(({ from }) => printable(from)).join(', '),
      advice: 'check the path: the place of %u must be a directory or file per user',
    });
  }
  refuseSame(all.map(({ account, target }) => ({ user: account.user, target })));
  const pairs = haveOneOwner(all) ? all.map(({ ownParts: _parts, ...pair }) => pair) : all;
  const events = found.flatMap(({ remarks, failed }) => [...remarks, ...failed.map(failureOf)]);
  return { pairs: only.length === 0 ? pairs : choose(pairs, only), events };
}

/** With one owner for all, what is made for all is his, too. */
function haveOneOwner(pairs: readonly AccountPair[]): boolean {
  const owners = pairs.map(({ owner }) => (owner === undefined ? 'nobody' : JSON.stringify(owner)));
  return new Set(owners).size === 1 && pairs[0]?.owner !== 'account';
}

function choose(pairs: readonly AccountPair[], only: readonly string[]): AccountPair[] {
  const known = new Map(pairs.map((pair) => [pair.account.user, pair]));
  return [...new Set(only)].map((user) => {
    const pair = known.get(user);
    if (pair !== undefined) return pair;
    throw new SpoolsyncError('USAGE', `there is no account ${printable(user)}`, {
      advice: 'check --user: it takes the names that accounts have in the target',
    });
  });
}

interface FoundPairs {
  readonly pairs: readonly AccountPair[];
  readonly remarks: readonly RemarkEvent[];
  readonly failed: readonly Failed[];
}

interface Failed {
  /** Printable. */
  readonly user: string;
  readonly error: SpoolsyncError;
}

function failureOf({ user, error }: Failed): FailureEvent {
  const { code, message, advice, place } = error;
  return { event: 'failure', user, code, message, advice, ...(place !== undefined && { place }) };
}

/** The accounts of one source, sorted by the names they have there. */
function pairsOf(plan: SourcePlan, owners: Owners): FoundPairs {
  const source = parseLocation(plan.from);
  // An owner for all who does not exist is no single account's failure.
  owners.of(plan.owner);
  const { accounts, rejected, system } =
    plan.users === undefined ? findAccounts(source, [], plan.uidMin) : { accounts: plan.users, rejected: [] };
  const known = new Set(accounts.map(({ user }) => user));
  // Who has a place of his own need not be found in that of the others.
  const placed = [...plan.accounts].filter(([user, { from }]) => from !== undefined && !known.has(user));
  const all: FoundAccount[] = [...accounts, ...placed.map(([user]) => ({ user }))];
  const failed: Failed[] = [];
  const pairs: AccountPair[] = [];
  for (const account of all.sort((a, b) => (a.user < b.user ? -1 : 1))) {
    if (matchesAny(plan.excludeUsers, account.user)) continue;
    try {
      pairs.push(pairOf(plan, account, owners));
    } catch (error) {
      if (!(error instanceof SpoolsyncError) || error.code === 'INTERNAL') throw error;
      failed.push({ user: printable(account.user), error });
    }
  }
  const remarks = [
    ...rejected.map(({ path, reason }) => remark('finding', 'NOT_AN_ACCOUNT', reason, printable(path))),
    ...(system === undefined || system.count === 0 ? [] : [describeSystem(system)]),
    ...unusedNames(plan, new Set(all.map(({ user }) => user))),
  ];
  return { pairs, remarks, failed };
}

/** An account that was found, or named. */
type FoundAccount = NamedUser & Partial<Pick<Account, 'places'>>;

function pairOf(
  plan: SourcePlan,
  { user: old, target: name, places }: FoundAccount,
  owners: Owners,
): AccountPair {
  const own = plan.accounts.get(old);
  const user = withDomain(name ?? plan.renames.get(old) ?? old, plan.domain);
  const account: Account = {
    user,
    places: own?.from === undefined && places !== undefined ? places : placesOf(plan, own, old),
    ...(user !== old && { formerly: old }),
    exclude: [...plan.excludeFolders, ...(own?.excludeFolders ?? [])],
  };
  const to = parseTarget(own?.to ?? plan.to);
  const owner = owners.of(own?.owner ?? plan.owner);
  return {
    account,
    target: expandTarget(to, user),
    ownParts: ownParts(to.root),
    ...(owner !== undefined && { owner }),
  };
}

function placesOf(plan: SourcePlan, own: AccountPlan | undefined, old: string): Account['places'] {
  return expand(parseLocation(own?.from ?? plan.from), old, (name) => findUser(name)?.home);
}

function withDomain(name: string, domain: string | undefined): string {
  return domain === undefined || name.includes('@') ? name : `${name}@${domain}`;
}

/** Owners by what was written; each is looked up once. */
class Owners {
  readonly #known = new Map<string, OwnerChoice>();

  of(spec: string | undefined): OwnerChoice | undefined {
    if (spec === undefined) return undefined;
    const owner = this.#known.get(spec) ?? readOwner(Buffer.from(spec, 'latin1').toString('utf8'));
    this.#known.set(spec, owner);
    return owner;
  }
}

/** How many of the last components of a target are one account's alone: those from the first on that names it. */
function ownParts(root: string): number {
  const parts = partsOf(root);
  const first = parts.findIndex((part) => ['u', 'n', 'h'].some((letter) => variablesOf(part).has(letter)));
  return first < 0 ? 1 : parts.length - first;
}

function describeSystem({ count, withMail, uidMin }: SystemAccounts): RemarkEvent {
  const mail = withMail.length === 0 ? 'none with mail here' : `with mail: ${listed(withMail)}`;
  const message = `system accounts (uid below ${uidMin}) left out: ${count}, ${mail}; who is named is taken in any case`;
  return remark('note', 'SYSTEM_ACCOUNTS', message);
}

/** What a configuration says of names that no account has: a slip of the pen, or somebody who left. */
function unusedNames(plan: SourcePlan, known: ReadonlySet<string>): RemarkEvent[] {
  const unused = [...new Set([...plan.renames.keys(), ...plan.accounts.keys()])].filter(
    (name) => !known.has(name),
  );
  if (unused.length === 0) return [];
  const message = `the configuration speaks of accounts that the source does not have: ${listed(unused)}`;
  return [remark('finding', 'ACCOUNTS_UNKNOWN', message, plan.place)];
}

/** Names that are told one by one. */
const NAMED = 10;

function listed(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).map(printable).join(', ')}${more}`;
}

function remark(
  severity: RemarkEvent['severity'],
  code: string,
  message: string,
  place?: string,
): RemarkEvent {
  return { event: 'remark', severity, code, message, ...(place !== undefined && { place }) };
}

/** Reads a `--to` location. */
export function parseTarget(to: string): Location {
  const target = parseLocation(to);
  if (target.kind !== 'maildir' || target.layout !== 'maildir++') throw unsupported('maildir: (Maildir++)');
  if (target.index !== undefined || target.control !== undefined || target.inbox !== undefined)
    throw unsupported('a Maildir without :INDEX=, :CONTROL= or :INBOX=');
  return target;
}

/** The Maildir of a user; the home of `u@example.org` is that of `u`, where the user database has no such name. */
export function expandTarget(location: Location, user: string): string {
  return expand(location, user, (name) => (findUser(name) ?? findUser(splitUser(name)[0]))?.home).root;
}

/** Two accounts with one name would share their state, two with one target their mail: `LOCATION_INVALID`. */
export function refuseSame(accounts: readonly { readonly user: string; readonly target: string }[]): void {
  const [users, targets] = [new Set<string>(), new Map<string, string>()];
  for (const { user, target } of accounts) {
    const other = targets.get(target);
    if (other !== undefined && other !== user) {
      const who = `${printable(other)} and ${printable(user)}`;
      throw new SpoolsyncError('LOCATION_INVALID', `${who} would share the target ${printable(target)}`, {
        advice: 'name the user in --to: maildir:/srv/vmail/%u/Maildir',
      });
    }
    if (users.has(user)) {
      throw new SpoolsyncError('LOCATION_INVALID', `two accounts would be called ${printable(user)}`, {
        advice: 'rename one of them (`old = new`), or give each source a domain of its own',
      });
    }
    users.add(user);
    targets.set(target, user);
  }
}

function unsupported(what: string): SpoolsyncError {
  return new SpoolsyncError('LOCATION_INVALID', `--to can only be ${what} in this version`, {
    advice: 'for example: --from mbox:/home/%u/mail:INBOX=/var/mail/%u --to maildir:/srv/vmail/%u/Maildir',
  });
}
