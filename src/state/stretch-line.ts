import type { Remembered } from '../core/message.ts';
import type { Stretch, StretchSummary } from '../core/stretch.ts';
import { ascii, parseJson } from './record-line.ts';

/** A stretch without its messages: what its line in a manifest says, and where those of its messages are. */
export type StretchPlace = Omit<Stretch, 'records' | 'text'>;

/** Characters of keyword names that a stretch may list; with more it is not plain, and nobody asks for them. */
const MOST_KEYWORDS = 8192;

/** Adds up messages that stand side by side. */
export class StretchSum {
  #first: StretchSummary | Remembered | undefined;
  #lastUid = 0;
  #lastStart = 0;
  #end = 0;
  #count = 0;
  #plain = true;
  readonly #keywords = new Set<string>();
  #letters = 0;

  get count(): number {
    return this.#count;
  }

  add(record: Remembered, plain: boolean): void {
    const { uid, start, end, keywords } = record;
    this.#join(record, plain, keywords);
    this.#count++;
    [this.#lastUid, this.#lastStart, this.#end] = [uid, start, end];
  }

  addStretch(stretch: StretchSummary): void {
    const { count, lastUid, lastStart, end, plain, keywords } = stretch;
    this.#join(stretch, plain, keywords);
    this.#count += count;
    [this.#lastUid, this.#lastStart, this.#end] = [lastUid, lastStart, end];
  }

  #join(next: StretchSummary | Remembered, plain: boolean, keywords: readonly string[]): void {
    // A message that is a file of its own begins at 0.
    const inOrder = this.#first === undefined || next.start === 0 || next.start > this.#end;
    this.#plain &&= plain && inOrder;
    this.#first ??= next;
    for (const name of keywords) {
      if (!this.#plain || this.#keywords.has(name)) continue;
      this.#keywords.add(name);
      this.#letters += name.length;
      if (this.#letters > MOST_KEYWORDS) this.#plain = false;
    }
  }

  get summary(): StretchSummary {
    const first = this.#first;
    const firstUid = first === undefined ? 0 : 'uid' in first ? first.uid : first.firstUid;
    return {
      count: this.#count,
      firstUid,
      lastUid: this.#lastUid,
      start: first?.start ?? 0,
      lastStart: this.#lastStart,
      end: this.#end,
      keywords: this.#plain ? [...this.#keywords] : [],
      plain: this.#plain,
    };
  }
}

/** One line of JSON, ASCII only: `{"messages":128,"uids":[2,129],"offsets":[120,45600,45922],…,"bytes":15872}`. */
export function formatStretch(summary: StretchSummary, bytes: number): string {
  const { count, firstUid, lastUid, start, lastStart, end, keywords, plain } = summary;
  const uids = [firstUid, lastUid];
  const offsets = [start, lastStart, end];
  return ascii(JSON.stringify({ messages: count, uids, offsets, keywords, plain, bytes }));
}

/** `undefined` for a line that is none; `at` is the offset behind it. */
export function parseStretch(line: string, at: number): StretchPlace | undefined {
  const value = parseJson(line);
  if (typeof value !== 'object' || value === null) return undefined;
  const { messages: count, uids, offsets, keywords, plain, bytes } = value as Record<string, unknown>;
  if (!Array.isArray(uids) || !Array.isArray(offsets) || !Array.isArray(keywords)) return undefined;
  const [firstUid, lastUid] = uids as unknown[];
  const [start, lastStart, end] = offsets as unknown[];
  const numbers = [count, firstUid, lastUid, start, lastStart, end, bytes];
  if (!numbers.every(Number.isSafeInteger) || typeof plain !== 'boolean') return undefined;
  if (!keywords.every((name) => typeof name === 'string')) return undefined;
  const place = { count, firstUid, lastUid, start, lastStart, end, keywords, plain, at, bytes };
  return place as unknown as StretchPlace;
}
