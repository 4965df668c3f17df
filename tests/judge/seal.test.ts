import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { base, message, numbered } from '../helpers/account.ts';
import { convert, scratchDir } from '../helpers/convert.ts';
import { openDovecot } from '../helpers/dovecot.ts';
import { checkSeal, seal } from '../helpers/seal.ts';

const INBOX =
  numbered(1, 'RO', { headers: base(1234, 9, 'work') }) +
  numbered(3, 'O', { headers: 'X-Keywords: work\n' }) +
  numbered(7, 'RO');

/** What a copy on which Dovecot has worked differs in, by sign and message. */
async function differencesOf(root: string, sealFile: string): Promise<string[]> {
  const { events } = await checkSeal({ target: root }, sealFile);
  expect(events.filter(({ event }) => event === 'failure')).toEqual([]);
  return events.flatMap((event) => (event.event === 'difference' ? [`${event.sign} ${event.message}`] : []));
}

test('a copy still fits its seal when Dovecot has served it, and no longer when a client has changed it', async () => {
  const at = scratchDir();
  const run = { root: `${at}/mail`, inbox: `${at}/inbox`, target: `${at}/Maildir`, state: `${at}/state` };
  mkdirSync(run.root);
  writeFileSync(run.inbox, INBOX);
  writeFileSync(`${run.root}/Sent`, message(1) + message(2));
  expect((await convert(run)).exit).toBe(0);
  const sealFile = `${at}/seal.json`;
  await seal(run, sealFile);

  const dovecot = openDovecot({ format: 'maildir', root: run.target });
  writeFileSync(`${dovecot.root}/new/1700000000.x.y`, 'Subject: new\n\nmail\n');
  const inbox = await dovecot.readMailbox('INBOX', { select: true });
  await dovecot.readMailbox('Sent', { select: true });
  expect(inbox.messages.map(({ uid }) => uid)).toEqual([1, 3, 7, 10]);
  expect(await differencesOf(dovecot.root, sealFile)).toEqual([]);

  const session = await dovecot.imap();
  await session.command('SELECT INBOX');
  await session.command('UID STORE 3 +FLAGS (\\Flagged)');
  expect(await differencesOf(dovecot.root, sealFile)).toEqual([
    '* messages, flags or keywords are not those that were sealed',
  ]);
  await session.command('UID STORE 3 -FLAGS (\\Flagged)');
  expect(await differencesOf(dovecot.root, sealFile)).toEqual([]);
  await session.command('UID STORE 7 +FLAGS (\\Deleted)');
  await session.command('EXPUNGE');
  await session.logout();
  expect(await differencesOf(dovecot.root, sealFile)).toEqual([expect.stringMatching(/^- /)]);
  dovecot.close();
});
