import { NOWHERE } from '../codec/mbox/message-scanner.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { Remembered, Scanned } from '../core/message.ts';
import { printable } from '../io/names.ts';
import type { ArchiveAccount } from '../source/archive/account.ts';
import type { ArchiveListing } from '../source/archive/files.ts';
import { OpenSpools } from '../source/archive/open-spools.ts';
import { copyMessage } from '../source/scan.ts';
import type { Spool } from '../source/spool.ts';
import { ArchiveFiles } from './archive-files.ts';
import type { Remark, RunContext } from './context.ts';
import type { FolderJob, MailboxJob, SourceCheck } from './jobs.ts';
import { numbersOf } from './numbers.ts';
import { type ArchiveRead, archiveReading, lookAgain, readArchive } from './read-archive.ts';
import { messageMoved, type OpenSource } from './source-view.ts';

/** Names that are told one by one. */
const NAMED = 10;

/** The job of a list's archive. `SOURCE_MOVED` if it is gone by now. */
export function archiveJob(context: RunContext, account: ArchiveAccount, job: FolderJob): MailboxJob {
  const place = printable(account.path);
  const user = printable(account.user);
  const { mailbox, remark } = job;
  const listing = lookAgain(account);
  sayLeftOut(listing, remark);
  const { print } = listing;
  return {
    ...job,
    place,
    fingerprint: print,
    bytes: print.size,
    reading: archiveReading(context),
    foresees: false,
    measure: () => ({ bytes: print.size, packed: isPacked(listing) }),
    read: async (running, how) => {
      // What a pass over something else knew of the place is only of use for whoever pairs by dates.
      const known = how.known?.header.rules === 'archive' ? how.known : undefined;
      const read = await readArchive(running, { ...how, known }, { account, user, mailbox });
      const reason = reasonOf(read.listing);
      context.emit({ event: 'rules', user, mailbox, place, rules: 'archive', reason });
      return viewOf(running, account, read, { known: known !== undefined, reason });
    },
    check: async (running) => new ArchiveCheck(running, account, lookAgain(account)),
  };
}

function sayLeftOut({ leftOut }: ArchiveListing, remark: Remark): void {
  if (leftOut.length === 0) return;
  const more = leftOut.length > NAMED ? ` and ${leftOut.length - NAMED} more` : '';
  const names = `${leftOut.slice(0, NAMED).map(printable).join(', ')}${more}`;
  const message = `left out: ${names}; not read, and while that is so nothing of the list counts as gone`;
  remark('note', 'MAILBOXES_LEFT_OUT', message);
}

/** Whether most of it is in packed files. */
function isPacked({ periods, print }: ArchiveListing): boolean {
  const files = periods.flatMap((period) => period.files).filter(({ name }) => /\.gz$/i.test(name));
  return files.reduce((sum, { stat }) => sum + stat.size, 0) * 2 > print.size;
}

function reasonOf({ periods }: ArchiveListing): string {
  const files = periods.reduce((sum, period) => sum + period.files.length, 0);
  return `a list’s archive in ${files} ${files === 1 ? 'file' : 'files'}, read by the plain rules; who is new is numbered by date`;
}

function viewOf(
  context: RunContext,
  account: ArchiveAccount,
  read: ArchiveRead,
  { known, reason }: { readonly known: boolean; readonly reason: string },
): OpenSource {
  const { listing, keywords, messages } = read;
  const spools = new OpenSpools(account);
  const totals = { uidValidity: undefined, renumbered: false, uidNext: 1, keywords };
  return {
    rules: 'archive',
    reason,
    ground: 'mark',
    reading: archiveReading(context),
    source: listing.print,
    settled: read.settled,
    whole: read.whole,
    bytes: messages.bytes,
    read: read.read,
    findings: read.findings,
    blocks: read.stamps,
    blockSize: 0,
    messages: messages.count,
    identified: known,
    facts: (old, now) => numbersOf(totals, old, now),
    records: () => messages.records(),
    items: () => messages.records(),
    ready: async (message) => {
      await spools.open(fileOf(message));
    },
    copy: (message, store) => {
      const spool = spools.get(fileOf(message));
      const copied = spool && copyMessage(spool, read.files.optionsOf(spool), message, store);
      if (copied?.digest !== message.digest) throw messageMoved(placeOf(account, message));
    },
    announce: () => undefined,
    close: () => {
      spools.close();
      messages.close();
    },
  };
}

/** Reads messages of an archive anew and holds them against what the pass made of them. */
class ArchiveCheck implements SourceCheck {
  readonly place: string;
  readonly fingerprint: SourceCheck['fingerprint'];
  readonly #spools: OpenSpools;
  readonly #files: ArchiveFiles;

  constructor(context: RunContext, account: ArchiveAccount, { print }: ArchiveListing) {
    this.place = printable(account.path);
    this.fingerprint = print;
    this.#spools = new OpenSpools(account);
    this.#files = new ArchiveFiles(context, account, NOWHERE, { first: 0, keywords: [] });
  }

  async holds(record: Remembered): Promise<boolean> {
    const spool = await this.#open(fileOf(record));
    const found = spool && copyMessage(spool, this.#files.optionsOf(spool), record, NOWHERE);
    return found?.digest === record.digest && found.size === record.size;
  }

  close(): void {
    this.#spools.close();
  }

  /** A file that is gone, or is no mbox any more, holds nothing. */
  async #open(name: string): Promise<Spool | undefined> {
    try {
      return await this.#spools.open(name);
    } catch (error) {
      if (error instanceof SpoolsyncError && error.code.startsWith('SOURCE_')) return undefined;
      throw error;
    }
  }
}

function fileOf({ file }: Pick<Scanned, 'file'>): string {
  return file?.key ?? '';
}

function placeOf(account: ArchiveAccount, message: Scanned): string {
  return `${printable(account.pathOf(fileOf(message)))}:${message.start}`;
}
