import fs from 'node:fs';
import path from 'node:path';
import type { Dovecot } from './dovecot.ts';
import type { ImapSession } from './imap-client.ts';
import type { JudgedMailbox } from './imap-view.ts';
import { select, someFlags } from './imap-work.ts';
import { Random } from './random.ts';

/** Lets a real Dovecot write and change Maildirs, by IMAP and delivery, and shows what it makes of them. */

const FOLDERS: readonly [string, ...string[]] = [
  'INBOX',
  'Sent',
  'Work',
  'Work/Sub Folder',
  'Entw&APw-rfe',
  'odd=2Ename',
];

/** Makes the folders, and subscribes to some. */
export async function makeFolders(dovecot: Dovecot): Promise<void> {
  const imap = await dovecot.imap();
  for (const folder of FOLDERS.slice(1)) await imap.command(`CREATE "${folder}"`);
  for (const folder of ['INBOX', 'Work/Sub Folder', 'Entw&APw-rfe', 'not there'])
    await imap.command(`SUBSCRIBE "${folder}"`).catch(() => undefined);
  await imap.logout();
}

/** As many changes as `steps`, of all kinds that clients make. */
export async function changeMail(dovecot: Dovecot, seed: number, steps: number): Promise<void> {
  const random = new Random(seed);
  const imap = await dovecot.imap();
  for (let step = 0; step < steps; step++) {
    const folder = random.pick(FOLDERS);
    const count = await select(imap, folder);
    const kind = random.below(10);
    const some = () => `${1 + random.below(Math.max(1, count))}`;
    if (count === 0 || kind < 5) await append(imap, folder, random, `${seed}.${step}`);
    else if (kind < 7) {
      const how = random.pick(['FLAGS', '+FLAGS', '-FLAGS']);
      await imap.command(`STORE ${some()} ${how} (${someFlags(random)})`);
    } else if (kind === 7) await imap.command(`COPY ${some()} "${random.pick(FOLDERS)}"`);
    else if (kind === 8) await imap.command(`MOVE ${some()} "${random.pick(FOLDERS)}"`);
    else await imap.command('EXPUNGE');
  }
  await imap.logout();
}

async function append(imap: ImapSession, folder: string, random: Random, name: string): Promise<void> {
  const lines = Array.from({ length: random.below(30) }, (_, i) => `line ${i} of ${name}`);
  const mail = [`Subject: ${name}`, `Message-ID: <${name}@example.org>`, '', ...lines, ''].join('\r\n');
  const day = String(1 + random.below(28)).padStart(2, ' ');
  const date = `"${day}-Feb-20${10 + random.below(15)} 12:34:${10 + random.below(50)} +0100"`;
  await imap.command(`APPEND "${folder}" (${someFlags(random)}) ${date} {${mail.length}+}\r\n${mail}`);
}

/** Mail that a delivery agent without UIDs leaves in `new/`. */
export function drop(folder: string, name: string): void {
  const file = path.join(folder, 'new', name);
  fs.writeFileSync(file, `Subject: ${name}\n\ndropped\n`);
  fs.utimesSync(file, 1_500_000_000, 1_500_000_000);
  const { uid, gid } = fs.statSync(folder);
  fs.chownSync(file, uid, gid);
}

/** A mailbox with what IMAP does not show: the GUIDs of its messages. */
export async function readWithGuids(
  dovecot: Dovecot,
  name: string,
): Promise<{ readonly view: JudgedMailbox; readonly guids: readonly string[] }> {
  const view = await dovecot.readMailbox(name, { keepBodies: true });
  const guids: string[] = [];
  const imap = await dovecot.imap();
  await imap.command(`EXAMINE "${name}"`);
  if (view.messages.length > 0)
    await imap.command('UID FETCH 1:* (UID X-GUID)', ([, kind, items]) => {
      if (kind === 'FETCH' && Array.isArray(items)) guids.push(String(items[items.indexOf('X-GUID') + 1]));
    });
  await imap.logout();
  return { view, guids };
}
