import { changesOf, type MailboxChange, type MoreChanges, type PassEntry } from '../core/history.ts';
import { LIMITS } from '../core/limits.ts';
import type { Dir } from '../io/dir.ts';
import { writeFileAtomic } from '../io/durable.ts';
import type { OpenFile } from '../io/file.ts';
import { parsePass } from './history-line.ts';
import { ascii } from './record-line.ts';

/**
 * The passes of an account: `history.jsonl` in its state directory, one JSON line per finished pass, newest last
 * (docs/manifest.md, "history.jsonl"). Nothing that spoolsync does to mail depends on it, so it is not flushed, and what
 * a crash or an editor has left of a line is passed over.
 */

const FILE = 'history.jsonl';

/** Rewriting the file costs as much as its size, so it may grow past `LIMITS.historyPasses` by this many lines. */
const SLACK = 100;

export interface History {
  /** In the order in which they were recorded. */
  readonly passes: readonly PassEntry[];
  /** Lines that are no pass; a last line without its end is not counted, as it is what a killed run leaves. */
  readonly damaged: number;
}

/** When the last pass was recorded, nanoseconds since 1970; `undefined`: none has been. */
export function lastPassTime(state: Dir): bigint | undefined {
  return state.lstat(FILE)?.mtimeNs;
}

/** Reads the last passes; none where there is no file. */
export function readHistory(state: Dir): History {
  const { lines } = readTail(state);
  const passes = lines.map(parsePass);
  const good = passes.filter((pass) => pass !== undefined);
  return { passes: good, damaged: passes.length - good.length };
}

/**
 * Adds a pass. A last line that was cut off is removed first. Past `LIMITS.historyPasses` lines, or
 * `LIMITS.historyBytes`, the oldest are dropped.
 */
export function appendPass(state: Dir, pass: PassEntry): void {
  const line = formatPass(pass);
  const { lines, size, complete } = readTail(state);
  if (lines.length >= LIMITS.historyPasses + SLACK || size + line.length >= LIMITS.historyBytes) {
    const text = newest([...lines, line]).join('\n');
    writeFileAtomic(state, FILE, Buffer.from(`${text}\n`, 'latin1'), { mode: 0o600 });
    return;
  }
  const file = state.openFile(FILE, 'append') ?? state.createFile(FILE, 0o600);
  try {
    if (complete < size) file.truncate(complete);
    file.write(Buffer.from(`${line}\n`, 'latin1'));
  } finally {
    file.close();
  }
}

/** The newest lines that fit twice into the bounds, so that there is room for as many again. */
function newest(lines: readonly string[]): readonly string[] {
  let size = 0;
  const from = lines.findLastIndex((line) => {
    size += line.length + 1;
    return size > LIMITS.historyBytes / 2;
  });
  return lines.slice(Math.max(from + 1, lines.length - LIMITS.historyPasses));
}

interface Tail {
  /** Complete lines, without their ends. */
  readonly lines: readonly string[];
  /** Of the file. */
  readonly size: number;
  /** Size of the file without a last line that has no end. */
  readonly complete: number;
}

/** What lies behind the first `LIMITS.historyBytes` from the end is not looked at: no file can be too large to read. */
function readTail(state: Dir): Tail {
  const file = state.openFile(FILE);
  if (file === undefined) return { lines: [], size: 0, complete: 0 };
  try {
    return tailOf(file);
  } finally {
    file.close();
  }
}

function tailOf(file: OpenFile): Tail {
  const { size } = file.restat();
  const start = Math.max(0, size - LIMITS.historyBytes);
  const bytes = Buffer.alloc(size - start);
  const text = bytes.toString('latin1', 0, file.readAt(bytes, start));
  const end = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, end).split('\n').slice(0, -1);
  return { lines: start === 0 ? lines : lines.slice(1), size, complete: start + end };
}

/** One line of ASCII, at most `LIMITS.historyLine` bytes: mailboxes that have no room in it are only counted. */
function formatPass(pass: PassEntry): string {
  const sorted = [...pass.mailboxes].sort((a, b) => changesOf(b) - changesOf(a) || b.read - a.read);
  for (let shown = Math.min(sorted.length, LIMITS.historyMailboxes); ; shown = Math.floor(shown / 2)) {
    const more = sorted.slice(shown).reduce(addMore, pass.more);
    const line = ascii(JSON.stringify({ ...pass, mailboxes: sorted.slice(0, shown), more }));
    if (line.length <= LIMITS.historyLine || shown === 0) return line;
  }
}

function addMore({ mailboxes, changes, read }: MoreChanges, change: MailboxChange): MoreChanges {
  return { mailboxes: mailboxes + 1, changes: changes + changesOf(change), read: read + change.read };
}
