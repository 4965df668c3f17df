import { digestOf } from '../codec/digest.ts';
import { formatSubscriptions } from '../codec/maildir/subscriptions.ts';
import { LIMITS } from '../core/limits.ts';
import type { Dir } from '../io/dir.ts';
import { writeFileAtomic } from '../io/durable.ts';
import { readWhole } from '../io/file.ts';
import { printable } from '../io/names.ts';
import { FILE_MODE } from '../maildir/target-folder.ts';
import type { Account } from '../source/accounts.ts';
import type { MailAccount } from '../source/mail-account.ts';
import type { Rejected } from '../source/rejected.ts';
import { type AccountState, rememberSubscriptions, wroteSubscriptions } from '../state/state-dir.ts';
import type { RunContext } from './context.ts';
import type { TargetAccount } from './convert-mailbox.ts';

const SUBSCRIPTIONS = 'subscriptions';

/** Writes the subscriptions that the target should have, unless somebody else has changed the target's. */
export function convertSubscriptions(
  context: RunContext,
  account: Account,
  wanted: Buffer | undefined,
  root: Dir,
  state: AccountState,
  { owner, dryRun, lock }: Pick<TargetAccount, 'owner' | 'dryRun' | 'lock'>,
): void {
  if (wanted === undefined) return;
  const present = readSubscriptions(root);
  if (present?.equals(wanted)) {
    if (!dryRun) rememberSubscriptions(state, [digestOf(wanted)]);
    return;
  }
  if (present !== undefined && !wroteSubscriptions(state, digestOf(present))) {
    context.emit({
      event: 'remark',
      severity: 'finding',
      code: 'TARGET_SUBSCRIPTIONS_DIFFER',
      user: printable(account.user),
      place: printable(root.join(SUBSCRIPTIONS)),
      message: 'the subscriptions in the target were not written by spoolsync; left so',
    });
    return;
  }
  if (dryRun) {
    const message = 'would be written as the source has them';
    const user = printable(account.user);
    context.emit({ event: 'action', user, mailbox: '(subscriptions)', kind: 'subscriptions', message });
    return;
  }
  // Before and after, so that a run cut off in between does not take its own file for somebody else's.
  const old = present === undefined ? [] : [digestOf(present)];
  rememberSubscriptions(state, [...old, digestOf(wanted)]);
  lock();
  writeFileAtomic(root, SUBSCRIPTIONS, wanted, { mode: FILE_MODE, owner });
  rememberSubscriptions(state, [digestOf(wanted)]);
}

/**
 * The subscriptions file that the target should have, and what of the source's lists cannot be read. One list that
 * cannot be read is reason enough to have none: half of the subscriptions would look like all of them. `folders` are
 * the folders of the account's mailboxes, by their parts joined with `/`.
 */
export function wantedSubscriptions(
  source: MailAccount,
  folders: ReadonlyMap<string, string>,
): {
  readonly file: Buffer | undefined;
  readonly rejected: readonly Rejected[];
  readonly notes: readonly Rejected[];
} {
  const { names, rejected, notes = [] } = source.subscribed();
  if (names === undefined || rejected.length > 0) return { file: undefined, rejected, notes };
  const parts = names.flatMap((name) => {
    const key = name.join('/');
    if (key.toUpperCase() === 'INBOX') return [['INBOX']];
    const place = source.placeName(name);
    const folder = folders.get(key) ?? (place.ok ? place.folder : undefined);
    return folder === undefined ? [] : [folder.slice(1).split('.')];
  });
  return { file: Buffer.from(formatSubscriptions(parts), 'latin1'), rejected, notes };
}

export function readSubscriptions(root: Dir): Buffer | undefined {
  return readWhole(root.openFile(SUBSCRIPTIONS), LIMITS.smallFile);
}
