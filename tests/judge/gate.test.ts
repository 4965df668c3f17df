import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createZone } from '../../src/codec/time-zone.ts';
import { Gate } from '../../src/run/gate.ts';
import { MboxAccount } from '../../src/source/mailboxes.ts';
import { base, message, numbered } from '../helpers/account.ts';
import { scratchDir } from '../helpers/convert.ts';
import { openDovecot } from '../helpers/dovecot.ts';

/** What stops at the gate; empty for a quiet source. */
async function disturbances(root: string, inbox: string): Promise<string> {
  const zone = createZone('UTC');
  if (!zone.ok) throw new Error(zone.reason);
  const reading = { rules: 'auto', zone: zone.zone, unquote: 'none' } as const;
  const context = {
    version: '0',
    reading,
    emit: () => undefined,
    took: () => undefined,
    checkSignal: () => undefined,
  };
  const clock = { now: () => Date.now() + 60_000, sleep: () => Promise.resolve() };
  const places = { kind: 'mbox', root, inbox, layout: 'fs', index: undefined, control: undefined } as const;
  const account = MboxAccount.open({ user: 'test', places });
  try {
    const gate = new Gate(context, { force: true, clock, services: () => [] });
    return (await gate.pass(account, 'test')).forced.join('\n');
  } finally {
    account.close();
  }
}

test('an idle session of Dovecot on a spool is seen, and gone when it ends', async () => {
  const at = scratchDir();
  mkdirSync(`${at}/mail`);
  writeFileSync(`${at}/inbox`, numbered(1, 'RO', { headers: base(1234, 9) }) + numbered(3));
  writeFileSync(`${at}/mail/Sent`, message(1));
  const dovecot = openDovecot({ format: 'mbox', root: `${at}/mail`, inbox: `${at}/inbox`, writable: true });
  await dovecot.readMailbox('INBOX', { select: true });
  await dovecot.readMailbox('Sent', { select: true });
  expect(await disturbances(dovecot.root, dovecot.inbox)).toBe('');
  const session = await dovecot.imap();
  await session.command('SELECT Sent');
  expect(await disturbances(dovecot.root, dovecot.inbox)).toMatch(/Sent.* is open.*\(imap, process \d+\)/);
  await session.logout();
  expect(await disturbances(dovecot.root, dovecot.inbox)).toBe('');
  dovecot.close();
});
