import fs from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { RulesEvent } from '../../src/core/events.ts';
import { corpusRoot, readJson } from '../corpus/corpus.ts';
import { convert, scratchDir, verify } from '../helpers/convert.ts';
import { openDovecot } from '../helpers/dovecot.ts';
import { compareViews } from '../helpers/judge.ts';

/** Every mbox of the corpus that Dovecot opens, through Dovecot before and after. */

/** What automatic detection makes of a file that Dovecot opens, where that is not `dovecot`, and why that is right. */
const OTHER_RULES: Readonly<Record<string, { readonly rules: string; readonly why: string }>> = {
  'server-written/mail-box_mbox.src.uwmailutil.mbox': { rules: 'uw', why: 'c-client wrote it' },
  'server-written/mailutils_spool_mbox1.uwmailutil.mbox': { rules: 'uw', why: 'c-client wrote it' },
  'server-written/email-folder_testmbox.dos.uwmailutil.mbox': { rules: 'uw', why: 'c-client wrote it' },
  'stalwart-mail-parser/mbox_rs.mbox': { rules: 'plain', why: 'Dovecot glues two of its four messages' },
  'archives/twisted-pipermail/twisted-web/2004-April.txt': {
    rules: 'plain',
    why: 'Dovecot finds 4 of 170 messages, since most separators are `user at host`',
  },
};

/** Files Dovecot opens: mailbox name in the test to path below the corpus. */
function dovecotFiles(corpus: string): Map<string, string> {
  const single = readJson<Record<string, { dovecot?: number; dovecot_error?: string }>>(
    join(corpus, 'EXPECTED.json'),
  );
  const archives = readJson<Record<string, { dovecot: number }>>(join(corpus, 'EXPECTED-archives.json'));
  const paths = [
    ...Object.entries(single).filter(
      ([path, { dovecot }]) => (dovecot ?? 0) > 0 && !/\.(gz|bz2)$/.test(path),
    ),
    ...Object.entries(archives)
      .filter(([, { dovecot }]) => dovecot > 0)
      .map(([path, value]) => [`archives/${path}`, value] as const),
  ].map(([path]) => path);
  return new Map(
    paths.filter((path) => fs.statSync(join(corpus, path)).isFile()).map((path, i) => [`box${i}`, path]),
  );
}

/** Puts the files, unpacked, into a mail root below `base`. */
function layOut(corpus: string, files: ReadonlyMap<string, string>, base: string): string {
  const root = join(base, 'mail');
  fs.mkdirSync(root);
  for (const [name, path] of files) {
    const bytes = fs.readFileSync(join(corpus, path));
    fs.writeFileSync(join(root, name), path.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  }
  return root;
}

describe.runIf(corpusRoot !== undefined)('corpus through Dovecot', () => {
  test('all bytes, numbers, flags and dates are equal before and after', async () => {
    const corpus = corpusRoot as string;
    const files = dovecotFiles(corpus);
    expect(files.size).toBeGreaterThan(100);
    const base = scratchDir();
    const root = layOut(corpus, files, base);
    const started = Math.floor(Date.now() / 1000);
    const run = {
      root,
      target: join(base, 'Maildir'),
      state: join(base, 'state'),
      rules: 'dovecot',
    } as const;
    const result = await convert(run);
    expect(result.events.filter(({ event }) => event === 'failure')).toEqual([]);
    const check = (await verify(run)).events.filter((event) => event.event === 'difference');
    expect(check.filter(({ message }) => !/^INTERNALDATE .* source 0000-01-01/.test(message))).toEqual([]);
    const before = openDovecot({ format: 'mbox', root });
    const after = openDovecot({ format: 'maildir', root: run.target });
    const differences: string[] = [];
    for (const [name, path] of files) {
      const how = { keepBodies: true };
      const views = [await before.readMailbox(name, how), await after.readMailbox(name, how)] as const;
      differences.push(...compareViews(path, ...views, started).differences);
    }
    expect([...differences, ...after.complaints()]).toEqual([]);
    before.close();
    after.close();
  }, 300_000);

  test('detection reads these files by Dovecot’s rules, but for those that have a reason', async () => {
    const corpus = corpusRoot as string;
    const files = dovecotFiles(corpus);
    const base = scratchDir();
    const root = layOut(corpus, files, base);
    const result = await convert({ root, target: join(base, 'Maildir'), state: join(base, 'state') });
    const decided = result.events.filter((event): event is RulesEvent => event.event === 'rules');
    const others = decided.filter(({ rules }) => rules !== 'dovecot');
    const found = Object.fromEntries(others.map(({ mailbox, rules }) => [files.get(mailbox) ?? '', rules]));
    expect(found).toEqual(
      Object.fromEntries(Object.entries(OTHER_RULES).map(([path, { rules }]) => [path, rules])),
    );
  }, 120_000);
});
