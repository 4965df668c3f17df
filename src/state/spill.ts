import { assert } from '../core/errors.ts';
import type { MessageRecord, Scanned } from '../core/message.ts';
import { isStretch, type Stretch } from '../core/stretch.ts';
import type { OpenFile } from '../io/file.ts';
import { LineWriter } from '../io/lines.ts';
import { openScratch } from '../io/scratch.ts';
import type { Manifest } from './manifest.ts';
import { formatRecord, parseRecord } from './record-line.ts';
import { readStateLines } from './state-lines.ts';
import type { StretchPlace } from './stretch-line.ts';

/**
 * The messages that a scan found, in file order, kept on disk: a mailbox has more of them than memory should hold, and
 * the plan walks through them more than once. What was taken over from a manifest is kept as a reference to it. The file
 * has no name and vanishes with the process.
 */
export class Spill {
  readonly #file: OpenFile = openScratch();
  readonly #lines = new LineWriter(this.#file);
  readonly #known: Manifest | undefined;
  #count = 0;

  /** `known`: the manifest that stretches are of. */
  constructor(known?: Manifest) {
    this.#known = known;
  }

  add(record: MessageRecord, staged: boolean): void {
    this.#count++;
    this.#lines.line(`${staged ? 'S' : '-'}${formatRecord(record)}`);
  }

  addStretch({ records: _records, text: _text, ...place }: Stretch): void {
    this.#count += place.count;
    this.#lines.line(`=${JSON.stringify(place)}`);
  }

  get count(): number {
    return this.#count;
  }

  /** The first `limit` messages; those in a stretch as one. */
  *items(limit = this.#count): Generator<Scanned | Stretch, void, void> {
    this.#lines.flush();
    let ordinal = 0;
    for (const { text } of readStateLines(this.#file)) {
      if (ordinal === limit) return;
      if (text.startsWith('=')) {
        const stretch = this.#stretch(text);
        if (ordinal + stretch.count <= limit) yield stretch;
        else yield* numbered(stretch, ordinal, limit);
        ordinal = Math.min(limit, ordinal + stretch.count);
      } else yield numberedRecord(text, ordinal++);
    }
  }

  /** The first `limit` messages, one by one. */
  *records(limit = this.#count): Generator<Scanned, void, void> {
    let ordinal = 0;
    for (const item of this.items(limit)) {
      if (!isStretch(item)) {
        yield item;
        ordinal++;
        continue;
      }
      yield* numbered(item, ordinal, limit);
      ordinal += item.count;
    }
  }

  #stretch(text: string): Stretch {
    const stretch = this.#known?.stretch(JSON.parse(text.slice(1)) as StretchPlace);
    assert(stretch !== undefined, 'a stretch is of the manifest that the scan was given');
    return stretch;
  }

  close(): void {
    this.#file.close();
  }
}

function numberedRecord(text: string, ordinal: number): Scanned {
  const record = parseRecord(text.slice(1));
  assert(record !== undefined, 'the scratch file holds what was written');
  // A copy by `...` would cost more than all the rest.
  return Object.assign(record, { ordinal, staged: text.startsWith('S') });
}

/** The messages of a stretch, of which the first is the `from`th of the spool, up to the `limit`th. */
function* numbered(stretch: Stretch, from: number, limit: number): Generator<Scanned, void, void> {
  let ordinal = from;
  for (const record of stretch.records()) {
    if (ordinal === limit) return;
    yield Object.assign(record, { ordinal: ordinal++, staged: false });
  }
}
