import { SpoolsyncError } from '../core/errors.ts';
import type { User } from '../io/in-use.ts';
import { printable } from '../io/names.ts';
import { type MaxRemove, mayRemove } from '../plan/removals.ts';
import type { Journal } from '../state/journal.ts';
import type { Manifest } from '../state/manifest.ts';
import type { TargetAccount } from './convert-mailbox.ts';
import type { Decision } from './decide.ts';
import type { FolderJob, MailboxJob } from './jobs.ts';
import { mailboxGuid } from './numbers.ts';

/** What a pass does not do, and says so before it has changed anything. */

/** UIDLs that an earlier pass brought over would go, and POP3 clients fetch all mail again, for an option left out. */
export function refuseForgottenUidls(manifest: Manifest | undefined, { reading, place }: MailboxJob): void {
  const before = manifest?.header.reading;
  if (before === undefined || !before.startsWith(`${reading} `)) return;
  const format = before.slice(reading.length + 1);
  if (format === 'dovecot') return;
  throw new SpoolsyncError(
    'USAGE',
    `earlier passes were given --pop3-uidl ${printable(format)}, and this one is not`,
    {
      place,
      advice: `give it in every pass: --pop3-uidl '${printable(format)}'; to let these UIDLs go, --pop3-uidl dovecot`,
    },
  );
}

interface Known {
  readonly decision: Decision;
  readonly manifest: Manifest | undefined;
  readonly journal: Journal | undefined;
  readonly target: TargetAccount;
  readonly job: FolderJob;
  readonly place: string;
  /** GUID of the mailbox in the source, if it has one. */
  readonly guid: string | undefined;
}

/**
 * Without a manifest, files with names of ours may be another account's, and mail of others that lies in `cur/` has been
 * seen by somebody who uses this Maildir. Mail that was only delivered is no obstacle. `TARGET_FOREIGN`.
 */
export function refuseOthers({ decision, manifest, journal, target, job, place, guid }: Known): void {
  const { inventory, uidlist } = decision;
  if (manifest !== undefined || journal !== undefined || inventory === undefined) return;
  if (inventory.own.size > 0) {
    const { header } = uidlist;
    const own = mailboxGuid(target.user, target.path, job.folder);
    const ours = header?.guid === own || (guid !== undefined && header?.guid === guid);
    if (!target.known && header !== undefined && !ours)
      throw foreign('the target folder was made by spoolsync, but for another account', place);
    const message = 'its manifest is lost: what users changed in the target since the last pass is undone';
    job.remark('note', 'MANIFEST_LOST', message);
    return;
  }
  for (const where of inventory.others.values()) {
    if (where === 'cur') throw foreign('the target folder holds mail that its user has seen already', place);
  }
}

function foreign(message: string, place: string): SpoolsyncError {
  return new SpoolsyncError('TARGET_FOREIGN', message, {
    place,
    advice:
      'check --to and --user; choose an empty target, or move this mail away until the old server is switched off; nothing was changed',
  });
}

/** `REMOVALS_REFUSED` if more would be removed than is allowed: the source may be half mounted, or emptied by mistake. */
export function refuseRemovals(
  { summary, unclaimed, inventory }: Pick<Decision, 'summary' | 'unclaimed' | 'inventory'>,
  manifest: Manifest | undefined,
  limit: MaxRemove,
  place: string,
): void {
  const removed = summary.removed + unclaimed;
  const created = manifest?.header.messages ?? inventory?.own.size ?? 0;
  if (mayRemove(removed, created, limit)) return;
  throw removalsRefused(removed, created, place);
}

export function removalsRefused(removed: number, created: number, place: string): SpoolsyncError {
  const message = `the source has no more ${removed} of ${created} messages, and they would be removed from the target`;
  return new SpoolsyncError('REMOVALS_REFUSED', message, {
    place,
    advice: `nothing was changed; look whether the source is complete. If they are to go, allow it: --max-remove ${removed}`,
  });
}

/** With a user's session on the folder only appending mail and changing flags is safe. `TARGET_IN_USE`. */
export function refuseLive(
  { work, keepIndex, summary }: Decision,
  liveUser: () => User | undefined,
  place: string,
): void {
  if (!work) return;
  const reasons = [
    ...(summary.removed + summary.released > 0 ? ['messages would vanish'] : []),
    ...(keepIndex ? [] : ['UIDs or the uidlist would change']),
  ];
  const user = reasons.length === 0 ? undefined : liveUser();
  if (user === undefined) return;
  throw new SpoolsyncError(
    'TARGET_IN_USE',
    `${user.name} (process ${user.pid}) has the target open, and ${reasons.join(', ')} under it`,
    {
      place: `${place}, ${user.path}`,
      advice: `keep users off the target until the cutover: doveadm kick, or stop process ${user.pid}`,
    },
  );
}
