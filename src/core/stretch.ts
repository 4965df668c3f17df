import type { Remembered } from './message.ts';

/** What messages that stand side by side in a manifest come to (docs/manifest.md, "Stretches"). */
export interface StretchSummary {
  readonly count: number;
  readonly firstUid: number;
  readonly lastUid: number;
  /** Offset in the source where the first of them begins. */
  readonly start: number;
  /** Offsets in the source where the last of them begins, and behind its end. */
  readonly lastStart: number;
  readonly end: number;
  /** Keyword names in use. */
  readonly keywords: readonly string[];
  /**
   * Whether they stand in the source in this order, under UIDs that their own headers claim, and the target has them as
   * the source does: only then can they be passed on without a look at each.
   */
  readonly plain: boolean;
}

/** Messages of a manifest, side by side, as one. */
export interface Stretch extends StretchSummary {
  /** Where their lines stand in the manifest: offset and length, bytes. */
  readonly at: number;
  readonly bytes: number;
  records(): Iterable<Remembered>;
  /** Their lines, as in the manifest, without the last line end. */
  text(): string;
}

export function isStretch(item: object): item is Stretch {
  return 'count' in item;
}

/** Messages one by one. */
export function* messagesOf(items: Iterable<Remembered | Stretch>): Generator<Remembered, void, void> {
  for (const item of items) {
    if (isStretch(item)) yield* item.records();
    else yield item;
  }
}

/** Walks through messages and stretches; a stretch is passed as one, or taken apart. */
export class StretchCursor {
  readonly #items: Iterator<Remembered | Stretch>;
  #parts: Iterator<Remembered> | undefined;
  #head: Remembered | Stretch | undefined;

  constructor(items: Iterable<Remembered | Stretch>) {
    this.#items = items[Symbol.iterator]();
    this.advance();
  }

  /** `undefined` at the end. */
  get head(): Remembered | Stretch | undefined {
    return this.#head;
  }

  /** The message at hand; a stretch is taken apart. */
  message(): Remembered | undefined {
    const head = this.#head;
    if (head === undefined || !isStretch(head)) return head;
    this.#parts = head.records()[Symbol.iterator]();
    this.advance();
    return this.#head as Remembered | undefined;
  }

  advance(): void {
    const part = this.#parts?.next();
    if (part?.done === false) {
      this.#head = part.value;
      return;
    }
    this.#parts = undefined;
    const next = this.#items.next();
    this.#head = next.done ? undefined : next.value;
  }
}
