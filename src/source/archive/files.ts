import { compareArchiveNames, isNearlyArchive, parseArchiveName } from '../../codec/archive-name.ts';
import { digestOf } from '../../codec/digest.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Fingerprint } from '../../core/message.ts';
import type { Dir } from '../../io/dir.ts';
import type { OpenFile } from '../../io/file.ts';
import { foreign } from '../../io/owner.ts';
import { isYoung, KIND_WORDS, type Stat } from '../../io/stat.ts';
import { unsafe } from '../../io/wrap.ts';
import type { Rejected } from '../rejected.ts';
import { fingerprintOf } from '../spool.ts';

/** One file of an archive, as it was listed. */
export interface ArchiveFile {
  /** In its directory: latin1. */
  readonly name: string;
  readonly stat: Stat;
}

/** The files of one period, in the order in which they are read. */
export interface ArchivePeriod {
  /** Its first second, seconds since 1970 UTC, where names tell it. */
  readonly start: number | undefined;
  readonly files: readonly ArchiveFile[];
  /** Digest of what its files are; empty where one was changed so lately that the same may stand for two states. */
  readonly stamp: string;
}

/** All of an archive, without its bytes. */
export interface ArchiveListing {
  /** In the order of time. */
  readonly periods: readonly ArchivePeriod[];
  readonly rejected: readonly Rejected[];
  /** Names of files that are left out. */
  readonly leftOut: readonly string[];
  readonly print: Fingerprint;
}

/** Whose files are read, and which are not. */
export interface ArchiveRules {
  /** The account's uid, and what that was taken from (`foreign`, io/owner.ts). */
  readonly owner: number;
  readonly ownerFrom: 'root' | 'file';
  isLeftOut(name: string): boolean;
}

/**
 * Why a file of an archive is another's, `undefined` where it is fine. Mailman's directories belong to whoever made the list, are
 * setgid and writable for Mailman's group, and its programs, run by several users, put files of that group into them. Another's
 * file can only have got there by a rename, not by a link.
 */
function foreignToArchive(stat: Stat, dir: Stat, { owner, ownerFrom }: ArchiveRules): string | undefined {
  const isShared = (dir.mode & SHARED) === SHARED && stat.gid === dir.gid && stat.nlink === 1;
  return isShared ? undefined : foreign(stat, dir, owner, ownerFrom);
}

/** Setgid, writable for the group. */
const SHARED = 0o2020;

/** Opens a file of an archive; `undefined`: it is gone. Another's, or no file: `SOURCE_UNSAFE`. */
export function openArchiveFile(dir: Dir, name: string, rules: ArchiveRules): OpenFile | undefined {
  const file = dir.openFile(name);
  const reason = file && foreignToArchive(file.stat, dir.stat, rules);
  if (file === undefined || reason === undefined) return file;
  file.close();
  throw unsafe(reason, file.path, 'source');
}

/** Lists a directory of months. What is neither a month nor called like one is passed over: pipermail's pages and its lists. */
export function listPeriods(dir: Dir, rules: ArchiveRules): ArchiveListing {
  const rejected: Rejected[] = [];
  const leftOut: string[] = [];
  const found: (ArchiveFile & { readonly told: NonNullable<ReturnType<typeof parseArchiveName>> })[] = [];
  for (const name of dir.entries()) {
    const told = name.startsWith('.') ? undefined : parseArchiveName(name);
    if (told === undefined && (name.startsWith('.') || !isNearlyArchive(name))) continue;
    const stat = dir.lstat(name);
    if (stat === undefined) continue;
    const reason =
      told === undefined
        ? 'has a name that tells no time of pipermail’s (2004-July.txt, 2004q3.txt, 2004.txt …)'
        : stat.kind !== 'file'
          ? KIND_WORDS[stat.kind]
          : foreignToArchive(stat, dir.stat, rules);
    if (rules.isLeftOut(name)) leftOut.push(name);
    else if (told === undefined || reason !== undefined)
      rejected.push({ path: dir.join(name), reason: reason ?? '' });
    else found.push({ name, stat, told });
    if (found.length + rejected.length > LIMITS.mailboxes)
      throw unsafe(
        `holds more than ${LIMITS.mailboxes} files and is hardly a list’s archive`,
        dir.path,
        'source',
      );
  }
  found.sort((a, b) => compareArchiveNames(a.told, b.told) || (a.name < b.name ? -1 : 1));
  const byPeriod = new Map<string, typeof found>();
  for (const file of found) {
    const period = byPeriod.get(file.told.period);
    if (period === undefined) byPeriod.set(file.told.period, [file]);
    else period.push(file);
  }
  const periods = [...byPeriod.values()].map((files) => periodOf(files, files[0]?.told.start));
  rejected.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { periods, rejected, leftOut: leftOut.sort(), print: printOf(dir.stat, found, rejected, leftOut) };
}

/** The same of an archive that is one file. */
export function listOneFile(name: string, stat: Stat): ArchiveListing {
  const periods = [periodOf([{ name, stat }], undefined)];
  return { periods, rejected: [], leftOut: [], print: fingerprintOf(stat) };
}

function periodOf(files: readonly ArchiveFile[], start: number | undefined): ArchivePeriod {
  const lines = files.map(({ name, stat }) => `${name}\n${stampOf(stat)}\n`).join('');
  const stamp = files.some(({ stat }) => isYoung(stat)) ? '' : digestOf(Buffer.from(lines, 'latin1'));
  return { start, files: files.map(({ name, stat }) => ({ name, stat })), stamp };
}

/** What the directory looks like from outside: a sum of its files, what is not read of it included. */
function printOf(
  dir: Stat,
  files: readonly ArchiveFile[],
  rejected: readonly Rejected[],
  leftOut: readonly string[],
): Fingerprint {
  const { dev, ino, birthNs } = dir;
  const latest = (of: (stat: Stat) => bigint) =>
    String(files.map(({ stat }) => of(stat)).sort((a, b) => (a < b ? 1 : -1))[0] ?? 0n);
  const lines = [
    ...files.map(({ name, stat }) => `${name}\n${stampOf(stat)}`),
    ...rejected.map(({ path, reason }) => `${path}\n${reason}`),
    ...leftOut,
  ];
  return {
    dev: String(dev),
    ino: String(ino),
    size: files.reduce((sum, { stat }) => sum + stat.size, 0),
    mtimeNs: latest(({ mtimeNs }) => mtimeNs),
    ctimeNs: latest(({ ctimeNs }) => ctimeNs),
    ...(birthNs > 0n && { birthNs: String(birthNs) }),
    parts: digestOf(Buffer.from(lines.join('\n'), 'latin1')),
  };
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: Stat): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
