import { isUnusable, type Manifest, openManifest, setAside } from '../state/manifest.ts';
import type { TargetAccount } from './convert-mailbox.ts';
import type { FolderJob } from './jobs.ts';

/**
 * The manifest of a mailbox. One that is damaged, of a newer version, or another mailbox's is set aside, with a finding:
 * the mailbox is then brought up to date from source and target alone, and nothing that is right is written again.
 */
export function openKnown(
  { state, user, dryRun }: Pick<TargetAccount, 'state' | 'user' | 'dryRun'>,
  job: FolderJob,
): { readonly manifest: Manifest | undefined } {
  if (state === undefined) return { manifest: undefined };
  let reason: string;
  try {
    const manifest = openManifest(state, job.manifest);
    if (manifest === undefined || belongs(manifest, user, job.folder)) return { manifest };
    manifest.close();
    reason = 'it belongs to another mailbox or account';
  } catch (error) {
    if (!isUnusable(error)) throw error;
    reason = error.message;
  }
  const kept = dryRun ? undefined : setAside(state, job.manifest);
  const message = `its manifest cannot be used (${reason}); the mailbox is compared anew, and what users did in the target since the last pass may be undone`;
  job.remark('finding', 'MANIFEST_UNUSABLE', message, kept === undefined ? {} : { place: kept });
  return { manifest: undefined };
}

function belongs({ header }: Manifest, user: string, folder: string): boolean {
  return header.account === user && header.folder === folder;
}
