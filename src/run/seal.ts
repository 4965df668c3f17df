import { createHash } from 'node:crypto';
import {
  ContentsDigest,
  type SealedAccount,
  type SealedMailbox,
  sha256,
  type Verified,
} from '../codec/seal.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Findings, Remembered } from '../core/message.ts';
import { breathing } from '../io/breathe.ts';
import type { Dir } from '../io/dir.ts';
import { printable } from '../io/names.ts';
import { targetMarks } from '../plan/marks.ts';
import { type Manifest, openManifest, openUsable } from '../state/manifest.ts';
import { manifestName } from '../state/state-dir.ts';
import type { FolderJob } from './jobs.ts';
import { readSubscriptions } from './subscriptions.ts';

/** What is sealed of an account: its target, its manifests, its mailboxes. */
export interface SealInput {
  /** latin1. */
  readonly user: string;
  readonly root: Dir;
  /** Where the manifests are. */
  readonly state: Dir;
  readonly mailboxes: readonly Pick<FolderJob, 'mailbox' | 'folder' | 'manifest'>[];
  readonly verified: Verified;
  readonly checkSignal: () => void;
}

/** Makes an account's part of the seal from its manifests. A mailbox without one is `STATE_DAMAGED`. */
export async function sealAccount(input: SealInput): Promise<SealedAccount> {
  const { user, root, mailboxes } = input;
  const sealed: SealedMailbox[] = [];
  for (const mailbox of mailboxes) sealed.push(await sealMailbox(input, mailbox));
  const kept = keptFolders(input);
  const subscriptions = readSubscriptions(root);
  return {
    user,
    target: root.path,
    mailboxes: sealed,
    ...(kept.length > 0 && { kept }),
    ...(subscriptions !== undefined && { subscriptions: sha256(subscriptions) }),
  };
}

/** Folders of manifests that no mailbox of the pass has: after a pass that did all, those that are left out. */
function keptFolders({ state, mailboxes }: SealInput): string[] {
  const sealed = new Set(mailboxes.map(({ manifest }) => manifest));
  const others = [...state.entries()].filter((name) => !name.startsWith('.') && !sealed.has(name));
  const folders = others.flatMap((name) => {
    const manifest = openUsable(state, name);
    manifest?.close();
    return manifest !== undefined && manifestName(manifest.header.folder) === name
      ? manifest.header.folder
      : [];
  });
  return folders.sort();
}

async function sealMailbox(
  { state, verified, checkSignal }: SealInput,
  { mailbox, folder, manifest: name }: SealInput['mailboxes'][number],
): Promise<SealedMailbox> {
  const manifest = openManifest(state, name);
  const digest = manifest === undefined ? undefined : digestOfFile(state, name);
  if (manifest === undefined || digest === undefined) throw noManifest(state, name, mailbox);
  try {
    const contents = await contentsOf(manifest, checkSignal);
    const { uidValidity, targetNext, foreign, source, findings } = manifest.header;
    return {
      mailbox,
      folder,
      uidValidity,
      uidNext: targetNext,
      foreign,
      source,
      ...contents,
      manifest: digest,
      verified,
      findings: countFindings(findings),
    };
  } finally {
    manifest.close();
  }
}

/** What the folder holds by its manifest, as a later check finds it there: keywords without a letter are in no file name. */
async function contentsOf(
  { header, records }: Manifest,
  checkSignal: () => void,
): Promise<ReturnType<ContentsDigest['finish']>> {
  const letters = new Set(header.letters.flatMap((name) => name?.toLowerCase() ?? []));
  const digest = new ContentsDigest();
  for await (const record of breathing(records())) {
    checkSignal();
    if (record.gone === undefined) digest.add({ ...record, ...marksIn(record, letters) });
  }
  return digest.finish();
}

function marksIn(record: Remembered, letters: ReadonlySet<string>): Pick<Remembered, 'flags' | 'keywords'> {
  const { flags, keywords } = targetMarks(record);
  return { flags, keywords: keywords.filter((name) => letters.has(name.toLowerCase())) };
}

function countFindings({ list, more }: Findings): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { code } of list) counts.set(code, (counts.get(code) ?? 0) + 1);
  if (more > 0) counts.set('MORE_FINDINGS', more);
  return Object.fromEntries(counts);
}

function digestOfFile(state: Dir, name: string): string | undefined {
  const file = state.openFile(name);
  if (file === undefined) return undefined;
  try {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(LIMITS.readChunk);
    for (let at = 0; ; ) {
      const got = file.readAt(chunk, at);
      hash.update(chunk.subarray(0, got));
      at += got;
      if (got < chunk.length) return hash.digest('hex');
    }
  } finally {
    file.close();
  }
}

function noManifest(state: Dir, name: string, mailbox: string): SpoolsyncError {
  return new SpoolsyncError('STATE_DAMAGED', `there is no manifest of ${mailbox}, so it cannot be sealed`, {
    place: printable(state.join(name)),
    advice: 'run the same command again: it makes the manifest anew',
  });
}
