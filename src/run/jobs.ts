import { fromFolder } from '../codec/maildir/folder-name.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { printable } from '../io/names.ts';
import type { Stat } from '../io/stat.ts';
import type { Account } from '../source/accounts.ts';
import { placeMailboxes } from '../source/folders.ts';
import { MboxAccount, type SourceMailbox } from '../source/mailboxes.ts';
import type { Rejected } from '../source/rejected.ts';
import { manifestName } from '../state/state-dir.ts';
import { type Remark, type RunContext, remarker } from './context.ts';
import { emitFailure } from './failures.ts';
import { LeftOut } from './left-out.ts';
import type { ReadInput } from './read-mailbox.ts';
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

/** One mailbox of the source. */
export interface MailboxJob extends FolderJob, Omit<ReadInput, 'store'> {
  /** Path of the spool, printable. */
  readonly place: string;
  /** The spool when it was listed. */
  readonly stat: Stat;
}

/** An account's mailboxes. Close it after use. */
export interface AccountJobs {
  readonly source: MboxAccount;
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
  const source = MboxAccount.open(account);
  const user = printable(account.user);
  const { mailboxes, ...listing } = source.list();
  const left = new LeftOut(account);
  const rejected = listing.rejected.filter(({ path }) => !left.hasEntry(path));
  for (const entry of rejected) announceRejected(context, user, entry);
  const names = mailboxes.map(({ isInbox, parts }) => (isInbox ? [] : parts));
  const jobs: MailboxJob[] = [];
  const folders = new Map<string, string>();
  for (const [i, place] of placeMailboxes(names).entries()) {
    const mailbox = mailboxes[i] as SourceMailbox;
    const name = printable(mailbox.parts.join('/'));
    if (left.notices(mailbox.parts)) {
      if (place.ok) folders.set(mailbox.parts.join('/'), place.folder);
      continue;
    }
    if (!place.ok) {
      const advice = 'rename the mailbox in the source, or move its mail to one with a shorter name';
      context.emit({
        event: 'failure',
        user,
        mailbox: name,
        code: 'CANNOT_CREATE',
        message: place.reason,
        advice,
      });
      continue;
    }
    folders.set(mailbox.parts.join('/'), place.folder);
    let job: MailboxJob;
    try {
      job = jobOf(context, source, mailbox, account, place.folder);
    } catch (error) {
      emitFailure(context.emit, error, user, name);
      continue;
    }
    if (place.changed) job.remark('note', 'NAME_MAPPED', `clients will see it as ${shown(place.folder)}`);
    jobs.push(job);
  }
  left.announce(context);
  const allOpened = jobs.length + left.count === mailboxes.length;
  const wanted = wantedSubscriptions(account, source, folders);
  for (const entry of wanted.rejected) announceRejected(context, user, entry);
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

function jobOf(
  context: RunContext,
  source: MboxAccount,
  mailbox: SourceMailbox,
  account: Account,
  folder: string,
): MailboxJob {
  const user = printable(account.user);
  const name = printable(mailbox.parts.join('/'));
  const remark = remarker(context.emit, user, name);
  const open = () => {
    const file = source.openMailbox(mailbox);
    if (file !== undefined) return file;
    throw new SpoolsyncError('SOURCE_MOVED', 'the spool vanished after it was listed', {
      place: printable(mailbox.path),
      advice: 'run the same command again',
    });
  };
  const looked = open();
  const { mtimeNs } = looked.stat;
  looked.close();
  const log = mailbox.index?.logMtimeNs;
  if (log !== undefined && log > mtimeNs) {
    const there = printable(account.formerly ?? account.user);
    const message =
      'Dovecot’s index is newer than the file: the last flag changes may live only there; ' +
      `write them into the file first: doveadm force-resync -u ${there} ${name}`;
    remark('finding', 'INDEX_NEWER', message, { place: printable(mailbox.path) });
  }
  return {
    mailbox: name,
    folder,
    manifest: manifestName(folder),
    place: printable(mailbox.path),
    stat: looked.stat,
    indexes: mailbox.index !== undefined,
    open,
    remark,
    rules: ({ rules, reason }, place) =>
      context.emit({ event: 'rules', user, mailbox: name, place, rules, reason }),
  };
}

/** A folder as a client names it, hierarchy separated by `/`. */
function shown(folder: string): string {
  return fromFolder(folder) === undefined ? folder : printable(folder.slice(1).replaceAll('.', '/'));
}
