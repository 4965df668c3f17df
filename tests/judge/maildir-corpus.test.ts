import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs, { statSync } from 'node:fs';
import path, { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { corpusRoot, readJson } from '../corpus/corpus.ts';
import { convert, scratchDir, verify } from '../helpers/convert.ts';
import { copyTree, openDovecot, workDir } from '../helpers/dovecot.ts';
import { compareViews } from '../helpers/judge.ts';
import { readWithGuids } from '../helpers/maildir-tree.ts';

/** Maildirs of the corpus: two that servers wrote, with what is known of them, and all others as Dovecot shows them. */

interface Expected {
  readonly folders: Readonly<Record<string, ExpectedFolder>>;
}

interface ExpectedFolder {
  readonly uidvalidity: string;
  readonly uidnext: string;
  readonly messages: readonly {
    readonly uid: number;
    readonly flags: readonly string[];
    readonly internaldate: string;
    readonly sha256_lf: string;
  }[];
}

const SERVERS = ['maildir-dovecot-a', 'maildir-courier-a'];

/** Directories with `cur/` that are no folder of another Maildir, path below the corpus. */
function maildirs(corpus: string): string[] {
  const found: string[] = [];
  const visit = (dir: string) => {
    for (const entry of fs.readdirSync(join(corpus, dir), { withFileTypes: true })) {
      if (!entry.isDirectory() || (dir === '' && entry.name === 'server-written')) continue;
      if (entry.name === 'cur' && !path.basename(dir).startsWith('.')) found.push(dir);
      else visit(join(dir, entry.name));
    }
  };
  visit('');
  return found.sort();
}

function runOf(source: string) {
  const at = workDir();
  const { uid, gid } = statSync(at);
  const [target, state] = [join(at, 'Maildir'), join(scratchDir(), 'state')];
  return { root: source, from: `maildir:${source}`, target, state, owner: { uid, gid } };
}

describe.runIf(corpusRoot !== undefined)('Maildirs of the corpus', () => {
  test.each(SERVERS)(
    '%s is shown as its server showed it',
    async (name) => {
      const corpus = join(corpusRoot as string, 'server-written');
      const at = scratchDir();
      execFileSync('tar', ['xf', join(corpus, `${name}.tar`), '-C', at]);
      const run = runOf(join(at, name));
      const result = await convert(run);
      expect(result.events.filter(({ event }) => event === 'failure')).toEqual([]);
      expect((await verify(run)).exit).toBe(0);
      const after = openDovecot({ format: 'maildir', root: run.target });
      const { folders } = readJson<Record<string, Expected>>(join(corpus, 'EXPECTED-maildir.json'))[
        name
      ] as Expected;
      expect(Object.keys(folders).length).toBeGreaterThan(4);
      for (const [folder, { uidvalidity, uidnext, messages }] of Object.entries(folders)) {
        const mailbox = folder.replace(/^INBOX\./, '').replaceAll('.', '/');
        const view = await after.readMailbox(mailbox, { keepBodies: true });
        expect([folder, view.uidValidity]).toEqual([folder, Number(uidvalidity)]);
        if (uidnext !== '') expect([folder, view.uidNext]).toEqual([folder, Number(uidnext)]);
        const shown = view.messages.map(({ uid, flags, keywords, internalDate, body }) => ({
          uid,
          flags: [...flags, ...keywords].sort(),
          date: internalDate,
          bytes: createHash('sha256')
            .update((body ?? Buffer.alloc(0)).toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
            .digest('hex'),
        }));
        const wanted = messages.map(({ uid, flags, internaldate, sha256_lf: bytes }) => ({
          uid,
          flags: flags.filter((flag) => flag !== '\\Recent').sort(),
          date: Date.parse(internaldate) / 1000,
          bytes,
        }));
        expect([folder, shown]).toEqual([folder, wanted]);
      }
      expect(after.complaints()).toEqual([]);
    },
    60_000,
  );

  test('all others: the same through Dovecot before and after, but for flags that it does not see', async () => {
    const corpus = corpusRoot as string;
    const roots = maildirs(corpus);
    expect(roots.length).toBeGreaterThan(10);
    const differences: string[] = [];
    for (const root of roots) {
      const source = join(workDir(), 'old');
      copyTree(join(corpus, root), source);
      const run = runOf(source);
      const started = Math.floor(Date.now() / 1000);
      const result = await convert(run);
      const failed = result.events.filter(({ event }) => event === 'failure');
      differences.push(...failed.map((event) => `${root}: ${JSON.stringify(event)}`));
      const checked = (await verify(run)).events.filter(({ event }) => event === 'difference');
      differences.push(...checked.map((event) => `${root}: ${JSON.stringify(event)}`));
      const findings = result.events.flatMap((event) => (event.event === 'remark' ? [event] : []));
      const has = (code: string, mailbox: string) =>
        findings.some((event) => event.code === code && event.mailbox === mailbox);
      const before = openDovecot({ format: 'maildir', root: source });
      const after = openDovecot({ format: 'maildir', root: run.target });
      for (const { name } of await before.mailboxes()) {
        const is = await readWithGuids(after, name);
        // Dovecot closes the connection over such a message.
        if (has('SIZE_REPAIRED', name)) continue;
        const was = await readWithGuids(before, name);
        const repaired = has('SEPARATOR_REPAIRED', name);
        const found = compareViews(`${root} ${name}`, was.view, is.view, started).differences;
        differences.push(...found.filter((line) => !(repaired && / (flags|keywords): /.test(line))));
        if (!repaired && was.guids.join() !== is.guids.join())
          differences.push(`${root} ${name}: GUIDs ${was.guids.join()} ${is.guids.join()}`);
      }
      differences.push(...after.complaints());
      before.close();
      after.close();
    }
    expect(differences).toEqual([]);
  }, 300_000);
});
