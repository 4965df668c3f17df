import { LF } from '../core/bytes.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { OpenFile } from './file.ts';
import { printable } from './names.ts';

/**
 * Lines of a file as latin1 strings without their LF, and whether the LF was there. Memory is bounded by
 * `limit`; a longer line is `TARGET_DAMAGED` (`SOURCE_DAMAGED`) with its number. Reads from `start` to `end`.
 */
export function* readLines(
  file: OpenFile,
  start = 0,
  end = file.restat().size,
  limit: number = LIMITS.textLine,
): Generator<{ readonly text: string; readonly complete: boolean }, void, void> {
  const chunk = Buffer.allocUnsafe(Math.max(0, Math.min(LIMITS.textLine, end - start)));
  let rest = Buffer.alloc(0);
  let number = 1;
  for (let at = start; at < end; ) {
    const got = file.readAt(chunk.subarray(0, Math.min(chunk.length, end - at)), at);
    if (got === 0) break;
    at += got;
    const filled = chunk.subarray(0, got);
    let from = 0;
    for (;;) {
      const lf = filled.indexOf(LF, from);
      if (lf < 0) break;
      const tail = chunk.toString('latin1', from, lf);
      yield { text: rest.length === 0 ? tail : rest.toString('latin1') + tail, complete: true };
      rest = Buffer.alloc(0);
      from = lf + 1;
      number++;
    }
    rest = Buffer.concat([rest, chunk.subarray(from, got)]);
    if (rest.length > limit) throw tooLong(file, number, limit);
  }
  if (rest.length > 0) yield { text: rest.toString('latin1'), complete: false };
}

function tooLong(file: OpenFile, line: number, limit: number): SpoolsyncError {
  const place = `${printable(file.path)}:${line}`;
  const code = file.side === 'source' ? 'SOURCE_DAMAGED' : 'TARGET_DAMAGED';
  return new SpoolsyncError(code, `a line longer than ${limit} bytes`, {
    place,
    advice: 'look at the file; it is not what its name says',
  });
}

/** Collects lines and writes them in large pieces. */
export class LineWriter {
  readonly #file: OpenFile;
  readonly #tap: ((bytes: Uint8Array) => void) | undefined;
  #pending: string[] = [];
  #size = 0;

  /** `tap` sees all bytes in the order they are written. */
  constructor(file: OpenFile, tap?: (bytes: Uint8Array) => void) {
    this.#file = file;
    this.#tap = tap;
  }

  /** `line` is latin1 and has no LF. */
  line(line: string): void {
    this.#pending.push(line);
    this.#size += line.length + 1;
    if (this.#size >= LIMITS.textLine) this.flush();
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    const bytes = Buffer.from(`${this.#pending.join('\n')}\n`, 'latin1');
    this.#pending = [];
    this.#size = 0;
    this.#tap?.(bytes);
    this.#file.write(bytes);
  }
}
