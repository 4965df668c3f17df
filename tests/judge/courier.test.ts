import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { convert, final, scratchDir, type TestResult, type TestRun, verify } from '../helpers/convert.ts';
import { COURIER_NAMES, openCourier } from '../helpers/courier.ts';
import { type AccountView, changeFolders, changeMail, makeFolders, viewOf } from '../helpers/courier-mail.ts';
import { copyTree, openDovecot, workDir } from '../helpers/dovecot.ts';
import { compareViews } from '../helpers/judge.ts';
import { drop } from '../helpers/maildir-tree.ts';
import type { Pop3Listing } from '../helpers/pop3-client.ts';

/** Maildirs that a real Courier wrote during the test: its clients' view before, and Dovecot's after. */

/** Other seeds are run with SPOOLSYNC_SEED (the first) and SPOOLSYNC_SEEDS (how many). A failure names its seed. */
const { SPOOLSYNC_SEED, SPOOLSYNC_SEEDS } = process.env;
const SEEDS = Array.from({ length: Number(SPOOLSYNC_SEEDS ?? 1) }, (_, i) => Number(SPOOLSYNC_SEED ?? 1) + i);

const MINUTES = 60_000;

interface Stage {
  readonly run: TestRun;
  readonly source: string;
}

function makeStage(): Stage {
  const at = workDir();
  const { uid, gid } = statSync(at);
  const source = join(at, 'Maildir');
  for (const dir of [source, ...['cur', 'new', 'tmp'].map((part) => join(source, part))]) {
    mkdirSync(dir, { mode: 0o700 });
    chownSync(dir, uid, gid);
  }
  const places = { target: join(workDir(), 'Maildir'), state: join(scratchDir(), 'state') };
  return {
    run: { root: source, from: `maildir:${source}`, ...places, owner: { uid, gid }, uidl: 'courier' },
    source,
  };
}

/** What Courier shows clients of the Maildir as it is now, on a copy: looking changes it. */
async function courierShows(
  source: string,
): Promise<{ readonly imap: AccountView; readonly pop3: Pop3Listing }> {
  const copy = join(workDir(), 'Maildir');
  copyTree(source, copy);
  const courier = openCourier(copy);
  return { imap: await viewOf(await courier.imap()), pop3: await courier.pop3() };
}

test.each(SEEDS)(
  'seed %i: the same view by IMAP and POP3 after each pass, and after the final one',
  async (seed) => {
    const { run, source } = makeStage();
    const courier = openCourier(source);
    let imap = await courier.imap();
    await makeFolders(imap);
    await changeMail(imap, seed, 150);
    await imap.logout();
    for (let pass = 1; pass <= 3; pass++) {
      const known = await courier.pop3();
      // Neither server has seen these, and both number them in this order.
      for (const name of ['999.M7P1.h', '1000.M20P1.h', '1000.M3P1.h']) drop(source, `${pass}${name}`);
      drop(join(source, '.Work'), `${pass}.M1P1.h`);
      const result = pass < 3 ? await convert(run) : await final(run);
      expect(result.events.filter(({ event }) => event === 'failure')).toEqual([]);
      expect(remarks(result)).toEqual(pass < 3 ? [] : ['Böx MAILBOX_RENAMED', 'Böx/below MAILBOX_RENAMED']);
      expect((await verify(run)).events.filter(({ event }) => event === 'difference')).toEqual([]);
      expect([`pass ${pass}`, ...(await differences(source, run.target, known))]).toEqual([`pass ${pass}`]);
      if (pass === 3) break;
      imap = await courier.imap();
      await changeFolders(imap, pass);
      await changeMail(imap, seed * 1000 + pass, 60);
      await imap.logout();
    }
  },
  5 * MINUTES,
);

function remarks({ events }: TestResult): string[] {
  return events
    .flatMap((event) => (event.event === 'remark' ? [`${event.mailbox} ${event.code}`] : []))
    .sort();
}

/** What clients of both servers would see differ; `known`: what POP3 clients of Courier have seen. */
async function differences(source: string, target: string, known: Pop3Listing): Promise<string[]> {
  const before = await courierShows(source);
  const dovecot = openDovecot({ format: 'maildir', root: target, inPlace: true, namespace: COURIER_NAMES });
  const after = await viewOf(await dovecot.imap());
  expect(after.mailboxes).toEqual(before.imap.mailboxes);
  expect(after.subscribed).toEqual(before.imap.subscribed);
  expect([...after.views.keys()]).toEqual([...before.imap.views.keys()]);
  const found = [...before.imap.views].flatMap(([name, view]) => {
    const other = after.views.get(name);
    return other === undefined ? [] : compareViews(name, view, other, Number.POSITIVE_INFINITY).differences;
  });
  const pop3 = await dovecot.pop3();
  expect(pop3.sizes).toEqual(before.pop3.sizes);
  expect(pop3.uidls.filter((uidl) => known.uidls.includes(uidl))).toEqual(known.uidls);
  return [...found, ...dovecot.complaints()];
}

test(
  'names that Dovecot cannot open get another, and it is said',
  async () => {
    const { run, source } = makeStage();
    const imap = await openCourier(source).imap();
    for (const name of ['INBOX.~x', 'INBOX.inbox.x']) await imap.command(`CREATE "${name}"`);
    await imap.logout();
    expect(remarks(await convert(run)).filter((line) => line.endsWith('NAME_MAPPED'))).toEqual([
      'inbox/x NAME_MAPPED',
      '~x NAME_MAPPED',
    ]);
    const dovecot = openDovecot({ format: 'maildir', root: run.target, namespace: COURIER_NAMES });
    const { views } = await viewOf(await dovecot.imap());
    expect([...views.keys()]).toEqual(['INBOX', 'INBOX.=69nbox.x', 'INBOX.=7Ex']);
  },
  MINUTES,
);
