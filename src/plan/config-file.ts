import { tomlComment, tomlString } from '../codec/config/toml-text.ts';
import type { RemarkEvent } from '../core/events.ts';

/** A source that was found, as it will stand in the file. Names and locations are latin1, reasons ready for display. */
export interface FoundSource {
  readonly from: string;
  readonly users: readonly string[];
  /** Locations of users whose place is another. */
  readonly accounts: ReadonlyMap<string, string>;
  /** New names, where an account would be called like another. */
  readonly renames?: ReadonlyMap<string, string>;
  /** The accounts are mailing lists, which get a place of their own. */
  readonly areLists?: boolean;
  /** What each guess rests on. */
  readonly reasons: readonly string[];
  /** mbox files, messages of Maildirs, or files of archives. */
  readonly files: number;
  readonly bytes: number;
}

export interface ConfigParts {
  /** What was looked at, ready for display. */
  readonly root: string;
  /** At least one. */
  readonly sources: readonly FoundSource[];
  readonly remarks: readonly RemarkEvent[];
}

/** What `to` is proposed below; the first that no source lies in. */
const TARGETS = ['/srv/vmail', '/srv/vmail-new', '/srv/spoolsync'];

/**
 * The text of a configuration (docs/config.md). Names in it are quoted, and comments escaped, so that nothing that users
 * can choose ends a line. All names must be UTF-8.
 */
export function configFile({ root, sources, remarks }: ConfigParts): string {
  const base =
    TARGETS.find((dir) => !sources.some((source) => isBelow(source, dir))) ?? '/srv/spoolsync-target';
  const all =
    'All of it is guessed: look at each line, then try it with `spoolsync convert --config FILE --dry-run`.';
  return [
    ...tomlComment(`Made by \`spoolsync discover ${root}\`. ${all} docs/config.md describes the keys.`),
    '',
    '# Where the mail goes, and whose it will be there: yours to say.',
    `to = "maildir:${base}/%u/Maildir"`,
    '# owner = "vmail:vmail"',
    '# domain = "example.org"',
    ...sources.flatMap((source) => sourceLines(source, base)),
    ...remarkLines(remarks),
    '',
  ].join('\n');
}

function isBelow({ from, accounts }: FoundSource, dir: string): boolean {
  return [from, ...accounts.values()].some(
    (location) => location.includes(`:${dir}/`) || location.includes(`=${dir}/`),
  );
}

function sourceLines(source: FoundSource, base: string): string[] {
  const { from, users, accounts, reasons, files, bytes, renames = new Map(), areLists = false } = source;
  const isMaildir = from.startsWith('maildir:');
  const counted = `${files} ${isMaildir ? 'messages' : 'files'}, ${bytes} bytes`;
  return [
    '',
    ...tomlComment(`${areLists ? 'Mailing lists' : 'Users'}: ${users.length}; ${counted}.`),
    ...reasons.flatMap((reason) => tomlComment(`- ${reason}`)),
    '[[source]]',
    `from = ${quoted(from)}`,
    ...(areLists ? [`to = "maildir:${base}-lists/%u/Maildir"`] : []),
    '# Who is added to the old server later is not among them.',
    ...listLines('users', users.map(quoted)),
    ...(renames.size === 0 ? [] : ['', '[source.renames]']),
    ...[...renames].map(([old, name]) => `${quoted(old)} = ${quoted(name)}`),
    ...[...accounts].flatMap(([user, own]) => [
      '',
      `[source.accounts.${quoted(user)}]`,
      `from = ${quoted(own)}`,
    ]),
  ];
}

/** A list, broken into lines. */
function listLines(key: string, texts: readonly string[]): string[] {
  const lines = [`${key} = [`];
  let line = '';
  for (const text of texts) {
    if (line !== '' && line.length + text.length > 100) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? `  ${text},` : ` ${text},`;
  }
  return [...lines, line, ']'];
}

const HEADINGS = [
  ['finding', 'Not in the sources above, or not clear:'],
  ['note', 'Also found:'],
] as const;

function remarkLines(remarks: readonly RemarkEvent[]): string[] {
  return HEADINGS.flatMap(([severity, heading]) => {
    const these = remarks.filter((remark) => remark.severity === severity);
    if (these.length === 0) return [];
    const lines = these.flatMap(({ code, place, message }) =>
      tomlComment(`- ${code}: ${place === undefined ? '' : `${place}: `}${message}`),
    );
    return ['', `# ${heading}`, ...lines];
  });
}

function quoted(name: string): string {
  return tomlString(name) ?? '""';
}
