import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { convert, scratchDir, verify } from '../helpers/convert.ts';
import { openDovecot, workDir } from '../helpers/dovecot.ts';
import { compareViews } from '../helpers/judge.ts';

/** A target that Dovecot has opened between two passes, and so has indexes of: what it shows afterwards is the source. */

interface Mail {
  readonly uid: number;
  readonly status: string;
  readonly keywords?: string;
}

function mbox(messages: readonly Mail[], last: number): string {
  return messages
    .map(({ uid, status, keywords }, i) => {
      const base = i === 0 ? `X-IMAPbase: 1000 ${String(last).padStart(10, '0')} Work $Forwarded\n` : '';
      const words = keywords === undefined ? '' : `X-Keywords: ${keywords}\n`;
      return `From a@example.org Thu Nov  9 22:33:${10 + uid} 2001\nSubject: ${uid}\n${base}X-UID: ${uid}\nStatus: ${status}\n${words}\nbody ${uid}\n\n`;
    })
    .join('');
}

const first = [1, 2, 3, 5].map((uid) => ({ uid, status: 'O' }));
const steps: readonly (readonly [what: string, messages: readonly Mail[], last: number])[] = [
  ['append', [...first, { uid: 7, status: 'O' }], 7],
  [
    'flags and keywords',
    [{ uid: 1, status: 'RO', keywords: 'Work' }, ...first.slice(1), { uid: 7, status: 'RO' }],
    7,
  ],
  [
    'expunge from the middle',
    [
      { uid: 1, status: 'RO', keywords: 'Work' },
      { uid: 5, status: 'O' },
      { uid: 7, status: 'RO' },
    ],
    7,
  ],
  ['expunge all', [], 7],
  ['start over', [{ uid: 8, status: 'O' }], 8],
];

test('append, flags, expunge: Dovecot shows the source’s view after each pass, with its own indexes kept', async () => {
  const base = workDir();
  const { uid, gid } = statSync(base);
  const root = join(scratchDir(), 'mail');
  mkdirSync(root);
  const target = join(base, 'Maildir');
  const run = { root, target, state: join(scratchDir(), 'state'), owner: { uid, gid } };
  writeFileSync(join(root, 'Box'), mbox(first, 5));
  await convert(run);
  for (const [what, messages, last] of steps) {
    // Dovecot opens what the pass before has made, and keeps indexes.
    const between = openDovecot({ format: 'maildir', root: target, inPlace: true });
    await between.readMailbox('Box', { select: true });
    expect(between.complaints()).toEqual([]);
    expect(readdirSync(join(target, '.Box'))).toContain('dovecot.index.log');
    const pseudo = `From MAILER_DAEMON  Mon Nov 23 17:16:24 2020\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1000 ${String(last).padStart(10, '0')}\nStatus: RO\n\nThis text is part of the internal format of your mail folder.\n\n`;
    writeFileSync(join(root, 'Box'), messages.length === 0 ? pseudo : mbox(messages, last));
    const started = Math.floor(Date.now() / 1000);
    const result = await convert(run);
    expect([what, result.exit]).toEqual([what, 0]);
    const before = openDovecot({ format: 'mbox', root });
    const after = openDovecot({ format: 'maildir', root: target, inPlace: true });
    const how = { keepBodies: true };
    const views = [await before.readMailbox('Box', how), await after.readMailbox('Box', how)] as const;
    expect([what, ...compareViews('Box', ...views, started).differences, ...after.complaints()]).toEqual([
      what,
    ]);
    expect((await verify(run)).exit).toBe(0);
  }
  expect(readFileSync(join(target, '.Box/dovecot-uidlist'), 'latin1')).toMatch(/^3 V1000 N9 /);
});
