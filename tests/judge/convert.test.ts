import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { convert, scratchDir, type TestRun, verify } from '../helpers/convert.ts';
import { type Dovecot, openDovecot } from '../helpers/dovecot.ts';
import { compareViews, knownDifferences } from '../helpers/judge.ts';
import { generateMbox } from '../helpers/mbox-generator.ts';

/** Other seeds are run with SPOOLSYNC_SEED (the first) and SPOOLSYNC_SEEDS (how many). A failure names its seed. */
const { SPOOLSYNC_SEED, SPOOLSYNC_SEEDS } = process.env;
const FIRST = Number(SPOOLSYNC_SEED ?? 1);
const COUNT = Number(SPOOLSYNC_SEEDS ?? 250);
/** Seeds whose spools need the rarer rows of the table of known differences. */
const RARE = [1357, 1824];

const MINUTES = 60_000;
const usedRows = new Set<string>();

/** Compares all mailboxes `names` of a run through Dovecot, on both sides. */
async function judge(run: TestRun, names: readonly string[], started: number): Promise<string[]> {
  const place = { tz: run.tz ?? 'UTC', ...(run.inbox === undefined ? {} : { inbox: run.inbox }) };
  const before = openDovecot({ format: 'mbox', root: run.root, ...place });
  const after = openDovecot({ format: 'maildir', root: run.target, tz: place.tz });
  const differences: string[] = [];
  for (const name of names) {
    const [source, target] = [await read(before, name), await read(after, name)];
    const outOfUids = before.complaints().some((line) => line.includes(`Mailbox ${name}: Out of UIDs`));
    const found = compareViews(name, source, target, started, outOfUids);
    if (isLongFromLine(name, source.messages.length - target.messages.length)) {
      usedRows.add('long-from-line');
      continue;
    }
    differences.push(...found.differences);
    for (const row of found.rows) usedRows.add(row);
  }
  differences.push(...after.complaints());
  before.close();
  after.close();
  return differences;
}

/** Whether a seed differs in its number of messages, and holds what makes Dovecot's reading a matter of chance. */
function isLongFromLine(name: string, difference: number): boolean {
  const { quirks } = generateMbox(Number(/^seed(\d+)$/.exec(name)?.[1] ?? 0), 'dovecot');
  return difference > 0 && quirks.has('from-long') && quirks.has('length-over-from');
}

function read(dovecot: Dovecot, name: string) {
  return dovecot.readMailbox(name, { keepBodies: true });
}

test.each(['UTC', 'Europe/Helsinki'])(
  'generated spools look the same through Dovecot before and after, server in %s',
  async (tz) => {
    const base = scratchDir();
    const root = join(base, 'mail');
    mkdirSync(root);
    const seeds = [...Array.from({ length: COUNT }, (_, i) => FIRST + i), ...RARE];
    const names = seeds.map((seed) => `seed${seed}`);
    for (const name of names)
      writeFileSync(join(root, name), generateMbox(Number(name.slice(4)), 'dovecot').bytes);
    const started = Math.floor(Date.now() / 1000);
    const run = {
      root,
      target: join(base, 'Maildir'),
      state: join(base, 'state'),
      rules: 'dovecot',
      tz,
    } as const;
    const result = await convert(run);
    expect(result.events.filter(({ event }) => event === 'failure')).toEqual([]);
    expect((await verify(run)).events.filter(({ event }) => event === 'difference')).toEqual([]);
    expect(await judge(run, names, started)).toEqual([]);
  },
  5 * MINUTES,
);

test('an hour that the clock repeats is read as by a fresh server', async () => {
  const base = scratchDir();
  const root = join(base, 'mail');
  mkdirSync(root);
  const line = (date: string) => `From a@example.org ${date}\nSubject: x\n\nbody\n\n`;
  const hour = 'Sun Oct 29 03:30:00 2023';
  writeFileSync(join(root, 'autumn'), line(hour) + line('Sat Jul  1 12:00:00 2023') + line(hour));
  const started = Math.floor(Date.now() / 1000);
  const run = { root, target: join(base, 'Maildir'), state: join(base, 'state'), tz: 'Europe/Helsinki' };
  await convert(run);
  const before = openDovecot({ format: 'mbox', root, tz: run.tz });
  const after = openDovecot({ format: 'maildir', root: run.target, tz: run.tz });
  const [source, target] = [await read(before, 'autumn'), await read(after, 'autumn')];
  expect(target.messages[0]?.internalDate).toBe(source.messages[0]?.internalDate);
  const found = compareViews('autumn', source, target, started);
  expect(found.differences).toEqual([]);
  for (const row of found.rows) usedRows.add(row);
});

test('every accepted difference has a row, and every row is needed', () => {
  const rows = knownDifferences();
  rows.delete('date-out-of-range'); // needed by the corpus alone, on ext4
  expect(usedRows).toEqual(rows);
});
