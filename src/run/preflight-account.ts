import { isStaged } from '../apply/staging.ts';
import { parseOwnBaseName, splitName } from '../codec/maildir/name.ts';
import type { Fingerprint } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';
import { openExisting } from '../io/ensure-path.ts';
import { type FileSystem, fileSystemOf } from '../io/file-system.ts';
import { messageFiles } from '../maildir/inspect.ts';
import { openFolder } from '../maildir/target-folder.ts';
import type { MailboxSize, Room } from '../plan/room.ts';
import { sameFingerprint } from '../source/spool.ts';
import { lastPassTime } from '../state/history.ts';
import { peekManifest } from '../state/manifest.ts';
import type { ManifestHeader } from '../state/manifest-format.ts';
import { openKnownAccount, stateName } from '../state/state-dir.ts';
import type { RunContext } from './context.ts';
import type { AccountPair } from './convert-account.ts';
import { type MailboxJob, openJobs } from './jobs.ts';

/** What is known of an account before its pass, without reading mail. */
export interface AccountLook {
  readonly mailboxes: readonly MailboxSize[];
  /** Directories on the way to its Maildir that are missing, and those of the Maildir itself. */
  readonly directories: number;
  /** The youngest spool: nanoseconds since 1970, and its printable path. */
  readonly youngest: { readonly mtimeNs: bigint; readonly place: string } | undefined;
  /** When the last pass was recorded, nanoseconds since 1970. */
  readonly lastPassNs: bigint | undefined;
}

/** As much of a target as exists, and the file system that it is on. */
export interface Site {
  readonly dir: Dir;
  readonly missing: readonly string[];
  readonly fileSystem: FileSystem;
}

/** Opens as much of a path (latin1) as exists. Close its `dir`. */
export function openSite(path: string): Site {
  const { dir, missing } = openExisting(path, 'target');
  try {
    return { dir, missing, fileSystem: fileSystemOf(dir) };
  } catch (error) {
    dir.close();
    throw error;
  }
}

/** When the last pass over an account (latin1) was recorded, nanoseconds since 1970; `undefined`: none has been finished. */
export function lastPassOf(state: string, user: string): bigint | undefined {
  const known = openKnownAccount(state, stateName(user));
  try {
    return known && lastPassTime(known.dir);
  } finally {
    known?.dir.close();
  }
}

/** Looks at an account. What of its source cannot be read is said through `context`. */
export function lookAtAccount(
  context: RunContext,
  state: string,
  pair: AccountPair,
  site: Site,
): AccountLook {
  const jobs = openJobs(context, pair.account);
  const known = openKnownAccount(state, stateName(pair.account.user));
  const manifests = known?.dir.openDir('mailboxes');
  const root = site.missing.length === 0 ? site.dir : undefined;
  try {
    const youngest = jobs.jobs.reduce<MailboxJob | undefined>(
      (best, job) => (best === undefined || mtimeOf(job) > mtimeOf(best) ? job : best),
      undefined,
    );
    return {
      mailboxes: jobs.jobs.map((job) => sizeOf(job, manifests, root, site.fileSystem.block)),
      directories: site.missing.length,
      youngest: youngest && { mtimeNs: mtimeOf(youngest), place: youngest.place },
      lastPassNs: known && lastPassTime(known.dir),
    };
  } finally {
    manifests?.close();
    known?.dir.close();
    jobs.close();
  }
}

function mtimeOf({ fingerprint }: MailboxJob): bigint {
  return BigInt(fingerprint.mtimeNs);
}

/** A mailbox at rest need not be looked at. */
function isAsKnown(header: ManifestHeader | undefined, now: Fingerprint): boolean {
  return header !== undefined && sameFingerprint(header.source, now);
}

function sizeOf(
  job: MailboxJob,
  manifests: Dir | undefined,
  root: Dir | undefined,
  block: number,
): MailboxSize {
  const { place, manifest, folder, fingerprint } = job;
  const header = manifests && peekManifest(manifests, manifest);
  // What a Maildir takes on the disk is what it holds; a spool may be packed.
  const before = header && (header.source.size > 0 ? header.source.size : header.bytes);
  const now: ReturnType<MailboxJob['measure']> = isAsKnown(header, fingerprint)
    ? { bytes: before ?? 0 }
    : job.measure();
  const grown = before === undefined || now.bytes > before;
  const opened = root && grown ? openFolder(root, folder) : undefined;
  try {
    const known = header && { size: before ?? 0, bytes: header.bytes, messages: header.messages };
    const hasFolder = known !== undefined || opened !== undefined;
    const none = { files: 0, bytes: 0 };
    const present = opened === undefined ? none : presentIn(opened, known === undefined, block);
    const { bytes: size, messages, packed: compressed = /\.gz$/i.test(place) } = now;
    return { size, compressed, messages, known, present, folder: hasFolder };
  } finally {
    opened?.close();
  }
}

/** What a pass that was cut off has left: in `tmp/`, from where it is removed, and under its names where there is no manifest. */
function presentIn(
  { cur, tmp }: { readonly cur: Dir; readonly tmp: Dir },
  named: boolean,
  block: number,
): Room {
  let [files, blocks] = [0, 0];
  const add = (size: number) => {
    files++;
    blocks += Math.ceil(size / block);
  };
  for (const name of tmp.entries()) if (isStaged(name)) add(tmp.lstat(name)?.size ?? 0);
  if (named) {
    for (const name of messageFiles(cur)) {
      const own = parseOwnBaseName(splitName(name).base);
      if (own !== undefined) add(own.size);
    }
  }
  return { files, bytes: blocks * block };
}
