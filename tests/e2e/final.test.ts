import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import { manifestName } from '../../src/state/state-dir.ts';
import { base, fileOf, messageFiles, numbered, snapshot } from '../helpers/account.ts';
import { convert, final, scratchDir, type TestResult, type TestRun, verify } from '../helpers/convert.ts';
import { checkSeal } from '../helpers/seal.ts';
import { end, opener } from '../unit/io/children.ts';

/** The pass in the downtime window: what it does, what it refuses, and what it leaves. */

function account(boxes: Readonly<Record<string, string>>): TestRun {
  const at = scratchDir();
  const root = path.join(at, 'mail');
  fs.mkdirSync(root);
  const run = { root, target: path.join(at, 'Maildir'), state: path.join(at, 'state') };
  for (const [name, text] of Object.entries(boxes)) write(run, name, text);
  return run;
}

function write(run: TestRun, name: string, text: string): void {
  fs.writeFileSync(path.join(run.root, name), text);
}

const box = (last: number, count = 3) =>
  Array.from({ length: count }, (_, i) =>
    numbered(i + 1, 'RO', i === 0 ? { headers: base(1234, last) } : {}),
  ).join('');

const of = <K extends RunEvent['event']>({ events }: TestResult, kind: K) =>
  events.filter((event): event is Extract<RunEvent, { event: K }> => event.event === kind);
const codes = (result: TestResult) => of(result, 'failure').map(({ code }) => code);
const folder = (run: TestRun, name = '.Box') => path.join(run.target, name);

test('does what is left, proves it, seals it, and the account is closed to further passes', async () => {
  const run = account({ Box: box(3), Other: box(3) });
  await convert(run);
  write(run, 'Box', box(4, 4));
  const result = await final(run);
  expect(result.exit).toBe(0);
  expect(of(result, 'gate')).toMatchObject([{ quiet: true, reasons: [] }]);
  expect(of(result, 'seal')).toMatchObject([{ mailboxes: 2, messages: 7 }]);
  expect(messageFiles(folder(run))).toHaveLength(4);
  const copy = `${run.target}.copy`;
  fs.cpSync(run.target, copy, { recursive: true, preserveTimestamps: true });
  expect((await checkSeal({ target: copy }, `${run.state}.seal`)).exit).toBe(0);
  fs.appendFileSync(fileOf(path.join(copy, '.Box'), 2), 'x');
  expect((await checkSeal({ target: copy }, `${run.state}.seal`)).exit).toBe(3);
  const refused = await convert(run);
  expect(codes(refused)).toEqual(['STATE_SEALED']);
  expect(refused.exit).toBe(78);
  expect((await verify(run)).exit).toBe(0);
});

test('again: the same, and nothing is written to the target', async () => {
  const run = account({ Box: box(3) });
  expect((await final(run)).exit).toBe(0);
  const before = snapshot(run.target, ['ino', 'mtime', 'ctime']);
  const again = await final(run);
  expect(again.exit).toBe(0);
  expect(of(again, 'seal')).toHaveLength(1);
  expect(snapshot(run.target, ['ino', 'mtime', 'ctime'])).toEqual(before);
});

describe('verification before the seal', () => {
  const compared = (result: TestResult) =>
    of(result, 'mailbox').flatMap(({ mailbox, equal, read }) =>
      equal === undefined || read === 0 ? [] : [[mailbox, read]],
    );

  test('reads what changed since a mailbox was last found equal', async () => {
    const run = account({ Box: box(3), Other: box(3) });
    await convert(run);
    expect((await verify(run)).exit).toBe(0);
    const before = fs.statSync(path.join(run.root, 'Box')).size;
    write(run, 'Box', box(4, 4));
    const result = await final(run);
    const [[mailbox, read] = []] = compared(result);
    expect(compared(result)).toHaveLength(1);
    expect(mailbox).toBe('Box');
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(before);
  });

  test.each(['changed', 'all', 'sample'] as const)('%s: damage keeps the seal away', async (how) => {
    const run = account({ Box: box(3), Other: box(3) });
    await convert(run);
    const file = fileOf(folder(run), 2);
    const { atime, mtime } = fs.statSync(file);
    fs.writeFileSync(file, fs.readFileSync(file, 'latin1').replace('text 2', 'text 3'));
    fs.utimesSync(file, atime, mtime);
    const result = await final(run, { verify: how });
    expect(of(result, 'difference')).toMatchObject([{ mailbox: 'Box', uid: 2 }]);
    expect(codes(result)).toEqual(['NOT_SEALED']);
    expect(result.exit).toBe(3);
    expect(fs.existsSync(`${run.state}.seal`)).toBe(false);
    expect((await convert(run)).exit).toBe(0);
  });

  test('a mailbox that could not be done keeps the seal away', async () => {
    const run = account({ Box: box(3), Odd: '%PDF-1.4 no mailbox at all' });
    const result = await final(run);
    expect(codes(result)).toEqual(['SOURCE_NOT_MBOX', 'NOT_SEALED']);
    expect(of(result, 'seal')).toEqual([]);
  });
});

describe('the gate', () => {
  test('a process that has a spool open: 75 with who and where, and nothing is changed; it can be forced', async () => {
    const run = account({ Box: box(3) });
    const spool = path.join(run.root, 'Box');
    const child = await opener(spool, 'r');
    try {
      const result = await final(run);
      expect(result.exit).toBe(75);
      expect(of(result, 'failure')).toMatchObject([{ code: 'SOURCE_NOT_QUIET' }]);
      expect(JSON.stringify(of(result, 'failure'))).toContain(spool);
      expect(fs.existsSync(folder(run))).toBe(false);
      const forced = await final(run, { forceQuiet: true });
      expect(of(forced, 'gate')).toMatchObject([{ quiet: false }]);
      const { forced: reasons } = JSON.parse(fs.readFileSync(`${run.state}.seal`, 'latin1')) as {
        forced: string[];
      };
      expect(reasons).toMatchObject([expect.stringContaining(spool)]);
    } finally {
      await end(child.child);
    }
    expect((await final(run)).exit).toBe(0);
  });

  test('a spool that changes between begin and end is not sealed', async () => {
    const run = account({ Box: box(3), Other: box(3) });
    let once = true;
    const clock = { now: () => Date.now() + 60_000, sleep: () => Promise.resolve() };
    // The services are asked for when the gate is passed: what is delivered then, the end must notice.
    const services = () => {
      if (once) setImmediate(() => fs.appendFileSync(path.join(run.root, 'Other'), numbered(4)));
      once = false;
      return [];
    };
    const result = await final(run, { gate: { clock, services } });
    expect(codes(result)).toContain('SOURCE_NOT_QUIET');
    expect(of(result, 'seal')).toEqual([]);
    expect((await final(run)).exit).toBe(0);
    expect(messageFiles(folder(run, '.Other'))).toHaveLength(4);
  });
});

describe('late mail', () => {
  test('needs a seal', async () => {
    const run = account({ Box: box(3) });
    await convert(run);
    const result = await final(run, { merge: true });
    expect(codes(result)).toEqual(['NOT_SEALED']);
  });

  test('comes behind what users have; nothing else is changed, and it comes once', async () => {
    const run = account({ Box: box(3) });
    expect((await final(run)).exit).toBe(0);
    // Users are in: one mail delivered and read, one of ours flagged, one removed.
    fs.writeFileSync(path.join(folder(run), 'cur/9.M1.host:2,S'), 'Subject: theirs\n\nnew\n');
    fs.appendFileSync(path.join(folder(run), 'dovecot-uidlist'), '4 :9.M1.host\n');
    fs.writeFileSync(path.join(folder(run), 'dovecot.index.log'), 'x');
    fs.renameSync(fileOf(folder(run), 1), `${fileOf(folder(run), 1)}F`.replace(':2,SF', ':2,FS'));
    fs.rmSync(fileOf(folder(run), 2));
    const before = snapshot(path.join(folder(run), 'cur'), ['ino', 'mtime']).slice(1);
    // The old server got one late mail, and its user has expunged the first there.
    write(run, 'Box', numbered(2, 'RO', { headers: base(1234, 4) }) + numbered(3) + numbered(4));
    const result = await final(run, { merge: true });
    expect(codes(result)).toEqual([]);
    const uidlist = () =>
      fs
        .readFileSync(path.join(folder(run), 'dovecot-uidlist'), 'latin1')
        .split('\n')
        .slice(1, -1);
    expect(uidlist().map((line) => line.split(' ')[0])).toEqual(['1', '3', '4', '5']);
    expect(uidlist()[2]).toBe('4 :9.M1.host');
    const after = snapshot(path.join(folder(run), 'cur'), ['ino', 'mtime']).slice(1);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after).toHaveLength(before.length + 1);
    expect(fs.existsSync(path.join(folder(run), 'dovecot.index.log'))).toBe(true);
    const list = uidlist();
    expect((await final(run, { merge: true })).exit).toBe(0);
    expect(uidlist()).toEqual(list);
    expect(fs.existsSync(path.join(run.state, `test/mailboxes/.${manifestName('.Box')}.begun`))).toBe(false);
  });

  test('of a mailbox without numbers, too', async () => {
    const plain = (n: number) =>
      `From a@example.org Thu Nov  9 22:33:${10 + n} 2023\nSubject: ${n}\n\ntext ${n}\n\n`;
    const run = account({ Box: plain(1) + plain(2) });
    expect((await final(run)).exit).toBe(0);
    fs.writeFileSync(path.join(folder(run), 'new/9.M1.host'), 'Subject: theirs\n\nnew\n');
    fs.appendFileSync(path.join(folder(run), 'dovecot-uidlist'), '3 :9.M1.host\n');
    write(run, 'Box', plain(2) + plain(3));
    expect((await final(run, { merge: true })).exit).toBe(0);
    expect(messageFiles(folder(run)).map((name) => /\.U(\d+)X/.exec(name)?.[1])).toEqual(['1', '2', '4']);
  });
});

test('what a Maildir cannot hold was said by the pass, and does not keep the seal away', async () => {
  const names = Array.from({ length: 28 }, (_, i) => `word${i}`);
  const run = account({
    Box: numbered(1, 'RO', { headers: `${base(1234, 1, names.join(' '))}X-Keywords: ${names.join(' ')}\n` }),
  });
  const passed = await convert(run);
  expect(of(passed, 'remark').map(({ code }) => code)).toContain('KEYWORDS_LOST');
  expect((await verify(run)).exit).toBe(0);
  for (const how of ['all', 'changed'] as const) {
    const result = await final(run, { verify: how });
    expect(codes(result)).toEqual([]);
    expect(of(result, 'seal')).toHaveLength(1);
  }
  expect((await checkSeal(run, `${run.state}.seal`)).exit).toBe(0);
});

test('a seal that would be written into the source is refused', async () => {
  const run = account({ Box: box(3) });
  const before = snapshot(run.root, ['mtime', 'ctime']);
  await expect(final(run, { seal: path.join(run.root, 'x.seal') })).rejects.toMatchObject({
    code: 'LOCATIONS_OVERLAP',
  });
  expect(snapshot(run.root, ['mtime', 'ctime'])).toEqual(before);
});
