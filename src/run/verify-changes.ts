import { SpoolsyncError } from '../core/errors.ts';
import type { MessageRecord, Remembered } from '../core/message.ts';
import { breathing } from '../io/breathe.ts';
import type { Dir } from '../io/dir.ts';
import { openFolder } from '../maildir/target-folder.ts';
import { sameCarried, sameMarks, targetMarks } from '../plan/marks.ts';
import { sameMessage } from '../plan/pairing.ts';
import { sameFingerprint } from '../source/spool.ts';
import { type Manifest, openManifest } from '../state/manifest.ts';
import { markVerified, openVerified } from '../state/verified.ts';
import { compareMailbox, type Differ } from '../verify/compare.ts';
import type { RunContext } from './context.ts';
import type { MailboxJob, SourceCheck } from './jobs.ts';

/** Messages that a sample takes of each mailbox beside what changed: this share, and at least so many. */
const SAMPLE = { share: 0.01, atLeast: 50 } as const;

export interface Verification {
  readonly messages: number;
  readonly equal: number;
  readonly foreign: number;
  /** Bytes that were read, both sides together. */
  readonly read: number;
  readonly differences: number;
}

export interface ChangesInput {
  readonly context: RunContext;
  readonly root: Dir;
  readonly state: Dir;
  readonly job: MailboxJob;
  readonly part: 'changed' | 'sample';
  readonly differ: Differ;
}

/**
 * Compares what changed in a mailbox since it was last compared without a difference: the bytes of those messages, read
 * anew on both sides, and names, flags, UIDs and counts of all. A `sample` takes some of the others, too. `undefined`: a
 * mailbox in which nothing changed, and which is not opened.
 */
export async function verifyChanges(input: ChangesInput): Promise<Verification | undefined> {
  const { state, job, part } = input;
  const manifest = openManifest(state, job.manifest);
  if (manifest === undefined) return undefined;
  const verified = openVerified(state, job.manifest);
  try {
    const same = JSON.stringify(manifest.header) === JSON.stringify(verified?.header);
    if (same && part === 'changed') return undefined;
    const source = await job.check(input.context, manifest);
    try {
      const result = await compareChanges(input, manifest, verified, source);
      if (result.differences === 0) markVerified(state, job.manifest, manifest);
      return result;
    } finally {
      source.close();
    }
  } finally {
    verified?.close();
    manifest.close();
  }
}

async function compareChanges(
  { context, root, job, part, differ }: ChangesInput,
  manifest: Manifest,
  verified: Manifest | undefined,
  source: SourceCheck,
): Promise<Verification> {
  let [differences, read] = [0, 0];
  const count: Differ = (...difference) => {
    differences++;
    differ(...difference);
  };
  const took = (bytes: number) => {
    read += bytes;
    context.took(bytes);
  };
  const { header } = manifest;
  const { messages } = header;
  if (!sameFingerprint(header.source, source.fingerprint)) throw moved(source.place);
  const folder = openFolder(root, job.folder);
  if (folder === undefined) {
    count('-', 'the target has no such folder');
    return { messages, equal: 0, foreign: 0, read, differences };
  }
  const chosen = part === 'changed' ? () => false : sampler(messages);
  const wanted = new Set<number>();
  async function* records(): AsyncGenerator<MessageRecord, void, void> {
    for await (const { record, changed } of breathing(withChanges(manifest, verified))) {
      context.checkSignal();
      if (record.gone) continue;
      wanted.clear();
      if (changed || chosen()) {
        wanted.add(record.uid);
        took(record.size);
        if (!(await source.holds(record)))
          count('!', 'the source has other bytes than the pass read', { uid: record.uid });
      }
      yield { ...record, ...targetMarks(record) };
    }
  }
  const { uidValidity, uidNext, targetNext, extensions } = header;
  const numbers = () => ({
    uidValidity,
    uidNext: Math.min(uidNext, targetNext),
    known: targetNext,
    extensions,
  });
  try {
    const limits = { read: ({ uid }: MessageRecord) => wanted.has(uid), lost: header.lost };
    const compared = await compareMailbox(folder, numbers, records(), count, took, limits);
    return { messages, ...compared, read, differences };
  } finally {
    folder.close();
  }
}

/** The messages of a manifest, and whether they are other than when they were last compared. */
function* withChanges(
  manifest: Manifest,
  verified: Manifest | undefined,
): Generator<{ readonly record: Remembered; readonly changed: boolean }, void, void> {
  const before = verified?.records();
  let old = before?.next();
  for (const record of manifest.records()) {
    while (old?.done === false && old.value.uid < record.uid) old = before?.next();
    const known = old?.done === false && old.value.uid === record.uid ? old.value : undefined;
    const same =
      known !== undefined &&
      sameMessage(known, record) &&
      known.gone === record.gone &&
      sameMarks(targetMarks(known), targetMarks(record)) &&
      sameCarried(known, record);
    yield { record, changed: !same };
  }
}

function sampler(messages: number): () => boolean {
  const share = Math.max(SAMPLE.share, SAMPLE.atLeast / Math.max(1, messages));
  return () => Math.random() < share;
}

function moved(place: string): SpoolsyncError {
  return new SpoolsyncError('SOURCE_MOVED', 'the source changed between the pass and its verification', {
    place,
    advice: 'run the same command again when the old server is quiet',
  });
}
