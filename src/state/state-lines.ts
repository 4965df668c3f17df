import { LIMITS } from '../core/limits.ts';
import type { OpenFile } from '../io/file.ts';
import { readLines } from '../io/lines.ts';

/** Lines of a file of the state, which hold more than those of a Maildir: names of keywords, each byte of them escaped. */
export function readStateLines(
  file: OpenFile,
  start = 0,
  end = file.restat().size,
): ReturnType<typeof readLines> {
  return readLines(file, start, end, LIMITS.stateLine);
}
