import { BlockDigests } from '../codec/digest.ts';
import { LIMITS } from '../core/limits.ts';
import { Breath } from '../io/breathe.ts';
import type { Spool } from './spool.ts';

/** Whether no byte from `from` to `to` changed. */
export type Unchanged = (from: number, to: number) => boolean;

/** Size of the blocks in which a spool of so many bytes is compared with its later states. */
export function blockSizeFor(bytes: number): number {
  let size: number = LIMITS.block;
  while (bytes > size * LIMITS.blocks) size *= 2;
  return size;
}

/**
 * Reads a spool once; XXH64 of each of its blocks. Without waiting for each piece: the kernel reads ahead, and handing a piece from
 * one thread to another takes as long as hashing it.
 */
export async function digestBlocks(
  spool: Spool,
  size: number,
  took: (bytes: number) => void,
): Promise<readonly string[]> {
  const digests = new BlockDigests(size);
  const breath = new Breath();
  for (const piece of spool.chunksSync(0, spool.size)) {
    digests.push(piece);
    took(piece.length);
    await breath.draw();
  }
  return digests.finish();
}

/** Compares the digests of two states of a file. A block that only one of them has counts as changed. */
export function unchangedBlocks(before: Iterable<string>, now: readonly string[], size: number): Unchanged {
  const old = [...before];
  /** Changed blocks among the first `i`. */
  const sums = new Uint32Array(now.length + 1);
  for (const [i, digest] of now.entries()) sums[i + 1] = (sums[i] ?? 0) + (digest === old[i] ? 0 : 1);
  return (from, to) => {
    if (to <= from) return true;
    const [first, last] = [Math.floor(from / size), Math.floor((to - 1) / size)];
    return last < now.length && sums[first] === sums[last + 1];
  };
}
