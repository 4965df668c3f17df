/**
 * What the name of a file tells in a directory of a list's archive (docs/formats.md, "Archives of lists"). Pure.
 */
export interface ArchiveName {
  /** Files with one period belong together, whatever they are called. */
  readonly period: string;
  /** Its first second, seconds since 1970 UTC; `undefined`: the name tells no time. */
  readonly start: number | undefined;
  /** Order among the files of one period: the text, a packed one, what a program that packed it left. */
  readonly rank: number;
}

const FILE = /^(.+?)(\.old)?\.(txt|mbox)(\.gz)?$/i;

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

const YEAR = '(?<year>[12][0-9]{3})';
const DATE = `${YEAR}(?<month>[01][0-9])(?<day>[0-3][0-9])`;

/** How pipermail names its volumes, and how others do; each with the word that keeps its periods apart. */
const STEMS = [
  ['year', `${YEAR}`],
  ['quarter', `${YEAR}q(?<quarter>[1-4])`],
  ['month', `${YEAR}-(?<name>[a-z]{3,9})`],
  ['month', `${YEAR}-?(?<month>[01][0-9])`],
  ['week', `week-of-mon-${DATE}`],
  ['day', DATE],
  ['day', `${YEAR}-(?<month>[01][0-9])-(?<day>[0-3][0-9])`],
].map(([kind = '', stem = '']) => ({ kind, stem: new RegExp(`^${stem}$`, 'i') }));

/**
 * Reads a file name (latin1): `2004-July.txt`, `.txt.gz`, `2004q3.txt`, `Week-of-Mon-20040705.txt`, `20040705.txt`, `2004.txt`,
 * and with `.mbox` instead of `.txt`. An mbox may be called otherwise: it is a period of its own. `undefined`: no such file.
 */
export function parseArchiveName(name: string): ArchiveName | undefined {
  const [, stem = '', old, suffix = '', packed] = FILE.exec(name) ?? [];
  if (stem === '') return undefined;
  const rank = (packed === undefined ? 0 : 1) + (old === undefined ? 0 : 2);
  for (const { kind, stem: pattern } of STEMS) {
    const groups = pattern.exec(stem)?.groups;
    const start = groups && startOf(groups);
    if (start !== undefined) return { period: `${kind} ${start}`, start, rank };
  }
  if (suffix.toLowerCase() !== 'mbox') return undefined;
  return { period: `mbox ${stem}${old ?? ''}`, start: undefined, rank };
}

/** Whether a file that is none by its name is called so much like one that people should hear of it. */
export function isNearlyArchive(name: string): boolean {
  return FILE.test(name);
}

function startOf(groups: Readonly<Record<string, string | undefined>>): number | undefined {
  const { year, quarter, name, month, day = '1' } = groups;
  const index =
    name !== undefined
      ? MONTHS.findIndex((full) => full === name.toLowerCase() || full.slice(0, 3) === name.toLowerCase())
      : quarter !== undefined
        ? (Number(quarter) - 1) * 3
        : Number(month ?? '1') - 1;
  const start = new Date(Date.UTC(Number(year), index, Number(day)));
  const isDate = index >= 0 && start.getUTCMonth() === index && start.getUTCDate() === Number(day);
  return isDate ? start.getTime() / 1000 : undefined;
}

/** The order in which files are read: as time passes, the whole before its parts, names without a time last. */
export function compareArchiveNames(a: ArchiveName, b: ArchiveName): number {
  const [at, bt] = [a.start ?? Number.POSITIVE_INFINITY, b.start ?? Number.POSITIVE_INFINITY];
  if (at !== bt) return at - bt;
  if (a.period !== b.period) return kindOf(a) - kindOf(b) || (a.period < b.period ? -1 : 1);
  return a.rank - b.rank;
}

function kindOf({ period }: ArchiveName): number {
  return ['year', 'quarter', 'month', 'week', 'day', 'mbox'].indexOf(period.split(' ')[0] ?? '');
}
