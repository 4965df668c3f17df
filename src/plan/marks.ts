import type { Marks, Remembered } from '../core/message.ts';

/** Flags and keywords of messages: pure comparisons and the three-way merge. Keyword names compare without case. */

/** The marks that a message was left with in the target. */
export function targetMarks({ target, flags, keywords }: Remembered): Marks {
  return target ?? { flags, keywords };
}

export function sameMarks(a: Marks, b: Marks): boolean {
  if (a.flags !== b.flags || a.keywords.length !== b.keywords.length) return false;
  if (a.keywords.length === 0) return true;
  const names = new Set(b.keywords.map(fold));
  return a.keywords.every((name) => names.has(fold(name)));
}

/** Whether two records carry the same into the target beside their marks: fields of the uidlist, unknown letters. */
export function sameCarried(a: Remembered, b: Remembered): boolean {
  if (a.fields === undefined && b.fields === undefined) return a.extra === b.extra;
  return a.extra === b.extra && JSON.stringify(a.fields ?? []) === JSON.stringify(b.fields ?? []);
}

/** One side before and now. */
interface Change {
  readonly before: Marks;
  readonly now: Marks;
}

/**
 * Brings together what the source and the target's user changed, flag by flag and keyword by keyword: whoever changed
 * it has it; where both did, the target wins, because its user is on the new server already. `conflict` says that this
 * was so.
 */
export function mergeMarks(source: Change, target: Change): Marks & { readonly conflict: boolean } {
  const inSource = source.before.flags ^ source.now.flags;
  const inTarget = target.before.flags ^ target.now.flags;
  const flags = (inSource & ~inTarget & source.now.flags) | (~(inSource & ~inTarget) & target.now.flags);
  const words = mergeKeywords(source, target);
  const clash = inSource & inTarget & (source.now.flags ^ target.now.flags);
  return { flags, keywords: words.names, conflict: clash !== 0 || words.conflict };
}

function mergeKeywords(source: Change, target: Change): { names: readonly string[]; conflict: boolean } {
  const [before, now, was, is] = [source.before, source.now, target.before, target.now].map(
    ({ keywords }) => new Set(keywords.map(fold)),
  ) as [Set<string>, Set<string>, Set<string>, Set<string>];
  let conflict = false;
  const wanted = (key: string) => {
    const inSource = before.has(key) !== now.has(key);
    const inTarget = was.has(key) !== is.has(key);
    if (inSource && inTarget && now.has(key) !== is.has(key)) conflict = true;
    return inSource && !inTarget ? now.has(key) : is.has(key);
  };
  const names = new Map<string, string>();
  for (const name of [...target.now.keywords, ...source.now.keywords]) {
    if (!names.has(fold(name)) && wanted(fold(name))) names.set(fold(name), name);
  }
  return { names: [...names.values()], conflict };
}

function fold(name: string): string {
  return name.toLowerCase();
}
