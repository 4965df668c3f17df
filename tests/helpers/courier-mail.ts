import type { ImapSession } from './imap-client.ts';
import { type JudgedMailbox, list, read } from './imap-view.ts';
import { select, someFlags } from './imap-work.ts';
import { Random } from './random.ts';

/** Lets clients work with a Maildir through Courier, and shows what they see. */

const FOLDERS: readonly [string, ...string[]] = [
  'INBOX',
  'INBOX.Sent',
  'INBOX.Work',
  'INBOX.Work.Sub Folder',
  'INBOX.Work.Entw&APw-rfe.&ZeVnLIqe-',
  'INBOX.Q&-A',
  'INBOX.odd=2Ename',
  'INBOX.deep.er.est',
];

/** Makes the folders, and subscribes to some. */
export async function makeFolders(imap: ImapSession): Promise<void> {
  for (const folder of FOLDERS.slice(1)) await imap.command(`CREATE "${folder}"`);
  for (const folder of ['INBOX', 'INBOX.Work.Entw&APw-rfe.&ZeVnLIqe-', 'INBOX.Q&-A', 'INBOX.not there'])
    await imap.command(`SUBSCRIBE "${folder}"`);
}

/** As many changes as `steps`, of all kinds that clients make to messages. */
export async function changeMail(imap: ImapSession, seed: number, steps: number): Promise<void> {
  const random = new Random(seed);
  for (let step = 0; step < steps; step++) {
    const folder = random.pick(FOLDERS);
    const count = await select(imap, folder);
    const kind = random.below(10);
    const some = () => `${1 + random.below(Math.max(1, count))}`;
    if (count === 0 || kind < 5) await append(imap, folder, random, `${seed}.${step}`);
    else if (kind < 8) {
      const how = random.pick(['FLAGS', '+FLAGS', '-FLAGS']);
      await imap.command(`STORE ${some()} ${how} (${someFlags(random)})`);
    } else if (kind === 8) await imap.command(`COPY ${some()} "${random.pick(FOLDERS)}"`);
    else await imap.command('EXPUNGE');
  }
}

/** What clients do to mailboxes between two passes; `pass` counts them. */
export async function changeFolders(imap: ImapSession, pass: number): Promise<void> {
  const commands = [
    `CREATE "INBOX.New.${pass} &AOQ-"`,
    `SUBSCRIBE "INBOX.New.${pass} &AOQ-"`,
    ...(pass === 1
      ? ['UNSUBSCRIBE "INBOX.Q&-A"', 'CREATE "INBOX.Box"', 'CREATE "INBOX.Box.below"', 'CREATE "INBOX.Brief"']
      : ['RENAME "INBOX.Box" "INBOX.B&APY-x"', 'DELETE "INBOX.Brief"']),
  ];
  for (const command of commands) await imap.command(command);
  if (pass > 1) return;
  for (const folder of ['INBOX.Box.below', 'INBOX.Brief'])
    await append(imap, folder, new Random(pass), `in ${folder}`);
}

async function append(imap: ImapSession, folder: string, random: Random, name: string): Promise<void> {
  const lines = Array.from({ length: random.below(30) }, (_, i) => `line ${i} of ${name} \xc3\xa4`);
  // Of every third message the last line has no end.
  const end = random.below(3) === 0 ? [] : [''];
  const mail = [`Subject: ${name}`, `Message-ID: <${name}@example.org>`, '', ...lines, 'end', ...end].join(
    '\r\n',
  );
  const day = String(1 + random.below(28)).padStart(2, '0');
  const date = `"${day}-Feb-20${10 + random.below(15)} 12:34:${10 + random.below(50)} +0100"`;
  await imap.command(`APPEND "${folder}" (${someFlags(random)}) ${date} {${mail.length}}\r\n${mail}`);
}

/** What a client sees of an account. */
export interface AccountView {
  /** Names as on the wire, sorted. */
  readonly mailboxes: readonly string[];
  readonly subscribed: readonly string[];
  /** Of the mailboxes that can be opened. */
  readonly views: ReadonlyMap<string, JudgedMailbox>;
}

export async function viewOf(imap: ImapSession): Promise<AccountView> {
  const listed = await list(imap, 'LIST');
  const views = new Map<string, JudgedMailbox>();
  for (const { name, attributes } of listed)
    if (!isOnlyAbove(attributes)) views.set(name, await read(imap, name, { keepBodies: true }));
  const subscribed = (await list(imap, 'LSUB')).filter(({ attributes }) => !isOnlyAbove(attributes));
  await imap.logout();
  return { mailboxes: listed.map(({ name }) => name), subscribed: subscribed.map(({ name }) => name), views };
}

/** Whether a name is listed for what is below it. */
function isOnlyAbove(attributes: readonly string[]): boolean {
  return attributes.includes('\\Noselect') || attributes.includes('\\NonExistent');
}
