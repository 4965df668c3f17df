import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cli, mailboxes } from '../helpers/cli.ts';
import { mail, makeMaildir, put } from '../helpers/maildir-account.ts';

/** What a pass asks of a Maildir in which nothing, or only a little, has changed. */

const PRELOAD = fileURLToPath(new URL('../crash/preload.cjs', import.meta.url));

test('folders at rest are not listed, and a changed one is not read', async () => {
  const many = Array.from({ length: 50 }, (_, i) => [`cur/${i + 1}.M1P1.h:2,`, mail(i)] as const);
  const a = makeMaildir({ ...Object.fromEntries(many), '.Sent/cur/1.M1P1.h:2,S': mail(1) });
  /** What the pass does below the source: name of the call, and path. */
  const watched = () => {
    const log = `${a.at}/calls`;
    fs.rmSync(log, { force: true });
    const plan = { below: [a.mail], count: 'calls', log, clock: Date.now() };
    const places = ['--from', `maildir:${a.mail}`, '--to', `maildir:${a.target}`, '--state', a.state];
    const env = {
      ...process.env,
      NODE_OPTIONS: `--require ${PRELOAD}`,
      SPOOLSYNC_CRASH: JSON.stringify(plan),
    };
    const run = cli(['convert', ...places, '--json', '--jobs', '1', '--skip-preflight'], { env });
    const lines = fs.readFileSync(log, 'utf8').trimEnd().split('\n');
    const calls = lines.map((line) => JSON.parse(line) as { call: string; path: string });
    return { run, calls: calls.map(({ call, path }) => `${call} ${path.replace(a.mail, '')}`) };
  };
  expect(a.convert().status).toBe(0);
  await sleep(2100);
  // The first pass over times that are old enough takes note of them.
  expect(a.convert().status).toBe(0);
  const rest = watched();
  expect(rest.run.status).toBe(0);
  expect(rest.calls.filter((call) => /^(opendir|readdir) .*(cur|new)/.test(call))).toEqual([]);
  expect(rest.calls.filter((call) => call.startsWith('read '))).toEqual([]);
  // For each of two folders: directories opened and closed, and a look at each of what names messages.
  expect(rest.calls.length).toBeLessThan(120);

  fs.renameSync(`${a.mail}/cur/7.M1P1.h:2,`, `${a.mail}/cur/7.M1P1.h:2,S`);
  put(a.mail, 'new/60.M1P1.h', mail(60));
  const delta = watched();
  expect(mailboxes(delta.run)).toMatchObject({ INBOX: { added: 1, reflagged: 1 } });
  const opened = delta.calls.filter((call) => call.startsWith('open ') && call.includes('.M1P1.h'));
  expect(new Set(opened)).toEqual(new Set(['open /new/60.M1P1.h']));
  expect(delta.calls.filter((call) => /^opendir \/\.Sent\/cur/.test(call))).toEqual([]);
});
