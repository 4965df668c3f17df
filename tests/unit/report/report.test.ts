import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../../src/cli/options.ts';
import { ERROR_CODES, type ErrorCode, EXIT } from '../../../src/core/errors.ts';
import type {
  ActionEvent,
  BeginEvent,
  CommandName,
  PassEvent,
  RunEvent,
  Totals,
} from '../../../src/core/events.ts';
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

function begin(command: CommandName, more: Partial<BeginEvent> = {}): RunEvent {
  return { event: 'begin', command, version: '1', from: 'f', to: 't', accounts: 1, ...more };
}

function end(totals: Partial<Totals> = {}): RunEvent {
  return { event: 'end', exit: 0, seconds: 1, totals: { ...new Outcome().totals, ...totals } };
}

function action(kind: ActionEvent['kind'], uid?: number): RunEvent {
  return {
    event: 'action',
    user: 'u',
    mailbox: 'INBOX',
    kind,
    message: 'm',
    ...(uid !== undefined && { uid }),
  };
}

function past(started: string, more: Partial<PassEvent> = {}): RunEvent {
  const totals = { mailboxes: 2, messages: 9, bytes: 99, added: 0, reflagged: 0, renumbered: 0, removed: 0 };
  const counts = { findings: 0, failures: 0, differences: 0, read: 2048, written: 100, changed: [], more: 0 };
  return {
    event: 'pass',
    user: 'u',
    command: 'convert',
    version: '1',
    started,
    seconds: 2,
    ...totals,
    ...counts,
    ...more,
  };
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
    { event: 'action', user: NASTY, mailbox: NASTY, kind: 'add', message: NASTY },
    { event: 'gate', user: NASTY, quiet: false, reasons: [NASTY, NASTY] },
    { event: 'seal', path: NASTY, root: NASTY, mailboxes: 1, messages: 1 },
    { event: 'forecast', user: NASTY, actual: 1, message: NASTY },
  ];

  test('text: nothing raw but the ends of its own lines', () => {
    const { out, err } = text(nasty);
    expect(out.split('\n')).toHaveLength(5 + 1 + 3 + 1 + 1);
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
      renumbered: 0,
      removed: 1,
      equal: 0,
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

describe('a dry run', () => {
  const dry = begin('convert', { dryRun: true });

  test('has a line for each action, and says that nothing was changed', () => {
    const kinds = ['add', 'reflag', 'renumber', 'remove', 'foreign'] as const;
    const { out } = text([
      dry,
      action('create-mailbox'),
      ...kinds.map((kind, i) => action(kind, i + 1)),
      done({ added: 1 }),
      end({ added: 1 }),
    ]);
    expect(out.split('\n').slice(0, 8)).toEqual([
      'convert (dry run) f -> t: 1 account',
      '+ u INBOX: m',
      '+ u INBOX uid 1: m',
      '~ u INBOX uid 2: m',
      '# u INBOX uid 3: m',
      '- u INBOX uid 4: m',
      '# u INBOX uid 5: m',
      'u INBOX: 3 messages, +1 ~0 -0',
    ]);
    expect(out).toContain('1 added, 0 reflagged, 0 removed (nothing was changed)');
    expect(text([begin('convert'), end({ added: 1 })]).out).not.toContain('nothing was changed');
  });

  test('of many actions in a mailbox the first twenty are shown', () => {
    const many = Array.from({ length: 25 }, (_, i) => action('add', i + 1));
    const { out } = text([dry, ...many, done({ added: 25 })]);
    expect(out.match(/^\+ /gm)).toHaveLength(20);
    expect(out).toContain('  … and 5 more actions in INBOX (all with --json)');
  });
});

describe('status', () => {
  const account: RunEvent = { event: 'account', user: 'u', from: 'f', to: 't', mailboxes: 2, bytes: 9 };
  const begun = { event: 'begin', command: 'status', version: '1', accounts: 1 } as const;
  const one = { mailbox: 'INBOX', added: 3, reflagged: 0, renumbered: 0, removed: 0 };
  const told = { event: 'forecast', seconds: 90, low: 60, high: 7260 } as const;

  test('a table of passes, hot mailboxes, the forecast of the account and of the run', () => {
    const parts = { overhead: 1, unchanged: 2, reading: 3, comparing: 84 };
    const { out } = text([
      begun,
      account,
      past('2026-03-02T02:00:07.123Z', { added: 3, changed: [one, { ...one, mailbox: 'Sent' }], more: 4 }),
      past('2026-03-03T02:00:00.000Z', { command: 'verify', messages: 12, differences: 1, failures: 1 }),
      past('2026-03-04T02:00:00.000Z', { command: 'final', forecast: { seconds: 3, low: 1, high: 9 } }),
      { event: 'hot', user: 'u', mailbox: 'INBOX', changed: 3, passes: 4, perDay: 12.5 },
      { ...told, user: 'u', parts },
      { ...told, message: 'without some' },
      end(),
    ]);
    expect(out.split('\n')).toEqual([
      'status: 1 account',
      'u: f -> t',
      '  began (UTC)          command  took                    read     written  messages                   in',
      '  2026-03-02 02:00:07  convert  2.0 s                   2.0 KiB  100 B    +3 ~0 -0                   INBOX, Sent, 4 more',
      '  2026-03-03 02:00:00  verify   2.0 s                   2.0 KiB  100 B    12 compared, 1 difference  1 FAILURE',
      '  2026-03-04 02:00:00  final    2.0 s (expected 3.0 s)  2.0 KiB  100 B    +0 ~0 -0',
      '  hot: INBOX changed in 3 of 4 passes, 12.5 messages a day',
      '  final: about 1 min 30 s (1 min 00 s to 2 h 01 min), 1.0 s to begin, 2.0 s to look at mailboxes, ' +
        '3.0 s to read what has changed, 1 min 24 s to compare it',
      'final of all accounts: about 1 min 30 s (1 min 00 s to 2 h 01 min), without some',
      'exit 0',
      '',
    ]);
  });

  test('says what is missing, and when an account was sealed', () => {
    const missing: RunEvent = { event: 'forecast', user: 'u', message: 'it needs two more passes' };
    const { out } = text([begun, { ...account, sealed: '2026-03-05T01:02:03.000Z' }, missing, end()]);
    expect(out).toContain('u: f -> t, sealed 2026-03-05 01:02:03\n');
    expect(out).toContain('  final: cannot be told yet: it needs two more passes\n');
  });

  test('shows the last ten passes and the first five hot mailboxes, and counts the others', () => {
    const passes = Array.from({ length: 12 }, (_, i) => past(`2026-03-${10 + i}T02:00:00.000Z`));
    const hot = Array.from({ length: 7 }, (_, i): RunEvent => {
      return { event: 'hot', user: 'u', mailbox: `box${i}`, changed: 1, passes: 2, perDay: 9 - i };
    });
    const { out } = text([begun, account, ...passes, ...hot, end()]);
    expect(out).toContain('  2 earlier passes (all with --json)\n');
    expect(out.match(/^ {2}2026-/gm)).toHaveLength(10);
    expect(out).not.toContain('2026-03-11 ');
    expect(out.match(/^ {2}hot: /gm)).toHaveLength(5);
    expect(out).toContain('  … and 2 more hot mailboxes\n');
  });

  test('keeps accounts apart', () => {
    const other: RunEvent = { ...account, user: 'v' };
    const { out } = text([begun, account, past('2026-03-02T02:00:00.000Z'), other, end()]);
    expect(out.indexOf('2026-03-02')).toBeLessThan(out.indexOf('v: f -> t'));
  });
});

describe('final', () => {
  const compared = done({ equal: 3, differences: 0 });

  test('tells the gate, the seal, and how good the forecast was', () => {
    const { out } = text([
      begin('final'),
      { event: 'gate', user: 'u', quiet: true, reasons: [] },
      done({ added: 1, renumbered: 2 }),
      compared,
      { event: 'seal', path: '/s', root: 'abc', mailboxes: 1, messages: 3 },
      { event: 'forecast', user: 'u', seconds: 10, low: 8, high: 12, actual: 9 },
      { event: 'forecast', actual: 11, message: 'nothing had been expected' },
      end({ mailboxes: 1, messages: 3, bytes: 10, added: 1, renumbered: 2, equal: 3 }),
    ]);
    expect(out.split('\n').slice(1, -2)).toEqual([
      'u: the source is quiet',
      'u INBOX: 3 messages, +1 ~0 -0 #2',
      'sealed 1 mailbox, 3 messages: /s, root abc',
      'u: took 9.0 s, expected 10.0 s (8.0 s to 12.0 s)',
      'downtime 11.0 s; nothing had been expected',
      'final: 1 mailbox, 3 messages, 10 B: 1 added, 0 reflagged, 2 renumbered, 0 removed; ' +
        '3 compared and equal, 0 differences, in 1.0 s',
    ]);
  });

  test('what is not quiet is said even when only that is asked for', () => {
    const gate: RunEvent = { event: 'gate', quiet: false, reasons: ['imapd (7) has x open', 'y changed'] };
    expect(text([begin('final'), gate], true).out).toBe(
      'the source is NOT quiet:\n  imapd (7) has x open\n  y changed\n',
    );
  });

  test('a compared mailbox is shown where it differs', () => {
    const { out } = text([begin('final'), done(), compared, done({ equal: 2, differences: 1 })]);
    expect(out.split('\n').slice(1)).toEqual(['u INBOX: 3 messages, 2 equal', '']);
  });

  test('a mailbox counts once, though it is told of twice', () => {
    const count = (command: CommandName) => {
      const outcome = new Outcome();
      for (const event of [begin(command), done({ added: 2, renumbered: 1 }), compared])
        outcome.listen(event);
      return outcome.totals;
    };
    expect(count('final')).toMatchObject({ mailboxes: 1, messages: 3, added: 2, renumbered: 1, equal: 3 });
    expect(count('verify')).toMatchObject({ mailboxes: 2, equal: 3 });
  });

  test('so does an account', () => {
    const outcome = new Outcome();
    const account: RunEvent = { event: 'account', user: 'u', from: 'f', to: 't', mailboxes: 2, bytes: 9 };
    for (const event of [begin('final'), account, account, { ...account, user: 'v' }]) outcome.listen(event);
    expect(outcome.totals.accounts).toBe(2);
  });
});

test('a run that failed before it began has no summary', () => {
  expect(text([failure('STATE_MISSING'), end({ failures: 1 })]).out).toBe('1 failure: see above\nexit 0\n');
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
