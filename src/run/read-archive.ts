import type { ScanRemark } from '../codec/mbox/message-scanner.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { Finding, Findings, MessageRecord, Remembered, Scanned } from '../core/message.ts';
import { breathing } from '../io/breathe.ts';
import { printable } from '../io/names.ts';
import { dropCopies, pairByContent } from '../plan/by-content.ts';
import { MessageTable } from '../plan/message-table.ts';
import { sourceUidOf } from '../plan/pairing.ts';
import type { ArchiveAccount } from '../source/archive/account.ts';
import type { ArchiveFile, ArchiveListing, ArchivePeriod } from '../source/archive/files.ts';
import type { Manifest } from '../state/manifest.ts';
import { RecordFile } from '../state/record-file.ts';
import { Spill } from '../state/spill.ts';
import { ArchiveFiles } from './archive-files.ts';
import type { RunContext } from './context.ts';
import { emitFailure } from './failures.ts';
import { FindingList } from './finding-list.ts';
import type { ReadHow } from './jobs.ts';

/** What decides how an archive reads: the reader, by number, and the options. */
export function archiveReading({ reading }: RunContext): string {
  return `1 archive ${reading.zone.name} ${reading.unquote}`;
}

/** An archive that has been read: its messages in the order of a plan. Close it after use. */
export interface ArchiveRead {
  readonly listing: ArchiveListing;
  readonly findings: Findings;
  readonly keywords: readonly string[];
  readonly messages: number;
  /** Bytes of all messages, and bytes that were read. */
  readonly bytes: number;
  readonly read: number;
  /** Whether all files were taken, none of them while it moved. */
  readonly whole: boolean;
  /** Of each period what its files are; empty where they cannot count as read. */
  readonly stamps: readonly string[];
  readonly settled: boolean;
  readonly files: ArchiveFiles;
  /** Those that are known first, in the order of their UIDs, then those with UID 0 by date. */
  records(): Generator<Scanned, void, void>;
  close(): void;
}

interface Place {
  readonly account: ArchiveAccount;
  /** Of the account, and of the mailbox: printable. */
  readonly user: string;
  readonly mailbox: string;
}

export async function readArchive(context: RunContext, how: ReadHow, place: Place): Promise<ArchiveRead> {
  const listing = place.account.look();
  if (listing === undefined) {
    throw new SpoolsyncError('SOURCE_MOVED', 'the archive vanished after it was listed', {
      place: printable(place.account.rootPath),
      advice: 'run the same command again',
    });
  }
  const reader = new ArchiveReader(context, how, place, listing);
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
  readonly #scan = new MessageTable();
  /** Those of the last pass whose files are read. */
  readonly #known = new MessageTable();
  readonly #records = new RecordFile();
  readonly #spill = new Spill();
  readonly #findings = new FindingList();
  readonly #files: ArchiveFiles;
  /** Names of the files that are not read, since nothing of their periods has changed. */
  readonly #unchanged: ReadonlySet<string>;
  /** The period of each file, by the number that it has in the table. */
  readonly #periods: number[] = [];
  /** Numbers in the table, which are places in the order of reading, in the order of the plan. */
  #order: Uint32Array = new Uint32Array();
  #bytes = 0;
  #read = 0;
  #unquoted = 0;
  /** Whether there is something that could not be taken as a whole, or is left out. */
  #lacks: boolean;
  /** Numbers of the periods of which not all was taken. */
  readonly #unsure = new Set<number>();

  constructor(context: RunContext, how: ReadHow, place: Place, listing: ArchiveListing) {
    this.#context = context;
    this.#how = how;
    this.#place = place;
    this.#listing = listing;
    this.#lacks = listing.rejected.length + listing.leftOut.length > 0;
    this.#unchanged =
      how.anew === true ? new Set() : unchangedFiles(listing, how.known, archiveReading(context));
    this.#takeOver();
    const keywords = how.known?.header.keywords ?? [];
    this.#files = new ArchiveFiles(context, place.account, how.store, { first: this.#scan.count, keywords });
  }

  async run(): Promise<ArchiveRead> {
    this.#how.store.clear();
    const { periods } = this.#listing;
    for (const [i, period] of periods.entries())
      for (const file of period.files) if (!this.#unchanged.has(file.name)) await this.#file(file, period, i);
    dropCopies(this.#scan, (file) => this.#periods[file] ?? 0);
    pairByContent(this.#known, this.#scan);
    if (this.#lacks) this.#keepUnpaired();
    await this.#sort();
    if (this.#unquoted > 0)
      this.#how.remark('note', 'UNQUOTED', `>From quoting was taken from ${this.#unquoted} lines`);
    return {
      listing: this.#listing,
      findings: this.#findings.all,
      keywords: this.#files.keywords,
      messages: this.#spill.count,
      bytes: this.#bytes,
      read: this.#read,
      whole: this.#unsure.size === 0,
      stamps: periods.map(({ stamp }, i) => (this.#unsure.has(i) ? '' : stamp)),
      settled: this.#unsure.size === 0 && periods.every(({ stamp }) => stamp !== ''),
      files: this.#files,
      records: () => this.#inOrder(),
      close: () => this.close(),
    };
  }

  close(): void {
    this.#spill.close();
    this.#records.close();
  }

  /** Messages of files that did not change, and what was found in these; the rest waits to be brought together with. */
  #takeOver(): void {
    const { known } = this.#how;
    for (const record of known?.records() ?? []) {
      const uid = sourceUidOf(record);
      if (this.#unchanged.has(record.file?.key ?? '')) this.#add(messageOf(record), uid);
      else this.#known.add(record, { uid });
    }
    const names = new Set([...this.#unchanged].map(printable));
    for (const finding of known?.header.findings.list ?? [])
      if (this.#isIn(names, finding)) this.#say('finding', finding, placeOf(this.#place.account, finding));
  }

  /** Whether something was found in one of these files (printable names). */
  #isIn(names: ReadonlySet<string>, { file, offset }: Finding): boolean {
    if (file === undefined) return this.#place.account.isSingle && names.size > 0;
    const end = `:${offset}`;
    return file.endsWith(end) && names.has(file.slice(0, -end.length));
  }

  #add(record: MessageRecord, uid: number): void {
    this.#scan.add(record, { uid });
    this.#records.add(record);
  }

  /** Reads one file; what is wrong with it is its own. */
  async #file({ name }: ArchiveFile, { start }: ArchivePeriod, period: number): Promise<void> {
    const file = this.#periods.push(period) - 1;
    let first = this.#scan.count;
    let remarks: ScanRemark[] = [];
    const key = { key: name, ino: '', mtimeNs: '' };
    const attempt = () => {
      for (let at = first; at < this.#scan.count; at++) this.#scan.drop(at);
      // Nothing was staged before the first file: what an attempt of it has left can go.
      if (this.#read === 0) this.#how.store.clear();
      first = this.#scan.count;
      remarks = [];
      return {
        onMessage: (record: MessageRecord, staged: boolean) => {
          this.#scan.add(record, { file, staged });
          this.#records.add({ ...record, uid: 0, file: key });
        },
        remark: (remark: ScanRemark) => remarks.push(remark),
      };
    };
    try {
      const { bytes, unquoted, complete, grew } = await this.#files.read(name, start, attempt);
      for (let at = first + complete; at < this.#scan.count; at++) this.#scan.drop(at);
      this.#read += bytes;
      this.#unquoted += unquoted;
      for (const { severity, code, offset, message } of remarks)
        this.#say(severity, { code, offset, message, ...this.#fieldOf(name, offset) }, undefined, name);
      if (grew) this.#sayGrew(name, period);
    } catch (error) {
      if (this.#place.account.isSingle || !this.#isFilesOwn(error)) throw error;
      for (let at = first; at < this.#scan.count; at++) this.#scan.drop(at);
      this.#lacks = true;
      this.#unsure.add(period);
      emitFailure(this.#context.emit, error, this.#place.user, this.#place.mailbox);
    }
  }

  /** What is wrong with the file, or with where it lies: not with the target, and no stop. */
  #isFilesOwn(error: unknown): boolean {
    if (!(error instanceof SpoolsyncError)) return false;
    const { code, place = '' } = error;
    if (code === 'IO') return place.startsWith(printable(this.#place.account.rootPath));
    return code === 'PERMISSION' || code.startsWith('SOURCE_');
  }

  #sayGrew(name: string, period: number): void {
    this.#lacks = true;
    this.#unsure.add(period);
    const message = 'the file kept growing while it was read: its last message is left for the next run';
    this.#how.remark('finding', 'SOURCE_MOVED', message, {
      place: printable(this.#place.account.pathOf(name)),
    });
  }

  #fieldOf(name: string, offset: number): { file?: string } {
    return this.#place.account.isSingle ? {} : { file: `${printable(name)}:${offset}` };
  }

  #say(severity: ScanRemark['severity'], finding: Finding, place?: string, name = ''): void {
    const at = place ?? `${printable(this.#place.account.pathOf(name))}:${finding.offset}`;
    this.#how.remark(severity, finding.code, finding.message, { place: at });
    if (severity === 'finding') this.#findings.add(finding);
  }

  /** While not all can be read, what is known may be in what cannot. */
  #keepUnpaired(): void {
    let number = 0;
    for (const record of this.#how.known?.records() ?? []) {
      if (this.#unchanged.has(record.file?.key ?? '')) continue;
      if (!this.#known.isPaired(number++)) this.#add(messageOf(record), sourceUidOf(record));
    }
  }

  async #sort(): Promise<void> {
    this.#order = this.#scan.inOrder();
    for await (const number of breathing(this.#order)) {
      this.#context.checkSignal();
      const record = this.#records.at(number);
      this.#bytes += record.size;
      const placed = { ...record, uid: this.#scan.uidOf(number), date: this.#scan.dateOf(number) };
      this.#spill.add(placed, this.#scan.isStaged(number));
    }
    this.#records.close();
  }

  *#inOrder(): Generator<Scanned, void, void> {
    let at = 0;
    for (const scanned of this.#spill.records())
      yield Object.assign(scanned, { ordinal: this.#order[at++] ?? 0 });
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

/** What the source has of a message that is known. */
function messageOf(record: Remembered): MessageRecord {
  const { sourceUid: _uid, gone: _gone, target: _target, ...message } = record;
  return message;
}

function placeOf(account: ArchiveAccount, { file, offset }: Finding): string {
  return file === undefined
    ? `${printable(account.rootPath)}:${offset}`
    : `${printable(account.rootPath)}/${file}`;
}
