import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ForecastEvent, HotEvent, PassEvent } from '../../src/core/events.ts';
import { expectRun } from '../../src/run/expect.ts';
import { base, makeAccount, message, numbered, snapshot, type TestAccount } from '../helpers/account.ts';
import { cli, failures, type Result, remarks } from '../helpers/cli.ts';
import { end, opener } from '../unit/io/children.ts';

const DAY = 24 * 3_600_000;

const history = (a: TestAccount) => `${a.state}/default/history.jsonl`;
const lines = (a: TestAccount) => fs.readFileSync(history(a), 'latin1').split('\n').slice(0, -1);
const status = (a: TestAccount, ...options: string[]) =>
  cli(['status', '--state', a.state, '--json', ...options]);

function passes({ events }: Result): PassEvent[] {
  return events.filter((event) => event.event === 'pass');
}

function forecasts({ events }: Result): ForecastEvent[] {
  return events.filter((event) => event.event === 'forecast');
}

/** An account with two mailboxes, one of which gets mail before each pass. */
function fresh(): TestAccount {
  const inbox = numbered(1, 'RO', { headers: base(1234, 9) }) + numbered(3) + numbered(7, 'RO');
  return makeAccount(inbox, { Sent: message(1) + message(2) + message(3) });
}

/** Makes the recorded passes a day apart, the last one a day ago, as if they had been made every night. */
function spreadOut(a: TestAccount): void {
  const entries = lines(a).map((line) => JSON.parse(line) as { started: string });
  const dated = entries.map((entry, i) => {
    const started = new Date(Date.now() - (entries.length - i) * DAY).toISOString();
    return `${JSON.stringify({ ...entry, started })}\n`;
  });
  fs.writeFileSync(history(a), dated.join(''));
}

describe('passes', () => {
  test('each is told with what it did; a dry run, status itself, and a pass that was refused leave none', () => {
    const a = fresh();
    expect(a.run('convert', '--dry-run').status).toBe(0);
    expect(fs.existsSync(a.state)).toBe(false);
    expect(a.convert().status).toBe(0);
    fs.appendFileSync(a.inbox, numbered(9));
    expect(a.convert().status).toBe(0);
    expect(a.run('convert', '--dry-run').status).toBe(0);
    expect(a.verify().status).toBe(0);
    const size = fs.statSync(a.inbox).size;
    const run = status(a);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const { version } = passes(run)[0] as PassEvent;
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(passes(run)).toMatchObject([
      {
        command: 'convert',
        mailboxes: 2,
        messages: 6,
        added: 6,
        changed: [
          { mailbox: 'INBOX', added: 3 },
          { mailbox: 'Sent', added: 3 },
        ],
      },
      {
        command: 'convert',
        messages: 7,
        added: 1,
        removed: 0,
        changed: [{ mailbox: 'INBOX', added: 1 }],
        more: 0,
      },
      { command: 'verify', messages: 7, added: 0, differences: 0, written: 0, changed: [] },
    ]);
    const [, second, compared] = passes(run) as [PassEvent, PassEvent, PassEvent];
    // Both files had been written within the clock's grain, and were read once more; nothing is read that is not there.
    expect(second.read).toBeGreaterThanOrEqual(size);
    expect(second.written).toBeLessThan(100);
    expect(compared.read).toBeGreaterThan(size);
    expect(run.events.map(({ event }) => event)).toEqual([
      'begin',
      'account',
      'pass',
      'pass',
      'pass',
      'forecast',
      'forecast',
      'end',
    ]);
    expect(run.events[1]).toMatchObject({ user: 'default', from: a.mail, to: a.target, mailboxes: 2 });
    fs.writeFileSync(a.inbox, '');
    fs.writeFileSync(`${a.state}/default/run.lock`, '{}');
    expect(a.convert().status).toBe(75);
    expect(passes(status(a))).toHaveLength(3);
  });

  test('status writes nothing, neither in the state nor in the target', () => {
    const a = fresh();
    a.convert();
    const look = () => [a.state, a.target, a.mail].flatMap((dir) => snapshot(dir, ['ino', 'mtime', 'ctime']));
    const before = look();
    expect(status(a).status).toBe(0);
    expect(cli(['status', '--state', a.state]).status).toBe(0);
    expect(look()).toEqual(before);
  });

  test('a pass that changes nothing adds a line to the history, and nothing else', () => {
    const a = fresh();
    a.convert();
    // The first look after the clock's grain still has something to write down.
    const old = new Date(Date.now() - 60_000);
    for (const file of [a.inbox, `${a.mail}/Sent`]) fs.utimesSync(file, old, old);
    a.convert();
    const [count, before] = [lines(a).length, snapshot(`${a.state}/default/mailboxes`).length];
    expect(a.convert().status).toBe(0);
    expect(lines(a)).toHaveLength(count + 1);
    expect(snapshot(`${a.state}/default/mailboxes`)).toHaveLength(before);
    expect(JSON.parse(lines(a).at(-1) ?? '')).toMatchObject({ written: 0, files: 0, totals: { added: 0 } });
  });

  test('a damaged history is noted, and completed all the same', () => {
    const a = fresh();
    a.convert();
    fs.appendFileSync(history(a), 'garbage\n{"command":"conv');
    const before = status(a);
    expect(remarks(before)).toMatchObject([{ code: 'HISTORY_DAMAGED', severity: 'note', place: history(a) }]);
    expect(before.status).toBe(0);
    a.convert();
    const after = status(a);
    expect(passes(after)).toHaveLength(2);
    expect(remarks(after)).toMatchObject([{ message: expect.stringMatching(/^1 /) as string }]);
  });
});

describe('forecast', () => {
  test('says what is missing until there is enough', () => {
    const a = fresh();
    const missing = () => forecasts(status(a)).find(({ user }) => user !== undefined)?.message;
    a.convert();
    expect(missing()).toBe('it needs two more passes and one run of `spoolsync verify`');
    a.verify();
    expect(missing()).toBe('it needs two more passes');
    a.convert();
    expect(missing()).toBe('it needs one more pass');
    a.convert();
    expect(missing()).toBeUndefined();
  });

  test('is told of the account and the run, with the hot mailbox', () => {
    const a = fresh();
    a.convert();
    a.verify();
    for (const uid of [9, 11, 13]) {
      fs.appendFileSync(a.inbox, numbered(uid) + numbered(uid + 1));
      expect(a.convert().status).toBe(0);
    }
    spreadOut(a);
    const run = status(a);
    const hot = run.events.filter((event): event is HotEvent => event.event === 'hot');
    // The verification lies between the first pass and the others: three later passes in four days.
    expect(hot).toMatchObject([{ mailbox: 'INBOX', changed: 3, passes: 3 }]);
    expect(hot[0]?.perDay).toBe(1.5);
    const [account, all] = forecasts(run) as [ForecastEvent, ForecastEvent];
    expect(account.user).toBe('default');
    expect(all).toMatchObject({ seconds: account.seconds, low: account.low, high: account.high });
    const { seconds = 0, low = 0, high = 0, parts } = account;
    expect(low).toBeLessThan(seconds);
    expect(high).toBeGreaterThan(seconds);
    expect(low).toBeGreaterThan(0);
    const sum = Object.values(parts ?? {}).reduce((total, part) => total + part, 0);
    expect(sum).toBeCloseTo(seconds, 2);
    const text = cli(['status', '--state', a.state]).stdout;
    expect(text).toContain('hot: INBOX changed in 3 of 3 passes');
    expect(text).toMatch(/^ {2}final: about .* to begin, .* to compare it$/m);
    expect(text).toMatch(/^final of all accounts: about /m);
  });

  test('for a run: accounts of which too little is known are left out and counted', () => {
    const a = fresh();
    a.convert();
    a.verify();
    a.convert();
    a.convert();
    const known = expectRun(a.state, ['default'], new Date());
    expect(known.seconds).toBeGreaterThan(0);
    expect(known).not.toHaveProperty('message');
    const both = expectRun(a.state, ['default', 'new'], new Date());
    expect(both.message).toContain('without 1 of 2 accounts');
    expect(expectRun(a.state, ['new'], new Date())).not.toHaveProperty('seconds');
    fs.writeFileSync(`${a.state}/default/account.json`, 'x');
    expect(expectRun(a.state, ['default'], new Date())).not.toHaveProperty('seconds');
  });
});

describe('accounts', () => {
  test('all that the state has, or those that are named; a broken one does not keep the others', () => {
    const a = fresh();
    a.convert();
    for (const user of ['b%e9', 'zoe'])
      fs.cpSync(`${a.state}/default`, `${a.state}/${user}`, { recursive: true });
    fs.mkdirSync(`${a.state}/no-account`);
    fs.writeFileSync(`${a.state}/seal.json`, '{}');
    fs.writeFileSync(`${a.state}/zoe/account.json`, 'x');
    const run = status(a);
    const users = run.events.flatMap((event) => (event.event === 'account' ? [event.user] : []));
    expect(users).toEqual(['b\\xe9', 'default']);
    expect(failures(run)).toMatchObject([{ user: 'zoe', code: 'STATE_DAMAGED' }]);
    expect(run.status).toBe(78);
    expect(status(a, '--user', 'default').status).toBe(0);
    const unknown = status(a, '--user', 'nobody', '--user', 'default');
    expect(failures(unknown)).toMatchObject([{ user: 'nobody', code: 'STATE_MISSING' }]);
    expect(passes(unknown)).toHaveLength(1);
    expect(unknown.status).toBe(66);
  });

  test('a sealed one has no forecast, and says when it was sealed', () => {
    const a = fresh();
    a.convert();
    const file = `${a.state}/default/account.json`;
    const known = JSON.parse(fs.readFileSync(file, 'latin1')) as object;
    fs.writeFileSync(file, JSON.stringify({ ...known, sealed: '2026-03-05T01:02:03.000Z' }));
    const run = status(a);
    expect(run.events[1]).toMatchObject({ event: 'account', sealed: '2026-03-05T01:02:03.000Z' });
    expect(forecasts(run)).toEqual([]);
  });

  test('no state directory, or an empty one', () => {
    const a = fresh();
    const none = status(a);
    expect(failures(none)).toMatchObject([{ code: 'STATE_MISSING', place: a.state }]);
    expect(none.status).toBe(66);
    fs.mkdirSync(a.state);
    expect(status(a).status).toBe(66);
    expect(fs.readdirSync(a.state)).toEqual([]);
  });
});

test('verify works where nothing can be recorded, and says so', () => {
  const a = fresh();
  a.convert();
  fs.rmSync(history(a));
  fs.mkdirSync(history(a));
  const run = a.verify();
  expect(run.status).toBe(0);
  expect(remarks(run)).toMatchObject([{ code: 'HISTORY_NOT_WRITTEN', severity: 'note' }]);
});

test('--max-remove allows what a pass refuses', () => {
  const many = Array.from({ length: 60 }, (_, i) =>
    numbered(i + 1, 'O', i === 0 ? { headers: base(1, 60) } : {}),
  );
  const a = makeAccount(many.join(''));
  expect(a.convert().status).toBe(0);
  fs.writeFileSync(a.inbox, many.slice(0, 20).join(''));
  const refused = a.convert();
  expect(failures(refused)).toMatchObject([{ code: 'REMOVALS_REFUSED' }]);
  expect(refused.status).toBe(3);
  expect(failures(refused)[0]?.advice).toMatch(/--max-remove 40$/);
  expect(a.run('convert', '--max-remove', '39').status).toBe(3);
  expect(a.run('convert', '--max-remove', '50%').status).toBe(3);
  expect(a.run('convert', '--max-remove', '40').status).toBe(0);
  expect(passes(status(a)).map(({ removed, failures: failed }) => [removed, failed])).toEqual([
    [0, 0],
    [0, 1],
    [0, 1],
    [0, 1],
    [40, 0],
  ]);
});

describe('after a final pass', () => {
  /** With enough passes for a forecast; mail services of this host are none of the test's business. */
  function ready(): TestAccount {
    const a = fresh();
    a.convert();
    a.verify();
    a.convert();
    a.convert();
    return a;
  }
  const final = (a: TestAccount, ...options: string[]) => a.run('final', '--force-quiet', ...options);

  test('what had been expected stands beside what it took: in its report, its history, and status', () => {
    const a = ready();
    const run = final(a);
    expect(run.status).toBe(0);
    const [account, all] = forecasts(run) as [ForecastEvent, ForecastEvent];
    expect(account).toMatchObject({ user: 'default', seconds: expect.any(Number) as number });
    expect(all).not.toHaveProperty('user');
    for (const { seconds = 0, low = 0, high = 0, actual = 0 } of [account, all]) {
      expect(low).toBeGreaterThan(0);
      expect(low).toBeLessThanOrEqual(seconds);
      expect(high).toBeGreaterThanOrEqual(seconds);
      expect(actual).toBeGreaterThan(0);
    }
    const after = status(a);
    const { seconds, low, high } = account;
    expect(passes(after).at(-1)).toMatchObject({ command: 'final', forecast: { seconds, low, high } });
    expect(passes(after).at(-1)?.seconds).toBe(account.actual);
    expect(forecasts(after)).toEqual([]);
    expect(cli(['status', '--state', a.state]).stdout).toMatch(/final {4}[\d.]+ s \(expected [\d.]+ s\)/);
  });

  test('an account counts once, whatever is compared', () => {
    for (const what of ['all', 'changed', 'sample']) {
      const run = final(ready(), '--verify', what);
      expect(run.events.at(-1)).toMatchObject({
        event: 'end',
        totals: { accounts: 1, mailboxes: 2, messages: 6 },
      });
    }
  });

  test('one that was refused has taken no time, and is no pass', async () => {
    const a = ready();
    const before = passes(status(a)).length;
    const { child } = await opener(a.inbox, 'r');
    try {
      const run = a.run('final');
      expect(failures(run).map(({ code }) => code)).toContain('SOURCE_NOT_QUIET');
      expect(forecasts(run)).toEqual([]);
    } finally {
      await end(child);
    }
    expect(passes(status(a))).toHaveLength(before);
  });
});
