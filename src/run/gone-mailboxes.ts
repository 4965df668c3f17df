import type { Dir } from '../io/dir.ts';
import { printable } from '../io/names.ts';
import { removeFolder } from '../maildir/target-folder.ts';
import { openUidlist } from '../maildir/uidlist-file.ts';
import { mayRemove } from '../plan/removals.ts';
import { moveJournal, removeJournal } from '../state/journal.ts';
import { forgetManifest, type Manifest, openUsable } from '../state/manifest.ts';
import { moveManifest } from '../state/manifest-writer.ts';
import { manifestName } from '../state/state-dir.ts';
import { forgetVerified } from '../state/verified.ts';
import { type RunContext, remarker } from './context.ts';
import type { OpenAccount } from './convert-account.ts';
import { emptyMailbox, type TargetAccount } from './convert-mailbox.ts';
import { emitFailure, endsPass } from './failures.ts';
import { removalsRefused } from './guards.ts';
import type { FolderJob, MailboxJob } from './jobs.ts';

/** Mailboxes that earlier passes brought over and that the source renamed or has no more. */

/**
 * Renames the folders of mailboxes that the source renamed. A mailbox is the same under another name if the spool that
 * an earlier pass read under the old name, by inode and time of birth, is now listed under a new one; where the file
 * system keeps no time of birth it counts as one mailbox gone and another new. What fails ends the account: the mailbox would be
 * converted anew under its new name, and the old folder taken for one that is gone.
 */
export async function renameMailboxes(context: RunContext, open: OpenAccount): Promise<void> {
  const { state, root } = open.target;
  if (state === undefined || root === undefined) return;
  const fresh = open.jobs.jobs.filter((job) => job.folder !== '' && state.lstat(job.manifest) === undefined);
  if (fresh.length === 0) return;
  const places = new Map(open.jobs.jobs.map((job) => [job.folder, job]));
  for (const name of manifestNames(state)) {
    context.checkSignal();
    const manifest = openOwn(state, name);
    if (manifest === undefined) continue;
    try {
      const job = fresh.find((candidate) => isSameSpool(manifest, candidate));
      const still = places.get(manifest.header.folder);
      if (job === undefined || (still !== undefined && isSameSpool(manifest, still))) continue;
      await renameMailbox(context, open.target, { root, state }, { manifest, name }, job);
    } finally {
      manifest.close();
    }
  }
}

function isSameSpool({ header: { source } }: Manifest, { fingerprint }: MailboxJob): boolean {
  if (source.birthNs === undefined) return false;
  const { dev, ino, birthNs } = fingerprint;
  return source.dev === dev && source.ino === ino && source.birthNs === birthNs;
}

async function renameMailbox(
  context: RunContext,
  target: TargetAccount,
  { root, state }: { readonly root: Dir; readonly state: Dir },
  { manifest, name }: { readonly manifest: Manifest; readonly name: string },
  job: MailboxJob,
): Promise<void> {
  const { folder: from, mailbox } = manifest.header;
  const [old, taken] = [root.lstat(from), root.lstat(job.folder)];
  // A pass that was cut off may have renamed the folder, and not yet written down that it did.
  const half = old === undefined && taken !== undefined && guidOf(root, job.folder) === manifest.header.guid;
  if (from === '' || (!half && (old === undefined || taken !== undefined))) return;
  if (target.dryRun) {
    const message = `${mailbox} would be renamed`;
    const user = printable(target.user);
    context.emit({ event: 'action', user, mailbox: job.mailbox, kind: 'rename-mailbox', message });
    return;
  }
  if (target.liveUser() !== undefined) return;
  if (!half) {
    target.lock();
    root.rename(from, root, job.folder);
    root.fsync();
  }
  forgetVerified(state, name);
  moveJournal(state, name, job.manifest);
  await moveManifest(state, name, manifest, job);
  job.remark('note', 'MAILBOX_RENAMED', `was called ${mailbox}, and its folder was renamed`);
}

function guidOf(root: Dir, folder: string): string | undefined {
  const dir = root.openDir(folder);
  const uidlist = dir && openUidlist(dir);
  uidlist?.close();
  dir?.close();
  return uidlist?.header?.guid;
}

/**
 * Takes away the folders of mailboxes that the source has no more, as far as nothing but our mail is in them. Not while
 * anything of the source could not be read: what is missing may then be there. `present`: messages of the mailboxes
 * that are there.
 */
export async function removeVanished(context: RunContext, open: OpenAccount, present: number): Promise<void> {
  const { state, root } = open.target;
  if (state === undefined) return;
  const known = new Set([...open.jobs.folders].map(manifestName));
  const names = manifestNames(state).filter((name) => !known.has(name));
  const vanished = names
    .flatMap((name) => vanishedJob(context, state, open.user, name) ?? [])
    .filter(({ folder }) => !open.jobs.leftOut(folder));
  const gone = vanished.reduce((sum, { messages }) => sum + messages, 0);
  const allowed = mayRemove(gone, gone + present, open.target.maxRemove);
  for (const job of vanished) {
    context.checkSignal();
    const place = printable(root?.join(job.folder) ?? '');
    try {
      if (!open.jobs.complete) remarkLeft(job);
      else if (!allowed) throw removalsRefused(gone, gone + present, place);
      else if (root !== undefined)
        await removeMailbox(context, { ...open.target, root, state }, open.user, job);
    } catch (error) {
      if (endsPass(error)) throw error;
      emitFailure(context.emit, error, open.user, job.mailbox);
    }
  }
}

/** A mailbox that is known by its manifest alone, and how many messages it had. */
interface VanishedJob extends FolderJob {
  readonly messages: number;
}

/** `undefined` where the manifest cannot be used, or is not under its mailbox's name. */
function vanishedJob({ emit }: RunContext, state: Dir, user: string, name: string): VanishedJob | undefined {
  const manifest = openOwn(state, name);
  if (manifest === undefined) return undefined;
  manifest.close();
  const { mailbox, folder, messages } = manifest.header;
  return { mailbox, folder, messages, manifest: name, remark: remarker(emit, user, mailbox) };
}

async function removeMailbox(
  context: RunContext,
  target: TargetAccount & { readonly root: Dir; readonly state: Dir },
  user: string,
  job: FolderJob,
): Promise<void> {
  const { mailbox, folder, manifest: name } = job;
  if (target.dryRun) {
    const message =
      'the source has it no more: its mail would be removed, and its folder if nothing else is in it';
    context.emit({ event: 'action', user, mailbox, kind: 'delete-mailbox', message });
    return;
  }
  target.lock();
  const { removed, empty } = await emptyMailbox(context, target, job);
  if (empty && folder !== '') removeFolder(target.root, folder);
  if (!empty)
    job.remark(
      'finding',
      'MAILBOX_KEPT',
      'the source has it no more, but other mail is in its folder: that stays',
    );
  forgetVerified(target.state, name);
  removeJournal(target.state, name);
  forgetManifest(target.state, name);
  const counts = {
    messages: 0,
    bytes: 0,
    added: 0,
    reflagged: 0,
    renumbered: 0,
    removed,
    foreign: 0,
    read: 0,
    written: 0,
  };
  context.emit({ event: 'mailbox', user, mailbox, folder: printable(folder), ...counts });
}

function remarkLeft({ remark }: FolderJob): void {
  const message =
    'is missing, and not all of the source could be read; its folder in the target is left as it is';
  remark('finding', 'MAILBOX_GONE', message);
}

/** A manifest under its mailbox's name: a copy that somebody laid beside it is of a mailbox that may well be there. */
function openOwn(state: Dir, name: string): Manifest | undefined {
  const manifest = openUsable(state, name);
  if (manifest === undefined || manifestName(manifest.header.folder) === name) return manifest;
  manifest.close();
  return undefined;
}

function manifestNames(state: Dir): string[] {
  return [...state.entries()].filter((name) => !name.startsWith('.'));
}
