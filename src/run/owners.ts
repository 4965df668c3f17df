import { SpoolsyncError } from '../core/errors.ts';
import { printable } from '../io/names.ts';
import type { Owner } from '../io/owner.ts';
import { findUser, parseOwner } from '../io/users.ts';
import { splitUser } from '../source/location.ts';
import type { AccountPair } from './convert-account.ts';

/** Who a target belongs to: one owner, or the user of this host that is called as the account (`%n`). */
export type OwnerChoice = Owner | 'account';

/** What is made on the way to a Maildir, and the Maildir, belong to whom. */
export interface Ownership {
  readonly owner: Owner | undefined;
  /** How many of the last components of the path are the owner's; those above are made for all to pass. */
  readonly ownParts: number;
}

/** Reads what `--owner` takes: `USER[:GROUP]`, or `account`. Unknown: `USAGE`, in words that name the `option`. */
export function readOwner(spec: string, option = '--owner'): OwnerChoice {
  return spec === 'account' ? 'account' : parseOwner(spec, option);
}

/**
 * The owner of an account's target, by name: numbers of the old host mean nothing here. No such user: `OWNER_UNKNOWN`.
 * Below the home of an account's own user all is his, whatever the location looks like.
 */
export function ownershipOf({
  account,
  target,
  owner,
  ownParts = Number.POSITIVE_INFINITY,
}: AccountPair): Ownership {
  if (owner !== 'account') return { owner, ownParts };
  const [name] = splitUser(account.user);
  const user = findUser(name);
  if (user === undefined) {
    const who = printable(name);
    throw new SpoolsyncError('OWNER_UNKNOWN', `this host has no user ${who}, who would own the mail`, {
      place: printable(target),
      advice: `make the user (check: getent passwd ${who}), give the account another owner in a configuration, or leave it out`,
    });
  }
  const { uid, gid, home } = user;
  const inHome = home !== '/' && target.startsWith(`${home}/`);
  const own = inHome ? partsOf(target).length - partsOf(home).length + 1 : 0;
  return { owner: { uid, gid }, ownParts: Math.max(ownParts, own) };
}

/** The names on a path. */
export function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}
