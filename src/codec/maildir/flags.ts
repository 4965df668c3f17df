import { assert } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { FLAG, type Flags } from '../../core/types.ts';

/**
 * The info suffix of a Maildir file name: `:2,` and one letter for each flag (docs/formats.md, "Maildir file names").
 *
 * Text is latin1, one char per byte of the name.
 */

const PREFIX = ':2,';

const LETTERS: ReadonlyMap<string, Flags> = new Map([
  ['D', FLAG.draft],
  ['F', FLAG.flagged],
  ['R', FLAG.answered],
  ['S', FLAG.seen],
  ['T', FLAG.deleted],
]);

/** Code of keyword 0; keyword 25 is `z`. */
const FIRST_KEYWORD = 0x61;

/** What an info suffix says. */
export interface MaildirInfo {
  readonly flags: Flags;
  /** Indexes 0 to 25 into the folder's dovecot-keywords, ascending. */
  readonly keywords: readonly number[];
  /**
   * What has no meaning here and must survive a rename: letters such as `P` (passed), sorted, then anything from a
   * second comma on, that comma included. Observed with Dovecot 2.3.19: `:2,SXa,y` becomes `:2,RSXa,y`.
   */
  readonly unknown: string;
}

/**
 * Writes an info suffix, `:2,` included, letters sorted by ASCII. `extra` is `MaildirInfo.unknown` of the name
 * before. Keyword indexes outside 0 to 25 break the contract: a Maildir cannot hold them.
 */
export function formatInfo(flags: Flags, keywordIndexes: readonly number[], extra = ''): string {
  if (keywordIndexes.length > 0 || extra !== '') return writeInfo(flags, keywordIndexes, extra);
  const known = PLAIN.get(flags);
  if (known !== undefined) return known;
  const info = writeInfo(flags, [], '');
  PLAIN.set(flags, info);
  return info;
}

/** What most messages have, by their flags: there are 32 of them, and millions of names. */
const PLAIN = new Map<Flags, string>();

function writeInfo(flags: Flags, keywordIndexes: readonly number[], extra: string): string {
  const letters = new Set<string>();
  for (const [letter, flag] of LETTERS) if ((flags & flag) !== 0) letters.add(letter);
  for (const index of keywordIndexes) {
    assert(Number.isInteger(index) && index >= 0 && index < LIMITS.maildirKeywords, `keyword ${index}`);
    letters.add(String.fromCharCode(FIRST_KEYWORD + index));
  }
  const comma = extra.indexOf(',');
  const tail = comma < 0 ? '' : extra.slice(comma);
  for (const letter of comma < 0 ? extra : extra.slice(0, comma)) letters.add(letter);
  return PREFIX + [...letters].sort().join('') + tail;
}

/**
 * Reads an info suffix as `splitName` returns it. Anything that does not begin `:2,` means no flags, as for Dovecot
 * (observed with 2.3.19: no suffix, and `:1,foo`, show none and are rewritten to `:2,` at the next change).
 */
export function parseInfo(suffix: string): MaildirInfo {
  if (!suffix.startsWith(PREFIX)) return { flags: 0, keywords: [], unknown: '' };
  const comma = suffix.indexOf(',', PREFIX.length);
  const end = comma < 0 ? suffix.length : comma;
  let flags: Flags = 0;
  const keywords = new Set<number>();
  const unknown = new Set<string>();
  for (const letter of suffix.slice(PREFIX.length, end)) {
    const flag = LETTERS.get(letter);
    const index = letter.charCodeAt(0) - FIRST_KEYWORD;
    if (flag !== undefined) flags |= flag;
    else if (index >= 0 && index < LIMITS.maildirKeywords) keywords.add(index);
    else unknown.add(letter);
  }
  return {
    flags,
    keywords: [...keywords].sort((a, b) => a - b),
    unknown: [...unknown].sort().join('') + suffix.slice(end),
  };
}
