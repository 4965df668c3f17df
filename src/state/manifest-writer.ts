import { runningDigest } from '../codec/digest.ts';
import { assert, SpoolsyncError } from '../core/errors.ts';
import type { Remembered } from '../core/message.ts';
import type { Stretch } from '../core/stretch.ts';
import { breathing } from '../io/breathe.ts';
import type { Dir } from '../io/dir.ts';
import type { OpenFile } from '../io/file.ts';
import { LineWriter } from '../io/lines.ts';
import { forgetManifest, type Manifest } from './manifest.ts';
import { BLOCKS_PER_LINE, FORMAT, type Format, type ManifestHeader, VERSION } from './manifest-format.ts';
import { ascii, formatRecord, isPlain } from './record-line.ts';
import { formatStretch, StretchSum } from './stretch-line.ts';

/** Messages of a stretch. Fewer cost lines, more are taken apart for the sake of one that changed. */
const STRETCH = 128;

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

/** No `stateName` begins with a dot, so this is never another mailbox's manifest. */
function tempName(name: string): string {
  return `.${name}.new`;
}
