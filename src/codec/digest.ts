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
