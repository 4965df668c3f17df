import type { ScanRemark } from '../codec/mbox/message-scanner.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { Finding, Findings, MessageRecord } from '../core/message.ts';
import { printable } from '../io/names.ts';
import type { ArchiveAccount } from '../source/archive/account.ts';
import type { ArchiveFile, ArchiveListing, ArchivePeriod } from '../source/archive/files.ts';
import type { Manifest } from '../state/manifest.ts';
import { ArchiveFiles } from './archive-files.ts';
import { ArchiveMessages } from './archive-messages.ts';
import type { RunContext } from './context.ts';
import { emitFailure } from './failures.ts';
import { FindingList } from './finding-list.ts';
import type { ReadHow } from './jobs.ts';
import { placeIn } from './mailbox-remarks.ts';

/** What decides how an archive reads: the reader, by number, and the options. */
export function archiveReading({ reading }: RunContext): string {
  return `1 archive ${reading.zone.name} ${reading.unquote}`;
}

/** An archive that has been read. */
export interface ArchiveRead {
  readonly listing: ArchiveListing;
  readonly findings: Findings;
  readonly keywords: readonly string[];
  /** To be closed after use. */
  readonly messages: ArchiveMessages;
  /** Bytes that were read. */
  readonly read: number;
  /** Whether all files were taken, none of them while it moved. */
  readonly whole: boolean;
  /** Of each period what its files are; empty where they cannot count as read. */
  readonly stamps: readonly string[];
  readonly settled: boolean;
  readonly files: ArchiveFiles;
}

interface Place {
  readonly account: ArchiveAccount;
  /** Of the account, and of the mailbox: printable. */
  readonly user: string;
  readonly mailbox: string;
}

/** An archive's files as they are now; `SOURCE_MOVED` if it is gone since it was listed. */
export function lookAgain(account: ArchiveAccount): ArchiveListing {
  const listing = account.look();
  if (listing !== undefined) return listing;
  throw new SpoolsyncError('SOURCE_MOVED', 'the archive vanished after it was listed', {
    place: printable(account.path),
    advice: 'run the same command again',
  });
}

export async function readArchive(context: RunContext, how: ReadHow, place: Place): Promise<ArchiveRead> {
  const reader = new ArchiveReader(context, how, place, lookAgain(place.account));
  try {
    return await reader.run();
  } catch (error) {
    reader.close();
    throw error;
  }
}

class ArchiveReader {
  readonly #context: RunContext;
  readonly #how: ReadHow;
  readonly #place: Place;
  readonly #listing: ArchiveListing;
  readonly #messages: ArchiveMessages;
  readonly #findings = new FindingList();
  readonly #files: ArchiveFiles;
  /** Names of the files that are not read, since nothing of their periods has changed. */
  readonly #unchanged: ReadonlySet<string>;
  /** The period of each file that was read, by the file's number; and the names of those that were read as a whole. */
  readonly #periods: number[] = [];
  readonly #taken = new Set<string>();
  #read = 0;
  #unquoted = 0;
  /** Numbers of the periods of which not all was taken. */
  readonly #unsure = new Set<number>();

  constructor(context: RunContext, how: ReadHow, place: Place, listing: ArchiveListing) {
    this.#context = context;
    this.#how = how;
    this.#place = place;
    this.#listing = listing;
    this.#unchanged =
      how.anew === true ? new Set() : unchangedFiles(listing, how.known, archiveReading(context));
    this.#messages = new ArchiveMessages(how.known, this.#unchanged);
    const { next: first } = this.#messages;
    const keywords = how.known?.header.keywords ?? [];
    this.#files = new ArchiveFiles(context, place.account, how.store, { first, keywords });
  }

  async run(): Promise<ArchiveRead> {
    this.#how.store.clear();
    this.#sayAgain();
    const { periods, rejected, leftOut } = this.#listing;
    for (const [i, period] of periods.entries())
      for (const file of period.files) if (!this.#unchanged.has(file.name)) await this.#file(file, period, i);
    const lacks = this.#unsure.size + rejected.length + leftOut.length > 0;
    await this.#messages.settle(
      (file) => this.#periods[file] ?? 0,
      lacks ? (name) => this.#taken.has(name) : undefined,
      this.#context.checkSignal,
    );
    if (this.#unquoted > 0)
      this.#how.remark('note', 'UNQUOTED', `>From quoting was taken from ${this.#unquoted} lines`);
    const whole = this.#unsure.size === 0;
    return {
      listing: this.#listing,
      findings: this.#findings.all,
      keywords: this.#files.keywords,
      messages: this.#messages,
      read: this.#read,
      whole,
      stamps: periods.map(({ stamp }, i) => (this.#unsure.has(i) ? '' : stamp)),
      settled: whole && periods.every(({ stamp }) => stamp !== ''),
      files: this.#files,
    };
  }

  close(): void {
    this.#messages.close();
  }

  /** What was found in files that did not change holds. */
  #sayAgain(): void {
    const names = new Set([...this.#unchanged].map(printable));
    for (const finding of this.#how.known?.header.findings.list ?? [])
      if (this.#isIn(names, finding)) this.#say('finding', finding);
  }

  /** Whether something was found in one of these files (printable names). */
  #isIn(names: ReadonlySet<string>, { file, offset }: Finding): boolean {
    if (file === undefined) return this.#place.account.isSingle && names.size > 0;
    const end = `:${offset}`;
    return file.endsWith(end) && names.has(file.slice(0, -end.length));
  }

  /** Reads one file; what is wrong with it is its own. */
  async #file({ name }: ArchiveFile, { start }: ArchivePeriod, period: number): Promise<void> {
    const file = this.#periods.push(period) - 1;
    const messages = this.#messages;
    let first = messages.next;
    let remarks: ScanRemark[] = [];
    const attempt = () => {
      messages.dropFrom(first);
      // Nothing was staged before the first file: what an attempt of it has left can go.
      if (this.#read === 0) this.#how.store.clear();
      first = messages.next;
      remarks = [];
      return {
        onMessage: (record: MessageRecord, staged: boolean) => messages.add(record, staged, file, name),
        remark: (remark: ScanRemark) => remarks.push(remark),
      };
    };
    try {
      const { bytes, unquoted, complete, grew } = await this.#files.read(name, start, attempt);
      messages.dropFrom(first + complete);
      this.#read += bytes;
      this.#unquoted += unquoted;
      const inFile = this.#place.account.isSingle ? undefined : printable(name);
      for (const { severity, code, offset, message } of remarks)
        this.#say(severity, { code, offset, message, ...(inFile && { file: `${inFile}:${offset}` }) });
      if (grew) this.#sayGrew(name, period);
      else this.#taken.add(name);
    } catch (error) {
      if (this.#place.account.isSingle || !this.#isFilesOwn(error, name)) throw error;
      messages.dropFrom(first);
      this.#unsure.add(period);
      emitFailure(this.#context.emit, error, this.#place.user, this.#place.mailbox);
    }
  }

  /** What is wrong with the file, or with where it lies: not with the target, and no stop. */
  #isFilesOwn(error: unknown, name: string): boolean {
    if (!(error instanceof SpoolsyncError)) return false;
    const { code, place } = error;
    if (code === 'IO') return place === printable(this.#place.account.pathOf(name));
    return code === 'PERMISSION' || code.startsWith('SOURCE_');
  }

  #sayGrew(name: string, period: number): void {
    this.#unsure.add(period);
    const message = 'the file kept growing while it was read: its last message is left for the next run';
    const place = printable(this.#place.account.pathOf(name));
    this.#how.remark('finding', 'SOURCE_MOVED', message, { place });
  }

  #say(severity: ScanRemark['severity'], finding: Finding): void {
    const { file, offset } = finding;
    const path = printable(this.#place.account.path);
    const place = file === undefined ? `${path}:${offset}` : placeIn(path, file);
    this.#how.remark(severity, finding.code, finding.message, { place });
    if (severity === 'finding') this.#findings.add(finding);
  }
}

/** Files of the periods that are what they were at the last pass, if that had read them in the same way. */
function unchangedFiles(
  { periods }: ArchiveListing,
  known: Manifest | undefined,
  reading: string,
): ReadonlySet<string> {
  if (known === undefined || known.header.reading !== reading || known.header.findings.more > 0)
    return new Set();
  const stamps = new Set(known.blocks());
  const same = periods.filter(({ stamp }) => stamp !== '' && stamps.has(stamp));
  return new Set(same.flatMap(({ files }) => files.map(({ name }) => name)));
}
