import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../../src/cli/options.ts';
import { ERROR_CODES, type ErrorCode, EXIT } from '../../../src/core/errors.ts';
import type { RunEvent } from '../../../src/core/events.ts';
import { escapeControls } from '../../../src/report/escape.ts';
import { formatBytes, formatSeconds, plural } from '../../../src/report/format.ts';
import { jsonReport } from '../../../src/report/json.ts';
import { Outcome } from '../../../src/report/outcome.ts';
import { progressLine } from '../../../src/report/progress.ts';
import { textReport } from '../../../src/report/text.ts';

/** Everything that could move a cursor, fake a line or turn text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const HARMFUL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const NASTY = Array.from({ length: 0x2100 }, (_, i) => String.fromCharCode(i)).join('');

function failure(code: ErrorCode): RunEvent {
  return { event: 'failure', code, message: 'm', advice: 'a' };
}

function remark(severity: 'note' | 'finding', code: string, mailbox?: string): RunEvent {
  const event = { event: 'remark', severity, code, user: 'u', message: code, place: 'p' } as const;
  return mailbox === undefined ? event : { ...event, mailbox };
}

function difference(message: string): RunEvent {
  return { event: 'difference', sign: '*', user: 'u', mailbox: 'INBOX', uid: 7, place: 'p', message };
}

function done(more: Partial<RunEvent & { event: 'mailbox' }> = {}): RunEvent {
  const numbers = { messages: 3, bytes: 2048, added: 0, reflagged: 0, removed: 0 };
  return { event: 'mailbox', user: 'u', mailbox: 'INBOX', folder: '', ...numbers, ...more };
}

function begin(command: 'convert' | 'verify'): RunEvent {
  return { event: 'begin', command, version: '1', from: 'f', to: 't', accounts: 1 };
}

function text(events: readonly RunEvent[], quiet = false): { out: string; err: string } {
  const said = { out: '', err: '' };
  const listen = textReport({
    out: (piece) => {
      said.out += piece;
    },
    err: (piece) => {
      said.err += piece;
    },
    quiet,
  });
  for (const event of events) listen(event);
  return said;
}

describe('control characters', () => {
  test('none is left, the rest stays', () => {
    expect(escapeControls(NASTY)).not.toMatch(HARMFUL);
    expect(escapeControls('a\x1b[2Jb\n\x9b\u202ec')).toBe('a\\x1b[2Jb\\x0a\\x9b\\u{202e}c');
    expect(escapeControls('Grüße \u65e5\u672c \u{1f600} ~')).toBe('Grüße \u65e5\u672c \u{1f600} ~');
  });

  const nasty: RunEvent[] = [
    { ...begin('verify'), from: NASTY, to: NASTY } as RunEvent,
    { event: 'rules', user: NASTY, mailbox: NASTY, place: NASTY, rules: 'uw', reason: NASTY },
    { event: 'remark', severity: 'finding', code: 'C', user: NASTY, message: NASTY, place: NASTY },
    {
      event: 'remark',
      severity: 'finding',
      code: 'C',
      user: NASTY,
      mailbox: NASTY,
      message: NASTY,
      place: NASTY,
    },
    { event: 'difference', sign: '+', user: NASTY, mailbox: NASTY, message: NASTY, place: NASTY },
    { ...done({ added: 1 }), user: NASTY, mailbox: NASTY } as RunEvent,
    {
      event: 'failure',
      user: NASTY,
      mailbox: NASTY,
      code: 'IO',
      message: NASTY,
      advice: NASTY,
      place: NASTY,
    },
  ];

  test('text: nothing raw but the ends of its own lines', () => {
    const { out, err } = text(nasty);
    expect(out.split('\n')).toHaveLength(5);
    expect(err.split('\n')).toHaveLength(4);
    expect((out + err).replaceAll('\n', '')).not.toMatch(HARMFUL);
  });

  test('JSON: the same, and it says exactly what the event says', () => {
    let out = '';
    const listen = jsonReport((piece) => {
      out += piece;
    });
    for (const event of nasty) listen(event);
    listen({ event: 'progress', bytes: 1 });
    const lines = out.split('\n').slice(0, -1);
    expect(lines).toHaveLength(nasty.length);
    expect(lines.join('')).not.toMatch(HARMFUL);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(nasty);
  });
});

describe('exit status', () => {
  const exitOf = (...events: RunEvent[]) => {
    const outcome = new Outcome();
    for (const event of events) outcome.listen(event);
    return outcome.exit;
  };

  test('no code is lost, alone or beside findings', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      expect(exitOf(failure(code)), code).toBe(ERROR_CODES[code]);
      const both = exitOf(remark('finding', 'X'), failure(code), difference('d'));
      expect(both, code).toBe(ERROR_CODES[code]);
      expect(both, code).not.toBe(EXIT.ok);
    }
  });

  test.each([
    ['nothing', [], EXIT.ok],
    ['a note', [remark('note', 'N')], EXIT.ok],
    ['a finding', [remark('finding', 'F')], EXIT.findings],
    ['a difference', [difference('d')], EXIT.findings],
    ['a moved source', [remark('finding', 'SOURCE_MOVED')], EXIT.sourceMoved],
    [
      'a moved source and findings: running again comes first',
      [remark('finding', 'F'), failure('SOURCE_MOVED')],
      EXIT.sourceMoved,
    ],
    ['waiting before running again', [failure('SOURCE_MOVED'), failure('TARGET_LOCKED')], EXIT.busy],
    ['repairing before waiting', [failure('TARGET_LOCKED'), failure('PERMISSION')], EXIT.permission],
    ['a full disk before permissions', [failure('PERMISSION'), failure('DISK_FULL')], EXIT.io],
    ['a signal before those', [failure('DISK_FULL'), failure('TERMINATED')], EXIT.terminated],
    ['a bug before all', [failure('TERMINATED'), failure('INTERNAL'), failure('USAGE')], EXIT.internal],
  ])('%s', (_name, events, expected) => {
    expect(exitOf(...events)).toBe(expected);
    expect(exitOf(...[...events].reverse())).toBe(expected);
  });

  test('every status that can occur is in the help', () => {
    let help = '';
    const program = buildProgram('1', () => Promise.resolve());
    program.configureOutput({
      writeOut: (piece) => {
        help += piece;
      },
    });
    expect(() => program.parse(['node', 'spoolsync', '--help'])).toThrow();
    for (const status of new Set(Object.values(ERROR_CODES)))
      expect(help).toMatch(new RegExp(`\\b${status}\\b`));
  });

  test('totals add up', () => {
    const outcome = new Outcome();
    for (const event of [
      done({ added: 2, removed: 1 }),
      done({ reflagged: 3 }),
      difference('d'),
      failure('IO'),
      remark('note', 'N'),
      remark('finding', 'F'),
    ])
      outcome.listen(event);
    expect(outcome.totals).toEqual({
      accounts: 0,
      mailboxes: 2,
      messages: 6,
      bytes: 4096,
      added: 2,
      reflagged: 3,
      removed: 1,
      findings: 1,
      differences: 1,
      failures: 1,
    });
  });
});

describe('text report', () => {
  test('says nothing of a mailbox in which there was nothing to do', () => {
    expect(text([begin('convert'), done()]).out.split('\n')).toHaveLength(2);
    expect(text([begin('convert'), done({ added: 1 })]).out).toContain('u INBOX: 3 messages, +1 ~0 -0');
  });

  test('a finding is shown where it is, the rest of its kind counted', () => {
    const { out } = text(
      [begin('convert'), remark('finding', 'A', 'INBOX'), remark('finding', 'B', 'INBOX'), done()],
      true,
    );
    expect(out).toBe('u INBOX: 3 messages, +0 ~0 -0, LOOK: A at p: A and 1 more\n');
  });

  test('of many differences the first twenty are shown', () => {
    const many = Array.from({ length: 25 }, (_, i) => difference(`d${i}`));
    const { out } = text([begin('verify'), ...many, done({ equal: 0, differences: 25 })], true);
    expect(out.split('\n').slice(0, -1)).toHaveLength(21);
    expect(out).toContain('* u INBOX uid 7: d0 (p)');
    expect(out).toContain('5 more differences');
  });

  test('a failure says what, where and what to do, quiet or not', () => {
    const event = {
      event: 'failure',
      user: 'u',
      mailbox: 'Sent',
      code: 'IO',
      message: 'm',
      advice: 'a',
      place: 'p',
    } as const;
    const expected = 'spoolsync: IO: u Sent: m\n  at  p\n  do  a\n';
    expect(text([event], true)).toEqual({ out: '', err: expected });
    expect(text([event]).err).toBe(expected);
  });
});

test('numbers for people', () => {
  expect([0, 1023, 1024, 1536, 204_800, 5e9].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '200 KiB',
    '4.7 GiB',
  ]);
  expect([0, 4.24, 65, 3599, 7620].map(formatSeconds)).toEqual([
    '0.0 s',
    '4.2 s',
    '1 min 05 s',
    '59 min 59 s',
    '2 h 07 min',
  ]);
  expect([plural(1, 'message'), plural(0, 'message'), plural(2, 'mailbox', 'mailboxes')]).toEqual([
    '1 message',
    '0 messages',
    '2 mailboxes',
  ]);
});

test('progress is drawn after a second, not too often, and cleared', () => {
  let now = 0;
  let out = '';
  const line = progressLine(
    (piece) => {
      out += piece;
    },
    () => now,
  );
  line.listen({ event: 'account', user: 'u', from: '', to: '', mailboxes: 1, bytes: 1024 });
  line.listen({ event: 'progress', bytes: 100 });
  line.clear();
  expect(out).toBe('');
  now = 2000;
  line.listen({ event: 'progress', bytes: 512 });
  expect(out).toBe('\r\x1b[K50 %  512 B of 1.0 KiB  256 B/s  2.0 s left');
  now = 2100;
  line.listen({ event: 'progress', bytes: 600 });
  line.clear();
  expect(out).toBe('\r\x1b[K50 %  512 B of 1.0 KiB  256 B/s  2.0 s left\r\x1b[K');
});
