import { SpoolsyncError } from '../core/errors.ts';
import { printable } from '../io/names.ts';
import { isUserName, USER_NAME_RULE } from './location.ts';

/** A user who was named. Names are latin1, one char per byte. */
export interface NamedUser {
  /** In the source. */
  readonly user: string;
  /** In the target, where that is another. */
  readonly target?: string;
}

/**
 * Reads a list of users: one name on a line, `OLD = NEW` for one who is renamed on the way; `#` at the beginning of a
 * line or behind a blank begins a comment. `text` is latin1, so names may have any encoding; `file` is its printable
 * path. A line that is none of this, or names a user again, is `CONFIG_INVALID` with its place; so is a list of nobody.
 */
export function parseUsers(text: string, file: string): NamedUser[] {
  const users: NamedUser[] = [];
  const seen = new Map<string, number>();
  for (const [i, line] of text
    .replace(/^\xef\xbb\xbf/, '')
    .split('\n')
    .entries()) {
    const words = line.replace(/(^|[ \t])#.*/s, '').replace(/^[ \t]+|[ \t\r]+$/g, '');
    if (words === '') continue;
    const place = `${file}:${i + 1}`;
    const user = parseLine(words, place);
    const before = seen.get(user.user);
    if (before !== undefined)
      throw invalid(place, `${printable(user.user)} stands in line ${before} already`, 'remove one of them');
    seen.set(user.user, i + 1);
    users.push(user);
  }
  if (users.length === 0) throw invalid(file, 'it names no user', 'write one name on each line');
  return users;
}

function parseLine(words: string, place: string): NamedUser {
  const [old = '', target, ...more] = words.split('=').map((word) => word.replace(/^[ \t]+|[ \t]+$/g, ''));
  const wrong = [old, target].find((name) => name !== undefined && !isUserName(name));
  if (wrong !== undefined)
    throw invalid(place, `"${printable(wrong)}" is no user name that can stand in a path`, USER_NAME_RULE);
  if (more.length > 0 || /[ \t]/.test(`${old}${target ?? ''}`)) {
    const advice =
      'write one name, or `old = new`, on each line; names with blanks or `=` can stand in the file of --config';
    throw invalid(place, `"${printable(words)}" is neither a name nor \`old = new\``, advice);
  }
  return target === undefined ? { user: old } : { user: old, target };
}

function invalid(place: string, message: string, advice: string): SpoolsyncError {
  return new SpoolsyncError('CONFIG_INVALID', `the list of users cannot be used: ${message}`, {
    place,
    advice,
  });
}
