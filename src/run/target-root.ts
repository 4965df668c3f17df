import { SpoolsyncError } from '../core/errors.ts';
import type { Fingerprint } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';
import { canonicalPath, ensurePath, type Way, wayTo } from '../io/ensure-path.ts';
import { printable, splitPath } from '../io/names.ts';
import { DIR_MODE } from '../maildir/target-folder.ts';
import type { Account } from '../source/accounts.ts';
import type { Ownership } from './owners.ts';

/** What a Maildir's root may hold before its `cur/` is made: what is left of an interrupted first run, or of Dovecot. */
const EXPECTED =
  /^(cur|new|tmp|maildirfolder|maildirsize|subscriptions(\.tmp)?|spoolsync\.lock.*|dovecot.*|\..*)$/;

/** Opens the target, making it if it is missing. A directory of something else is `TARGET_NOT_MAILDIR`. */
export function openTarget(path: string, ownership: Ownership): Dir {
  const root = ensureTarget(path, ownership);
  if (root.lstat('cur') !== undefined) return root;
  for (const name of root.entries()) {
    if (EXPECTED.test(name)) continue;
    const place = printable(root.join(name));
    root.close();
    throw notMaildir(`the target holds other things than mail, such as ${place}`, path);
  }
  return root;
}

function ensureTarget(path: string, { owner, ownParts }: Ownership): Dir {
  try {
    return ensurePath(path, DIR_MODE, owner, ownParts);
  } catch (error) {
    if (!(error instanceof SpoolsyncError) || error.code !== 'TARGET_UNSAFE') throw error;
    if (!error.message.includes('is a file')) throw error;
    throw notMaildir(error.message, path);
  }
}

function notMaildir(message: string, path: string): SpoolsyncError {
  return new SpoolsyncError('TARGET_NOT_MAILDIR', message, {
    place: printable(path),
    advice: 'name an empty directory, a new one, or a Maildir; nothing was changed',
  });
}

/**
 * What is written inside the source would be read as mail, and the source is never written; a source inside the target
 * would be taken for part of it. Asked before anything is made.
 */
export function refuseOverlap(account: Account, path: string, option: '--to' | '--state'): void {
  const ours = canonicalOrUndefined(path, 'target');
  // What cannot be opened safely is refused when it is opened, and until then nothing is made.
  if (ours === undefined) return;
  const inside = (inner: string, outer: string) =>
    inner === outer || inner.startsWith(outer === '/' ? outer : `${outer}/`);
  const paths = sourcePaths(account.places);
  const way = unlessRefused(() => wayTo(ours, 'target'));
  const clash =
    paths.find((theirs) => inside(theirs, ours) || inside(ours, theirs)) ??
    (way && paths.find((theirs) => onOneWay(theirs, way)));
  if (clash !== undefined) throw overlap(clash, ours, option);
}

/** The same for what was opened: a folder of the source may be mounted a second time, as the target. */
export function refuseFolder(target: Dir, folders: readonly Opened[]): void {
  const { dev, ino } = target.stat;
  const clash = folders.find(
    ({ fingerprint }) => fingerprint.dev === String(dev) && fingerprint.ino === String(ino),
  );
  if (clash !== undefined) throw overlap(clash.place, target.path, '--to');
}

/** A mailbox of the source: where it is, and what. */
interface Opened {
  readonly place: string;
  readonly fingerprint: Pick<Fingerprint, 'dev' | 'ino'>;
}

/** By device and inode: two paths may lead to one directory through a second mount. */
function onOneWay(theirs: string, target: Way): boolean {
  const source = unlessRefused(() => wayTo(theirs, 'source'));
  if (source === undefined) return false;
  const holds = (outer: Way, inner: Way) => {
    const last = outer.directories.at(-1);
    return outer.complete && inner.directories.some(({ dev, ino }) => dev === last?.dev && ino === last.ino);
  };
  return holds(source, target) || holds(target, source);
}

function overlap(theirs: string, ours: string, option: string): SpoolsyncError {
  return new SpoolsyncError('LOCATIONS_OVERLAP', `--from and ${option} lie within each other`, {
    place: `${printable(theirs)} and ${printable(ours)}`,
    advice: `choose a place outside the old mail for ${option}; nothing was changed`,
  });
}

/** The directory (latin1) of a file that is written must not belong to the source, nor hold its INBOX. */
export function refuseInside(account: Account, directory: string, option: '--seal'): void {
  const ours = canonicalOrUndefined(directory, 'target');
  const { inbox } = account.places;
  const beside = inbox?.startsWith('/') ? canonicalOrUndefined(splitPath(inbox).dir, 'source') : undefined;
  const theirs = sourcePaths(account.places).find((path) => ours === path || ours?.startsWith(`${path}/`));
  if (ours === undefined || (theirs === undefined && ours !== beside)) return;
  throw new SpoolsyncError('LOCATIONS_OVERLAP', `${option} lies in the source`, {
    place: printable(ours),
    advice: `choose a place outside the old mail for ${option}; nothing was changed`,
  });
}

/** Canonical paths of everything that belongs to the source. One that is unsafe is not read, and so needs no guard. */
function sourcePaths({ root, inbox, index, control }: Account['places']): string[] {
  const paths = [root, inbox, index, control].filter((path) => path?.startsWith('/'));
  return paths.flatMap((path = '') => {
    const { dir, name } = splitPath(path);
    const above = canonicalOrUndefined(dir, 'source');
    return above === undefined ? [path] : [path, `${above === '/' ? '' : above}/${name}`];
  });
}

function canonicalOrUndefined(path: string, side: 'source' | 'target'): string | undefined {
  return unlessRefused(() => canonicalPath(path, side));
}

/** What a look gives; `undefined` where it is refused, as unsafe or not allowed. */
function unlessRefused<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof SpoolsyncError) return undefined;
    throw error;
  }
}
