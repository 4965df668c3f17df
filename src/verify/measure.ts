import { Assembler, type Measure } from '../codec/mbox/assembler.ts';
import { LIMITS } from '../core/limits.ts';
import type { Dir } from '../io/dir.ts';

/** What a message file is, by its bytes. */
export interface FileMeasure extends Measure {
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** Reads message files, one after another, with the same buffers. */
export class FileMeter {
  readonly #assembler = new Assembler(() => undefined);
  readonly #chunk = Buffer.allocUnsafe(LIMITS.assembly);

  /** Reads a whole file, as long as it was when it was opened; `undefined` if there is none. */
  measure(dir: Dir, name: string): FileMeasure | undefined {
    const file = dir.openFile(name);
    if (file === undefined) return undefined;
    try {
      this.#assembler.reset();
      const { size } = file.stat;
      for (let at = 0; at < size; ) {
        const got = file.readAt(this.#chunk.subarray(0, Math.min(this.#chunk.length, size - at)), at);
        if (got === 0) break;
        this.#assembler.write(this.#chunk, 0, got);
        at += got;
      }
      return { ...this.#assembler.finish(), mtime: Number(file.stat.mtimeNs / 1_000_000_000n) };
    } finally {
      file.close();
    }
  }
}
