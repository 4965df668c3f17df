import { digestOf, runningDigest } from '../codec/digest.ts';
import { LF } from '../core/bytes.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { OpenFile } from '../io/file.ts';
import { printable } from '../io/names.ts';
import { FORMAT, type Format, type ManifestHeader, VERSION } from './manifest-format.ts';
import { parseJson } from './record-line.ts';
import { readStateLines } from './state-lines.ts';

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
export function check(file: OpenFile): Checked {
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

export function readHeader(file: OpenFile, end: number): ManifestHeader {
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

export function damaged(file: OpenFile, why: string): SpoolsyncError {
  const place = printable(file.path);
  return new SpoolsyncError('STATE_DAMAGED', `the manifest cannot be used: ${why}`, {
    place,
    advice: `remove it (rm '${place}') and run the same command again: what the target holds is then compared anew`,
  });
}
