import { SpoolsyncError } from '../core/errors.ts';
import type { RemarkEvent } from '../core/events.ts';
import { printable } from '../io/names.ts';
import { findUser } from '../io/users.ts';
import { findAccounts } from '../source/accounts.ts';
import { expand, parseLocation } from '../source/location.ts';
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
  const target = parseLocation(to);
  if (source.kind !== 'mbox') throw unsupported('--from', 'mbox:');
  if (target.kind !== 'maildir' || target.layout !== 'maildir++')
    throw unsupported('--to', 'maildir: (Maildir++)');
  if (target.index !== undefined || target.control !== undefined)
    throw unsupported('--to', 'no :INDEX= or :CONTROL=');
  const { accounts, rejected } = findAccounts(source, users);
  if (accounts.length === 0) {
    throw new SpoolsyncError('SOURCE_MISSING', 'the source location finds no account on the disk', {
      place: printable(from),
      advice: 'check the path: the place of %u must be a directory or file per user',
    });
  }
  const homeOf = (user: string) => findUser(user)?.home;
  const pairs = accounts.map((account) => ({ account, target: expand(target, account.user, homeOf).root }));
  refuseShared(pairs);
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

function refuseShared(pairs: readonly AccountPair[]): void {
  const owners = new Map<string, string>();
  for (const { account, target } of pairs) {
    const other = owners.get(target);
    owners.set(target, account.user);
    if (other === undefined) continue;
    const who = `${printable(other)} and ${printable(account.user)}`;
    throw new SpoolsyncError('LOCATION_INVALID', `${who} would share the target ${printable(target)}`, {
      advice: 'name the user in --to: maildir:/srv/vmail/%u/Maildir',
    });
  }
}

function unsupported(option: string, what: string): SpoolsyncError {
  return new SpoolsyncError('LOCATION_INVALID', `${option} can only be ${what} in this version`, {
    advice: 'for example: --from mbox:/home/%u/mail:INBOX=/var/mail/%u --to maildir:/srv/vmail/%u/Maildir',
  });
}
