import { applyAcl, planAcl } from '../apply/acl.ts';
import { digestOf } from '../codec/digest.ts';
import { printable } from '../io/names.ts';
import type { TargetFolder } from '../maildir/target-folder.ts';
import type { TargetAccount } from './convert-mailbox.ts';
import type { FolderJob } from './jobs.ts';
import type { SourceView } from './source-view.ts';

interface Rights extends Pick<SourceView, 'acl'> {
  /** Digest of what the last pass wrote. */
  readonly left: string | undefined;
  readonly folder: TargetFolder | undefined;
  readonly target: Pick<TargetAccount, 'owner' | 'lock'>;
  readonly job: FolderJob;
}

/** Brings the rights on a folder over; returns the digest of what it leaves there, if it is a pass’s. */
export function convertRights({ acl, left, folder, target, job }: Rights): string | undefined {
  if (acl === 'as-left' || folder === undefined) return left;
  const plan = planAcl(folder.dir, acl, left);
  const place = printable(folder.dir.join('dovecot-acl'));
  if (plan === 'write' || plan === 'remove') target.lock();
  applyAcl(folder.dir, plan, acl, target.owner);
  if (plan === 'write') job.remark('note', 'ACL_COPIED', 'the rights on the folder were copied', { place });
  if (plan === 'foreign') {
    const message = 'the rights on the folder in the target were not written by spoolsync; left so';
    job.remark('finding', 'TARGET_ACL_DIFFERS', message, { place });
  }
  const ours = acl !== undefined && plan !== 'foreign';
  return ours ? digestOf(acl) : plan === 'foreign' ? left : undefined;
}
