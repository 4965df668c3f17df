import { runningDigest } from '../codec/digest.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Fingerprint, Listing, MailboxFacts, MessageRecord } from '../core/message.ts';
import type { MboxRules } from '../core/types.ts';
import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import { LineWriter, readLines } from '../io/lines.ts';
import { printable } from '../io/names.ts';
import { ascii, formatRecord, parseJson, parseRecord } from './record-line.ts';

/**
 * The manifest of a mailbox: what the last finished pass made of it (docs/manifest.md).
 *
 * A text file: a header line, one line per message in UID order, a trailer line with the count and an XXH64 of all
 * lines before it. It is read as a stream, so that memory does not grow with the mailbox, and only after the trailer
 * has been checked. It is written under another name and renamed, last of all that a pass does to a mailbox, so that
 * it never claims what is not durable.
 */

const FORMAT = 'spoolsync manifest';
const VERSION = 1;

export interface ManifestHeader extends MailboxFacts {
  /** Hierarchy of the mailbox in the source, printable. */
  readonly mailbox: string;
  readonly rules: MboxRules;
  readonly source: Fingerprint;
  readonly target: Listing;
  /** Mailbox GUID, 32 hex digits. */
  readonly guid: string;
  /** Keyword names by letter, a to z; null where a letter has none. */
  readonly letters: readonly (string | null)[];
  readonly messages: number;
}

/** A manifest that has been checked. Close it after use. */
export interface Manifest {
  readonly header: ManifestHeader;
  /** In UID order. Can be walked through any number of times. */
  records(): Generator<MessageRecord, void, void>;
  close(): void;
}

/** Opens and checks a manifest; `undefined` if there is none. */
export function openManifest(state: Dir, name: string): Manifest | undefined {
  const file = state.openFile(name);
  if (file === undefined) return undefined;
  try {
    const { end, messages } = checkTrailer(file);
    const header = readHeader(file, end);
    if (header.messages !== messages) throw damaged(file, 'its counts do not agree');
    return { header, records: () => readRecords(file, end), close: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The last line, exactly as `commit` writes it. */
const TRAILER = /^\{"messages":(0|[1-9]\d*),"xxh64":"([0-9a-f]{16})"\}\n$/;

/** Checks the digest; returns the offset of the trailer line, and the count in it. */
function checkTrailer(file: OpenFile): { readonly end: number; readonly messages: number } {
  const { size } = file.restat();
  const tail = Buffer.alloc(Math.min(size, 256));
  file.readAt(tail, size - tail.length);
  const start = size - tail.length + tail.lastIndexOf(0x0a, tail.length - 2) + 1;
  const line = tail.toString('latin1', start - (size - tail.length));
  const [, messages, xxh64] = TRAILER.exec(line) ?? [];
  if (messages === undefined) throw damaged(file, 'it is cut short');
  if (digestUpTo(file, start) !== xxh64) throw damaged(file, 'its checksum does not fit');
  return { end: start, messages: Number(messages) };
}

function digestUpTo(file: OpenFile, end: number): string {
  const digest = runningDigest();
  const chunk = Buffer.allocUnsafe(LIMITS.readChunk);
  for (let at = 0; at < end; ) {
    const got = file.readAt(chunk.subarray(0, Math.min(chunk.length, end - at)), at);
    if (got === 0) break;
    digest.update(chunk.subarray(0, got));
    at += got;
  }
  return digest.hex();
}

function readHeader(file: OpenFile, end: number): ManifestHeader {
  const first = readLines(file, 0, end).next();
  const value = first.done ? undefined : parseJson(first.value.text);
  const header = value as (ManifestHeader & { format?: unknown; version?: unknown }) | undefined;
  if (header?.format !== FORMAT) throw damaged(file, 'it is no manifest');
  if (header.version !== VERSION) {
    if (!(Number(header.version) > VERSION)) throw damaged(file, `its version is ${String(header.version)}`);
    throw new SpoolsyncError(
      'STATE_NEWER',
      `manifest version ${String(header.version)}; this spoolsync knows ${VERSION}`,
      {
        place: printable(file.path),
        advice: 'use the spoolsync that wrote it, or a newer one',
      },
    );
  }
  return header;
}

function* readRecords(file: OpenFile, end: number): Generator<MessageRecord, void, void> {
  let number = 0;
  for (const { text } of readLines(file, 0, end)) {
    if (++number === 1) continue;
    const record = parseRecord(text);
    if (record === undefined) throw damaged(file, `line ${number} is no message`);
    yield record;
  }
}

function damaged(file: OpenFile, why: string): SpoolsyncError {
  const place = printable(file.path);
  return new SpoolsyncError('STATE_DAMAGED', `the manifest cannot be used: ${why}`, {
    place,
    advice: `remove it (rm '${place}') and run the same command again: what the target holds is then compared anew`,
  });
}

/** Writes a new manifest beside the old one; nothing counts before `commit`. */
export class ManifestWriter {
  readonly #dir: Dir;
  readonly #name: string;
  readonly #file: OpenFile;
  readonly #lines: LineWriter;
  readonly #digest = runningDigest();
  readonly #expected: number;
  #messages = 0;

  constructor(state: Dir, name: string, header: ManifestHeader) {
    this.#dir = state;
    this.#name = name;
    this.#expected = header.messages;
    state.unlink(tempName(name));
    this.#file = state.createFile(tempName(name), 0o600);
    this.#lines = new LineWriter(this.#file, (bytes) => {
      this.#digest.update(bytes);
    });
    this.#lines.line(ascii(JSON.stringify({ format: FORMAT, version: VERSION, ...header })));
  }

  /** Records must come in UID order. */
  add(record: MessageRecord): void {
    this.#messages++;
    this.#lines.line(formatRecord(record));
  }

  /** Makes the new manifest durable and puts it in the place of the old one. */
  commit(): void {
    this.#lines.flush();
    const trailer = { messages: this.#messages, xxh64: this.#digest.hex() };
    this.#lines.line(JSON.stringify(trailer));
    this.#lines.flush();
    if (this.#messages !== this.#expected) {
      throw new SpoolsyncError('INTERNAL', `manifest of ${this.#expected} messages got ${this.#messages}`, {
        advice: 'this is a bug in spoolsync: please report it',
      });
    }
    this.#file.fsync();
    this.#file.close();
    this.#dir.rename(tempName(this.#name), this.#dir, this.#name);
    this.#dir.fsync();
  }

  abandon(): void {
    this.#file.close();
    this.#dir.unlink(tempName(this.#name));
  }
}

/** No `stateName` begins with a dot, so this is never another mailbox's manifest. */
function tempName(name: string): string {
  return `.${name}.new`;
}

/**
 * A mark beside the manifest that a pass has begun to change the folder; it goes when the new manifest is there. What
 * is amiss in a folder that bears it is the work of a pass that was cut off.
 */
export function markBegun(state: Dir, name: string): void {
  if (isMarked(state, name)) return;
  const file = state.createFile(markName(name), 0o600);
  file.fsync();
  file.close();
  state.fsync();
}

export function isMarked(state: Dir, name: string): boolean {
  return state.lstat(markName(name)) !== undefined;
}

export function unmark(state: Dir, name: string): void {
  state.unlink(markName(name));
}

function markName(name: string): string {
  return `.${name}.begun`;
}
