import { LF } from '../../core/bytes.ts';
import type { Candidate, MboxDialect, Verdict } from './dialect.ts';
import { parseUwFromLine } from './uw-from-line.ts';
import { UW_HIDDEN_HEADERS, UwNumbering } from './uw-numbering.ts';

const TEXT: Verdict = { separator: false };
const UNDATED: Verdict = {
  separator: true,
  date: undefined,
  weak: 'the From_ line has the right form, but its date cannot be read',
};

/** The reading rules of UW-IMAP and everything else built on c-client (docs/formats-uw.md). */
export const uwDialect: MboxDialect = {
  rules: 'uw',
  hiddenHeaders: UW_HIDDEN_HEADERS,
  // For messages whose From_ line has no date that can be read.
  readHeaders: new Set(['date']),
  contentLength: false,
  trailingNewline: 'blank-body-line',
  marker: 'From ',
  separatorInHeader: false,
  before: 'blank-lines',
  judge: judgeByUw,
  numbering: () => new UwNumbering(),
};

function judgeByUw({ buf, start, lineEnd, next }: Candidate): Verdict {
  if (buf[next - 1] !== LF) return TEXT; // the last line of the file, without a line end
  const line = parseUwFromLine(buf, start, lineEnd);
  if (line === undefined) return TEXT;
  return line.date === undefined ? UNDATED : { separator: true, date: line.date };
}
