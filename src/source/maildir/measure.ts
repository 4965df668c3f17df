import { readSizes } from '../../codec/maildir/name.ts';
import { readSourceName } from '../../codec/maildir/source-name.ts';
import type { Dir } from '../../io/dir.ts';
import type { SourceFolder } from './folder.ts';

/** Messages of a folder and their bytes, from names and sizes of files alone: an estimate of what reading it will bring. */
export function measureFolder({ cur, new: fresh }: SourceFolder): {
  readonly messages: number;
  readonly bytes: number;
} {
  const sum = { messages: 0, bytes: 0 };
  for (const dir of [cur, fresh]) {
    for (const name of dir?.entries() ?? []) {
      if (name.startsWith('.')) continue;
      sum.messages++;
      sum.bytes += sizeOf(dir, name);
    }
  }
  return sum;
}

function sizeOf(dir: Dir | undefined, name: string): number {
  return readSizes(readSourceName(name).base).size ?? dir?.lstat(name)?.size ?? 0;
}
