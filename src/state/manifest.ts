import { digestOf, runningDigest } from '../codec/digest.ts';
import { LF } from '../core/bytes.ts';
import { assert, SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Findings, Fingerprint, Listing, MailboxFacts, Remembered } from '../core/message.ts';
import type { Stretch } from '../core/stretch.ts';
import type { Ground, SourceRules } from '../core/types.ts';
import { breathing } from '../io/breathe.ts';
import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import { LineWriter } from '../io/lines.ts';
import { printable } from '../io/names.ts';
import { ascii, formatRecord, isPlain, parseJson, parseRecord } from './record-line.ts';
import { readStateLines } from './state-lines.ts';
import { formatStretch, parseStretch, type StretchPlace, StretchSum } from './stretch-line.ts';

/**
 * The manifest of a mailbox: what the last finished pass made of it (docs/manifest.md).
 *
 * A text file: a header line, lines with the digests of the spool's blocks, one line per message in UID order, a hundred
 * of them or so behind a line that sums them up, a trailer line with the count and an XXH64 of all lines before it. It
 * is read as a stream, so that memory does not grow with the mailbox, and only after the trailer has been checked. It is
 * written under another name and renamed, last of all that a pass does to a mailbox, so that it never claims what is
 * not durable.
 */

const FORMAT = 'spoolsync manifest';
const VERSION = 3;
/** Block digests on one line. */
const BLOCKS_PER_LINE = 1024;
/** Messages of a stretch. Fewer cost lines, more are taken apart for the sake of one that changed. */
const STRETCH = 128;
/** Bytes that the line of a stretch rarely exceeds. */
const SHORT = 512;

export interface ManifestHeader extends MailboxFacts {
  /** How many manifests of the mailbox were made, this one included: a journal of another is of a pass that was completed. */
  readonly generation: number;
  /** Account and folder (latin1) that it belongs to. */
  readonly account: string;
  readonly folder: string;
  /** Hierarchy of the mailbox in the source, printable. */
  readonly mailbox: string;
  readonly rules: SourceRules;
  /** Why these rules, in words, and what that rests on. */
  readonly reason: string;
  readonly ground: Ground;
  /** The options under which the spool was read: with others it may read differently. */
  readonly reading: string;
  readonly source: Fingerprint;
  /** Whether the spool's times were so old when it was opened that a later change cannot have left it the same times. */
  readonly settled: boolean;
  /** Bytes of the spool, decompressed. */
  readonly bytes: number;
  readonly findings: Findings;
  readonly target: Listing;
  /** Inodes and times of what names the target's messages; empty where they were too young to be trusted. */
  readonly stamp: string;
  /** Inode, size and times of the target's uidlist: under its lock, so that whatever comes later differs. */
  readonly uidlist: string;
  /** UIDNEXT that the target has. */
  readonly targetNext: number;
  /** Messages in the target that spoolsync did not put there. */
  readonly foreign: number;
  /** Mailbox GUID, 32 hex digits. */
  readonly guid: string;
  /** Keyword names by letter, a to z; null where a letter has none. */
  readonly letters: readonly (string | null)[];
  /** Keywords in use that have no letter. */
  readonly lost: readonly string[];
  readonly messages: number;
  /** XXH64 of the `dovecot-acl` that a pass wrote; absent if none. */
  readonly acl?: string;
  /** Size and number of the blocks of the spool whose digests follow; none for a spool that was not read in place. */
  readonly blocks: { readonly size: number; readonly count: number };
}

/** A manifest that has been checked. Close it after use. */
export interface Manifest {
  readonly header: ManifestHeader;
  /** In UID order. Can be walked through any number of times. */
  records(): Generator<Remembered, void, void>;
  /** The same, as stretches. */
  stretches(): Generator<Stretch, void, void>;
  /** A stretch, by what was kept of it elsewhere. */
  stretch(place: StretchPlace): Stretch;
  /** XXH64 of each block of the spool, in file order. */
  blocks(): Generator<string, void, void>;
  close(): void;
}

/** Opens and checks a manifest; `undefined` if there is none. */
export function openManifest(state: Dir, name: string): Manifest | undefined {
  const file = state.openFile(name);
  if (file === undefined) return undefined;
  try {
    const { end, messages, header } = check(file);
    if (header.messages !== messages) throw damaged(file, 'its counts do not agree');
    // A pass walks through the messages several times, and through those of most mailboxes not at all.
    let known: number | undefined;
    const start = () => (known ??= offsetOfLine(file, blockLines(header) + 1, end));
    return {
      header,
      records: () => readRecords(file, start(), end),
      stretches: () => readStretches(file, start(), end),
      stretch: (place) => stretchOf(file, place),
      blocks: () => readBlocks(file, header, end),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The header of a manifest that nobody has checked, for estimates; `undefined` if there is none that can be read. */
export function peekManifest(state: Dir, name: string): ManifestHeader | undefined {
  let file: OpenFile | undefined;
  try {
    file = state.openFile(name);
    return file && readHeader(file, file.stat.size);
  } catch (error) {
    if (error instanceof SpoolsyncError && error.code !== 'INTERNAL') return undefined;
    throw error;
  } finally {
    file?.close();
  }
}

/** Opens a manifest like `openManifest`; one that cannot be used counts as none. */
export function openUsable(state: Dir, name: string): Manifest | undefined {
  try {
    return openManifest(state, name);
  } catch (error) {
    if (isUnusable(error)) return undefined;
    throw error;
  }
}

/** Whether a manifest was refused for what it holds; one that cannot be read may be right, and may not be passed over. */
export function isUnusable(error: unknown): error is SpoolsyncError {
  return error instanceof SpoolsyncError && (error.code === 'STATE_DAMAGED' || error.code === 'STATE_NEWER');
}

/** The last line, exactly as `commit` writes it. */
const TRAILER = /^\{"messages":(0|[1-9]\d*),"xxh64":"([0-9a-f]{16})"\}\n$/;

/** What the trailer line says, where it begins, and the header. */
interface Checked {
  readonly end: number;
  readonly messages: number;
  readonly header: ManifestHeader;
}

/** For manifests that are read at once: those of most mailboxes, night after night. */
let whole: Buffer | undefined;

/** Checks the digest of all lines. */
function check(file: OpenFile): Checked {
  const { size } = file.stat;
  if (size > LIMITS.readChunk) {
    const { end, messages } = checkTrailer(file, size);
    return { end, messages, header: readHeader(file, end) };
  }
  whole ??= Buffer.allocUnsafeSlow(LIMITS.readChunk);
  const bytes = whole.subarray(0, file.readAt(whole.subarray(0, size), 0));
  const { end, messages, xxh64 } = trailerIn(file, bytes, 0);
  if (digestOf(bytes.subarray(0, end)) !== xxh64) throw unfit(file);
  return { end, messages, header: parseHeader(file, bytes.toString('latin1', 0, bytes.indexOf(LF))) };
}

/** The same for a large one: where the trailer line begins, and the count in it. */
function checkTrailer(file: OpenFile, size: number): Omit<Checked, 'header'> {
  const tail = Buffer.alloc(Math.min(size, 256));
  file.readAt(tail, size - tail.length);
  const { end, messages, xxh64 } = trailerIn(file, tail, size - tail.length);
  if (digestUpTo(file, end) !== xxh64) throw unfit(file);
  return { end, messages };
}

/** Reads the last line of a manifest, whose last bytes begin at an offset of it. */
function trailerIn(
  file: OpenFile,
  bytes: Buffer,
  offset: number,
): { readonly end: number; readonly messages: number; readonly xxh64: string } {
  const start = bytes.lastIndexOf(LF, bytes.length - 2) + 1;
  const [, messages, xxh64] = TRAILER.exec(bytes.toString('latin1', start)) ?? [];
  if (messages === undefined || xxh64 === undefined) throw damaged(file, 'it is cut short');
  return { end: offset + start, messages: Number(messages), xxh64 };
}

function unfit(file: OpenFile): SpoolsyncError {
  return damaged(file, 'its checksum does not fit');
}

function digestUpTo(file: OpenFile, end: number): string {
  const digest = runningDigest();
  const chunk = Buffer.allocUnsafe(Math.min(LIMITS.readChunk, end));
  for (let at = 0; at < end; ) {
    const got = file.readAt(chunk.subarray(0, Math.min(chunk.length, end - at)), at);
    if (got === 0) break;
    digest.update(chunk.subarray(0, got));
    at += got;
  }
  return digest.hex();
}

interface Format {
  readonly format: unknown;
  readonly version: unknown;
}

function readHeader(file: OpenFile, end: number): ManifestHeader {
  const first = readStateLines(file, 0, end).next();
  return parseHeader(file, first.done ? '' : first.value.text);
}

function parseHeader(file: OpenFile, line: string): ManifestHeader {
  const value = parseJson(line);
  const header = value as (ManifestHeader & Partial<Format>) | undefined;
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

function blockLines({ blocks }: ManifestHeader): number {
  return Math.ceil(blocks.count / BLOCKS_PER_LINE);
}

function* readBlocks(file: OpenFile, header: ManifestHeader, end: number): Generator<string, void, void> {
  const lines = blockLines(header);
  let number = 0;
  for (const { text } of readStateLines(file, 0, end)) {
    if (++number === 1) continue;
    if (number > lines + 1) return;
    const digests = parseJson(text);
    if (!Array.isArray(digests)) throw damaged(file, `line ${number} holds no digests`);
    yield* digests as string[];
  }
}

/** The messages between two offsets, of one stretch or of several. */
function* readRecords(file: OpenFile, start: number, end: number): Generator<Remembered, void, void> {
  let at = start;
  for (const { text } of readStateLines(file, start, end)) {
    const record = text.startsWith('{') ? 'stretch' : parseRecord(text);
    if (record === undefined) throw damaged(file, `there is no message at offset ${at}`);
    at += text.length + 1;
    if (record !== 'stretch') yield record;
  }
}

function* readStretches(file: OpenFile, start: number, end: number): Generator<Stretch, void, void> {
  for (let at = start; at < end; ) {
    const text = lineAt(file, at, Math.min(end, at + SHORT)) ?? lineAt(file, at, end) ?? '';
    const place = parseStretch(text, at + text.length + 1);
    if (place === undefined) throw damaged(file, `there is no stretch at offset ${at}`);
    yield stretchOf(file, place);
    at = place.at + place.bytes;
  }
}

/** The line at an offset, if its end lies before `end`. */
function lineAt(file: OpenFile, at: number, end: number): string | undefined {
  const line = readStateLines(file, at, end).next();
  return !line.done && line.value.complete ? line.value.text : undefined;
}

function stretchOf(file: OpenFile, place: StretchPlace): Stretch {
  const { at, bytes } = place;
  return {
    ...place,
    records: () => readRecords(file, at, at + bytes),
    text: () => {
      const lines = Buffer.alloc(bytes - 1);
      if (file.readAt(lines, at) < lines.length) throw damaged(file, 'it is cut short');
      return lines.toString('latin1');
    },
  };
}

/** Offset behind so many lines. */
function offsetOfLine(file: OpenFile, lines: number, end: number): number {
  let [at, number] = [0, 0];
  for (const { text } of readStateLines(file, 0, end)) {
    at += text.length + 1;
    if (++number === lines) break;
  }
  return at;
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
  #sum = new StretchSum();
  #pending: string[] = [];

  /** `blocks`: as many digests as the header says. */
  constructor(state: Dir, name: string, header: ManifestHeader, blocks: readonly string[] = []) {
    this.#dir = state;
    this.#name = name;
    this.#expected = header.messages;
    assert(blocks.length === header.blocks.count, 'as many digests as the header says');
    state.unlink(tempName(name));
    this.#file = state.createFile(tempName(name), 0o600);
    this.#lines = new LineWriter(this.#file, (bytes) => {
      this.#digest.update(bytes);
    });
    this.#lines.line(ascii(JSON.stringify({ format: FORMAT, version: VERSION, ...header })));
    for (let at = 0; at < blocks.length; at += BLOCKS_PER_LINE)
      this.#lines.line(JSON.stringify(blocks.slice(at, at + BLOCKS_PER_LINE)));
  }

  /** Records must come in UID order. The first stands alone: in a spool that changed, it is read in any case. */
  add(record: Remembered): void {
    if (this.#sum.count >= STRETCH || this.#messages === 1) this.#endStretch();
    this.#messages++;
    this.#sum.add(record, isPlain(record));
    this.#pending.push(formatRecord(record));
  }

  /** Takes over a stretch of another manifest. Short ones grow together, so that many passes do not make many of them. */
  addStretch(stretch: Stretch): void {
    const { count } = this.#sum;
    const full = count >= STRETCH / 2 || count + stretch.count > 2 * STRETCH;
    if (full || this.#messages === 1) this.#endStretch();
    this.#messages += stretch.count;
    this.#sum.addStretch(stretch);
    this.#pending.push(stretch.text());
  }

  #endStretch(): void {
    if (this.#sum.count === 0) return;
    const lines = this.#pending.join('\n');
    this.#lines.line(formatStretch(this.#sum.summary, lines.length + 1));
    this.#lines.line(lines);
    this.#pending = [];
    this.#sum = new StretchSum();
  }

  /** Makes the new manifest durable and puts it in the place of the old one. */
  commit(): void {
    this.#endStretch();
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

/** Gives a manifest to the folder that its mailbox has now. */
export async function moveManifest(
  state: Dir,
  name: string,
  manifest: Manifest,
  to: { readonly manifest: string; readonly folder: string; readonly mailbox: string },
): Promise<void> {
  const { folder, mailbox } = to;
  const { format: _format, version: _version, ...header } = manifest.header as ManifestHeader & Format;
  const writer = new ManifestWriter(state, to.manifest, { ...header, folder, mailbox }, [
    ...manifest.blocks(),
  ]);
  try {
    for await (const stretch of breathing(manifest.stretches())) writer.addStretch(stretch);
    writer.commit();
  } catch (error) {
    writer.abandon();
    throw error;
  }
  forgetManifest(state, name);
}

export function forgetManifest(state: Dir, name: string): void {
  state.unlink(name);
  state.fsync();
}

/** Puts a manifest that cannot be used out of the way, to be looked at; returns where it lies. */
export function setAside(state: Dir, name: string): string {
  const aside = `.${name}.unusable`;
  state.rename(name, state, aside);
  return printable(state.join(aside));
}

/** No `stateName` begins with a dot, so this is never another mailbox's manifest. */
function tempName(name: string): string {
  return `.${name}.new`;
}
