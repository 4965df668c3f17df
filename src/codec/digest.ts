import xxhash from 'xxhash-wasm';

/** XXH64 with seed 0, as 16 lower-case hex digits: fast, and strong enough to tell damage; no defence against forgery. */
const wasm = await xxhash();

export interface RunningDigest {
  update(bytes: Uint8Array): void;
  /** The digest of all bytes so far. */
  hex(): string;
}

export function digestOf(bytes: Uint8Array): string {
  return toHex(wasm.h64Raw(bytes));
}

/** Digest as a number below 2^64, for sums over sets of names. */
export function digestNumber(bytes: Uint8Array): bigint {
  return wasm.h64Raw(bytes);
}

export function runningDigest(): RunningDigest {
  const hash = wasm.create64();
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    hex: () => toHex(hash.digest()),
  };
}

function toHex(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

/** Digests of consecutive blocks of a stream; the last may be shorter. */
export class BlockDigests {
  readonly #size: number;
  readonly #done: string[] = [];
  #running = runningDigest();
  #filled = 0;

  constructor(size: number) {
    this.#size = size;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + this.#size - this.#filled);
      at += piece.length;
      if (piece.length === this.#size) {
        this.#done.push(digestOf(piece));
        continue;
      }
      this.#running.update(piece);
      this.#filled += piece.length;
      if (this.#filled === this.#size) this.#close();
    }
  }

  finish(): readonly string[] {
    if (this.#filled > 0) this.#close();
    return this.#done;
  }

  #close(): void {
    this.#done.push(this.#running.hex());
    this.#running = runningDigest();
    this.#filled = 0;
  }
}
