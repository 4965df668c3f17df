import { isRootsOwn, type Stat } from './stat.ts';

/** Who new files belong to; numeric, as chown(2) wants it. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The uid whose mail an account is: the owner of the mail root directory; where that is root's, or missing, the owner
 * of the INBOX file (`/var/mail/alice` belongs to alice, its directory to root). `undefined` where neither exists.
 */
export function accountOwner(root: Stat | undefined, inbox: Stat | undefined): number | undefined {
  if (root !== undefined && root.uid !== 0) return root.uid;
  return (inbox ?? root)?.uid;
}

/**
 * Why an *opened* file or directory of an account is another user's and therefore not read, or `undefined` if it is
 * fine: it must belong to the account's owner, or lie in a directory into which only root puts things. Otherwise a user
 * could have hard-linked another user's mail, or `/etc/shadow`, into his own mail and have it delivered to him.
 *
 * `ownerFrom: 'file'` says that `owner` was taken from this very file, which then proves nothing: in a directory that
 * others can write to, a second hard link makes it suspicious.
 */
export function foreign(
  stat: Stat,
  parent: Stat,
  owner: number,
  ownerFrom: 'root' | 'file' = 'root',
): string | undefined {
  if (isRootsOwn(parent)) return undefined;
  if (stat.uid !== owner) return `belongs to another user (uid ${stat.uid}, the account is uid ${owner})`;
  if (ownerFrom === 'file' && stat.kind === 'file' && stat.nlink > 1)
    return 'has a second hard link and may be another user\u2019s file';
  return undefined;
}
