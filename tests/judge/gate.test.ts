import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createZone } from '../../src/codec/time-zone.ts';
import { Gate } from '../../src/run/gate.ts';
import type { MailAccount } from '../../src/source/mail-account.ts';
import { MboxAccount } from '../../src/source/mailboxes.ts';
import { MaildirAccount } from '../../src/source/maildir/account.ts';
import { base, message, numbered } from '../helpers/account.ts';
import { scratchDir } from '../helpers/convert.ts';
import { openDovecot } from '../helpers/dovecot.ts';

/** What stops at the gate; empty for a quiet source. */
async function disturbances(open: () => MailAccount): Promise<string> {
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
  const account = open();
  try {
    const gate = new Gate(context, { force: true, clock, services: () => [] });
    return (await gate.pass(account, 'test')).forced.join('\n');
  } finally {
    account.close();
  }
}

const none = { index: undefined, control: undefined };

/** A session that has a mailbox open disturbs, and nothing else does. */
async function expectSeen(
  dovecot: ReturnType<typeof openDovecot>,
  account: () => MailAccount,
): Promise<void> {
  expect(await disturbances(account)).toBe('');
  const session = await dovecot.imap();
  await session.command('SELECT Sent');
  expect(await disturbances(account)).toMatch(/Sent.* is open.*\(imap, process \d+\)/);
  await session.logout();
  expect(await disturbances(account)).toBe('');
}

test('an idle session of Dovecot on a spool is seen, and gone when it ends', async () => {
  const at = scratchDir();
  mkdirSync(`${at}/mail`);
  writeFileSync(`${at}/inbox`, numbered(1, 'RO', { headers: base(1234, 9) }) + numbered(3));
  writeFileSync(`${at}/mail/Sent`, message(1));
  const dovecot = openDovecot({ format: 'mbox', root: `${at}/mail`, inbox: `${at}/inbox`, writable: true });
  const { root, inbox } = dovecot;
  const places = { kind: 'mbox', root, inbox, layout: 'fs', ...none } as const;
  const account = () => MboxAccount.open({ user: 'test', places });
  await dovecot.readMailbox('INBOX', { select: true });
  await dovecot.readMailbox('Sent', { select: true });
  await expectSeen(dovecot, account);
  dovecot.close();
});

test('an idle session of Dovecot on a Maildir is seen, and gone when it ends', async () => {
  const dovecot = openDovecot({ format: 'maildir' });
  const setup = await dovecot.imap();
  await setup.command('CREATE Sent');
  await setup.command('APPEND Sent {14+}\r\nSubject: x\r\n\r\n');
  await setup.logout();
  const { root } = dovecot;
  const places = { kind: 'maildir', root, inbox: undefined, layout: 'maildir++', ...none } as const;
  const account = () => MaildirAccount.open({ user: 'test', places });
  await expectSeen(dovecot, account);
  dovecot.close();
});
