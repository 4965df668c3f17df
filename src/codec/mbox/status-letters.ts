import { FLAG, type Flags } from '../../core/types.ts';

/** Letters of Status and X-Status, for readers that know one set for both fields: c-client, mutt. */
export const STATUS_LETTERS: Readonly<Record<string, Flags>> = {
  R: FLAG.seen,
  A: FLAG.answered,
  F: FLAG.flagged,
  D: FLAG.deleted,
  T: FLAG.draft,
};

/** The flags that a field's letters stand for; other letters and blanks mean nothing. */
export function flagsOf(value: string, letters: Readonly<Record<string, Flags>>): Flags {
  let flags = 0;
  for (const letter of value) flags |= letters[letter] ?? 0;
  return flags;
}
