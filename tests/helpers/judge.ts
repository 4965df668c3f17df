import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JudgedMailbox, JudgedMessage } from './imap-view.ts';

/**
 * Compares what an IMAP client sees of a mailbox before and after. Every difference that is accepted has a row in
 * tests/judge/known-differences.md, with whose reading is right and why.
 */

const TABLE = fileURLToPath(new URL('../judge/known-differences.md', import.meta.url));

/** Names of the rows of the table. */
export function knownDifferences(): Set<string> {
  const rows = readFileSync(TABLE, 'utf8')
    .split('\n')
    .filter((line) => /^\| `/.test(line));
  return new Set(rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1] ?? ''));
}

/** What a comparison says: differences nobody has accepted, and the rows that were needed. */
export interface Comparison {
  readonly differences: readonly string[];
  readonly rows: ReadonlySet<string>;
}

/** `started` (seconds since 1970): a UIDVALIDITY not older was made up by Dovecot, because the source has none. `outOfUids`: Dovecot has said that it renumbers the source's messages. */
export function compareViews(
  name: string,
  source: JudgedMailbox,
  target: JudgedMailbox,
  started: number,
  outOfUids = false,
): Comparison {
  const differences: string[] = [];
  const rows = new Set<string>();
  const differ = (what: string, want: unknown, got: unknown) =>
    differences.push(`${name}: ${what}: source ${String(want)}, target ${String(got)}`);
  if (source.messages.length !== target.messages.length)
    differ('messages', source.messages.length, target.messages.length);
  if (source.uidNext !== target.uidNext) differ('UIDNEXT', source.uidNext, target.uidNext);
  const made = source.uidValidity >= started && target.uidValidity >= started;
  if (!made && source.uidValidity !== target.uidValidity)
    differ('UIDVALIDITY', source.uidValidity, target.uidValidity);
  for (const [i, want] of source.messages.entries()) {
    const got = target.messages[i];
    if (got === undefined) break;
    for (const { row, what, values } of compareMessages(want, got, i === 0 && outOfUids)) {
      if (row === undefined) differ(`message ${i + 1} ${what}`, values[0], values[1]);
      else rows.add(row);
    }
  }
  return { differences, rows };
}

interface MessageDifference {
  /** The row of the table that accepts it. */
  readonly row: string | undefined;
  readonly what: string;
  readonly values: readonly [unknown, unknown];
}

function* compareMessages(
  want: JudgedMessage,
  got: JudgedMessage,
  outOfUids: boolean,
): Generator<MessageDifference> {
  const same: [string, unknown, unknown][] = [
    ['UID', want.uid, got.uid],
    ['flags', want.flags.join(), got.flags.join()],
    ['keywords', want.keywords.join(), got.keywords.join()],
  ];
  for (const [what, a, b] of same) {
    const row = what === 'keywords' && outOfUids ? 'out-of-uids' : undefined;
    if (a !== b) yield { row, what, values: [a, b] };
  }
  if (want.internalDate !== got.internalDate) {
    yield {
      row: dateRow(want.internalDate, got.internalDate),
      what: 'INTERNALDATE',
      values: [want.internalDate, got.internalDate],
    };
  }
  if (want.size !== got.size || want.sha256 !== got.sha256) {
    const row = isHeaderOnly(want, got) ? 'header-only' : undefined;
    yield { row, what: 'bytes', values: [`${want.size} ${want.sha256}`, `${got.size} ${got.sha256}`] };
  }
}

/** What ext4 stores: a signed 34-bit number of seconds that begins in 1901. */
const [EARLIEST, LATEST] = [-(2 ** 31), 2 ** 34 - 2 ** 31 - 1];

function dateRow(want: number, got: number): string | undefined {
  if (want < EARLIEST || want > LATEST) return 'date-out-of-range';
  return Math.abs(want - got) === 3600 ? 'repeated-hour' : undefined;
}

/** A message without an empty line, cut off before its last line end. */
function isHeaderOnly(want: JudgedMessage, got: JudgedMessage): boolean {
  const text = want.body?.toString('latin1');
  if (text === undefined || /(?:^|\r\n)\r\n/.test(text)) return false;
  return got.body?.toString('latin1') === `${text}\r\n`;
}
