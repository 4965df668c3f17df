import type { MessageRecord, Remembered, Scanned } from '../core/message.ts';
import { breathing } from '../io/breathe.ts';
import { dropCopies, pairByContent } from '../plan/by-content.ts';
import { MessageTable } from '../plan/message-table.ts';
import { sourceUidOf } from '../plan/pairing.ts';
import type { Manifest } from '../state/manifest.ts';
import { RecordFile } from '../state/record-file.ts';
import { Spill } from '../state/spill.ts';

/**
 * The messages of an archive, from their files into the order of a plan: who is known by the last pass, and in which order the
 * others come. They are numbered in the order of reading. Close it after use.
 */
export class ArchiveMessages {
  readonly #manifest: Manifest | undefined;
  /** Names of files that are not read. */
  readonly #unchanged: ReadonlySet<string>;
  readonly #table = new MessageTable();
  /** Those of the last pass that are looked for in what is read. */
  readonly #known = new MessageTable();
  readonly #records = new RecordFile();
  readonly #spill = new Spill();
  #order: Uint32Array = new Uint32Array();
  #bytes = 0;

  /** Takes over what the last pass knew of files that are `unchanged`. */
  constructor(manifest: Manifest | undefined, unchanged: ReadonlySet<string>) {
    this.#manifest = manifest;
    this.#unchanged = unchanged;
    for (const record of manifest?.records() ?? []) {
      if (this.#isTakenOver(record)) this.#addKnown(record);
      else this.#known.add(record, { uid: sourceUidOf(record) });
    }
  }

  /** How many there are, those included that were dropped: the number of the next. */
  get next(): number {
    return this.#table.count;
  }

  get count(): number {
    return this.#spill.count;
  }

  /** Of all messages together, when they are in order. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a message of a file, by the file's number and name. */
  add(record: MessageRecord, staged: boolean, file: number, name: string): void {
    this.#table.add(record, { file, staged });
    this.#records.add({ ...record, uid: 0, file: { key: name, ino: '', mtimeNs: '' } });
  }

  /** Those from a number on count no more. */
  dropFrom(first: number): void {
    for (let at = first; at < this.next; at++) this.#table.drop(at);
  }

  /**
   * Brings them together. `periodOf`: the period of a file, by numbers. `wasRead`: present where not all of the archive could be
   * read; then nothing that is known counts as gone, and it says of a file whether it was read as a whole.
   */
  async settle(
    periodOf: (file: number) => number,
    wasRead: ((name: string) => boolean) | undefined,
    checkSignal: () => void,
  ): Promise<void> {
    dropCopies(this.#table, periodOf);
    pairByContent(this.#known, this.#table);
    if (wasRead !== undefined) this.#keepUnpaired(wasRead);
    this.#order = this.#table.inOrder();
    for await (const number of breathing(this.#order)) {
      checkSignal();
      const record = this.#records.at(number);
      this.#bytes += record.size;
      const [uid, date] = [this.#table.uidOf(number), this.#table.dateOf(number)];
      this.#spill.add({ ...record, uid, date }, this.#table.isStaged(number));
    }
    this.#records.close();
  }

  /** Those that are known first, in the order of their UIDs, then those with UID 0 by date. */
  *records(): Generator<Scanned, void, void> {
    let at = 0;
    for (const scanned of this.#spill.records())
      yield Object.assign(scanned, { ordinal: this.#order[at++] ?? 0 });
  }

  close(): void {
    this.#spill.close();
    this.#records.close();
  }

  #isTakenOver({ file }: Remembered): boolean {
    return this.#unchanged.has(file?.key ?? '');
  }

  #addKnown({ sourceUid, gone: _gone, target: _target, ...message }: Remembered): void {
    const uid = sourceUid ?? message.uid;
    this.#table.add(message, { uid });
    this.#records.add({ ...message, uid });
  }

  /** A message that is no more in the file it was in has none: a later pass must not take it over with that file. */
  #keepUnpaired(wasRead: (name: string) => boolean): void {
    let number = 0;
    for (const record of this.#manifest?.records() ?? []) {
      if (this.#isTakenOver(record) || this.#known.isPaired(number++)) continue;
      const { file = NO_FILE } = record;
      this.#addKnown({ ...record, file: wasRead(file.key) ? NO_FILE : file });
    }
  }
}

const NO_FILE = { key: '', ino: '', mtimeNs: '' };
