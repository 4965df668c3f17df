import fs from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { PassEntry } from '../../../src/core/history.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import type { Dir } from '../../../src/io/dir.ts';
import { appendPass, readHistory } from '../../../src/state/history.ts';
import { change, HOUR, MONDAY, pass } from '../../helpers/passes.ts';
import { open, tempDir, thrown } from '../io/support.ts';

let path: string;
let file: string;
let dir: Dir;

beforeEach(() => {
  path = tempDir();
  file = `${path}/history.jsonl`;
  dir = open(path);
  return () => dir.close();
});

const nth = (n: number, more: Parameters<typeof pass>[0] = {}): PassEntry =>
  pass({ at: MONDAY + n * HOUR, seconds: n, ...more });
const seconds = () => readHistory(dir).passes.map((one) => one.seconds);

test('without a file there are no passes', () => {
  expect(readHistory(dir)).toEqual({ passes: [], damaged: 0 });
  expect(fs.readdirSync(path)).toEqual([]);
});

test('what was added is read again, in its order and whole', () => {
  const entries = [
    nth(1, { mailboxes: [change('Grüße/\u65e5\u672c', 5, { added: 2 }), change('INBOX', 9, { added: 1 })] }),
    nth(2, { command: 'final', forecast: { seconds: 3, low: 2, high: 4 } }),
    nth(3, { command: 'verify' }),
    nth(4, { command: 'merge' }),
  ];
  for (const entry of entries) appendPass(dir, entry);
  expect(readHistory(dir)).toEqual({ passes: entries, damaged: 0 });
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(fs.readFileSync(file, 'latin1')).toMatch(/^[\n -~]*$/);
});

describe('what a crash or an editor leaves', () => {
  test('a line cut off anywhere is passed over, and gone with the next pass', () => {
    appendPass(dir, nth(1));
    const one = fs.readFileSync(file);
    appendPass(dir, nth(2));
    const two = fs.readFileSync(file);
    for (let cut = one.length; cut < two.length; cut++) {
      fs.writeFileSync(file, two.subarray(0, cut));
      expect(readHistory(dir)).toEqual({ passes: [nth(1)], damaged: 0 });
      appendPass(dir, nth(3));
      expect(readHistory(dir)).toEqual({ passes: [nth(1), nth(3)], damaged: 0 });
    }
  });

  const good = JSON.stringify(nth(2));
  test.each([
    ['text', 'x'],
    ['nothing', ''],
    ['NULs', '\0\0\0'],
    ['another object', '{}'],
    ['a list', '[1]'],
    ['another command', good.replace('"convert"', '"dance"')],
    ['a negative number', good.replace('"seconds":2', '"seconds":-2')],
    ['a number as text', good.replace('"written":0', '"written":"0"')],
    ['no date', good.replace(/"started":"[^"]*"/, '"started":"yesterday"')],
    ['a missing total', good.replace('"removed":0,', '')],
    ['a mailbox without a name', good.replace('"mailboxes":[]', '"mailboxes":[{"added":1}]')],
    ['half a forecast', good.replace(/\}$/, ',"forecast":{"seconds":1}}')],
    ['a very long line', 'x'.repeat(200_000)],
  ])('%s between two passes is counted', (_name, line) => {
    expect(line).not.toBe(good);
    appendPass(dir, nth(1));
    fs.appendFileSync(file, `${line}\n`);
    appendPass(dir, nth(3));
    expect(readHistory(dir)).toEqual({ passes: [nth(1), nth(3)], damaged: 1 });
  });

  test('fields that a newer spoolsync adds do no harm', () => {
    fs.writeFileSync(file, `${good.replace(/\}$/, ',"new":{"x":1}}')}\n`);
    expect(seconds()).toEqual([2]);
  });

  test('a link in its place is not followed', () => {
    fs.writeFileSync(`${path}/other`, 'precious');
    fs.symlinkSync('other', file);
    expect(thrown(() => appendPass(dir, nth(1))).code).toBe('TARGET_UNSAFE');
    expect(fs.readFileSync(`${path}/other`, 'latin1')).toBe('precious');
  });
});

describe('bounds', () => {
  test('past a thousand and a hundred passes the last thousand stay', () => {
    const line = (n: number) => `${JSON.stringify(nth(n))}\n`;
    fs.writeFileSync(file, Array.from({ length: 1099 }, (_, n) => line(n)).join(''));
    appendPass(dir, nth(1099));
    expect(seconds()).toHaveLength(1100);
    appendPass(dir, nth(1100));
    expect(seconds()).toEqual(Array.from({ length: LIMITS.historyPasses }, (_, i) => i + 101));
    expect(fs.readdirSync(path)).toEqual(['history.jsonl']);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    appendPass(dir, nth(1101));
    expect(seconds().at(-1)).toBe(1101);
  });

  test('long lines: half of the bytes stay, the newest', () => {
    const many = Array.from({ length: 200 }, (_, i) =>
      change(`a mailbox with a longer name ${i}`, 1, { added: 9 }),
    );
    const line = (n: number) => `${JSON.stringify(nth(n, { mailboxes: many }))}
`;
    fs.writeFileSync(file, Array.from({ length: 120 }, (_, i) => line(i + 1)).join(''));
    expect(fs.statSync(file).size).toBeLessThan(LIMITS.historyBytes);
    for (let n = 121; n <= 250; n++) appendPass(dir, nth(n, { mailboxes: many }));
    expect(fs.statSync(file).size).toBeLessThanOrEqual(LIMITS.historyBytes);
    const kept = seconds();
    expect(kept.at(-1)).toBe(250);
    expect(kept.length).toBeGreaterThan(50);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => i + 251 - kept.length));
  });

  test('a file that something else made huge is read from its end, and cut', () => {
    fs.writeFileSync(file, `${'x'.repeat(LIMITS.historyBytes + 10)}\n${JSON.stringify(nth(1))}\n`);
    // The line that the look from the end cuts through is no damaged one.
    expect(readHistory(dir)).toEqual({ passes: [nth(1)], damaged: 0 });
    appendPass(dir, nth(2));
    expect(seconds()).toEqual([1, 2]);
    expect(fs.statSync(file).size).toBeLessThan(10_000);
  });

  test('of many mailboxes those with the most changes are named, the others counted', () => {
    const mailboxes = Array.from({ length: 10_000 }, (_, i) => change(`box${i}`, 10, { added: i + 1 }));
    appendPass(dir, nth(1, { mailboxes }));
    expect(fs.statSync(file).size).toBeLessThanOrEqual(LIMITS.historyLine + 1);
    const [entry] = readHistory(dir).passes;
    expect(entry?.mailboxes).toHaveLength(LIMITS.historyMailboxes);
    expect(entry?.mailboxes[0]).toEqual(mailboxes.at(-1));
    const changes =
      (10_000 * 10_001) / 2 - (entry?.mailboxes ?? []).reduce((sum, { added }) => sum + added, 0);
    expect(entry?.more).toEqual({ mailboxes: 9800, changes, read: 98_000 });
  });

  test('of mailboxes that were only read those with the most bytes are named', () => {
    const mailboxes = Array.from({ length: 300 }, (_, i) => change(`box${i}`, i));
    appendPass(dir, nth(1, { mailboxes: [...mailboxes, change('INBOX', 1, { added: 1 })] }));
    const [entry] = readHistory(dir).passes;
    expect(entry?.mailboxes.slice(0, 3).map(({ mailbox }) => mailbox)).toEqual(['INBOX', 'box299', 'box298']);
    expect(entry?.more).toEqual({ mailboxes: 101, changes: 0, read: (100 * 101) / 2 });
  });

  test('names that fill the line leave no room for others', () => {
    const mailboxes = Array.from({ length: 5 }, (_, i) =>
      change('\u65e5'.repeat(3000) + i, 10, { added: 1 }),
    );
    appendPass(dir, nth(1, { mailboxes }));
    const [entry] = readHistory(dir).passes;
    expect(fs.statSync(file).size).toBeLessThanOrEqual(LIMITS.historyLine + 1);
    expect((entry?.mailboxes.length ?? 0) + (entry?.more.mailboxes ?? 0)).toBe(5);
    expect(entry?.more.mailboxes).toBeGreaterThan(0);
  });
});
