import { assert } from '../core/errors.ts';
import type { MessageRecord } from '../core/message.ts';
import { LineWriter } from '../io/lines.ts';
import { openScratch } from '../io/scratch.ts';
import { formatRecord, parseRecord } from './record-line.ts';

/**
 * Records of messages that wait for their order, by number from 0 on: on disk, in a file without a name. In memory is where
 * each begins: 8 bytes.
 */
export class RecordFile {
  readonly #file = openScratch();
  readonly #lines = new LineWriter(this.#file);
  #starts = new Float64Array(1024);
  #count = 0;
  #end = 0;
  #flushed = true;

  add(record: MessageRecord): void {
    if (this.#count === this.#starts.length) {
      const starts = new Float64Array(this.#count * 2);
      starts.set(this.#starts);
      this.#starts = starts;
    }
    const line = formatRecord(record);
    this.#lines.line(line);
    this.#starts[this.#count++] = this.#end;
    this.#end += line.length + 1;
    this.#flushed = false;
  }

  at(number: number): MessageRecord {
    if (!this.#flushed) this.#lines.flush();
    this.#flushed = true;
    const start = this.#starts[number] ?? 0;
    const end = number + 1 === this.#count ? this.#end : (this.#starts[number + 1] ?? 0);
    const bytes = Buffer.allocUnsafe(end - start - 1);
    this.#file.readAt(bytes, start);
    const record = parseRecord(bytes.toString('latin1'));
    assert(record !== undefined, 'the scratch file holds what was written');
    return record;
  }

  close(): void {
    this.#file.close();
  }
}
