import { readOldLocation } from '../../codec/config/old-location.ts';
import { SpoolsyncError } from '../../core/errors.ts';
import { printable } from '../../io/names.ts';
import type { Tree } from '../../io/tree.ts';
import { type Measured, measure } from '../../source/discover/measure.ts';
import { expand, type Location, type Places, parseLocation, variablesOf } from '../../source/location.ts';
import { escaped } from './homes.ts';
import type { OldUser } from './old-users.ts';

/** Where mail may be, as it was written or is usual. */
export interface Candidate {
  /** As Dovecot writes it; latin1. */
  readonly text: string;
  /** What it rests on, ready for display. */
  readonly reason: string;
}

/** A user's place in one candidate. Locations are those of this host, latin1. */
export interface Placed {
  readonly user: OldUser;
  readonly candidate: Candidate;
  /** With the variables of all whose place is alike. */
  readonly location: string;
  /** Where links lead this user elsewhere: his own. */
  readonly own: string | undefined;
  readonly remarks: readonly string[];
  readonly measured: Measured;
}

export type Placing =
  | { readonly ok: true; readonly placed: Placed }
  | {
      readonly ok: false;
      /** Completes "the location …", ready for display. */
      readonly reason: string;
      /** What the location rests on, ready for display. */
      readonly basis: string;
      /** It is so for every user. */
      readonly isGeneral: boolean;
      /** A format that is not read, and whether something lies there. */
      readonly format?: string;
      readonly exists?: boolean;
    };

/** Looks whether a user has mail where a candidate says. Never throws for what the user or the configuration has wrong. */
export function place(tree: Tree, user: OldUser, candidate: Candidate): Placing {
  const { reason: basis } = candidate;
  const read = readOldLocation(candidate.text);
  if (!read.ok) {
    if (read.format === undefined || read.path === undefined)
      return { ok: false, basis, isGeneral: true, reason: printable(read.reason) };
    const places = expandFor(user, `mbox:${read.path}`);
    const exists = typeof places !== 'string' && isThere(tree, places.places.root);
    return { ok: false, basis, isGeneral: true, reason: printable(read.reason), format: read.format, exists };
  }
  const filled = expandFor(user, read.location);
  if (typeof filled === 'string') return { ok: false, basis, isGeneral: false, reason: filled };
  const measured = measure(tree, filled.places);
  const host = mapPaths(filled.location, (path) => onHost(tree, path));
  const here = expand(host, user.name, () => undefined);
  const actual = mapPaths(filled.places, (path) => actualPath(tree, path) ?? tree.onHost(path));
  const isAlike = written(here) === written(actual);
  const own = isAlike ? undefined : written(mapPaths(actual, escaped));
  const placed = { user, candidate, location: written(host), own, remarks: read.remarks, measured };
  return { ok: true, placed };
}

/** A location with the user's home put in, and as it is for him; both within the tree. A text: what is wrong. */
function expandFor(
  { name, home }: OldUser,
  text: string,
): { readonly location: Location; readonly places: Places } | string {
  try {
    const parsed = parseLocation(text);
    const needsHome = [parsed.root, parsed.inbox, parsed.index, parsed.control].some((path) =>
      variablesOf(path).has('h'),
    );
    if (needsHome && home === undefined) return 'needs a home, and no user database gives one';
    const location = mapPaths(parsed, (path) =>
      path.replace(/^~(?=\/|$)/, () => (home === '/' ? '' : (home ?? ''))),
    );
    return { location, places: expand(location, name, () => undefined) };
  } catch (error) {
    if (error instanceof SpoolsyncError && error.code !== 'INTERNAL') return error.message;
    throw error;
  }
}

function mapPaths<T extends Location>(location: T, change: (path: string) => string): T {
  const map = (path: string | undefined) => (path === undefined || path === 'MEMORY' ? path : change(path));
  const { root, inbox, index, control } = location;
  return { ...location, root: change(root), inbox: map(inbox), index: map(index), control: map(control) };
}

/** A template of the tree as one of this host: links in front of the first variable are gone from it. */
function onHost(tree: Tree, template: string): string {
  const parts = template.split('/');
  const first = parts.findIndex((part) => variablesOf(part).size > 0);
  const fixed = parts.slice(0, first < 0 ? undefined : first).join('/') || '/';
  const path = fixed.replaceAll('%%', '%');
  const base = escaped(actualPath(tree, path) ?? tree.onHost(path));
  if (first < 0) return base;
  return `${base === '/' ? '' : base}/${parts.slice(first).join('/')}`;
}

/** Where a path of the tree is on this host, behind links; also of what is missing in a directory that is there. */
function actualPath(tree: Tree, path: string): string | undefined {
  try {
    const found = tree.look(path);
    if (found !== undefined) return found.path;
    const slash = path.lastIndexOf('/');
    if (slash <= 0) return undefined;
    const above = actualPath(tree, path.slice(0, slash));
    return above === undefined ? undefined : `${above === '/' ? '' : above}${path.slice(slash)}`;
  } catch (error) {
    if (error instanceof SpoolsyncError && error.code !== 'INTERNAL') return undefined;
    throw error;
  }
}

function isThere(tree: Tree, path: string): boolean {
  try {
    return tree.look(path) !== undefined;
  } catch (error) {
    if (error instanceof SpoolsyncError && error.code !== 'INTERNAL') return false;
    throw error;
  }
}

/** As `--from` takes it. */
function written({ kind, root, inbox, index, control, layout }: Location): string {
  const options = [
    ...(inbox === undefined ? [] : [`INBOX=${inbox}`]),
    ...(index === undefined ? [] : [`INDEX=${index}`]),
    ...(control === undefined ? [] : [`CONTROL=${control}`]),
    ...(kind === 'maildir' && layout === 'fs' ? ['LAYOUT=fs'] : []),
  ];
  return [`${kind}:${root}`, ...options].join(':');
}

/** What stands in the way of a place in a configuration; `undefined`: nothing. */
export function unwritable({ location, own, user }: Placed): string | undefined {
  const paths = own ?? location;
  try {
    if (written(parseLocation(paths)) !== paths)
      return `the location ${printable(paths)} has a colon in a path`;
  } catch (error) {
    if (error instanceof SpoolsyncError && error.code !== 'INTERNAL') return error.message;
    throw error;
  }
  for (const text of [user.name, paths])
    if (!isUtf8(text)) return `${printable(text)} is no UTF-8; such names can stand in a list: users-file`;
  return undefined;
}

/** Whether a text (latin1) can stand in a file of UTF-8. */
export function isUtf8(text: string): boolean {
  return Buffer.from(Buffer.from(text, 'latin1').toString('utf8'), 'utf8').toString('latin1') === text;
}
