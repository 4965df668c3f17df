import { isCourierPop3Header, parseCourierPop3Line } from '../../codec/maildir/courier-pop3.ts';
import { readLines } from '../../io/lines.ts';
import { openOwn } from '../own-file.ts';
import type { SourceFolder } from './folder.ts';

export const POP3_LIST = 'courierpop3dsizelist';

/**
 * The UIDLs that Courier's POP3 server showed, by base name. `undefined`: it left no list that it would read itself.
 * A mailbox that POP3 never showed has none, and one that grew since has some.
 */
export function readCourierUidls(
  { dir }: SourceFolder,
  owner: number,
): ReadonlyMap<string, string> | undefined {
  const file = openOwn(dir, POP3_LIST, owner);
  if (file === undefined) return undefined;
  try {
    const lines = readLines(file);
    const first = lines.next();
    if (first.done || !isCourierPop3Header(first.value.text)) return undefined;
    const uidls = new Map<string, string>();
    for (const { text } of lines) {
      const shown = parseCourierPop3Line(text);
      if (shown !== undefined) uidls.set(shown.base, shown.uidl);
    }
    return uidls;
  } finally {
    file.close();
  }
}
