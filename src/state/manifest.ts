import { SpoolsyncError } from '../core/errors.ts';
import type { Remembered } from '../core/message.ts';
import type { Stretch } from '../core/stretch.ts';
import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import { printable } from '../io/names.ts';
import { check, damaged, readHeader } from './manifest-check.ts';
import { BLOCKS_PER_LINE, type ManifestHeader } from './manifest-format.ts';
import { parseJson, parseRecord } from './record-line.ts';
import { readStateLines } from './state-lines.ts';
import { parseStretch, type StretchPlace } from './stretch-line.ts';

/** Reading of manifests; see manifest-format.ts. */

/** Bytes that the line of a stretch rarely exceeds. */
const SHORT = 512;

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
