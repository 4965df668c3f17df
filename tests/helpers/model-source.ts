import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Dovecot, openDovecot } from './dovecot.ts';
import { ImapError, type ImapSession } from './imap-client.ts';
import { type JudgedMailbox, list, read } from './imap-view.ts';

/** As many messages as a mailbox may get by steps. */
export const FULL = 15;

/** The old server of the model test: mboxes that a real Dovecot works on, in one IMAP session that is kept open. */
export class ModelSource {
  /** Mail root and INBOX file. */
  readonly root: string;
  readonly inbox: string;
  /** Mailboxes beside INBOX, as on the wire. */
  readonly names = new Set<string>();
  readonly dovecot: Dovecot;
  readonly #reader: Dovecot;
  #session: ImapSession | undefined;
  #selected: string | undefined;

  /** Makes an account without mail in `base`, a `workDir()`. */
  constructor(base: string, tz: string) {
    this.root = join(base, 'mail');
    this.inbox = join(base, 'spool', 'test');
    for (const dir of ['mail', 'spool']) mkdirSync(join(base, dir));
    writeFileSync(this.inbox, '');
    this.dovecot = openDovecot({ format: 'mbox', root: this.root, inbox: this.inbox, tz, inPlace: true });
    this.#reader = openDovecot({ format: 'mbox', tz });
  }

  async command(text: string, ...more: Parameters<ImapSession['command']>[1][]): Promise<void> {
    this.#session ??= await this.dovecot.imap();
    await this.#session.command(text, ...more);
  }

  /** Opens a mailbox for changes; the UIDs that are in it. */
  async select(name: string): Promise<number[]> {
    await this.command(`SELECT ${quote(name)}`);
    this.#selected = name;
    let uids: number[] = [];
    await this.command('UID SEARCH ALL', ([kind, ...found]) => {
      if (kind === 'SEARCH') uids = found.map(Number);
    });
    return uids;
  }

  /** Closes the selected mailbox: Dovecot then writes what it has kept in its index. */
  async unselect(): Promise<void> {
    if (this.#selected !== undefined) await this.command('UNSELECT');
    this.#selected = undefined;
  }

  /** Whether Dovecot has died of a fault of its own, as 2.3.19 does now and then when the first message is expunged. */
  died(): boolean {
    return this.dovecot.complaints().some((line) => /Panic: file mbox-/.test(line));
  }

  /** A delivery agent that knows nothing of Dovecot, at a moment when Dovecot is not in the file. */
  async deliver(mails: readonly string[]): Promise<void> {
    await this.unselect();
    const { size } = statSync(this.inbox);
    const ended = size === 0 || readFileSync(this.inbox)[size - 1] === 0x0a;
    appendFileSync(this.inbox, `${ended ? '' : '\n'}${mails.join('')}`, 'latin1');
  }

  /** Lets Dovecot write all that it knows into the files. */
  async flush(): Promise<void> {
    for (const name of this.all()) {
      await this.select(name);
      await this.command('CHECK');
    }
    await this.unselect();
  }

  async logout(): Promise<void> {
    await this.#session?.logout();
    this.#session = undefined;
    this.#selected = undefined;
  }

  async close(): Promise<void> {
    await this.logout();
    this.#reader.close();
    this.dovecot.close();
  }

  all(): string[] {
    return ['INBOX', ...this.names];
  }

  /** What a client of the server sees of all mailboxes. */
  async view(): Promise<Map<string, JudgedMailbox>> {
    const view = new Map<string, JudgedMailbox>();
    this.#session ??= await this.dovecot.imap();
    const listed = (await list(this.#session, 'LIST')).filter(isSelectable).map(({ name }) => name);
    const known = this.all().sort();
    if (listed.join() !== known.join()) throw new Error(`Dovecot lists ${listed}, the model knows ${known}`);
    for (const name of known) view.set(name, await this.#look(name));
    await this.unselect();
    return view;
  }

  /** Like a client, it comes back when it is thrown out: Dovecot has then noticed that its cache is wrong. */
  async #look(name: string): Promise<JudgedMailbox> {
    for (let attempt = 1; ; attempt++) {
      this.#session ??= await this.dovecot.imap();
      this.#selected = name;
      try {
        return await read(this.#session, name, { keepBodies: true });
      } catch (error) {
        if (!(error instanceof ImapError) || attempt > FULL) throw error;
        await this.logout();
      }
    }
  }

  /** What a fresh Dovecot makes of the files, which it may only read, without an index. */
  async files(): Promise<Map<string, JudgedMailbox>> {
    const { root, inbox } = this.#reader;
    for (const entry of readdirSync(root)) rmSync(join(root, entry), { recursive: true });
    for (const name of this.all()) {
      const [from, to] = name === 'INBOX' ? [this.inbox, inbox] : [join(this.root, name), join(root, name)];
      mkdirSync(dirname(to), { recursive: true });
      // Indexes may be made there, and are in the way next time; the mboxes stay as they are.
      if (name !== 'INBOX') chmodSync(dirname(to), 0o777);
      rmSync(to, { force: true });
      copyFileSync(from, to);
      chmodSync(to, 0o444);
    }
    const session = await this.#reader.imap();
    const view = new Map<string, JudgedMailbox>();
    for (const name of this.all()) view.set(name, await read(session, name, { keepBodies: true }));
    await session.logout();
    return view;
  }

  /** Names that hold mailboxes but are none. */
  async levels(): Promise<string[]> {
    this.#session ??= await this.dovecot.imap();
    return (await list(this.#session, 'LIST')).filter((one) => !isSelectable(one)).map(({ name }) => name);
  }

  async subscriptions(): Promise<string[]> {
    this.#session ??= await this.dovecot.imap();
    return (await list(this.#session, 'LSUB')).map(({ name }) => name);
  }

  /** Whether the mailbox's file holds its UIDVALIDITY; until the first message comes only Dovecot's index does. */
  isNumbered(name: string): boolean {
    const file = name === 'INBOX' ? this.inbox : join(this.root, name);
    return /^X-IMAP(?:base)?: \d/m.test(readFileSync(file, 'latin1'));
  }
}

export function quote(name: string): string {
  return `"${name}"`;
}

export function isSelectable({ attributes }: { readonly attributes: readonly string[] }): boolean {
  return !attributes.some((attribute) => ['\\Noselect', '\\NonExistent'].includes(attribute));
}
