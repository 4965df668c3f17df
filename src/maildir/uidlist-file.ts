import {
  formatUidlistHeader,
  formatUidlistRecord,
  parseUidlistHeader,
  parseUidlistRecord,
  type UidlistHeader,
  UidlistOrder,
  type UidlistRecord,
} from '../codec/maildir/uidlist.ts';
import { LIMITS } from '../core/limits.ts';
import type { CarriedField, Remembered } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import { LineWriter, readLines } from '../io/lines.ts';
import type { Owner } from '../io/owner.ts';
import { baseOf } from './base-of.ts';
import { FILE_MODE, UIDLIST } from './target-folder.ts';

const TEMP = 'dovecot-uidlist.tmp';

/** A line of the file that cannot be used. */
interface BadLine {
  readonly line: number;
  readonly reason: string;
}

/** An open uidlist, read as a stream. */
export interface UidlistFile {
  readonly path: string;
  /** `undefined` where the first line is no header: nothing in the file can then be used. */
  readonly header: UidlistHeader | undefined;
  /** Records in file order; a line that breaks the format is passed to `bad` and left out. */
  records(bad: (line: BadLine) => void): Generator<UidlistRecord, void, void>;
  /** All bytes behind the first line; each piece is valid until the next. */
  body(): Generator<Uint8Array, void, void>;
  close(): void;
}

/** Opens a folder's uidlist; `undefined` if there is none. */
export function openUidlist(dir: Dir): UidlistFile | undefined {
  const file = dir.openFile(UIDLIST);
  if (file === undefined) return undefined;
  const first = readLines(file).next();
  const parsed = first.done ? undefined : parseUidlistHeader(first.value.text);
  const header = parsed?.ok ? parsed.header : undefined;
  return {
    path: file.path,
    header,
    records: (bad) => readRecords(file, header?.version ?? 3, bad),
    body: () => readBytes(file, first.done ? 0 : first.value.text.length + 1),
    close: () => file.close(),
  };
}

function* readBytes(file: OpenFile, start: number): Generator<Uint8Array, void, void> {
  const chunk = Buffer.allocUnsafe(LIMITS.textLine);
  for (let at = start; ; ) {
    const got = file.readAt(chunk, at);
    if (got === 0) return;
    at += got;
    yield chunk.subarray(0, got);
  }
}

function* readRecords(
  file: OpenFile,
  version: 1 | 3,
  bad: (line: BadLine) => void,
): Generator<UidlistRecord, void, void> {
  const order = new UidlistOrder();
  let line = 0;
  for (const { text, complete } of readLines(file)) {
    if (++line === 1) continue;
    const parsed = parseUidlistRecord(text, version);
    if (!parsed.ok) bad({ line, reason: parsed.reason });
    else if (!complete)
      bad({ line, reason: 'the last line has no line end: Dovecot would glue its next record to it' });
    else if (!order.accept(parsed.record.uid))
      bad({ line, reason: 'UIDs do not ascend: Dovecot would throw the file away' });
    else {
      for (const field of parsed.dropped) bad({ line, reason: `field "${field}" has no meaning` });
      yield parsed.record;
    }
  }
}

/** A folder's uidlist, held against what is known of the folder. */
export interface UidlistState {
  readonly header: UidlistHeader | undefined;
  /** Whether it names every known message that lies in the folder, with its fields, in lines that Dovecot reads. */
  readonly sound: boolean;
  /** UIDNEXT: what the header says, or one more than the last UID. */
  readonly next: number;
  /** Records of messages that are not known. */
  readonly foreign: readonly UidlistRecord[];
}

/**
 * Reads the uidlist in step with the `known` messages, which come in UID order. `lies` says whether a file of a base
 * name lies in the folder: a record without one is no message. `foreign` says which of the rest are others'.
 */
export async function examineUidlist(
  dir: Dir | undefined,
  known: AsyncIterable<Remembered>,
  lies: (base: string) => boolean,
  foreign: (base: string) => boolean,
): Promise<UidlistState> {
  const uidlist = dir === undefined ? undefined : openUidlist(dir);
  if (uidlist === undefined) return { header: undefined, sound: false, next: 1, foreign: [] };
  let sound = uidlist.header !== undefined;
  let next = uidlist.header?.uidNext ?? 1;
  const others: UidlistRecord[] = [];
  const other = (record: UidlistRecord) => {
    if (foreign(record.base) && lies(record.base)) others.push(record);
  };
  try {
    const listed = uidlist.records(() => {
      sound = false;
    });
    const take = () => {
      const record = listed.next();
      if (!record.done) next = Math.max(next, record.value.uid + 1);
      return record;
    };
    let head = take();
    for await (const message of known) {
      for (; !head.done && head.value.uid < message.uid; head = take()) other(head.value);
      const base = baseOf(message);
      if (!head.done && head.value.uid === message.uid && head.value.base === base) {
        if (!carries(head.value.fields, message.fields)) sound = false;
        head = take();
      } else if (!message.gone && lies(base)) sound = false;
    }
    for (; !head.done; head = take()) other(head.value);
    return { header: uidlist.header, sound, next, foreign: others };
  } finally {
    uidlist.close();
  }
}

/** The state of a uidlist that nobody has written since a pass left it: `next` is its UIDNEXT, and all records are ours. */
export function uidlistAsLeft(dir: Dir, next: number): UidlistState {
  const uidlist = openUidlist(dir);
  uidlist?.close();
  const header = uidlist?.header;
  return { header, sound: header !== undefined, next, foreign: [] };
}

/** Whether a record has the fields that the source gives it; others may be there, too. */
export function carries(fields: readonly CarriedField[], wanted: readonly CarriedField[] = []): boolean {
  return wanted.every(([letter, value]) => fields.some(([a, b]) => a === letter && b === value));
}

/**
 * The fields of a record: those of the source, and what else the target's uidlist has, unless a pass brought it over and
 * the source has it no more (`before`).
 */
export function mergeFields(
  present: readonly CarriedField[],
  before: readonly CarriedField[] = [],
  now: readonly CarriedField[] = [],
): readonly CarriedField[] {
  const ours = new Set([...before, ...now].map(([letter]) => letter));
  return [...now, ...present.filter(([letter]) => !ours.has(letter))];
}

/** Looks up the fields that a uidlist already has for a message (POP3 UIDL and the like), in step with ascending UIDs. */
export class KnownFields {
  readonly #records: Iterator<UidlistRecord, void, void> | undefined;
  #head: UidlistRecord | undefined;

  constructor(uidlist: UidlistFile | undefined) {
    this.#records = uidlist?.records(() => undefined);
    this.#advance();
  }

  of(uid: number, base: string): readonly CarriedField[] {
    while (this.#head !== undefined && this.#head.uid < uid) this.#advance();
    return this.#head?.uid === uid && this.#head.base === base ? this.#head.fields : [];
  }

  #advance(): void {
    const next = this.#records?.next();
    this.#head = next?.done === false ? next.value : undefined;
  }
}

/** Writes a whole new uidlist beside the old one. The caller holds `dovecot-uidlist.lock`. */
export class UidlistWriter {
  readonly #dir: Dir;
  readonly #file: OpenFile;
  readonly #lines: LineWriter;

  constructor(dir: Dir, owner: Owner | undefined, header: UidlistHeader) {
    this.#dir = dir;
    dir.unlink(TEMP);
    this.#file = dir.createFile(TEMP, FILE_MODE);
    if (owner !== undefined) this.#file.setOwner(owner);
    this.#lines = new LineWriter(this.#file);
    this.#lines.line(formatUidlistHeader(header).trimEnd());
  }

  add(record: UidlistRecord): void {
    this.#lines.line(formatUidlistRecord(record).trimEnd());
  }

  /** Takes over all records of a uidlist. */
  addAll(uidlist: UidlistFile): void {
    this.#lines.flush();
    for (const bytes of uidlist.body()) this.#file.write(bytes);
  }

  /** Makes the new file durable and puts it in the place of the old one; the directory is flushed with the lock's release. */
  commit(): void {
    this.#lines.flush();
    this.#file.fsync();
    this.#file.close();
    this.#dir.rename(TEMP, this.#dir, UIDLIST);
  }

  abandon(): void {
    this.#file.close();
    this.#dir.unlink(TEMP);
  }
}
