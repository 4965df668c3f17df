import { parseInfo } from '../codec/maildir/flags.ts';
import { parseOwnBaseName, readSizes, splitName } from '../codec/maildir/name.ts';
import type { UidlistHeader, UidlistRecord } from '../codec/maildir/uidlist.ts';
import type { DifferenceEvent } from '../core/events.ts';
import { isStorable } from '../core/limits.ts';
import type { CarriedField, MessageRecord } from '../core/message.ts';
import { FLAG, type Flags } from '../core/types.ts';
import { breathing } from '../io/breathe.ts';
import { printable } from '../io/names.ts';
import { baseOf } from '../maildir/base-of.ts';
import { ListingSum, messageFiles, sumListing } from '../maildir/inspect.ts';
import { KeywordLetters } from '../maildir/keyword-letters.ts';
import type { TargetFolder } from '../maildir/target-folder.ts';
import { carries, openUidlist } from '../maildir/uidlist-file.ts';
import { type FileMeasure, FileMeter } from './measure.ts';

/** Announces a difference; the caller adds account and mailbox. */
export type Differ = (
  sign: DifferenceEvent['sign'],
  message: string,
  where?: { readonly uid?: number; readonly place?: string },
) => void;

/** What a mailbox came to. */
export interface Compared {
  /** Messages that are equal on both sides. */
  readonly equal: number;
  /** Messages in the target that spoolsync did not put there. */
  readonly foreign: number;
}

/** What is not compared. */
export interface ComparisonLimits {
  /** Whose bytes are read; of all others only names, flags and UIDs are compared. */
  read(record: MessageRecord): boolean;
  /** Keywords that a pass has said to be lost, since no letter was left for them. */
  readonly lost: readonly string[];
}

/** UIDVALIDITY and UIDNEXT that the target must have. */
export interface ExpectedNumbers {
  readonly uidValidity: number;
  readonly uidNext: number;
  /** What UIDNEXT has grown to by mail of others, as far as that is known. */
  readonly known: number;
  /** Fields that the header of the uidlist must have. */
  readonly extensions?: readonly string[] | undefined;
}

/**
 * Compares what the source says of a mailbox with what lies in its folder: UIDVALIDITY, UIDNEXT, then message by message
 * presence and order (both sides are walked through in UID order), flags, keywords, INTERNALDATE, and all bytes, read
 * anew on both sides. `numbers` is asked when all records have been seen. `took` hears of the bytes read. Mail under names
 * that spoolsync does not make is others', and no difference.
 */
export function compareMailbox(
  folder: TargetFolder,
  numbers: () => ExpectedNumbers,
  records: Iterable<MessageRecord> | AsyncIterable<MessageRecord>,
  differ: Differ,
  took: (bytes: number) => void,
  { read = () => true, lost = [] }: Partial<ComparisonLimits> = {},
): Promise<Compared> {
  return new Comparison(folder, differ, took, { read, lost }).run(numbers, records);
}

class Comparison {
  readonly #folder: TargetFolder;
  readonly #differ: Differ;
  readonly #took: (bytes: number) => void;
  readonly #read: (record: MessageRecord) => boolean;
  readonly #lost: ReadonlySet<string>;
  readonly #letters: KeywordLetters;
  readonly #seen = new ListingSum();
  readonly #meter = new FileMeter();
  #foreign = 0;
  /** Base names to file names below the folder; made when a file is not where it is expected. */
  #index: Map<string, string> | undefined;

  constructor(
    folder: TargetFolder,
    differ: Differ,
    took: (bytes: number) => void,
    { read, lost }: ComparisonLimits,
  ) {
    this.#folder = folder;
    this.#differ = differ;
    this.#took = took;
    this.#read = read;
    this.#lost = new Set(lost.map((name) => name.toLowerCase()));
    this.#letters = KeywordLetters.read(folder.dir);
  }

  async run(
    numbers: () => ExpectedNumbers,
    records: Iterable<MessageRecord> | AsyncIterable<MessageRecord>,
  ): Promise<Compared> {
    const uidlist = openUidlist(this.#folder.dir);
    if (uidlist === undefined) {
      this.#differ('!', 'there is no dovecot-uidlist: all UIDs are lost', {
        place: printable(this.#folder.dir.path),
      });
      return { equal: 0, foreign: 0 };
    }
    try {
      const place = printable(uidlist.path);
      const bad = ({ line, reason }: { line: number; reason: string }) =>
        this.#differ('!', reason, { place: `${place}:${line}` });
      if (uidlist.header === undefined)
        bad({ line: 1, reason: 'the first line is no header: Dovecot would give new UIDs' });
      const { equal, lastUid } = await this.#walk(records, uidlist.records(bad));
      this.#findUnlisted();
      this.#compareNumbers(numbers(), uidlist.header, lastUid, place);
      return { equal, foreign: this.#foreign };
    } finally {
      uidlist.close();
    }
  }

  async #walk(
    records: Iterable<MessageRecord> | AsyncIterable<MessageRecord>,
    listed: Iterator<UidlistRecord, void, void>,
  ): Promise<{ equal: number; lastUid: number }> {
    let [equal, lastUid] = [0, 0];
    let head = listed.next();
    const extra = (record: UidlistRecord) => {
      const name = this.#find(record.base, '');
      lastUid = record.uid;
      // A record without a file is no message, neither to Dovecot nor here.
      if (name === undefined) return;
      if (parseOwnBaseName(record.base) === undefined) this.#foreign++;
      else this.#differ('+', 'only in the target', { uid: record.uid, place: this.#place(name) });
    };
    for await (const record of breathing(records)) {
      while (!head.done && head.value.uid < record.uid) {
        extra(head.value);
        head = listed.next();
      }
      if (head.done || head.value.uid !== record.uid) {
        this.#differ('-', 'only in the source', { uid: record.uid });
        continue;
      }
      lastUid = record.uid;
      if (this.#compareMessage(record, head.value)) equal++;
      head = listed.next();
    }
    for (; !head.done; head = listed.next()) extra(head.value);
    return { equal, lastUid };
  }

  #compareMessage(record: MessageRecord, { base, fields }: UidlistRecord): boolean {
    const { uid } = record;
    const expected = this.#letters.infoOf(record, record.extra);
    const wanted = this.#read(record);
    // Most files are where they are expected: those are opened without a look before.
    const direct = wanted ? this.#measureExpected(base, expected) : undefined;
    const name = direct === undefined ? this.#find(base, expected) : `cur/${base}${expected}`;
    if (name === undefined) {
      this.#differ('-', `its file is missing: ${printable(base)}`, { uid });
      return false;
    }
    const [dir, file] = name.startsWith('new/')
      ? [this.#folder.new, name.slice(4)]
      : [this.#folder.cur, name.slice(4)];
    const say = (sign: DifferenceEvent['sign'], reason: string) =>
      this.#differ(sign, reason, { uid, place: this.#place(name) });
    const own = base === baseOf(record);
    const { info } = splitName(file);
    const named = [
      // The commonest case, told without taking the letters apart.
      ...(info === expected && record.keywords.length === 0 ? [] : this.#flagsDiffer(record, info)),
      ...(own ? [] : ['its file has a name that spoolsync would not give it']),
      ...fieldsDiffer(record, fields),
    ];
    if (!wanted) {
      for (const reason of named) say('*', reason);
      return named.length === 0;
    }
    const found = direct ?? this.#meter.measure(dir, file);
    if (found === undefined) {
      say('!', 'its file vanished while it was compared');
      return false;
    }
    this.#took(found.size);
    const reasons = [
      ...bytesDiffer(record, found),
      // A name of ours says what the source has.
      ...(own && found.size === record.size && found.vsize === record.vsize ? [] : sizesDiffer(base, found)),
      ...(found.mtime === record.date || !isStorable(record.date)
        ? []
        : [`INTERNALDATE ${date(found.mtime)}, source ${date(record.date)}`]),
      ...named,
    ];
    for (const reason of reasons) say('*', reason);
    return reasons.length === 0;
  }

  #flagsDiffer(record: MessageRecord, info: string): string[] {
    const parsed = parseInfo(info);
    const names = parsed.keywords.map((index) => this.#letters.nameOf(index));
    const kept = record.keywords.filter((name) => !this.#lost.has(name.toLowerCase()));
    const [left, right] = [names, kept].map((list) =>
      list
        .map((name) => name.toLowerCase())
        .sort()
        .join(' '),
    );
    const reasons: string[] = [];
    if (record.extra !== undefined && record.extra !== parsed.unknown)
      reasons.push(
        `letters without a meaning "${printable(parsed.unknown)}", source "${printable(record.extra)}"`,
      );
    if (parsed.flags !== record.flags) {
      reasons.push(`flags ${flagNames(parsed.flags)}, source ${flagNames(record.flags)}`);
    }
    if (left !== right) reasons.push(`keywords (${names.join(' ')}), source (${record.keywords.join(' ')})`);
    return reasons;
  }

  #compareNumbers(
    { uidValidity, uidNext, known, extensions = [] }: ExpectedNumbers,
    header: UidlistHeader | undefined,
    lastUid: number,
    place: string,
  ): void {
    if (header === undefined) return;
    const where = { place: `${place}:1` };
    if (header.uidValidity !== uidValidity) {
      this.#differ('*', `UIDVALIDITY ${header.uidValidity}, source ${uidValidity}`, where);
    }
    const next = Math.max(header.uidNext, lastUid + 1);
    const grown = next > uidNext && (this.#foreign > 0 || next <= known);
    if (next !== uidNext && !grown) this.#differ('*', `UIDNEXT ${next}, source ${uidNext}`, where);
    const lacking = extensions.filter((field) => !header.extensions.includes(field));
    if (lacking.length > 0) this.#differ('*', `the header lacks ${printable(lacking.join(' '))}`, where);
  }

  /** Files that the uidlist does not name; looked for one by one only if the sums differ. */
  #findUnlisted(): void {
    const all = sumListing(this.#folder);
    const { count, sum } = this.#seen.listing;
    if (all.count === count && all.sum === sum) return;
    const uidlist = openUidlist(this.#folder.dir);
    const listed = new Set<string>();
    for (const { base } of uidlist?.records(() => undefined) ?? []) listed.add(base);
    uidlist?.close();
    const met = new Set<string>();
    for (const name of this.#names()) {
      const { base } = splitName(name.slice(4));
      const second = met.has(base);
      met.add(base);
      if (second) this.#differ('+', 'a second file of the same message', { place: this.#place(name) });
      else if (listed.has(base)) continue;
      else if (parseOwnBaseName(base) === undefined) this.#foreign++;
      else this.#differ('+', 'only in the target, and without a UID', { place: this.#place(name) });
    }
  }

  #measureExpected(base: string, expected: string): FileMeasure | undefined {
    const found = expected === '' ? undefined : this.#meter.measure(this.#folder.cur, base + expected);
    if (found !== undefined) this.#seen.add(base + expected);
    return found;
  }

  /** The file of a base name, with `cur/` or `new/` before it. */
  #find(base: string, expected: string): string | undefined {
    if (expected !== '' && this.#folder.cur.lstat(base + expected)?.kind === 'file') {
      this.#seen.add(base + expected);
      return `cur/${base}${expected}`;
    }
    if (this.#index === undefined) {
      this.#index = new Map();
      for (const name of this.#names()) this.#index.set(splitName(name.slice(4)).base, name);
    }
    const name = this.#index.get(base);
    if (name !== undefined) this.#seen.add(name.startsWith('new/') ? name : name.slice(4));
    return name;
  }

  *#names(): Generator<string, void, void> {
    for (const name of messageFiles(this.#folder.new)) yield `new/${name}`;
    for (const name of messageFiles(this.#folder.cur)) yield `cur/${name}`;
  }

  #place(name: string): string {
    return printable(this.#folder.dir.join(name));
  }
}

interface Found {
  readonly size: number;
  readonly vsize: number;
  readonly digest: string;
}

function bytesDiffer(record: MessageRecord, found: Found): string[] {
  if (found.digest === record.digest && found.size === record.size) return [];
  if (found.size !== record.size) return [`${found.size} bytes, source ${record.size}`];
  return ['other bytes of the same length'];
}

/** A wrong size in the name makes Dovecot cut the message off, or refuse it. */
function sizesDiffer(base: string, found: Found): string[] {
  const { size, vsize } = readSizes(base);
  if (size !== undefined && size !== found.size)
    return [`its name claims S=${size}, but it has ${found.size} bytes`];
  if (vsize !== undefined && vsize !== found.vsize)
    return [`its name claims W=${vsize}, but it is ${found.vsize}`];
  return [];
}

/** Fields of the uidlist (GUID, POP3 UIDL, order) that the source has; the target may have more. */
function fieldsDiffer({ fields = [] }: MessageRecord, found: readonly CarriedField[]): string[] {
  if (carries(found, fields)) return [];
  const shown = (list: readonly CarriedField[]) => printable(list.map((field) => field.join('')).join(' '));
  return [`fields of the uidlist (${shown(found)}), source (${shown(fields)})`];
}

function flagNames(flags: Flags): string {
  const names = Object.entries(FLAG).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [`\\${name}`]));
  return `(${names.join(' ')})`;
}

function date(seconds: number): string {
  const moment = new Date(seconds * 1000);
  return Number.isNaN(moment.getTime()) ? String(seconds) : moment.toISOString().replace('.000Z', 'Z');
}
