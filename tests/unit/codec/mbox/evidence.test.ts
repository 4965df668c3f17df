import { describe, expect, it, test } from 'vitest';
import type { MetadataHeader, Verdict } from '../../../../src/codec/mbox/dialect.ts';
import { RulesEvidence } from '../../../../src/codec/mbox/evidence.ts';

const DATE = { year: 2001, month: 10, day: 9, hour: 22, minute: 33, second: 52 };
const TAKEN: Verdict = { separator: true, date: DATE };
const WEAK: Verdict = { separator: true, date: undefined, weak: 'no date' };
const WEAK_DATED: Verdict = { separator: true, date: DATE, weak: 'no header' };
const TEXT: Verdict = { separator: false };

const DOVECOT_BASE = { name: 'X-IMAPbase', value: ' 1795454225 0000000047 $Forwarded' };
const UW_BASE = { name: 'X-IMAPbase', value: ' 1795502039 3 Foo' };
const PSEUDO = { name: 'X-IMAP', value: ' 1795454225 0000000010' };

interface File {
  readonly indexes?: boolean;
  readonly fromLine?: string;
  readonly headers?: readonly MetadataHeader[];
  /** Dovecot's verdict and the plain rules', line by line. */
  readonly lines?: readonly (readonly [dovecot: Verdict, plain: Verdict])[];
  readonly size?: number;
  /** Offset of the first line. */
  readonly at?: number;
}

function decide({
  indexes = false,
  fromLine = 'From a ',
  headers = [],
  lines = [[TAKEN, TAKEN]],
  size = 500,
  at = 0,
}: File) {
  const evidence = new RulesEvidence(indexes);
  lines.forEach(([dovecot, plain], index) => {
    evidence.candidate(at + 100 * index, dovecot, plain);
    if (index === 0) evidence.firstMessage(fromLine, headers);
  });
  return evidence.decide(size);
}

test.each<[string, string, File]>([
  ['an empty file', 'dovecot', { size: 0, lines: [] }],
  ['only lines that Dovecot takes', 'dovecot', {}],
  [
    'a date that Dovecot does not take',
    'plain',
    {
      lines: [
        [TAKEN, TAKEN],
        [TEXT, TAKEN],
      ],
    },
  ],
  [
    'a date that Dovecot does not take, no header',
    'plain',
    {
      lines: [
        [TAKEN, TAKEN],
        [TEXT, WEAK_DATED],
      ],
    },
  ],
  [
    'a doubtful line without a date',
    'dovecot',
    {
      lines: [
        [TAKEN, TAKEN],
        [TEXT, WEAK],
      ],
    },
  ],
  ['a doubtful line is the first', 'plain', { lines: [[TEXT, WEAK]] }],
  [
    'a pasted patch',
    'dovecot',
    {
      lines: [
        [TAKEN, TAKEN],
        [TAKEN, TEXT],
      ],
    },
  ],
  ['something before the first line', 'plain', { at: 1 }],
  ['no line at all', 'plain', { lines: [] }],
  ['X-IMAPbase of Dovecot', 'dovecot', { headers: [DOVECOT_BASE] }],
  [
    'X-IMAPbase of Dovecot, and text that has a date',
    'dovecot',
    {
      headers: [DOVECOT_BASE],
      lines: [
        [TAKEN, TAKEN],
        [TEXT, TAKEN],
      ],
    },
  ],
  [
    'X-IMAPbase of Dovecot in a file it would refuse',
    'plain',
    { headers: [DOVECOT_BASE], lines: [[TEXT, TAKEN]] },
  ],
  ['X-IMAPbase of c-client', 'uw', { headers: [UW_BASE] }],
  ['pseudo message of c-client', 'uw', { fromLine: 'From MAILER-DAEMON Mon Nov 23', headers: [PSEUDO] }],
  ['pseudo message of Dovecot', 'dovecot', { fromLine: 'From MAILER_DAEMON  Mon Nov 23', headers: [PSEUDO] }],
  ['X-IMAP that is none', 'dovecot', { headers: [{ name: 'X-IMAP', value: 'yes' }] }],
  [
    'indexes',
    'dovecot',
    {
      indexes: true,
      lines: [
        [TAKEN, TAKEN],
        [TEXT, TAKEN],
      ],
    },
  ],
  ['indexes beside a file that c-client numbered', 'dovecot', { indexes: true, headers: [UW_BASE] }],
  ['indexes beside a file that Dovecot refuses', 'plain', { indexes: true, lines: [[TEXT, TAKEN]] }],
])('%s: %s', (_, rules, file) => expect(decide(file).rules).toBe(rules));

describe('reasons', () => {
  it('name the first line that Dovecot leaves out', () => {
    const { reason, ground } = decide({
      lines: [
        [TAKEN, TAKEN],
        [TEXT, TAKEN],
        [TEXT, TAKEN],
      ],
    });
    expect(reason).toContain('offset 100 ');
    expect(ground).toBe(100);
  });

  it('name numbering that cannot be kept', () => {
    expect(decide({ headers: [DOVECOT_BASE], lines: [[TEXT, TAKEN]] }).reason).toContain('X-IMAPbase');
  });

  it('count what is read differently', () => {
    const { reason } = decide({
      lines: [
        [TAKEN, TAKEN],
        [TEXT, WEAK],
        [TAKEN, TEXT],
        [TAKEN, TEXT],
      ],
    });
    expect(reason).toContain('1 doubtful line(s) without a date stay text');
    expect(reason).toContain('2 line(s) that may be pasted text separate');
  });
});
