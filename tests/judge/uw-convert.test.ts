import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MAX_UID } from '../../src/core/limits.ts';
import { corpusRoot } from '../corpus/corpus.ts';
import { convert, scratchDir, verify } from '../helpers/convert.ts';
import { openDovecot } from '../helpers/dovecot.ts';
import type { JudgedMailbox } from '../helpers/imap-view.ts';
import { generateMbox } from '../helpers/mbox-generator.ts';
import { readWithUw, type UwMailbox, UwRefusal } from '../helpers/uw.ts';

/** The `uw` rules through the product: what c-client shows of the mbox is what Dovecot shows of the Maildir. */

const { SPOOLSYNC_SEED, SPOOLSYNC_SEEDS } = process.env;
const FIRST = Number(SPOOLSYNC_SEED ?? 1);
const COUNT = Number(SPOOLSYNC_SEEDS ?? 250);
/** Without summer time: for a date without a zone c-client takes the offset of the day it is read on, whatever the season was. */
const TZ = 'Asia/Kathmandu';

/**
 * Bytes as c-client would have shown them. Three differences are accepted (docs/formats-uw.md): c-client drops a bare CR
 * from what it sends, while the Maildir keeps it; it shows an empty line behind a header that has none; and Dovecot
 * sends a NUL, which no client may get, as 0x80.
 */
function asUwShows(body: Buffer, uw: Buffer): string {
  const bare = body.toString('latin1').replace(/\r(?!\n)/g, '');
  const text = uw.includes(0) ? restoreNuls(bare, uw.toString('latin1')) : bare;
  const more = /(?:^|\r\n)\r\n/.test(text) ? [] : [`${text}\r\n`, `${text}\n`];
  return more.find((longer) => longer === uw.toString('latin1')) ?? text;
}

function restoreNuls(text: string, uw: string): string {
  return [...text].map((char, i) => (char === '\x80' && uw[i] === '\0' ? '\0' : char)).join('');
}

/**
 * A UIDVALIDITY not older was made up from the clock: the file has none that counts, and so the UIDs are new as well. So
 * they are where c-client has counted on beyond what a client can be told.
 */
function differences(name: string, uw: UwMailbox, target: JudgedMailbox, started: number): string[] {
  const made = uw.uidValidity >= started || uw.uidLast > MAX_UID;
  const rows = (messages: readonly (readonly unknown[])[]) => messages.map((row) => row.join(' '));
  const want = rows(
    uw.messages.map(({ uid, flags, keywords, internalDate, bytes }) => [
      made ? '-' : uid,
      flags.join(),
      [...keywords].sort().join(),
      internalDate ?? 'undated',
      bytes.toString('latin1'),
    ]),
  );
  const got = rows(
    target.messages.map(({ uid, flags, keywords, internalDate, body }, i) => [
      made ? '-' : uid,
      flags.join(),
      keywords.join(),
      uw.messages[i]?.internalDate === undefined ? 'undated' : internalDate,
      asUwShows(body ?? Buffer.alloc(0), uw.messages[i]?.bytes ?? Buffer.alloc(0)),
    ]),
  );
  if (!made) {
    want.push(`UIDVALIDITY ${uw.uidValidity} UIDNEXT ${uw.uidLast + 1}`);
    got.push(`UIDVALIDITY ${target.uidValidity} UIDNEXT ${target.uidNext}`);
  }
  const at = want.findIndex((row, i) => row !== got[i]);
  if (at < 0 && want.length === got.length) return [];
  const i = Math.max(at, 0);
  return [
    `${name} row ${i} of ${want.length}/${got.length}:\nsource ${JSON.stringify(want[i])}\ntarget ${JSON.stringify(got[i])}`,
  ];
}

/** The file after a session of a UW server; `undefined` where it refuses it. */
function rewrittenByUw(bytes: Buffer): Buffer | undefined {
  try {
    return readWithUw(bytes, { tz: TZ, write: true }).rewritten;
  } catch (error) {
    if (error instanceof UwRefusal) return undefined;
    throw error;
  }
}

/** `written`: c-client has written its numbers into the files before. */
async function judge(files: ReadonlyMap<string, Buffer>, written = false): Promise<string[]> {
  const base = scratchDir();
  const root = join(base, 'mail');
  mkdirSync(root);
  const started = written ? Number.POSITIVE_INFINITY : Math.floor(Date.now() / 1000);
  const views = new Map<string, UwMailbox>();
  for (const [name, bytes] of files) {
    try {
      views.set(name, readWithUw(bytes, { tz: TZ }));
      writeFileSync(join(root, name), bytes);
    } catch (error) {
      if (!(error instanceof UwRefusal)) throw error;
    }
  }
  expect(views.size).toBeGreaterThan(files.size / 2);
  const run = {
    root,
    target: join(base, 'Maildir'),
    state: join(base, 'state'),
    rules: 'uw',
    tz: TZ,
  } as const;
  const result = await convert(run);
  expect(result.events.filter(({ event }) => event === 'failure')).toEqual([]);
  expect((await verify(run)).events.filter(({ event }) => event === 'difference')).toEqual([]);
  const after = openDovecot({ format: 'maildir', root: run.target, tz: TZ });
  const found: string[] = [];
  for (const [name, view] of views) {
    const target = await after.readMailbox(name, { keepBodies: true });
    found.push(...differences(name, view, target, started));
  }
  found.push(...after.complaints());
  after.close();
  return found;
}

test('generated spools look the same through c-client before and through Dovecot after', async () => {
  const seeds = Array.from({ length: COUNT }, (_, i) => FIRST + i);
  const files = new Map(seeds.map((seed) => [`seed${seed}`, generateMbox(seed, 'uw').bytes]));
  expect((await judge(files)).join('\n')).toBe('');
}, 300_000);

test('spools that c-client wrote look the same, and are recognised', async () => {
  const files = new Map<string, Buffer>();
  for (let seed = FIRST; seed < FIRST + 40; seed++) {
    const rewritten = rewrittenByUw(generateMbox(seed, 'uw').bytes);
    if (rewritten !== undefined && rewritten.length > 0) files.set(`written${seed}`, rewritten);
  }
  expect((await judge(files, true)).join('\n')).toBe('');
}, 120_000);

test.runIf(corpusRoot !== undefined)('spools of the corpus that c-client wrote look the same', async () => {
  const names = [
    'mail-box_mbox.src.uwmailutil.mbox',
    'mailutils_spool_mbox1.uwmailutil.mbox',
    'email-folder_testmbox.dos.uwmailutil.mbox',
  ];
  const folder = join(corpusRoot as string, 'server-written');
  expect(await judge(new Map(names.map((name, i) => [`box${i}`, readFileSync(join(folder, name))])))).toEqual(
    [],
  );
});
