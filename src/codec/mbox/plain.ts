import { latin1 } from '../../core/bytes.ts';
import type { Candidate, MboxDialect, Verdict } from './dialect.ts';
import { dovecotDialect } from './dovecot.ts';
import { countFieldLines, type FieldLines } from './field-lines.ts';
import { parsePlainFromLine } from './plain-from-line.ts';
import { PlainNumbering } from './plain-numbering.ts';

/**
 * The reading rules for files that no mail server numbered: list archives, Thunderbird's folders, exports
 * (docs/formats.md, "mbox files without a server").
 *
 * There is no program whose reading must be kept, so a line is judged by evidence: its date, what its envelope sender
 * looks like, the empty line before it, the header fields behind it. A date is enough unless both neighbours speak
 * against it; without a date both neighbours must speak for it. Each decision that one may doubt says why.
 */
export const plainDialect: MboxDialect = {
  rules: 'plain',
  // Left over from programs that read the file once, and stale as soon as flags change in the Maildir.
  hiddenHeaders: dovecotDialect.hiddenHeaders,
  readHeaders: new Set(['date', 'x-mozilla-keys', 'x-mozilla-status', 'x-mozilla-status2']),
  contentLength: true,
  trailingNewline: 'blank-line',
  marker: 'From ',
  separatorInHeader: true,
  before: 'anything',
  judge: judgePlain,
  numbering: () => new PlainNumbering(),
};

/** MMDF: the markers separate, so a line end before one is the message's own. A From_ line behind one gives the date. */
export const mmdfDialect: MboxDialect = {
  ...plainDialect,
  marker: '\x01\x01\x01\x01',
  trailingNewline: 'never',
};

const TEXT: Verdict = { separator: false };

/** What `git format-patch` writes as the first line of a patch; the date is always the same. */
const PATCH = /^From [0-9a-f]{40,64} Mon Sep 17 00:00:00 2001$/;
/** The same from a script of git's that knows no commit. */
const PATCH_DATE = / Mon Sep 17 00:00:00 2001$/;

/** How a From_ line without a date looks. Programs that leave the date out write all their lines alike. */
type Shape = 'bare' | 'dash' | 'address' | 'word' | 'time' | 'prose';

function judgePlain(candidate: Candidate): Verdict {
  const { buf, start, lineEnd, next, end } = candidate;
  const date = parsePlainFromLine(buf, start + 'From '.length, lineEnd);
  const fields = countFieldLines(buf, next, end);
  if (date === undefined) return judgeUndated(candidate, fields);
  if (isPastedPatch(candidate)) {
    return text(
      'first line of a git patch, while the separator before is of another kind: taken for pasted text',
    );
  }
  if (fields.fields > 0) return { separator: true, date };
  if (candidate.blankBefore) return { separator: true, date, weak: 'no header field follows' };
  return text('a date, but neither an empty line before nor a header field behind');
}

/** A patch pasted into a mail, or attached to it, brings its own From_ line along. In a file of patches all lines are such. */
function isPastedPatch({ buf, start, lineEnd, ordinal, previous }: Candidate): boolean {
  if (ordinal === 0 || !PATCH.test(line(buf, start, lineEnd))) return false;
  return !PATCH_DATE.test(line(previous, 0, previous.length));
}

function judgeUndated(candidate: Candidate, evidence: FieldLines): Verdict {
  const { buf, start, lineEnd, blankBefore, offset, previous } = candidate;
  const shape = shapeOf(line(buf, start, lineEnd));
  const alike = shape === undatedShape(previous);
  const { fields, known } = evidence;
  if (shape === 'prose') return blankBefore && known > 0 ? text('prose, but header fields follow') : TEXT;
  if (offset === 0) return judgeFirst(shape, fields);
  if (blankBefore && (known > 0 || fields > 1)) {
    if (alike && known > 0) return { separator: true, date: undefined };
    return weak('no date; an empty line stands before and header fields follow');
  }
  if (alike && known > 1) return weak('no date and no empty line before; header fields follow');
  if (fields > 0 || alike || shape === 'bare' || shape === 'time')
    return text('no date, and too little around it speaks for a separator');
  return TEXT;
}

/** The file's first line: if it is no separator, all before the next one is a message without a From_ line. */
function judgeFirst(shape: Shape, fields: number): Verdict {
  if (fields > 0) return { separator: true, date: undefined };
  if (shape === 'bare' || shape === 'dash') return weak('no date, and no header field follows');
  return text('the first line, but with neither a date nor header fields behind');
}

/** Shape of the separator before, if it has no date and there is one. */
function undatedShape(previous: Uint8Array): Shape | undefined {
  if (previous.length === 0 || parsePlainFromLine(previous, 'From '.length, previous.length) !== undefined) {
    return undefined;
  }
  return shapeOf(line(previous, 0, previous.length));
}

function shapeOf(fromLine: string): Shape {
  const rest = fromLine.slice('From '.length).trim();
  if (rest === '') return 'bare';
  if (rest === '-') return 'dash';
  if (/[,;:!?]$/.test(rest)) return 'prose';
  if (/^\S+@\S+$/.test(rest) || /^\S+\s+at\s+\S+\.\S+$/i.test(rest)) return 'address';
  if (/^\S+$/.test(rest)) return 'word';
  return /\d:\d\d\b.*\d{4}/.test(rest) ? 'time' : 'prose';
}

function text(doubt: string): Verdict {
  return { separator: false, doubt };
}

function weak(why: string): Verdict {
  return { separator: true, date: undefined, weak: why };
}

/** A From_ line as text. No line that the rules know is longer. */
function line(buf: Uint8Array, start: number, end: number): string {
  return latin1(buf, start, Math.min(end, start + 1024));
}
