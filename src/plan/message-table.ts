import type { MessageRecord } from '../core/message.ts';

/** What is known of a message beside its content. */
export interface TableEntry {
  /** 0: none yet. */
  readonly uid?: number;
  /** Number of the file that it lies in. */
  readonly file?: number;
  readonly staged?: boolean;
}

/** Entries by which a table grows at first. */
const FIRST = 1024;

/**
 * Contents of messages side by side, in typed arrays: 33 bytes each, so that those of twenty years can be brought together and
 * sorted in memory. Entries have numbers from 0 on.
 */
export class MessageTable {
  #count = 0;
  #size = new Float64Array(FIRST);
  #date = new Float64Array(FIRST);
  #high = new Uint32Array(FIRST);
  #low = new Uint32Array(FIRST);
  #uid = new Uint32Array(FIRST);
  #file = new Uint32Array(FIRST);
  #marks = new Uint8Array(FIRST);

  get count(): number {
    return this.#count;
  }

  add(
    { digest, size, date }: Pick<MessageRecord, 'digest' | 'size' | 'date'>,
    { uid = 0, file = 0, staged = false }: TableEntry = {},
  ): number {
    if (this.#count === this.#size.length) this.#grow();
    const at = this.#count++;
    this.#size[at] = size;
    this.#date[at] = date;
    this.#high[at] = Number.parseInt(digest.slice(0, 8), 16);
    this.#low[at] = Number.parseInt(digest.slice(8), 16);
    this.#uid[at] = uid;
    this.#file[at] = file;
    this.#marks[at] = staged ? MARK.staged : 0;
    return at;
  }

  uidOf(at: number): number {
    return this.#uid[at] ?? 0;
  }

  dateOf(at: number): number {
    return this.#date[at] ?? 0;
  }

  fileOf(at: number): number {
    return this.#file[at] ?? 0;
  }

  isStaged(at: number): boolean {
    return this.#is(at, MARK.staged);
  }

  isDropped(at: number): boolean {
    return this.#is(at, MARK.dropped);
  }

  isPaired(at: number): boolean {
    return this.#is(at, MARK.paired);
  }

  /** It counts no more. */
  drop(at: number): void {
    this.#mark(at, MARK.dropped);
  }

  /** It is the message that is known as `other` in another table: it has that one's UID and date. */
  pair(at: number, known: MessageTable, other: number): void {
    this.#mark(at, MARK.paired);
    known.#mark(other, MARK.paired);
    this.#uid[at] = known.uidOf(other);
    // A staged file has the date that was read.
    if (this.dateOf(at) !== known.dateOf(other)) this.#marks[at] = (this.#marks[at] ?? 0) & ~MARK.staged;
    this.#date[at] = known.dateOf(other);
  }

  /** Entries that count, equal contents side by side, in the order of their dates and then of numbers; `fresh`: without a UID. */
  byContent(which: 'all' | 'fresh'): Uint32Array {
    const isWanted = (at: number) => !this.isDropped(at) && (which === 'all' || this.uidOf(at) === 0);
    return this.#numbers(isWanted).sort(
      (a, b) => this.compareContent(a, this, b) || this.dateOf(a) - this.dateOf(b) || a - b,
    );
  }

  /** 0 where the content of an entry is that of an entry of a table. */
  compareContent(at: number, table: MessageTable, other: number): number {
    return (
      (this.#high[at] ?? 0) - (table.#high[other] ?? 0) ||
      (this.#low[at] ?? 0) - (table.#low[other] ?? 0) ||
      (this.#size[at] ?? 0) - (table.#size[other] ?? 0)
    );
  }

  /** Those that have a UID, in its order, and then the others in the order of their dates; of equal dates, as they were added. */
  inOrder(): Uint32Array {
    const uid = (at: number) => this.uidOf(at) || Number.POSITIVE_INFINITY;
    return this.#numbers((at) => !this.isDropped(at)).sort((a, b) => {
      const [first, second] = [uid(a), uid(b)];
      return first === second ? this.dateOf(a) - this.dateOf(b) || a - b : first - second;
    });
  }

  #numbers(wanted: (at: number) => boolean): Uint32Array {
    const numbers = new Uint32Array(this.#count);
    let found = 0;
    for (let at = 0; at < this.#count; at++) if (wanted(at)) numbers[found++] = at;
    return numbers.subarray(0, found);
  }

  #is(at: number, mark: number): boolean {
    return ((this.#marks[at] ?? 0) & mark) !== 0;
  }

  #mark(at: number, mark: number): void {
    this.#marks[at] = (this.#marks[at] ?? 0) | mark;
  }

  #grow(): void {
    const size = this.#count * 2;
    this.#size = grown(this.#size, new Float64Array(size));
    this.#date = grown(this.#date, new Float64Array(size));
    this.#high = grown(this.#high, new Uint32Array(size));
    this.#low = grown(this.#low, new Uint32Array(size));
    this.#uid = grown(this.#uid, new Uint32Array(size));
    this.#file = grown(this.#file, new Uint32Array(size));
    this.#marks = grown(this.#marks, new Uint8Array(size));
  }
}

const MARK = { staged: 1, dropped: 2, paired: 4 } as const;

function grown<T extends Float64Array | Uint32Array | Uint8Array>(old: T, fresh: T): T {
  fresh.set(old);
  return fresh;
}
