import { formatSeal, parseSeal, type Sealed, type SealedAccount } from '../codec/seal.ts';
import { type ErrorCode, SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { Dir } from '../io/dir.ts';
import { writeFileAtomic } from '../io/durable.ts';
import { readGivenFile } from '../io/given-file.ts';
import { printable, splitPath } from '../io/names.ts';

/**
 * Writes the seal of a run, replacing one of that name, so that it is there as a whole or not at all. `path` is
 * absolute, latin1; its directory must exist (`CANNOT_CREATE`). Returns the root digest.
 */
export function writeSeal(path: string, sealed: Sealed): string {
  const { dir: above, name } = splitPath(path);
  const dir = Dir.openRoot(above, 'target');
  if (dir === undefined) {
    throw new SpoolsyncError('CANNOT_CREATE', 'the directory of the seal does not exist', {
      place: printable(path),
      advice: 'make it, or name another place: --seal FILE',
    });
  }
  try {
    const { text, root } = formatSeal(sealed);
    writeFileAtomic(dir, name, Buffer.from(text, 'latin1'), { mode: 0o644 });
    return root;
  } finally {
    dir.close();
  }
}

/** A seal that was read and found sound. */
export interface OpenSeal {
  /** Path, printable. */
  readonly place: string;
  readonly sealed: Sealed;
  readonly root: string;
}

/**
 * Reads a seal; `path` is absolute, latin1. None there: `SEAL_MISSING`; no seal, or changed since: `SEAL_DAMAGED`; of a
 * later version: `SEAL_NEWER`.
 */
export function readSeal(path: string): OpenSeal {
  const place = printable(path);
  const text = readGivenFile(path, LIMITS.seal)?.toString('latin1');
  if (text === undefined)
    throw failure('SEAL_MISSING', 'there is no seal', place, 'check --seal; `spoolsync final` writes it');
  const parsed = parseSeal(text);
  if (parsed.ok) return { place, sealed: parsed.seal, root: parsed.root };
  const reason = `the seal cannot be used: ${parsed.reason}`;
  if (parsed.why === 'newer')
    throw failure('SEAL_NEWER', reason, place, 'use the spoolsync that wrote it, or a newer one');
  const advice = 'nothing can be checked against it: take it from wherever a copy of it is kept';
  throw failure('SEAL_DAMAGED', reason, place, advice);
}

function failure(code: ErrorCode, message: string, place: string, advice: string): SpoolsyncError {
  return new SpoolsyncError(code, message, { place, advice });
}

/** The accounts of a seal: all, or those of `users` (latin1). One that it does not hold is `USAGE`. */
export function accountsOf({ sealed, place }: OpenSeal, users: readonly string[]): readonly SealedAccount[] {
  if (users.length === 0) return sealed.accounts;
  const known = new Map(sealed.accounts.map((account) => [account.user, account]));
  return [...new Set(users)].map((user) => {
    const account = known.get(user);
    if (account !== undefined) return account;
    throw failure('USAGE', `the seal has no account ${printable(user)}`, place, 'check --user');
  });
}
