import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { convert, scratchDir, verify } from '../helpers/convert.ts';
import { openDovecot, workDir } from '../helpers/dovecot.ts';
import type { JudgedMailbox } from '../helpers/imap-view.ts';

/** What a real Dovecot shows of a list's archive, before and after the months were made anew and have grown. */

const content = (n: number) => `From: user${n} at example.org (User)\nSubject: post ${n}\n\ntext ${n}\n`;

function post(n: number, second: number, hour = '09'): string {
  return `From user${n} at example.org  Thu Jul  1 ${hour}:00:${String(second).padStart(2, '0')} 2004\n${content(n)}\n`;
}

const wire = (n: number) => createHash('sha256').update(content(n).replaceAll('\n', '\r\n')).digest('hex');
const shown = ({ messages }: JudgedMailbox) =>
  messages.map(({ uid, internalDate, sha256 }) => [uid, internalDate, sha256]);

test('INTERNALDATE ascends after the first pass; after the second the same messages have the same UIDs', async () => {
  const base = workDir();
  const { uid, gid } = statSync(base);
  const dir = join(scratchDir(), 'talk');
  mkdirSync(dir);
  const target = join(base, 'Maildir');
  const state = join(scratchDir(), 'state');
  const run = { root: dir, from: `archive:${dir}`, target, state, owner: { uid, gid } };
  writeFileSync(join(dir, '2004-July.txt'), post(1, 30) + post(2, 10) + post(3, 20) + post(2, 10));
  writeFileSync(join(dir, '2004-June.txt.gz'), gzipSync(post(4, 15)));
  expect((await convert(run)).exit).toBe(0);
  // Dovecot keeps its indexes of it.
  const first = openDovecot({ format: 'maildir', root: target, inPlace: true });
  const before = await first.readMailbox('INBOX', { select: true });
  const dates = before.messages.map(({ internalDate }) => internalDate);
  expect(dates).toEqual([...dates].sort((a, b) => a - b));
  expect(before.messages.map(({ uid: number, sha256 }) => [number, sha256])).toEqual(
    [2, 2, 4, 3, 1].map((n, i) => [i + 1, wire(n)]),
  );
  expect(first.complaints()).toEqual([]);

  rmSync(join(dir, '2004-July.txt'));
  const anew = [post(2, 10, '17'), post(2, 10, '17'), post(3, 20, '17'), post(1, 30, '17')].join('');
  writeFileSync(join(dir, '2004-July.txt.gz'), gzipSync(anew));
  writeFileSync(join(dir, '2004-August.txt'), post(6, 50) + post(5, 40));
  expect((await convert(run)).exit).toBe(0);
  const second = openDovecot({ format: 'maildir', root: target, inPlace: true });
  const after = await second.readMailbox('INBOX');
  expect(after.uidValidity).toBe(before.uidValidity);
  expect(shown(after).slice(0, 5)).toEqual(shown(before));
  expect(after.messages.slice(5).map(({ uid: number, sha256 }) => [number, sha256])).toEqual([
    [6, wire(5)],
    [7, wire(6)],
  ]);
  expect(after.uidNext).toBe(8);
  expect(second.complaints()).toEqual([]);
  expect((await verify(run)).exit).toBe(0);
});
