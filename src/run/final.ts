import type { SealedAccount } from '../codec/seal.ts';
import { printable, splitPath } from '../io/names.ts';
import { forEachAccount } from './accounts.ts';
import type { RunContext } from './context.ts';
import type { AccountPair } from './convert-account.ts';
import type { FinalSettings } from './final-account.ts';
import { writeSeal } from './seal-file.ts';
import { refuseInside } from './target-root.ts';

/** The pass in the downtime window: gate, pass, verification, gate again, seal (ARCHITECTURE.md, "The final pass"). */
export async function finalAccounts(
  context: RunContext,
  settings: FinalSettings,
  pairs: readonly AccountPair[],
): Promise<void> {
  if (settings.merge) {
    await forEachAccount(context, { kind: 'merge', settings }, pairs);
    return;
  }
  const begun = settings.now().toISOString();
  const { dir: directory } = splitPath(settings.seal);
  for (const { account } of pairs) refuseInside(account, directory, '--seal');
  const accounts: SealedAccount[] = [];
  const forced: string[] = [];
  for (const { sealed } of await forEachAccount(context, { kind: 'final', settings }, pairs)) {
    if (sealed === undefined) continue;
    accounts.push(sealed.account);
    forced.push(...sealed.forced);
  }
  if (accounts.length === 0) return;
  accounts.sort((a, b) => (a.user < b.user ? -1 : 1));
  const { from, to, seal } = settings;
  const { version: spoolsync } = context;
  const sealed = settings.now().toISOString();
  const root = writeSeal(seal, { spoolsync, begun, sealed, forced, from, to, accounts });
  const mailboxes = accounts.flatMap((account) => account.mailboxes);
  const messages = mailboxes.reduce((sum, mailbox) => sum + mailbox.messages, 0);
  context.emit({ event: 'seal', path: printable(seal), root, mailboxes: mailboxes.length, messages });
}
