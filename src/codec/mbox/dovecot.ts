import { LF } from '../../core/bytes.ts';
import type { Candidate, MboxDialect, Verdict } from './dialect.ts';
import { parseDovecotFromLine } from './dovecot-from-line.ts';
import { DovecotNumbering } from './dovecot-numbering.ts';

const TEXT: Verdict = { separator: false };
/**
 * Dovecot's scanner swallows the byte behind `From `; where that is the LF, it cannot see a separator right behind it
 * (observed with 2.3.19).
 */
const BARE: Verdict = { separator: false, hidesNext: true };

/** The reading rules of Dovecot's mbox driver (docs/formats.md, "mbox as Dovecot reads it"). */
export const dovecotDialect: MboxDialect = {
  rules: 'dovecot',
  hiddenHeaders: new Set([
    'content-length',
    'status',
    'x-imap',
    'x-imapbase',
    'x-keywords',
    'x-status',
    'x-uid',
  ]),
  contentLength: true,
  trailingNewline: 'always',
  marker: 'From ',
  separatorInHeader: true,
  before: 'nothing',
  judge: judgeByDovecot,
  numbering: () => new DovecotNumbering(),
};

function judgeByDovecot({ buf, start, lineEnd }: Candidate): Verdict {
  if (buf[start + 'From '.length] === LF) return BARE;
  const date = parseDovecotFromLine(buf, start + 'From '.length, lineEnd);
  return date === undefined ? TEXT : { separator: true, date };
}
