import { assert } from '../core/errors.ts';
import type { MessageRecord, Scanned } from '../core/message.ts';
import type { OpenFile } from '../io/file.ts';
import { LineWriter, readLines } from '../io/lines.ts';
import { openScratch } from '../io/scratch.ts';
import { formatRecord, parseRecord } from './record-line.ts';

/**
 * The messages that a scan found, in file order, kept on disk: a mailbox has more of them than memory should hold, and
 * the plan walks through them more than once. The file has no name and vanishes with the process.
 */
export class Spill {
  readonly #file: OpenFile = openScratch();
  readonly #lines = new LineWriter(this.#file);
  #count = 0;

  add(record: MessageRecord, staged: boolean): void {
    this.#count++;
    this.#lines.line(`${staged ? 'S' : '-'}${formatRecord(record)}`);
  }

  get count(): number {
    return this.#count;
  }

  /** The first `limit` messages. */
  *records(limit = this.#count): Generator<Scanned, void, void> {
    this.#lines.flush();
    let ordinal = 0;
    for (const { text } of readLines(this.#file)) {
      if (ordinal === limit) return;
      const record = parseRecord(text.slice(1));
      assert(record !== undefined, 'the scratch file holds what was written');
      // A copy by `...` would cost more than all the rest.
      yield Object.assign(record, { ordinal: ordinal++, staged: text.startsWith('S') });
    }
  }

  close(): void {
    this.#file.close();
  }
}
