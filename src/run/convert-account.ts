import { SpoolsyncError } from '../core/errors.ts';
import type { Dir } from '../io/dir.ts';
import { canonicalPath, ensurePath } from '../io/ensure-path.ts';
import { findUserOf } from '../io/in-use.ts';
import { printable } from '../io/names.ts';
import type { Owner } from '../io/owner.ts';
import { lockRun } from '../io/run-lock.ts';
import { DIR_MODE } from '../maildir/target-folder.ts';
import type { Account } from '../source/accounts.ts';
import { openManifest } from '../state/manifest.ts';
import { type AccountState, manifestName, openAccountState } from '../state/state-dir.ts';
import type { RunContext } from './context.ts';
import { convertMailbox, type TargetAccount } from './convert-mailbox.ts';
import { emitFailure, isStop } from './failures.ts';
import { type AccountJobs, openJobs } from './jobs.ts';
import { convertSubscriptions } from './subscriptions.ts';

/** What is the same for all accounts of a `convert`. */
export interface ConvertSettings {
  readonly state: string;
  readonly owner: Owner | undefined;
  readonly now: () => Date;
}

/** An account, and the path of its Maildir (latin1). */
export interface AccountPair {
  readonly account: Account;
  readonly target: string;
}

/** Converts all mailboxes of an account; what fails is announced, and does not keep the rest. */
export async function convertAccount(
  context: RunContext,
  settings: ConvertSettings,
  { account, target }: AccountPair,
): Promise<void> {
  const { owner } = settings;
  const user = printable(account.user);
  const jobs = openJobs(context, account);
  try {
    refuseOverlap(account, target, '--to');
    refuseOverlap(account, settings.state, '--state');
    const root = openTarget(target, owner);
    try {
      const state = openAccountState(settings.state, account.user, account.places.root, root.path);
      const lock = lockOrClose(state, settings.now());
      try {
        announce(context, user, account, root, jobs);
        await convertAll(
          context,
          { user: account.user, root, state: state.mailboxes, owner, ...idleCheck(root, settings) },
          jobs,
          user,
        );
        remarkGone(context, state.mailboxes, jobs, user);
        convertSubscriptions(context, account, jobs.subscriptions, root, state, owner);
      } finally {
        lock.release();
        state.close();
      }
    } finally {
      root.close();
    }
  } finally {
    jobs.close();
  }
}

function lockOrClose(state: AccountState, now: Date): ReturnType<typeof lockRun> {
  try {
    return lockRun(state.dir, now);
  } catch (error) {
    state.close();
    throw error;
  }
}

async function convertAll(
  context: RunContext,
  target: TargetAccount,
  { jobs }: AccountJobs,
  user: string,
): Promise<void> {
  for (const job of jobs) {
    context.checkSignal();
    try {
      const result = await convertMailbox(context, target, job);
      context.emit({
        event: 'mailbox',
        user,
        mailbox: job.mailbox,
        folder: printable(job.folder),
        ...result,
      });
    } catch (error) {
      if (isStop(error)) throw error;
      emitFailure(context.emit, error, user, job.mailbox);
    }
  }
}

/**
 * Mailboxes that earlier passes brought over and the source has no more: deleted or renamed there. Their folders stay, so
 * their mail may now be in the target twice.
 */
function remarkGone(context: RunContext, state: Dir, jobs: AccountJobs, user: string): void {
  const known = new Set([...jobs.folders].map(manifestName));
  for (const name of state.entries()) {
    if (name.startsWith('.') || known.has(name)) continue;
    const manifest = openManifest(state, name);
    if (manifest === undefined) continue;
    const { mailbox } = manifest.header;
    manifest.close();
    const message = 'the source has this mailbox no more; its folder in the target is left as it is';
    context.emit({
      event: 'remark',
      severity: 'finding',
      code: 'MAILBOX_GONE',
      user,
      place: mailbox,
      message,
    });
  }
}

function announce(
  context: RunContext,
  user: string,
  account: Account,
  root: Dir,
  { jobs }: AccountJobs,
): void {
  const bytes = jobs.reduce((sum, job) => sum + job.bytes, 0);
  const from = printable(account.places.root);
  context.emit({ event: 'account', user, from, to: printable(root.path), mailboxes: jobs.length, bytes });
}

/** What a Maildir's root may hold before its `cur/` is made: what is left of an interrupted first run, or of Dovecot. */
const EXPECTED = /^(cur|new|tmp|maildirfolder|maildirsize|subscriptions(\.tmp)?|dovecot.*|\..*)$/;

/** Opens the target, making it if it is missing. A directory of something else is `TARGET_NOT_MAILDIR`. */
function openTarget(path: string, owner: Owner | undefined): Dir {
  const root = ensureTarget(path, owner);
  if (root.lstat('cur') !== undefined) return root;
  for (const name of root.entries()) {
    if (EXPECTED.test(name)) continue;
    const place = printable(root.join(name));
    root.close();
    throw notMaildir(`the target holds other things than mail, such as ${place}`, path);
  }
  return root;
}

function ensureTarget(path: string, owner: Owner | undefined): Dir {
  try {
    return ensurePath(path, DIR_MODE, owner);
  } catch (error) {
    if (!(error instanceof SpoolsyncError) || error.code !== 'TARGET_UNSAFE') throw error;
    if (!error.message.includes('is a file')) throw error;
    throw notMaildir(error.message, path);
  }
}

function notMaildir(message: string, path: string): SpoolsyncError {
  return new SpoolsyncError('TARGET_NOT_MAILDIR', message, {
    place: printable(path),
    advice: 'name an empty directory, a new one, or a Maildir; nothing was changed',
  });
}

/**
 * What is written inside the source would be read as mail, and the source is never written; a source inside the target
 * would be taken for part of it. Asked before anything is made.
 */
function refuseOverlap(account: Account, path: string, option: '--to' | '--state'): void {
  const ours = canonicalOrUndefined(path, 'target');
  // What cannot be opened safely is refused when it is opened, and until then nothing is made.
  if (ours === undefined) return;
  const inside = (inner: string, outer: string) =>
    inner === outer || inner.startsWith(outer === '/' ? outer : `${outer}/`);
  const clash = sourcePaths(account.places).find((theirs) => inside(theirs, ours) || inside(ours, theirs));
  if (clash === undefined) return;
  throw new SpoolsyncError('LOCATIONS_OVERLAP', `--from and ${option} lie within each other`, {
    place: `${printable(clash)} and ${printable(ours)}`,
    advice: `choose a place outside the old mail for ${option}; nothing was changed`,
  });
}

/** Canonical paths of everything that belongs to the source. One that is unsafe is not read, and so needs no guard. */
function sourcePaths({ root, inbox, index, control }: Account['places']): string[] {
  const paths = [root, inbox, index, control].filter((path) => path?.startsWith('/'));
  return paths.flatMap((path = '') => {
    const slash = path.lastIndexOf('/');
    const above = canonicalOrUndefined(path.slice(0, slash) || '/', 'source');
    return above === undefined ? [path] : [path, `${above === '/' ? '' : above}/${path.slice(slash + 1)}`];
  });
}

function canonicalOrUndefined(path: string, side: 'source' | 'target'): string | undefined {
  try {
    return canonicalPath(path, side);
  } catch (error) {
    if (error instanceof SpoolsyncError) return undefined;
    throw error;
  }
}

function idleCheck(root: Dir, settings: ConvertSettings): Pick<TargetAccount, 'now' | 'checkIdle'> {
  const checkIdle = () => {
    const user = findUserOf([root.path]);
    if (user === undefined) return;
    throw new SpoolsyncError('TARGET_IN_USE', `${user.name} (process ${user.pid}) has the target open`, {
      place: user.path,
      advice: `keep users and mail delivery off the target until the cutover: doveadm kick, or stop process ${user.pid}`,
    });
  };
  return { now: Math.floor(settings.now().getTime() / 1000), checkIdle };
}
