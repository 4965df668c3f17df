import { digestOf } from '../codec/digest.ts';
import { LIMITS } from '../core/limits.ts';
import type { Dir } from '../io/dir.ts';
import { writeFileAtomic } from '../io/durable.ts';
import { readWhole } from '../io/file.ts';
import type { Owner } from '../io/owner.ts';
import { FILE_MODE } from '../maildir/target-folder.ts';

/** Name of Dovecot's file with the rights on a folder. */
const ACL = 'dovecot-acl';

export function readAcl(dir: Dir): Buffer | undefined {
  return readWhole(dir.openFile(ACL), LIMITS.smallFile);
}

/** What is to be done to the rights on a folder of the target. */
export type AclPlan = 'keep' | 'write' | 'remove' | 'foreign';

/**
 * Compares the rights that a folder has with those that the source says, `left` being the digest of what a pass wrote
 * last. Rights that are neither were set by somebody on the new server.
 */
export function planAcl(dir: Dir, wanted: Buffer | undefined, left: string | undefined): AclPlan {
  const present = readAcl(dir);
  if (present === undefined) return wanted === undefined ? 'keep' : 'write';
  if (wanted?.equals(present)) return 'keep';
  if (digestOf(present) !== left) return wanted === undefined ? 'keep' : 'foreign';
  return wanted === undefined ? 'remove' : 'write';
}

export function applyAcl(
  dir: Dir,
  plan: AclPlan,
  wanted: Buffer | undefined,
  owner: Owner | undefined,
): void {
  if (plan === 'write' && wanted !== undefined) writeFileAtomic(dir, ACL, wanted, { mode: FILE_MODE, owner });
  if (plan === 'remove' && dir.unlink(ACL)) dir.fsync();
}
