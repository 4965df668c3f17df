import fs, { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { convert, scratchDir, type TestRun, verify } from '../helpers/convert.ts';
import { type Dovecot, type MaildirPlaces, openDovecot, workDir } from '../helpers/dovecot.ts';
import { compareViews } from '../helpers/judge.ts';
import { changeMail, drop, makeFolders, readWithGuids } from '../helpers/maildir-tree.ts';

/** Maildirs that a real Dovecot wrote during the test, through Dovecot before and after. */

/** Other seeds are run with SPOOLSYNC_SEED (the first) and SPOOLSYNC_SEEDS (how many). A failure names its seed. */
const { SPOOLSYNC_SEED, SPOOLSYNC_SEEDS } = process.env;
const SEEDS = Array.from({ length: Number(SPOOLSYNC_SEEDS ?? 2) }, (_, i) => Number(SPOOLSYNC_SEED ?? 1) + i);

const MINUTES = 60_000;

interface Stage {
  readonly run: TestRun & { readonly from: string };
  readonly source: string;
  readonly places: MaildirPlaces;
}

function makeStage(places: (at: string) => MaildirPlaces = () => ({})): Stage {
  const at = workDir();
  const { uid, gid } = statSync(at);
  const source = join(at, 'old');
  const target = join(workDir(), 'Maildir');
  const where = places(at);
  const options = Object.entries(where).map(([key, value]) => `:${key.toUpperCase()}=${value}`);
  const from = `maildir:${source}${options.join('')}`;
  const state = join(scratchDir(), 'state');
  return { run: { root: source, from, target, state, owner: { uid, gid } }, source, places: where };
}

/** The old server, at work on the source itself. */
function oldServer({ source, places }: Stage): Dovecot {
  if (!fs.existsSync(source)) fs.mkdirSync(source, { mode: 0o700 });
  return openDovecot({ format: 'maildir', root: source, inPlace: true, maildir: places });
}

/** With folders in directories a name may hold dots, so that what looks like an escape for one is escaped itself. */
function shown(name: string, { layout }: MaildirPlaces): string {
  return layout === 'fs' ? name.replace('=2E', '=3D2E') : name;
}

/** What differs between both sides: lists of mailboxes and subscriptions, then mailbox by mailbox. */
async function judge(
  before: Dovecot,
  after: Dovecot,
  started: number,
  places: MaildirPlaces = {},
): Promise<string[]> {
  const differences: string[] = [];
  const names = (await before.mailboxes()).map(({ name }) => name);
  expect((await after.mailboxes()).map(({ name }) => name)).toEqual(names.map((name) => shown(name, places)));
  expect(await after.subscriptions()).toEqual(await before.subscriptions());
  for (const name of names) {
    const [source, target] = [
      await readWithGuids(before, name),
      await readWithGuids(after, shown(name, places)),
    ];
    differences.push(...compareViews(name, source.view, target.view, started).differences);
    if (source.guids.join() !== target.guids.join())
      differences.push(`${name}: GUIDs ${source.guids.join()}, target ${target.guids.join()}`);
  }
  return [...differences, ...after.complaints()];
}

test.each(SEEDS)(
  'seed %i: the same view after the first pass, and after each with real changes',
  async (seed) => {
    const stage = makeStage();
    const { run, source } = stage;
    const old = oldServer(stage);
    await makeFolders(old);
    await changeMail(old, seed, 120);
    await old.deliver('INBOX', Buffer.from(`Subject: delivered ${seed}\n\nx\n`));
    for (let pass = 1; pass <= 3; pass++) {
      const started = Math.floor(Date.now() / 1000);
      // No server has given these a UID.
      for (const name of ['999.M7P1.h', '1000.M20P1.h', '1000.M3P1.h']) drop(source, `${pass}${name}`);
      const result = await convert(run);
      expect(result.events.filter(({ event }) => event === 'failure' || event === 'remark')).toEqual([]);
      const checked = await verify(run);
      expect(checked.events.filter(({ event }) => event === 'difference')).toEqual([]);
      const before = openDovecot({ format: 'maildir', root: source });
      const after = openDovecot({ format: 'maildir', root: run.target, inPlace: true });
      expect([pass, ...(await judge(before, after, started))]).toEqual([pass]);
      // What it says of a message that was moved away and back.
      const odd = old.complaints().filter((line) => !line.includes('Duplicate file entry'));
      expect(odd).toEqual([]);
      before.close();
      await changeMail(old, seed * 1000 + pass, 40);
    }
  },
  5 * MINUTES,
);

const LAYOUTS: readonly (readonly [string, (at: string) => MaildirPlaces])[] = [
  [
    'control, index and INBOX elsewhere',
    (at) => ({ control: `${at}/c`, index: `${at}/i`, inbox: `${at}/in` }),
  ],
  ['folders in directories', () => ({ layout: 'fs' })],
  ['both', (at) => ({ layout: 'fs', control: `${at}/c`, index: `${at}/i`, inbox: `${at}/in` })],
];

test.each(LAYOUTS)(
  '%s',
  async (_name, places) => {
    const stage = makeStage(places);
    const { run } = stage;
    const old = oldServer(stage);
    await makeFolders(old);
    await changeMail(old, 77, 80);
    const started = Math.floor(Date.now() / 1000);
    const result = await convert(run);
    expect(result.events.filter(({ event }) => event === 'failure')).toEqual([]);
    expect((await verify(run)).exit).toBe(0);
    const after = openDovecot({ format: 'maildir', root: run.target });
    expect(await judge(old, after, started, stage.places)).toEqual([]);
  },
  2 * MINUTES,
);
