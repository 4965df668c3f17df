import { printable } from '../../io/names.ts';
import type { Tree } from '../../io/tree.ts';
import type { FoundSource } from '../../plan/config-file.ts';
import { type FoundList, listArchives } from '../../source/discover/list-archives.ts';
import { isUserName } from '../../source/location.ts';
import { escaped } from './homes.ts';
import type { Mentions } from './mentions.ts';
import { isUtf8 } from './placing.ts';

/**
 * Sources of Mailman's archives: of lists that have one the cumulative mbox, of others pipermail's months. `taken` are names that
 * accounts have already, in the target.
 */
export function listSources(tree: Tree, taken: Iterable<string>, mentions: Mentions): FoundSource[] {
  const { lists, rejected } = listArchives(tree);
  mentions.rejected(rejected);
  const names = new Set(taken);
  const fit = lists.filter((list) => isWritable(list, mentions));
  for (const list of fit) mention(list, mentions);
  const places = [...new Set(fit.map(({ above }) => above))];
  return places.flatMap((above) => {
    const here = fit.filter((list) => list.above === above);
    const raw = here.filter(({ mbox }) => mbox > 0);
    const months = here.filter(({ mbox }) => mbox === 0);
    const root = `archive:${escaped(above)}/%u`;
    return [...sourceOf(raw, `${root}.mbox/%u.mbox`, RAW, names), ...sourceOf(months, root, MONTHS, names)];
  });
}

const RAW =
  'Mailman’s cumulative mbox of each list: all mail as it came; pipermail’s months of it have less of each message';
const MONTHS =
  'pipermail’s months of lists without a cumulative mbox: addresses are obscured, attachments cut off';

function sourceOf(
  lists: readonly FoundList[],
  from: string,
  reason: string,
  names: Set<string>,
): FoundSource[] {
  if (lists.length === 0) return [];
  const renames = new Map<string, string>();
  for (const { name } of lists) {
    let free = name;
    while (names.has(free)) free += '-list';
    names.add(free);
    if (free !== name) renames.set(name, free);
  }
  const sum = (of: (list: FoundList) => number) => lists.reduce((all, list) => all + of(list), 0);
  return [
    {
      from,
      users: lists.map(({ name }) => name),
      accounts: new Map(),
      renames,
      areLists: true,
      reasons: [reason],
      files: sum(({ mbox, months }) => (mbox > 0 ? 1 : months.files)),
      bytes: sum(({ mbox, months }) => (mbox > 0 ? mbox : months.bytes)),
    },
  ];
}

/** A name that cannot stand in a configuration is told. */
function isWritable({ name, above }: FoundList, mentions: Mentions): boolean {
  const reason = above.includes(':')
    ? 'its path has a colon'
    : !isUtf8(name) || !isUtf8(above)
      ? 'its name or path is no UTF-8'
      : isUserName(name)
        ? undefined
        : 'its name cannot stand in a path';
  if (reason === undefined) return true;
  const message = `the archive of a Mailman list is in no source: ${reason}`;
  mentions.add('finding', 'MAIL_NOT_PLACED', message, printable(`${above}/${name}`));
  return false;
}

function mention({ name, above, mbox, months, text, attachments }: FoundList, mentions: Mentions): void {
  const place = printable(`${above}/${name}`);
  if (mbox > 0 && text > mbox) {
    const message = `the mbox of the list (${mbox} bytes) is smaller than its months (${text} bytes), which are in no source: it may have been cut or begun late`;
    mentions.add('finding', 'MAIL_NOT_PLACED', message, place);
  }
  const parts = [
    ...(mbox > 0 && months.files > 0
      ? [
          `pipermail’s months (files: ${months.files}, bytes: ${months.bytes}) are in no source, as the mbox has all of it`,
        ]
      : []),
    ...(attachments.files > 0
      ? [
          `attachments that pipermail cut off (files: ${attachments.files}, bytes: ${attachments.bytes}) ${mbox > 0 ? 'are in the mbox, too' : 'are in no source: messages have links to them'}`,
        ]
      : []),
  ];
  if (parts.length > 0) mentions.add('note', 'LIST_ARCHIVE', `Mailman list: ${parts.join('; ')}`, place);
}
