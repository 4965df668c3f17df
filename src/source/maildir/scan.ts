import { parseInfo } from '../../codec/maildir/flags.ts';
import { SpoolsyncError } from '../../core/errors.ts';
import { MAX_UID } from '../../core/limits.ts';
import type { Findings, MessageRecord, Remembered } from '../../core/message.ts';
import { messagesOf, type Stretch } from '../../core/stretch.ts';
import { breathing } from '../../io/breathe.ts';
import { printable } from '../../io/names.ts';
import type { Stat } from '../../io/stat.ts';
import { readRights } from './acl.ts';
import type { SourceFolder } from './folder.ts';
import { type FolderKeywords, readFolderKeywords } from './keywords.ts';
import {
  type Entries,
  type Entry,
  listFolder,
  type Problem,
  placeOf,
  type StableListing,
} from './listing.ts';
import { type Content, carriedFields, isSameFile, secondsOf, wrongSizes } from './message-facts.ts';
import type { MessageStore } from './message-store.ts';
import { type FolderOrder, isEntry, type Ordered, orderEntries } from './order.ts';
import { ProblemList } from './problems.ts';
import { MessageReader } from './reader.ts';
import { type KnownMessage, KnownRecords, StretchKeeper } from './stretches.ts';
import { type FolderNumbers, readNumbers } from './uidlist.ts';

/** How a folder is read. */
export interface ScanInput {
  readonly folder: SourceFolder;
  /** The account's uid. */
  readonly owner: number;
  readonly store: MessageStore;
  /** What the last pass knew, walked through more than once. */
  readonly known: () => Iterable<Stretch>;
  /** Whether all messages are read, whatever the last pass knew of them. */
  readonly anew: boolean;
  /** Whether the X-UIDL fields are wanted; `anew`: what the last pass knew does not have them. */
  readonly xUidl: false | 'known' | 'anew';
  /** What is known to be amiss before it is read. */
  readonly problems: readonly Problem[];
  readonly checkSignal: () => void;
  /** Hears of the bytes read. */
  readonly took: (bytes: number) => void;
  readonly problem: (problem: Problem) => void;
  /** Gets all messages in the order of their UIDs; UID 0 for those that nobody has numbered. */
  readonly onMessage: (record: MessageRecord, staged: boolean) => void;
  /** Gets messages in their place that are all as the last pass left them. */
  readonly onStretch: (stretch: Stretch) => void;
}

/** What a folder came to. */
export interface FolderScan {
  readonly listing: StableListing;
  readonly numbers: FolderNumbers;
  readonly keywords: readonly string[];
  /** `dovecot-acl`, as it is. */
  readonly acl: Buffer | undefined;
  readonly findings: Findings;
  readonly bytes: number;
  readonly read: number;
  /** Whether the source's own uidlist gives messages a place in POP3's order. */
  readonly ordered: boolean;
  /** Whether all that was listed was still there when it was looked at. */
  readonly still: boolean;
  readonly reader: MessageReader;
}

/** Reads a folder once: the names, the lists, and those messages whose bytes nobody knows yet. */
export async function scanFolder(input: ScanInput): Promise<FolderScan> {
  const problems = new ProblemList(input.problem);
  const listing = await listFolder(input.folder, input.checkSignal);
  const { entries } = listing;
  for (const problem of [...input.problems, ...listing.problems]) problems.add(problem);
  sayMissing(input.folder, problems);
  const numbers = readNumbers(input.folder, input.owner, entries, (problem) => problems.add(problem));
  const keywords = readFolderKeywords(input.folder, input.owner, entries);
  const acl = readRights(input.folder, input.owner, (problem) => problems.add(problem));
  const order = orderEntries(entries, numbers, messagesOf(input.known()), listing.agreed);
  const scan = new Scan(input, { entries, numbers, keywords, order }, problems);
  await scan.run();
  const { bytes, read, still, reader, uidNext } = scan;
  return {
    listing,
    numbers: { ...numbers, uidNext },
    keywords: keywords.names,
    acl,
    findings: problems.findings,
    bytes,
    read,
    ordered: hasOrder(entries),
    still,
    reader,
  };
}

function hasOrder(entries: Entries): boolean {
  for (const { fields } of entries.values()) if (fields.some(([letter]) => letter === 'O')) return true;
  return false;
}

function sayMissing({ missing }: SourceFolder, problems: ProblemList): void {
  if (missing.length === 0) return;
  const message = `lacks ${missing.map((name) => `${name}/`).join(', ')}: taken for empty; in the target it is there`;
  problems.add({ code: 'FOLDER_INCOMPLETE', file: '', message });
}

interface Parts {
  readonly entries: Entries;
  readonly numbers: FolderNumbers;
  readonly keywords: FolderKeywords;
  readonly order: FolderOrder;
}

class Scan {
  readonly reader: MessageReader;
  bytes = 0;
  read = 0;
  still = true;
  uidNext: number;
  readonly #input: ScanInput;
  readonly #parts: Parts;
  readonly #problems: ProblemList;
  readonly #known: KnownRecords;
  readonly #out: StretchKeeper;
  /** Contents of messages whose base name a file in `new/` has too. */
  readonly #firsts = new Map<string, string>();
  readonly #doubled: ReadonlySet<string>;
  #ordinal = 0;

  constructor(input: ScanInput, parts: Parts, problems: ProblemList) {
    this.#input = input;
    this.#parts = parts;
    this.#problems = problems;
    this.reader = new MessageReader(input.folder, input.owner, input.xUidl !== false);
    this.uidNext = parts.numbers.uidNext;
    this.#known = new KnownRecords(input.known());
    this.#out = new StretchKeeper(input);
    this.#doubled = new Set(
      [...parts.entries.values()].flatMap(({ second, base }) => (second ? [base] : [])),
    );
  }

  async run(): Promise<void> {
    for await (const message of breathing(this.#parts.order.messages)) {
      this.#input.checkSignal();
      this.#message(message);
    }
    this.#out.flush();
  }

  #message({ uid, entry }: Ordered): void {
    const known = uid === 0 ? undefined : this.#known.of(uid);
    if (uid > 0) this.uidNext = Math.max(this.uidNext, uid + 1);
    if (!isEntry(entry)) {
      this.#keep(entry);
      return;
    }
    const stat = this.reader.look(entry);
    if (stat === undefined) {
      this.still = false;
      return;
    }
    const refusal = this.reader.refusal(entry, stat);
    if (refusal !== undefined) {
      this.#say('NOT_READ', entry, refusal);
      return;
    }
    this.#take(entry, uid, stat, known);
  }

  #take(entry: Entry, uid: number, stat: Stat, known: KnownMessage | undefined): void {
    const date = secondsOf(stat.mtimeNs);
    const before = this.#parts.order.moved.get(entry.key) ?? known?.record;
    const same = !this.#input.anew && isSameFile(before, entry, stat);
    const found =
      same && this.#input.xUidl !== 'anew'
        ? { ...before, stored: false }
        : this.#readMessage(entry, date, same);
    if (found === undefined) return;
    if (this.#isDouble(entry, found)) return;
    const { size, vsize, digest, uidl } = found;
    this.#checkSizes(entry, found);
    this.bytes += size;
    const { flags, keywords: indexes, unknown } = parseInfo(entry.info);
    const record: MessageRecord = {
      uid: uid === 0 ? this.#nextUid() : uid,
      flags,
      keywords: this.#parts.keywords.of(entry, indexes),
      date,
      size,
      vsize,
      digest,
      start: 0,
      end: size,
      fields: carriedFields(entry),
      ...(unknown !== '' && { extra: unknown }),
      ...(uidl !== undefined && this.#input.xUidl !== false && { uidl }),
      file: { key: entry.key, ino: String(stat.ino), mtimeNs: String(stat.mtimeNs) },
    };
    this.#ordinal++;
    this.#out.add(record, found.stored, same ? known : undefined);
  }

  #readMessage(
    entry: Entry,
    date: number,
    known: boolean,
  ): (Content & { readonly stored: boolean }) | undefined {
    // Whether a second file of a base name is a message is known when it has been read.
    const store = entry.second || known ? undefined : this.#input.store;
    const found = this.reader.read(entry, date, store, this.#ordinal);
    if (found === undefined) {
      this.still = false;
      return undefined;
    }
    this.read += found.size;
    this.#input.took(found.size);
    return found;
  }

  /** A message that may only have been missed while the folder was listed. */
  #keep(known: Remembered): void {
    const { sourceUid, gone: _gone, target: _target, ...message } = known;
    this.bytes += known.size;
    this.#ordinal++;
    this.#out.add({ ...message, uid: sourceUid ?? known.uid }, false, undefined);
  }

  /** Numbered folders: as the server would number it. Others are numbered by whoever knows what UIDs they have had. */
  #nextUid(): number {
    if (this.#parts.numbers.uidValidity === undefined) return 0;
    if (this.uidNext >= MAX_UID) throw outOfUids(this.#input.folder);
    return this.uidNext++;
  }

  /** A file in `new/` that `cur/` has under the same base name is hidden by Dovecot: if it is the same message, it is one. */
  #isDouble(entry: Entry, { digest }: Content): boolean {
    if (!this.#doubled.has(entry.base)) return false;
    if (!entry.second) {
      this.#firsts.set(entry.base, digest);
      return false;
    }
    const equal = entry.fresh && this.#firsts.get(entry.base) === digest;
    const what = equal
      ? 'holds the same message as the file of its base name in cur/: it was taken once'
      : 'has the base name of another message: both were taken, this one with a UID and a GUID of its own';
    this.#say('DUPLICATE_FILE', entry, what);
    return equal;
  }

  #checkSizes(entry: Entry, found: Content): void {
    const wrong = wrongSizes(entry.base, found);
    if (wrong.length === 0) return;
    const message = `its name claims ${wrong.join(' and ')}; in the target its name says what is true, and its GUID stays`;
    this.#say('SIZE_REPAIRED', entry, message);
  }

  #say(code: string, entry: Entry, message: string): void {
    this.#problems.add({ code, file: placeOf(entry), message });
  }
}

function outOfUids({ dir }: SourceFolder): SpoolsyncError {
  return new SpoolsyncError(
    'SOURCE_DAMAGED',
    'the folder has no UIDs left: its UIDNEXT is the highest number',
    {
      place: printable(dir.path),
      advice: 'look at the first line of its dovecot-uidlist (courierimapuiddb): it is hardly true',
    },
  );
}
