import { SpoolsyncError } from '../core/errors.ts';
import type { RemarkEvent } from '../core/events.ts';
import { printable } from '../io/names.ts';
import { findUser } from '../io/users.ts';
import { findAccounts } from '../source/accounts.ts';
import { expand, type Location, parseLocation } from '../source/location.ts';
import type { AccountPair } from './convert-account.ts';

/**
 * The accounts of a run, each with its target. `from` and `to` are location strings, `users` names (all latin1).
 * No account at all is `SOURCE_MISSING`; two accounts with one target are `LOCATION_INVALID`.
 */
export function pairAccounts(
  from: string,
  to: string,
  users: readonly string[],
): { readonly pairs: readonly AccountPair[]; readonly rejected: readonly RemarkEvent[] } {
  const source = parseLocation(from);
  const target = parseTarget(to);
  const { accounts, rejected } = findAccounts(source, users);
  if (accounts.length === 0) {
    throw new SpoolsyncError('SOURCE_MISSING', 'the source location finds no account on the disk', {
      place: printable(from),
      advice: 'check the path: the place of %u must be a directory or file per user',
    });
  }
  const pairs = expandTargets(target, accounts);
  return {
    pairs,
    rejected: rejected.map(({ path, reason }) => ({
      event: 'remark',
      severity: 'finding',
      code: 'NOT_AN_ACCOUNT',
      place: printable(path),
      message: reason,
    })),
  };
}

/** Reads a `--to` location. */
export function parseTarget(to: string): Location {
  const target = parseLocation(to);
  if (target.kind !== 'maildir' || target.layout !== 'maildir++') throw unsupported('maildir: (Maildir++)');
  if (target.index !== undefined || target.control !== undefined || target.inbox !== undefined)
    throw unsupported('a Maildir without :INDEX=, :CONTROL= or :INBOX=');
  return target;
}

/** Accounts with their Maildirs. Two with the same one are `LOCATION_INVALID`. */
export function expandTargets<T extends { readonly user: string }>(
  location: Location,
  accounts: readonly T[],
): { readonly account: T; readonly target: string }[] {
  const owners = new Map<string, string>();
  return accounts.map((account) => {
    const { user } = account;
    const target = expand(location, user, (name) => findUser(name)?.home).root;
    const other = owners.get(target);
    owners.set(target, user);
    if (other === undefined) return { account, target };
    const who = `${printable(other)} and ${printable(user)}`;
    throw new SpoolsyncError('LOCATION_INVALID', `${who} would share the target ${printable(target)}`, {
      advice: 'name the user in --to: maildir:/srv/vmail/%u/Maildir',
    });
  });
}

function unsupported(what: string): SpoolsyncError {
  return new SpoolsyncError('LOCATION_INVALID', `--to can only be ${what} in this version`, {
    advice: 'for example: --from mbox:/home/%u/mail:INBOX=/var/mail/%u --to maildir:/srv/vmail/%u/Maildir',
  });
}
