import { SpoolsyncError } from '../core/errors.ts';
import { hasControl, printable } from '../io/names.ts';

/**
 * Dovecot's `mail_location` strings: `mbox:/home/%u/mail:INBOX=/var/mail/%u`, `maildir:~/Maildir`; and, of spoolsync's own,
 * `archive:/lists/%u` for archives of mailing lists. Pure: nothing here looks at the disk. Texts are latin1 strings, one char per byte, like all names (io/names.ts).
 *
 * Variables: `%u` user, `%n` user before the `@`, `%d` user behind it, `%h` and a leading `~` home, `%%` a percent sign.
 */
export interface Location {
  readonly kind: 'mbox' | 'maildir' | 'archive';
  /** The mail root; for mbox the directory of mailboxes, for maildir the Maildir itself, for archive the directory or file. */
  readonly root: string;
  /** Where INBOX is; without it Dovecot takes `inbox` in the root of an mbox location, and the root itself of a Maildir. */
  readonly inbox: string | undefined;
  /** Where indexes are; `undefined`: in the root. `MEMORY` (no indexes on disk) is kept as that word. */
  readonly index: string | undefined;
  /** Where control files such as subscriptions are; `undefined`: in the root. */
  readonly control: string | undefined;
  /** maildir only: `fs` puts folders in directories, `maildir++` (the default) joins their names with dots. */
  readonly layout: 'maildir++' | 'fs';
}

/** A location with all variables filled in: absolute paths, latin1. For mbox `inbox` is always set. */
export type Places = Location;

const KEYS = ['INBOX', 'INDEX', 'CONTROL', 'LAYOUT'] as const;
type Key = (typeof KEYS)[number];

/** Reads a location string; what is not understood is `LOCATION_INVALID`, never passed over. */
export function parseLocation(text: string): Location {
  const [kind, root = '', ...options] = text.split(':');
  if (kind !== 'mbox' && kind !== 'maildir' && kind !== 'archive')
    throw invalid(
      text,
      'does not begin with mbox:, maildir: or archive:',
      'write for example mbox:/home/%u/mail',
    );
  if (kind === 'archive' && options.length > 0)
    throw invalid(text, `has the option :${options.join(':')}`, 'an archive has none: write archive:PATH');
  const values = new Map<Key, string>();
  for (const option of options) {
    const [name = '', ...rest] = option.split('=');
    const key = KEYS.find((known) => known === name);
    if (key === undefined || rest.length === 0 || rest.join('=') === '')
      throw invalid(
        text,
        `has the unknown option :${option}`,
        `known are ${KEYS.map((k) => `:${k}=`).join(' ')}`,
      );
    if (values.has(key)) throw invalid(text, `has two :${key}=`, 'leave one of them');
    values.set(key, rest.join('='));
  }
  checkPath(text, root);
  for (const [key, value] of values) if (key !== 'LAYOUT' && !isMemory(key, value)) checkPath(text, value);
  return {
    kind,
    root: trimSlashes(root),
    inbox: mapped(values.get('INBOX')),
    index: mapped(values.get('INDEX')),
    control: mapped(values.get('CONTROL')),
    layout: layoutOf(text, kind, values.get('LAYOUT')),
  };
}

/**
 * Fills in the variables for one user (latin1). A user name that could lead elsewhere is `USAGE`; a location that needs
 * a home or a domain which the user does not have is `LOCATION_INVALID`. `homeOf` is asked only if a home is needed.
 */
export function expand(
  location: Location,
  user: string,
  homeOf: (user: string) => string | undefined,
): Places {
  checkUser(user);
  const fill = (text: string) => expandPath(text, user, homeOf);
  const fillAny = (text: string | undefined) => (text === undefined ? undefined : fill(text));
  return {
    kind: location.kind,
    root: fill(location.root),
    inbox:
      location.kind === 'mbox' ? fill(location.inbox ?? `${location.root}/inbox`) : fillAny(location.inbox),
    index: location.index === 'MEMORY' ? 'MEMORY' : fillAny(location.index),
    control: fillAny(location.control),
    layout: location.layout,
  };
}

/** The variables that a text uses: `u`, `n`, `d`, and `h` for a home (`~` too). */
export function variablesOf(text: string | undefined): ReadonlySet<string> {
  const used = new Set([...(text ?? '').matchAll(/%(.)/gs)].map(([, letter]) => letter ?? ''));
  used.delete('%');
  if (text?.startsWith('~')) used.add('h');
  return used;
}

function checkUser(user: string): void {
  if (isUserName(user)) return;
  throw new SpoolsyncError('USAGE', `"${printable(user)}" is no user name that can stand in a path`, {
    advice: USER_NAME_RULE,
  });
}

/** What `isUserName` asks for, for people. */
export const USER_NAME_RULE =
  'user names must not be empty, `.` or `..`, nor hold a slash or control characters';

/** Whether a name (latin1), and its parts before and behind an `@`, can stand in a path without leading elsewhere. */
export function isUserName(user: string): boolean {
  const parts = [user, ...splitUser(user).filter((part) => part !== undefined)];
  const isBad = (part: string) => part === '' || part === '.' || part === '..' || part.includes('/');
  return !parts.some(isBad) && !hasControl(user);
}

/** `%n` and `%d`. */
export function splitUser(user: string): [string, string | undefined] {
  const at = user.indexOf('@');
  return at < 0 ? [user, undefined] : [user.slice(0, at), user.slice(at + 1)];
}

function expandPath(text: string, user: string, homeOf: (user: string) => string | undefined): string {
  const [local, domain] = splitUser(user);
  const who = printable(user);
  const home = () => {
    const path = homeOf(user);
    if (path?.startsWith('/')) return path.replace(/\/+$/, '');
    throw invalid(
      text,
      `needs the home directory of ${who}, who has none`,
      `name the path; see: getent passwd ${who}`,
    );
  };
  const path = text.replace(/^~(?=\/|$)/, home).replace(/%(.)/gs, (_, letter: string) => {
    if (letter === 'u') return user;
    if (letter === 'n') return local;
    if (letter === 'h') return home();
    if (letter === '%') return '%';
    if (domain !== undefined) return domain;
    throw invalid(
      text,
      `needs the domain of ${who}, who has none`,
      'name users with their domain: user@domain',
    );
  });
  return path === '' ? '/' : path;
}

function checkPath(location: string, path: string): void {
  if (!/^(\/|~(\/|$)|%h(\/|$))/.test(path))
    throw invalid(location, `has the path "${path}", which is not absolute`, 'begin paths with /, ~/ or %h/');
  for (const [variable, letter = '', at] of tokens(path)) {
    if (!/^[undh%]$/.test(letter))
      throw invalid(
        location,
        `has the unknown variable ${variable}`,
        'known are %u %n %d %h ~ and %% (a percent sign)',
      );
    if (letter === 'h' && at > 0)
      throw invalid(location, 'has %h within a path', 'it is a whole path and can only begin one');
  }
  if (path.split('/').includes('..') || path.includes('\0'))
    throw invalid(location, `has .. in the path "${path}"`, 'write the path that it leads to');
}

/** Variables in a text with what stands behind the percent sign (`u`, `%`, also unknown ones) and where they begin. */
function tokens(text: string): [string, string | undefined, number][] {
  const found = text.matchAll(/%(\{[^}]*\}|[-.\dA-Z]*[a-z%]?)/gs);
  return [...found].map((token) => [token[0], token[1], token.index]);
}

function layoutOf(text: string, kind: Location['kind'], value: string | undefined): Location['layout'] {
  if (value === undefined) return kind === 'maildir' ? 'maildir++' : 'fs';
  const layout = value.toLowerCase();
  if (layout === 'fs' || (layout === 'maildir++' && kind === 'maildir')) return layout;
  throw invalid(text, `has the unknown :LAYOUT=${value}`, 'mbox knows fs, maildir knows maildir++ and fs');
}

function isMemory(key: Key, value: string): boolean {
  return key === 'INDEX' && value === 'MEMORY';
}

function mapped(path: string | undefined): string | undefined {
  return path === undefined ? undefined : trimSlashes(path);
}

function trimSlashes(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(?!^)\/$/, '');
}

function invalid(text: string, what: string, advice: string): SpoolsyncError {
  return new SpoolsyncError('LOCATION_INVALID', `the location ${printable(text)} ${printable(what)}`, {
    advice,
  });
}
