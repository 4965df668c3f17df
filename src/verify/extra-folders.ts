import { parseOwnBaseName, splitName } from '../codec/maildir/name.ts';
import type { Dir } from '../io/dir.ts';
import { printable } from '../io/names.ts';
import { messageFiles } from '../maildir/inspect.ts';
import { openFolder } from '../maildir/target-folder.ts';

/** A folder that holds mail and that nothing leads to. */
interface ExtraFolder {
  /** Directory below the Maildir; empty for INBOX. */
  readonly folder: string;
  /** Name and path for people. */
  readonly mailbox: string;
  readonly place: string;
  /** Whether spoolsync put mail there, and how many messages others did. */
  readonly ours: boolean;
  readonly others: number;
}

/** Folders of a Maildir, INBOX included, that are not `known` and hold messages. */
export function* extraFolders(root: Dir, known: ReadonlySet<string>): Generator<ExtraFolder, void, void> {
  if (!known.has('')) yield* countMail(root, '', 'INBOX', root.path);
  for (const name of root.entries()) {
    if (!name.startsWith('.') || known.has(name) || root.lstat(name)?.kind !== 'dir') continue;
    yield* countMail(root, name, name.slice(1), root.join(name));
  }
}

function* countMail(
  root: Dir,
  name: string,
  mailbox: string,
  path: string,
): Generator<ExtraFolder, void, void> {
  const folder = openFolder(root, name);
  if (folder === undefined) return;
  let [ours, others] = [0, 0];
  try {
    for (const file of messageFiles(folder.cur)) {
      if (parseOwnBaseName(splitName(file).base) === undefined) others++;
      else ours++;
    }
    for (const _file of messageFiles(folder.new)) others++;
  } finally {
    folder.close();
  }
  if (ours + others > 0)
    yield { folder: name, mailbox: printable(mailbox), place: printable(path), ours: ours > 0, others };
}
