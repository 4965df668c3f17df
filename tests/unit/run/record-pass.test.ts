import fs from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { MailboxEvent, RemarkEvent, RunEvent } from '../../../src/core/events.ts';
import type { Dir } from '../../../src/io/dir.ts';
import type { RunContext } from '../../../src/run/context.ts';
import { PassRecorder } from '../../../src/run/record-pass.ts';
import { appendPass, readHistory } from '../../../src/state/history.ts';
import { HOUR, MONDAY, pass } from '../../helpers/passes.ts';
import { open, tempDir } from '../io/support.ts';

let state: Dir;
let events: RunEvent[];

beforeEach(() => {
  state = open(tempDir());
  events = [];
  return () => state.close();
});

function recorder(command: 'convert' | 'final' | 'verify', started = new Date(MONDAY)): PassRecorder {
  const context = {
    version: '9.9.9',
    emit: (event: RunEvent) => void events.push(event),
    took: () => undefined,
    checkSignal: () => undefined,
    reading: {},
  } as unknown as RunContext;
  return new PassRecorder(context, command, started);
}

const account: RunEvent = { event: 'account', user: 'u', from: 'f', to: 't', mailboxes: 3, bytes: 60 };
const mailbox = (name: string, more: Partial<MailboxEvent> = {}): MailboxEvent => {
  const counts = { messages: 3, bytes: 20, added: 0, reflagged: 0, renumbered: 0, removed: 0 };
  return {
    event: 'mailbox',
    user: 'u',
    mailbox: name,
    folder: name,
    ...counts,
    read: 0,
    written: 0,
    ...more,
  };
};

test('what was read, written and changed, by kind of mailbox; events are passed on', () => {
  const record = recorder('convert');
  const told: RunEvent[] = [
    account,
    mailbox('idle'),
    mailbox('INBOX', { added: 2, removed: 1, read: 20, written: 12 }),
    mailbox('touched', { read: 20 }),
    mailbox('marked', { reflagged: 1, renumbered: 4 }),
    { event: 'remark', severity: 'finding', code: 'C', message: 'm' },
    { event: 'remark', severity: 'note', code: 'C', message: 'm' },
    { event: 'failure', user: 'u', mailbox: 'x', code: 'IO', message: 'm', advice: 'a' },
  ];
  for (const event of told) record.context.emit(event);
  record.finish(state);
  expect(events).toEqual(told);
  const change = { added: 0, reflagged: 0, renumbered: 0, removed: 0, bytes: 20, read: 0 };
  const seconds = expect.any(Number) as number;
  expect(readHistory(state).passes).toEqual([
    {
      command: 'convert',
      version: '9.9.9',
      started: new Date(MONDAY).toISOString(),
      seconds,
      totals: {
        mailboxes: 4,
        messages: 12,
        bytes: 80,
        added: 2,
        reflagged: 1,
        renumbered: 4,
        removed: 1,
        findings: 1,
        failures: 1,
        differences: 0,
      },
      idle: { mailboxes: 1, messages: 0, read: 0, seconds },
      busy: { mailboxes: 3, messages: 8, read: 40, seconds },
      compared: { mailboxes: 0, messages: 0, read: 0, seconds: 0 },
      written: 12,
      files: 2,
      mailboxes: [
        { ...change, mailbox: 'marked', reflagged: 1, renumbered: 4 },
        { ...change, mailbox: 'INBOX', added: 2, removed: 1, read: 20 },
        { ...change, mailbox: 'touched', read: 20 },
      ],
      more: { mailboxes: 0, changes: 0, read: 0 },
    },
  ]);
});

test('the parts are no longer than the whole', () => {
  const record = recorder('convert');
  const spin = (until = performance.now() + 20) => {
    while (performance.now() < until);
  };
  for (const event of [account, mailbox('a'), mailbox('b', { read: 1 }), mailbox('c', { equal: 3 })]) {
    spin();
    record.context.emit(event);
  }
  record.finish(state);
  const [entry] = readHistory(state).passes;
  const parts = [entry?.idle, entry?.busy, entry?.compared].map((effort) => effort?.seconds ?? 0);
  for (const part of parts) expect(part).toBeGreaterThanOrEqual(0.02);
  // What was spent before the account began belongs to none.
  expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(
    (entry?.seconds ?? 0) - 0.02 + 0.001,
  );
});

test('a comparison: its mailboxes are totals of `verify`, and none of a `final`', () => {
  for (const command of ['verify', 'final'] as const) {
    const record = recorder(command);
    if (command === 'final') record.context.emit(mailbox('a', { added: 1, read: 20, written: 5 }));
    record.context.emit(mailbox('a', { equal: 2, differences: 1, read: 40 }));
    record.context.emit({ event: 'difference', sign: '*', user: 'u', mailbox: 'a', message: 'm' });
    record.finish(state);
  }
  expect(readHistory(state).passes).toMatchObject([
    {
      command: 'verify',
      totals: { mailboxes: 1, messages: 3, differences: 1 },
      compared: { mailboxes: 1, messages: 2, read: 40 },
      busy: { mailboxes: 0 },
      mailboxes: [],
    },
    {
      command: 'final',
      totals: { mailboxes: 1, messages: 3, added: 1, differences: 1 },
      compared: { mailboxes: 1, messages: 2, read: 40 },
      busy: { mailboxes: 1, read: 20 },
      written: 5,
    },
  ]);
});

describe('the forecast of a final', () => {
  const compared = { mailboxes: 10, messages: 1000, read: 20_000_000, seconds: 1 };
  const idle = { mailboxes: 10, messages: 0, read: 0, seconds: 0.1 };

  test('is that of the history before it, is announced with what it took, and recorded', () => {
    for (let n = 0; n < 3; n++) appendPass(state, pass({ at: MONDAY + n * HOUR, seconds: 0.3, idle }));
    appendPass(state, pass({ command: 'verify', at: MONDAY, compared }));
    const record = recorder('final', new Date(MONDAY + 3 * HOUR));
    record.context.emit(account);
    record.finish(state);
    // Nothing ever changed: 0.2 s to begin, and three looks at ten mailboxes at 10 ms.
    const expected = { seconds: 0.5, low: expect.any(Number) as number, high: expect.any(Number) as number };
    const actual = expect.any(Number) as number;
    expect(events.at(-1)).toEqual({ event: 'forecast', user: 'u', ...expected, actual });
    expect(readHistory(state).passes.at(-1)).toMatchObject({ command: 'final', forecast: expected });
  });

  test('is none without a history, and says what it would have needed', () => {
    const record = recorder('final');
    record.context.emit(account);
    record.finish(state);
    expect(events.at(-1)).toMatchObject({
      event: 'forecast',
      user: 'u',
      message: expect.stringContaining('three passes') as string,
    });
    expect(events.at(-1)).not.toHaveProperty('seconds');
    expect(readHistory(state).passes[0]).not.toHaveProperty('forecast');
  });

  test('other commands have none', () => {
    const record = recorder('convert');
    record.finish(state);
    expect(events).toEqual([]);
  });
});

describe('a history that cannot be written', () => {
  beforeEach(() => fs.mkdirSync(`${state.path}/history.jsonl`));

  test('fails a pass that has to write in any case', () => {
    const record = recorder('convert');
    expect(() => record.finish(state)).toThrow(/is a directory/);
  });

  test('is a note where nothing need be written', () => {
    const record = recorder('verify');
    record.context.emit(account);
    record.finishIfPossible(state);
    const note = events.at(-1) as RemarkEvent;
    expect(note).toMatchObject({ severity: 'note', code: 'HISTORY_NOT_WRITTEN', user: 'u' });
    expect(note.place).toContain('history.jsonl');
  });
});
