/**
 * Locations as old configurations write them, in spoolsync's words (source/location.ts): variables of Dovecot 1.x to 2.4
 * become `%u`, `%n`, `%d`, `~`; of the options behind the path those stay that say where mail is.
 */

export type ReadLocation =
  | {
      readonly ok: true;
      readonly location: string;
      /** What was left out or changed, for people. */
      readonly remarks: readonly string[];
    }
  /** `format` is set where it is one that is not read. */
  | { readonly ok: false; readonly reason: string; readonly format?: string; readonly path?: string };

const KEPT = ['INBOX', 'INDEX', 'CONTROL', 'LAYOUT'];
/** Options that change nothing about which mail there is, and under which name. */
const HARMLESS = /^(?:LISTINDEX|VOLATILEDIR|INDEXCACHE|NO-NOSELECT|NO-FIXED-UID|ITERINDEX|NO-AUTO)(?:=|$)/;

export function readOldLocation(text: string): ReadLocation {
  const [format = '', path = '', ...options] = text.trim().split(':');
  const variables = toOurVariables(path);
  if (!variables.ok) return variables;
  if (path === '') return { ok: false, reason: 'has no path' };
  if (format !== 'mbox' && format !== 'maildir')
    return { ok: false, reason: `is ${format}, a format that is not read`, format, path: variables.text };
  const remarks = [...variables.remarks];
  const parts = [`${format}:${variables.text}`];
  for (const option of options) {
    const [key = '', ...rest] = option.split('=');
    if (KEPT.includes(key)) {
      const value = toOurVariables(rest.join('='));
      if (!value.ok) return value;
      parts.push(`${key}=${value.text}`);
      remarks.push(...value.remarks);
    } else if (HARMLESS.test(option)) remarks.push(`left out :${option}`);
    else return { ok: false, reason: `has the option :${option}, which is not understood` };
  }
  return { ok: true, location: parts.join(':'), remarks: [...new Set(remarks)] };
}

type Variables =
  | { readonly ok: true; readonly text: string; readonly remarks: readonly string[] }
  | { readonly ok: false; readonly reason: string };

const LETTERS: Readonly<Record<string, string>> = { user: 'u', username: 'n', domain: 'd', home: 'h' };

/** `%Lu`, `%{user | username}`, `%h/`, … as `%u`, `%n`, `%d` and `~`. */
export function toOurVariables(text: string): Variables {
  const remarks: string[] = [];
  let wrong: string | undefined;
  const filled = text.replace(
    /%([A-Z\d.-]*)(?:\{([^}]*)\}|(.))/gs,
    (variable, modifiers: string, long: string | undefined, short: string | undefined) => {
      const filters = (long ?? '').split('|').map((word) => word.trim());
      const isLower = modifiers === 'L' || filters.includes('lower');
      const [base = '', part, more] = filters.filter((word) => word !== 'lower');
      const named = more !== undefined ? undefined : part === undefined ? base : base === 'user' ? part : '';
      const letter = long === undefined ? short : LETTERS[named ?? ''];
      if (short === '%' && modifiers === '') return '%%';
      if (letter === undefined || !/^[undh]$/.test(letter) || (modifiers !== '' && !isLower))
        wrong ??= variable;
      else if (isLower) remarks.push(`${variable} is taken as %${letter}: the old server made it lower case`);
      return `%${letter}`;
    },
  );
  if (wrong !== undefined) return { ok: false, reason: `has the variable ${wrong}, which is not understood` };
  const home = filled.replace(/^%h(?=\/|$)/, '~');
  if (/^~[^/]/.test(home)) return { ok: false, reason: 'names the home of another user' };
  return { ok: true, text: home, remarks };
}
