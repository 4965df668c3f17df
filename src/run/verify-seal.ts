import { type SealedAccount, type SealedMailbox, sha256 } from '../codec/seal.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { Dir } from '../io/dir.ts';
import { printable } from '../io/names.ts';
import { openFolder } from '../maildir/target-folder.ts';
import type { Differ } from '../verify/compare.ts';
import { extraFolders } from '../verify/extra-folders.ts';
import { checkFolder } from '../verify/seal-check.ts';
import { type RunContext, remarker } from './context.ts';
import { emitFailure, isStop } from './failures.ts';
import { expandTarget, parseTarget, refuseSame } from './pairs.ts';
import { accountsOf, type OpenSeal } from './seal-file.ts';
import { readSubscriptions } from './subscriptions.ts';

/**
 * Compares a copy of the targets with a seal, without source and state. `to` is the location of the copy, latin1;
 * without it the targets themselves are looked at, where they were when they were sealed.
 * Writes nothing. Accounts that fail do not keep the others.
 */
export async function verifySeal(
  context: RunContext,
  seal: OpenSeal,
  to: string | undefined,
  users: readonly string[],
): Promise<void> {
  const location = to === undefined ? undefined : parseTarget(to);
  const accounts = accountsOf(seal, users).map((account) => ({
    account,
    user: account.user,
    target: location === undefined ? account.target : expandTarget(location, account.user),
  }));
  refuseSame(accounts);
  for (const { account, target } of accounts) {
    context.checkSignal();
    try {
      await verifyAccount(context, seal, target, account);
    } catch (error) {
      if (isStop(error)) throw error;
      emitFailure(context.emit, error, printable(account.user));
    }
  }
}

async function verifyAccount(
  context: RunContext,
  seal: OpenSeal,
  path: string,
  account: SealedAccount,
): Promise<void> {
  const root = Dir.openRoot(path, 'target');
  if (root === undefined) {
    throw new SpoolsyncError('TARGET_MISSING', `there is no target ${printable(path)}`, {
      place: printable(path),
      advice: 'check --to: it is where the copy lies that is to be checked',
    });
  }
  try {
    await new SealVerification(context, seal, root, account).run();
  } finally {
    root.close();
  }
}

class SealVerification {
  readonly #context: RunContext;
  readonly #seal: OpenSeal;
  readonly #root: Dir;
  readonly #account: SealedAccount;
  readonly #user: string;

  constructor(context: RunContext, seal: OpenSeal, root: Dir, account: SealedAccount) {
    this.#context = context;
    this.#seal = seal;
    this.#root = root;
    this.#account = account;
    this.#user = printable(account.user);
  }

  async run(): Promise<void> {
    const { mailboxes } = this.#account;
    const bytes = mailboxes.reduce((sum, mailbox) => sum + mailbox.bytes, 0);
    const [from, to] = [this.#seal.place, printable(this.#root.path)];
    this.#context.emit({ event: 'account', user: this.#user, from, to, mailboxes: mailboxes.length, bytes });
    for (const mailbox of mailboxes) {
      this.#context.checkSignal();
      try {
        await this.#verifyMailbox(mailbox);
      } catch (error) {
        if (isStop(error)) throw error;
        emitFailure(this.#context.emit, error, this.#user, mailbox.mailbox);
      }
    }
    const known = new Set([...mailboxes.map(({ folder }) => folder), ...(this.#account.kept ?? [])]);
    for (const { mailbox, place, ours, others } of extraFolders(this.#root, known)) {
      if (ours) this.#differ(mailbox)('+', 'a mailbox that was not sealed', { place });
      else this.#remarkForeign(mailbox, others, 0);
    }
    this.#verifySubscriptions();
  }

  async #verifyMailbox(sealed: SealedMailbox): Promise<void> {
    const { mailbox, folder } = sealed;
    let differences = 0;
    const differ: Differ = (...difference) => {
      differences++;
      this.#differ(mailbox)(...difference);
    };
    const opened = openFolder(this.#root, folder);
    try {
      const place = printable(folder === '' ? this.#root.path : this.#root.join(folder));
      if (opened === undefined) differ('-', 'the copy has no such folder', { place });
      const none = { messages: 0, bytes: 0, equal: 0, foreign: 0 };
      const found = opened === undefined ? none : await checkFolder(opened, sealed, differ, this.#context);
      if (found.foreign > 0) this.#remarkForeign(mailbox, found.foreign, sealed.foreign);
      const changes = { added: 0, reflagged: 0, removed: 0, differences };
      const whose = { user: this.#user, mailbox, folder: printable(folder) };
      this.#context.emit({ event: 'mailbox', ...whose, ...found, ...changes });
    } finally {
      opened?.close();
    }
  }

  #verifySubscriptions(): void {
    const { subscriptions: sealed } = this.#account;
    if (sealed === undefined) return;
    const found = readSubscriptions(this.#root);
    const differ = this.#differ('(subscriptions)');
    const place = printable(this.#root.join('subscriptions'));
    if (found === undefined) differ('-', 'the copy has none', { place });
    else if (sha256(found) !== sealed) differ('*', 'are not those that were sealed', { place });
  }

  #differ(mailbox: string): Differ {
    return (sign, message, where = {}) =>
      this.#context.emit({ event: 'difference', sign, user: this.#user, mailbox, message, ...where });
  }

  #remarkForeign(mailbox: string, count: number, sealed: number): void {
    const message = `${count} messages were not put there by spoolsync; when it was sealed, there were ${sealed}`;
    remarker(this.#context.emit, this.#user, mailbox)('note', 'SEAL_FOREIGN', message);
  }
}
