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
    const found = compareViews(name, source, target, started);
    differences.push(...found.differences);
    for (const row of found.rows) usedRows.add(row);
  }
  differences.push(...after.complaints());
  before.close();
  after.close();
  return differences;
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
    const names = Array.from({ length: COUNT }, (_, i) => `seed${FIRST + i}`);
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
    expect((await verify(run)).exit).toBe(0);
    expect(await judge(run, names, started)).toEqual([]);
  },
  5 * MINUTES,
);

test('every accepted difference has a row, and every row is needed', () => {
  expect(usedRows).toEqual(knownDifferences());
});
