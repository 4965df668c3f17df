import { fromFolder } from '../codec/maildir/folder-name.ts';
import type { Fingerprint, Remembered } from '../core/message.ts';
import { printable } from '../io/names.ts';
import type { Account } from '../source/accounts.ts';
import { ArchiveAccount } from '../source/archive/account.ts';
import type { ListedMailbox, MailAccount } from '../source/mail-account.ts';
import { MboxAccount } from '../source/mailboxes.ts';
import { MaildirAccount } from '../source/maildir/account.ts';
import type { MessageStore } from '../source/maildir/message-store.ts';
import type { Rejected } from '../source/rejected.ts';
import type { Manifest } from '../state/manifest.ts';
import { manifestName } from '../state/state-dir.ts';
import { archiveJob } from './archive-job.ts';
import { type Remark, type RunContext, remarker } from './context.ts';
import { emitFailure } from './failures.ts';
import { LeftOut } from './left-out.ts';
import { maildirJob } from './maildir-job.ts';
import { mboxJob } from './mbox-job.ts';
import type { OpenSource } from './source-view.ts';
import { wantedSubscriptions } from './subscriptions.ts';

/** A mailbox, and where it goes. */
export interface FolderJob {
  /** Name for people. */
  readonly mailbox: string;
  /** Directory below the target's root; empty for INBOX. */
  readonly folder: string;
  /** File name of the manifest in the account's state directory. */
  readonly manifest: string;
  readonly remark: Remark;
}

/** How a mailbox is read. */
export interface ReadHow {
  /** Where the bytes go; `clear` forgets those of an attempt that is repeated. */
  readonly store: MessageStore & { clear(): void };
  /** What the last pass knew of it. */
  readonly known: Manifest | undefined;
  /** Whether all bytes are read, whatever the last pass knew of them. */
  readonly anew?: boolean;
  readonly remark: Remark;
}

/** Reads single messages anew and holds them against what a pass made of them. Close it after use. */
export interface SourceCheck {
  /** For messages. */
  readonly place: string;
  readonly fingerprint: Fingerprint;
  holds(record: Remembered): boolean | Promise<boolean>;
  close(): void;
}

/** One mailbox of the source. */
export interface MailboxJob extends FolderJob {
  /** Path of the spool, or of the folder: printable. */
  readonly place: string;
  /** What it was when it was listed. */
  readonly fingerprint: Fingerprint;
  /** Its size, for progress; 0 where that is not known beforehand. */
  readonly bytes: number;
  /** What decides how it reads: with another key in the manifest it is read anew. */
  readonly reading: string;
  /** Whether, with a manifest at hand, only messages are read that are new. */
  readonly foresees: boolean;
  /** What reading all of it would bring, without reading it; how many messages, and whether they are packed, where that can be told. */
  measure(): { readonly bytes: number; readonly messages?: number; readonly packed?: boolean };
  read(context: RunContext, how: ReadHow): Promise<OpenSource>;
  check(context: RunContext, manifest: Manifest): Promise<SourceCheck>;
}

/** An account's mailboxes. Close it after use. */
export interface AccountJobs {
  readonly source: MailAccount;
  readonly jobs: readonly MailboxJob[];
  /** Folders of all mailboxes, those that could not be opened included. */
  readonly folders: ReadonlySet<string>;
  /** Whether all of the source could be looked at: only then is what it does not list really gone. */
  readonly complete: boolean;
  /** Whether something of the source could not be read that should have been: a failure has said so. */
  readonly failed: boolean;
  /** Whether the mailbox of a folder of the target is left out: neither read, nor taken from the target. */
  leftOut(folder: string): boolean;
  /** The subscriptions file that the target should have; `undefined` where the source has none that can be read. */
  readonly subscriptions: Buffer | undefined;
  close(): void;
}

/** Opens an account and says what of it will not be read, and which names clients will see changed. */
export function openJobs(context: RunContext, account: Account): AccountJobs {
  if (account.places.kind === 'maildir') {
    const maildir = MaildirAccount.open(account);
    return jobsOf(context, account, maildir, (mailbox, job) => maildirJob(context, maildir, mailbox, job));
  }
  if (account.places.kind === 'archive') {
    const archive = ArchiveAccount.open(account);
    return jobsOf(context, account, archive, (_inbox, job) => archiveJob(context, archive, job));
  }
  const mbox = MboxAccount.open(account);
  const there = printable(account.formerly ?? account.user);
  return jobsOf(context, account, mbox, (mailbox, job) => mboxJob(context, mbox, mailbox, job, there));
}

function jobsOf<M extends ListedMailbox>(
  context: RunContext,
  account: Account,
  source: MailAccount<M>,
  jobOf: (mailbox: M, job: FolderJob) => MailboxJob,
): AccountJobs {
  const user = printable(source.user);
  const { mailboxes, ...listing } = source.list();
  const left = new LeftOut(account);
  const rejected = listing.rejected.filter(({ path }) => !left.hasEntry(path));
  for (const entry of rejected) announceRejected(context, user, entry);
  const jobs: MailboxJob[] = [];
  const folders = new Map<string, string>();
  for (const [i, place] of source.place(mailboxes).entries()) {
    const mailbox = mailboxes[i] as M;
    const name = printable(mailbox.parts.join('/'));
    if (left.notices(mailbox.parts)) {
      if (place.ok) folders.set(mailbox.parts.join('/'), place.folder);
      continue;
    }
    if (!place.ok) {
      const advice = 'rename the mailbox in the source, or move its mail to one with a shorter name';
      const [code, message] = ['CANNOT_CREATE', place.reason] as const;
      context.emit({ event: 'failure', user, mailbox: name, code, message, advice });
      continue;
    }
    const { folder } = place;
    folders.set(mailbox.parts.join('/'), folder);
    const remark = remarker(context.emit, user, name);
    try {
      const job = jobOf(mailbox, { mailbox: name, folder, manifest: manifestName(folder), remark });
      if (place.changed) remark('note', 'NAME_MAPPED', `clients will see it as ${shown(folder)}`);
      jobs.push(job);
    } catch (error) {
      emitFailure(context.emit, error, user, name);
    }
  }
  left.announce(context);
  const allOpened = jobs.length + left.count === mailboxes.length;
  const wanted = wantedSubscriptions(source, folders);
  for (const entry of [...wanted.rejected, ...wanted.notes]) announceRejected(context, user, entry);
  return {
    source,
    jobs,
    folders: new Set(folders.values()),
    failed: rejected.some(({ code }) => code !== undefined) || !allOpened,
    complete: rejected.length === 0 && source.hasRoot && allOpened,
    leftOut: left.hasFolder,
    subscriptions: wanted.file,
    close: () => source.close(),
  };
}

function announceRejected({ emit }: RunContext, user: string, { path, reason, code }: Rejected): void {
  const place = printable(path);
  const message = `${place} ${reason}`;
  if (code === undefined)
    emit({ event: 'remark', severity: 'finding', code: 'NOT_READ', user, message, place });
  else {
    const advice = 'run as root, or as the user who owns it';
    emit({ event: 'failure', user, code, message, place, advice });
  }
}

/** A folder as a client names it, hierarchy separated by `/`. */
function shown(folder: string): string {
  return fromFolder(folder) === undefined ? folder : printable(folder.slice(1).replaceAll('.', '/'));
}
