import { digestOf } from '../codec/digest.ts';
import { formatSubscriptions } from '../codec/maildir/subscriptions.ts';
import { LIMITS } from '../core/limits.ts';
import type { Dir } from '../io/dir.ts';
import { writeFileAtomic } from '../io/durable.ts';
import { printable } from '../io/names.ts';
import type { Owner } from '../io/owner.ts';
import { FILE_MODE } from '../maildir/target-folder.ts';
import type { Account } from '../source/accounts.ts';
import { placeMailboxes } from '../source/folders.ts';
import { subscribedNames } from '../source/subscribed.ts';
import { type AccountState, rememberSubscriptions, writtenSubscriptions } from '../state/state-dir.ts';
import type { RunContext } from './context.ts';
import type { AccountJobs } from './jobs.ts';

const SUBSCRIPTIONS = 'subscriptions';

/** Writes the subscriptions, unless somebody else has changed the target's. */
export function convertSubscriptions(
  context: RunContext,
  account: Account,
  jobs: AccountJobs,
  root: Dir,
  state: AccountState,
  owner: Owner | undefined,
): void {
  const wanted = wantedSubscriptions(account, jobs);
  if (wanted === undefined) return;
  const present = readSubscriptions(root);
  const known = writtenSubscriptions(state);
  if (present?.equals(wanted)) {
    rememberSubscriptions(state, digestOf(wanted));
    return;
  }
  if (present !== undefined && digestOf(present) !== known) {
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
  writeFileAtomic(root, SUBSCRIPTIONS, wanted, { mode: FILE_MODE, owner });
  rememberSubscriptions(state, digestOf(wanted));
}

/** The subscriptions file that the target should have; `undefined` where the source has no list. */
export function wantedSubscriptions(account: Account, { source, folders }: AccountJobs): Buffer | undefined {
  const home = account.places.root.replace(/\/[^/]*$/, '') || '/';
  const rootName = account.places.root.split('/').at(-1) ?? '';
  const names = subscribedNames(source.subscriptions(home), rootName);
  if (names === undefined) return undefined;
  const parts = names.flatMap((name) => {
    const key = name.join('/');
    if (key.toUpperCase() === 'INBOX') return [['INBOX']];
    const place = placeMailboxes([name])[0];
    const folder = folders.get(key) ?? (place?.ok ? place.folder : undefined);
    return folder === undefined ? [] : [folder.slice(1).split('.')];
  });
  return Buffer.from(formatSubscriptions(parts), 'latin1');
}

export function readSubscriptions(root: Dir): Buffer | undefined {
  const file = root.openFile(SUBSCRIPTIONS);
  try {
    return file?.readAll(LIMITS.smallFile);
  } finally {
    file?.close();
  }
}
