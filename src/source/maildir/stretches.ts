import type { CarriedField, MessageRecord, Remembered } from '../../core/message.ts';
import type { Stretch } from '../../core/stretch.ts';

/** A message of a manifest, and its place there. */
export interface KnownMessage {
  readonly record: Remembered;
  readonly stretch: Stretch;
  /** From 0. */
  readonly index: number;
}

/** Finds the record of a source UID in a manifest, in step with ascending UIDs. */
export class KnownRecords {
  readonly #messages: Iterator<KnownMessage>;
  #head: IteratorResult<KnownMessage>;

  constructor(stretches: Iterable<Stretch>) {
    this.#messages = messagesIn(stretches);
    this.#head = this.#messages.next();
  }

  of(uid: number): KnownMessage | undefined {
    while (!this.#head.done) {
      const { record } = this.#head.value;
      if (record.sourceUid === undefined && record.uid >= uid) break;
      this.#head = this.#messages.next();
    }
    return !this.#head.done && this.#head.value.record.uid === uid ? this.#head.value : undefined;
  }
}

function* messagesIn(stretches: Iterable<Stretch>): Generator<KnownMessage, void, void> {
  for (const stretch of stretches) {
    let index = 0;
    for (const record of stretch.records()) yield { record, stretch, index: index++ };
  }
}

interface Into {
  readonly onMessage: (record: MessageRecord, staged: boolean) => void;
  readonly onStretch: (stretch: Stretch) => void;
}

/** Passes messages on, those of a whole stretch of the manifest of which none has changed as that stretch. */
export class StretchKeeper {
  readonly #into: Into;
  /** Unchanged so far; no more than a stretch has. */
  #pending: MessageRecord[] = [];
  #stretch: Stretch | undefined;

  constructor(into: Into) {
    this.#into = into;
  }

  /** `known`: what the manifest says of the message, if it is of the same UID. */
  add(record: MessageRecord, staged: boolean, known: KnownMessage | undefined): void {
    const fits = known?.stretch.plain === true && isSame(record, known.record) && this.#goesOn(known);
    if (!fits) {
      this.flush();
      this.#into.onMessage(record, staged);
      return;
    }
    this.#stretch = known.stretch;
    this.#pending.push(record);
    if (this.#pending.length < known.stretch.count) return;
    this.#pending = [];
    this.#stretch = undefined;
    this.#into.onStretch(known.stretch);
  }

  /** Passes on one by one what has been kept back. */
  flush(): void {
    for (const record of this.#pending) this.#into.onMessage(record, false);
    this.#pending = [];
    this.#stretch = undefined;
  }

  /** Whether a message is the next of the stretch at hand, or begins one; what was begun is then passed on. */
  #goesOn({ stretch, index }: KnownMessage): boolean {
    if (this.#stretch !== undefined && this.#stretch.at !== stretch.at) this.flush();
    return index === this.#pending.length;
  }
}

function isSame(a: MessageRecord, b: Remembered): boolean {
  return (
    a.uid === b.uid &&
    a.flags === b.flags &&
    a.digest === b.digest &&
    a.size === b.size &&
    a.vsize === b.vsize &&
    a.date === b.date &&
    a.extra === b.extra &&
    a.uidl === b.uidl &&
    a.file?.key === b.file?.key &&
    a.file?.ino === b.file?.ino &&
    a.file?.mtimeNs === b.file?.mtimeNs &&
    isSameList(a.keywords, b.keywords) &&
    areSameFields(a.fields ?? [], b.fields ?? [])
  );
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function areSameFields(a: readonly CarriedField[], b: readonly CarriedField[]): boolean {
  return a.length === b.length && a.every((field, i) => isSameList(field, b[i] ?? []));
}
