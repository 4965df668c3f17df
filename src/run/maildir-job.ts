import { decodeMutf7 } from '../codec/maildir/mutf7.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { Fingerprint, Remembered, Scanned } from '../core/message.ts';
import { printable } from '../io/names.ts';
import { spell } from '../source/folders.ts';
import type { MaildirAccount, MaildirMailbox } from '../source/maildir/account.ts';
import { readCourierUidls } from '../source/maildir/courier-pop3.ts';
import { folderPrint } from '../source/maildir/fingerprint.ts';
import type { SourceFolder } from '../source/maildir/folder.ts';
import { type Entries, listOnce, type Problem } from '../source/maildir/listing.ts';
import { measureFolder } from '../source/maildir/measure.ts';
import type { MessageStore } from '../source/maildir/message-store.ts';
import { MessageReader } from '../source/maildir/reader.ts';
import { type FolderScan, type ScanInput, scanFolder } from '../source/maildir/scan.ts';
import { servedByCourier } from '../source/maildir/uidlist.ts';
import type { Manifest } from '../state/manifest.ts';
import { Spill } from '../state/spill.ts';
import type { RunContext } from './context.ts';
import type { FolderJob, MailboxJob, ReadHow, SourceCheck } from './jobs.ts';
import { placeIn } from './mailbox-remarks.ts';
import { numbersOf } from './numbers.ts';
import { askedFor, withUidls } from './pop3-uidls.ts';
import { type OpenSource, uidlKey } from './source-view.ts';

/** The reader, by number, and what UIDLs it had: no other option changes how a Maildir reads. */
function readingOf({ reading }: RunContext): string {
  return `1 maildir${uidlKey(reading)}`;
}

/** The job of one folder of a Maildir. `SOURCE_MOVED` if it is gone by now. */
export function maildirJob(
  context: RunContext,
  source: MaildirAccount,
  mailbox: MaildirMailbox,
  job: FolderJob,
): MailboxJob {
  const place = printable(mailbox.path);
  const open = (): SourceFolder => {
    const folder = source.openFolder(mailbox);
    if (folder !== undefined) return folder;
    const advice = 'run the same command again';
    throw new SpoolsyncError('SOURCE_MOVED', 'the folder vanished after it was listed', { place, advice });
  };
  const looked = open();
  const fingerprint = folderPrint(looked);
  looked.close();
  return {
    ...job,
    place,
    fingerprint,
    bytes: 0,
    reading: readingOf(askedFor(context, job)),
    foresees: true,
    measure: () => {
      const folder = open();
      try {
        return measureFolder(folder);
      } finally {
        folder.close();
      }
    },
    read: (running, how) => {
      const folder = open();
      return readFolder(
        askedFor(running, job),
        how,
        { folder, owner: source.owner, place, problems: nameProblems(mailbox, job, folder) },
        (scan) => {
          const user = printable(source.user);
          const { rules, reason } = scan.numbers;
          context.emit({ event: 'rules', user, mailbox: job.mailbox, place, rules, reason });
        },
      );
    },
    check: async () => new FolderCheck(open(), source.owner, place),
  };
}

/** Dovecot would not list a folder whose name is no modified UTF-7. Courier 5, which writes UTF-8, shows it under its new name. */
function nameProblems(
  { isInbox, parts }: MaildirMailbox,
  { folder }: FolderJob,
  from: SourceFolder,
): readonly Problem[] {
  const names = (spelled: readonly string[]) => spelled.map((part) => `.${part}`).join('') === folder;
  if (isInbox || names(parts) || !isOddName(parts)) return [];
  if (names(parts.map(spell)) && servedByCourier(from)) return [];
  const message = `its directory has a name that Dovecot does not read; in the target it is ${printable(folder)}`;
  return [{ code: 'FOLDER_NAME_REPAIRED', file: '', message }];
}

function isOddName(parts: readonly string[]): boolean {
  return parts.some((part) => decodeMutf7(part) === undefined);
}

interface Place {
  readonly folder: SourceFolder;
  /** The account's uid. */
  readonly owner: number;
  /** Printable. */
  readonly place: string;
  /** What is known to be amiss before it is read. */
  readonly problems: readonly Problem[];
}

async function readFolder(
  context: RunContext,
  { store, known, anew = false, remark }: ReadHow,
  { folder, owner, place, problems }: Place,
  scanned: (scan: FolderScan) => void,
): Promise<OpenSource> {
  const spill = new Spill(known);
  const close = () => {
    spill.close();
    folder.close();
  };
  try {
    store.clear();
    const scan = await scanFolder({
      folder,
      owner,
      store,
      known: () => known?.stretches() ?? [],
      anew,
      xUidl: wantsXUidl(context, known),
      problems,
      checkSignal: context.checkSignal,
      took: context.took,
      problem: ({ code, file, message }: Problem) =>
        remark('finding', code, message, { place: placeIn(place, file) }),
      onMessage: (record, staged) => spill.add(record, staged),
      onStretch: (stretch) => spill.addStretch(stretch),
    });
    scanned(scan);
    if (!scan.listing.agreed) {
      const message =
        'mail kept arriving while the folder was listed: what was met was taken, and nothing counts as gone; run again';
      remark('finding', 'SOURCE_MOVED', message, { place });
    }
    const view = { ...viewOf(scan, spill, known !== undefined, place, close), reading: readingOf(context) };
    const { uidls } = context.reading;
    const listed = uidls?.kind === 'courier' ? readCourierUidls(folder, owner) : undefined;
    return withUidls(view, uidls, { kind: 'maildir', listed, ordered: scan.ordered, place, remark });
  } catch (error) {
    close();
    throw error;
  }
}

/** A manifest that was made when others were asked for does not have them. */
function wantsXUidl(context: RunContext, known: Manifest | undefined): ScanInput['xUidl'] {
  if (context.reading.uidls?.kind !== 'x-uidl') return false;
  return known === undefined || known.header.reading === readingOf(context) ? 'known' : 'anew';
}

function viewOf(
  scan: FolderScan,
  spill: Spill,
  identified: boolean,
  place: string,
  close: () => void,
): Omit<OpenSource, 'reading'> {
  const { listing, numbers, keywords, acl, findings, bytes, read, reader } = scan;
  const { rules, reason, uidValidity, uidNext, guid, extensions } = numbers;
  return {
    rules,
    reason,
    ground: 'mark',
    source: listing.print,
    settled: listing.settled && scan.still,
    whole: listing.agreed,
    bytes,
    read,
    findings,
    blocks: [],
    blockSize: 0,
    messages: spill.count,
    guid,
    acl,
    identified,
    facts: (old, now) =>
      numbersOf({ uidValidity, renumbered: false, uidNext, keywords, extensions }, old, now),
    records: () => spill.records(),
    items: () => spill.items(),
    copy: (message, store) => copyAgain(reader, listing.entries, message, store, place),
    announce: () => undefined,
    close,
  };
}

function copyAgain(
  reader: MessageReader,
  entries: Entries,
  message: Scanned,
  store: MessageStore,
  place: string,
): void {
  const entry = entries.get(message.file?.key ?? '');
  const copied = entry && reader.read(entry, message.date, store, message.ordinal);
  if (copied?.digest === message.digest) return;
  throw new SpoolsyncError('SOURCE_MOVED', 'a message changed or vanished between two looks at it', {
    place: `${place}: ${printable(message.file?.key ?? '')}`,
    advice: 'run the same command again',
  });
}

/** Reads messages of a folder anew and holds them against what the pass made of them. */
class FolderCheck implements SourceCheck {
  readonly place: string;
  readonly fingerprint: Fingerprint;
  readonly #folder: SourceFolder;
  readonly #reader: MessageReader;
  #entries: Entries | undefined;

  constructor(folder: SourceFolder, owner: number, place: string) {
    this.place = place;
    this.fingerprint = folderPrint(folder);
    this.#folder = folder;
    this.#reader = new MessageReader(folder, owner);
  }

  holds({ file, size, digest, date }: Remembered): boolean {
    this.#entries ??= listOnce(this.#folder).entries;
    const entry = this.#entries.get(file?.key ?? '');
    const found = entry && this.#reader.read(entry, date);
    return found?.digest === digest && found.size === size;
  }

  close(): void {
    this.#folder.close();
  }
}
