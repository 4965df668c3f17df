import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { messageFiles } from '../helpers/account.ts';
import { convert, scratchDir, verify } from '../helpers/convert.ts';
import { corpusRoot, differences, majority, readJson } from './corpus.ts';

/**
 * Archives of real lists, each as one account: as many messages as its months hold (the lists' own index pages count each
 * Message-ID once), in the order of their dates.
 */

interface Month {
  readonly strict_from: number;
  readonly python: number | string;
  readonly dovecot: number | string;
  readonly git_mailsplit: number | string;
}

const root = path.join(corpusRoot ?? '', 'archives');
const months =
  corpusRoot === undefined
    ? {}
    : readJson<Record<string, Month>>(path.join(corpusRoot, 'EXPECTED-archives.json'));
const lists = [...new Set(Object.keys(months).map((name) => path.dirname(name)))];

/** As plain-counts.test.ts has it for single files. */
function messagesIn(name: string, { strict_from, python, dovecot, git_mailsplit }: Month): number {
  const [other] = differences((file) => file === `archives/${name}`);
  return other === undefined ? strict_from || majority([python, dovecot, git_mailsplit]) : Number(other.ours);
}

describe.runIf(corpusRoot !== undefined)('archives of real lists', () => {
  it.each(lists)(
    '%s: all of it, in the order of dates, with the same UIDs when it is read again',
    async (list) => {
      const at = scratchDir();
      const run = {
        root: at,
        from: `archive:${root}/${list}`,
        target: path.join(at, 'Maildir'),
        state: path.join(at, 'state'),
      };
      const own = Object.entries(months).filter(([name]) => path.dirname(name) === list);
      const stated = own.reduce((sum, [name, month]) => sum + messagesIn(name, month), 0);
      const first = await convert(run);
      expect(first.events.filter(({ event }) => event === 'failure')).toEqual([]);
      const files = messageFiles(run.target);
      expect(files).toHaveLength(stated);
      const dates = files.map((file) => fs.statSync(path.join(run.target, 'cur', file)).mtimeMs);
      expect(dates).toEqual([...dates].sort((a, b) => a - b));
      expect((await verify(run)).exit).toBe(0);
      expect((await convert({ ...run, tz: 'Asia/Tokyo' })).exit).toBe(first.exit);
      expect(messageFiles(run.target)).toEqual(files);
    },
  );
});
