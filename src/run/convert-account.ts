import { assert, SpoolsyncError } from '../core/errors.ts';
import { Dir } from '../io/dir.ts';
import { canonicalPath } from '../io/ensure-path.ts';
import { findUserOf } from '../io/in-use.ts';
import { printable } from '../io/names.ts';
import type { Owner } from '../io/owner.ts';
import { lockRun, TARGET_LOCK } from '../io/run-lock.ts';
import type { MaxRemove } from '../plan/removals.ts';
import type { Account } from '../source/accounts.ts';
import { type AccountState, findAccountState, openAccountState } from '../state/state-dir.ts';
import type { RunContext } from './context.ts';
import { convertMailbox, type TargetAccount } from './convert-mailbox.ts';
import type { Manner } from './decide.ts';
import { emitFailure, endsPass } from './failures.ts';
import { removeVanished, renameMailboxes } from './gone-mailboxes.ts';
import { type AccountJobs, openJobs } from './jobs.ts';
import { type OwnerChoice, ownershipOf } from './owners.ts';
import { PassRecorder } from './record-pass.ts';
import { convertSubscriptions } from './subscriptions.ts';
import { openTarget, refuseFolder, refuseOverlap } from './target-root.ts';

/** What is the same for all accounts of a pass. */
export interface ConvertSettings {
  readonly state: string;
  readonly now: () => Date;
  readonly maxRemove: MaxRemove;
  /** Only say what would be done: nothing is written, neither to the target nor to the state. */
  readonly dryRun: boolean;
  /** Whether messages of a Maildir are linked rather than copied, where that can be. */
  readonly link?: boolean;
}

/** An account, and the path of its Maildir (latin1). */
export interface AccountPair {
  readonly account: Account;
  readonly target: string;
  /** Without: whoever runs this. */
  readonly owner?: OwnerChoice;
  /** How many of the last components of `target` are this account's alone; without, all are the owner's. */
  readonly ownParts?: number;
}

/** An account that a pass works on: locked, both sides open. */
export interface OpenAccount {
  readonly pair: AccountPair;
  /** Name for people. */
  readonly user: string;
  readonly jobs: AccountJobs;
  readonly target: TargetAccount;
  /** `undefined` in a dry run of an account that is not known yet. */
  readonly state: AccountState | undefined;
}

/** Converts all mailboxes of an account; what fails is announced, and does not keep the rest. */
export async function convertAccount(
  context: RunContext,
  settings: ConvertSettings,
  pair: AccountPair,
): Promise<void> {
  const pass = new PassRecorder(context, 'convert', settings.now());
  await withAccount(pass.context, settings, pair, { merge: false, sealed: false }, async (open) => {
    if (open.state?.sealed !== undefined) throw sealedAlready(open.state);
    await runPass(pass.context, open);
    if (open.state !== undefined && !settings.dryRun) pass.finish(open.state.dir);
  });
}

/** Opens an account, holds its run lock while `work` is done, and closes it. */
export async function withAccount<T>(
  context: RunContext,
  settings: ConvertSettings,
  pair: AccountPair,
  manner: Manner,
  work: (open: OpenAccount) => Promise<T>,
): Promise<T> {
  const { account, target: path } = pair;
  const ownership = ownershipOf(pair);
  const jobs = openJobs(context, account);
  const closing: (() => void)[] = [() => jobs.close()];
  try {
    refuseOverlap(account, path, '--to');
    refuseOverlap(account, settings.state, '--state');
    const root = settings.dryRun ? Dir.openRoot(path, 'target') : openTarget(path, ownership);
    closing.push(() => root?.close());
    if (root !== undefined) refuseFolder(root, jobs.jobs);
    const canonical = root?.path ?? canonicalPath(path, 'target');
    const state = openState(settings, account, canonical);
    closing.push(() => state?.close());
    if (state !== undefined && !settings.dryRun) {
      const lock = lockRun(state.dir, settings.now());
      closing.push(() => lock.release());
    }
    const lock = once(() => {
      assert(root !== undefined, 'a target that is changed is there');
      const held = lockRun(root, settings.now(), TARGET_LOCK);
      closing.push(() => held.release());
    });
    if (root?.lstat(TARGET_LOCK) !== undefined && !settings.dryRun) takeOver(lock);
    const { owner } = ownership;
    const about = targetOf(settings, account.user, owner, canonical, root, state, manner);
    const target = { ...about, lock };
    return await work({ pair, user: printable(account.user), jobs, target, state });
  } finally {
    for (const close of closing.reverse()) close();
  }
}

function openState(
  { state, dryRun }: ConvertSettings,
  { user, places }: Account,
  target: string,
): AccountState | undefined {
  return dryRun ? findAccountState(state, user, target) : openAccountState(state, user, places.root, target);
}

function targetOf(
  settings: ConvertSettings,
  user: string,
  owner: Owner | undefined,
  path: string,
  root: Dir | undefined,
  state: AccountState | undefined,
  manner: Manner,
): Omit<TargetAccount, 'lock'> {
  const { maxRemove, dryRun, link = false } = settings;
  return {
    user,
    root,
    path,
    state: state?.mailboxes,
    known: state?.known ?? false,
    owner,
    now: Math.floor(settings.now().getTime() / 1000),
    manner: { ...manner, sealed: manner.sealed || state?.sealed !== undefined },
    maxRemove,
    dryRun,
    link,
    liveUser: remembering(() => findUserOf([path], DELIVERY)),
  };
}

/** Programs that put mail into a Maildir: they need no session, and wait for the folder's lock or do without a UID. */
const DELIVERY: ReadonlySet<string> = new Set([
  'deliver',
  'dovecot-lda',
  'exim',
  'exim4',
  'lmtp',
  'local',
  'maildrop',
  'procmail',
  'qmail-local',
  'virtual',
]);

/** A look at all processes takes milliseconds, and mailboxes come by the thousand: one look serves for a while. */
function remembering<T>(look: () => T): () => T {
  let [seen, at] = [undefined as T | undefined, Number.NEGATIVE_INFINITY];
  return () => {
    if (performance.now() - at > LOOK_MS) [seen, at] = [look(), performance.now()];
    return seen as T;
  };
}

/** A lock that a dead run left goes, even if this one changes nothing; a live one's is in the way only when it does. */
function takeOver(lock: () => void): void {
  try {
    lock();
  } catch (error) {
    if (!(error instanceof SpoolsyncError) || error.code !== 'STATE_LOCKED') throw error;
  }
}

/** The work is done at the first call; if it fails, again at the next. */
function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    work();
    done = true;
  };
}

const LOOK_MS = 500;

/** One pass over the mailboxes and subscriptions of an account. */
export async function runPass(context: RunContext, open: OpenAccount): Promise<void> {
  const { user, jobs, target, state, pair } = open;
  announce(context, open);
  if (!target.manner.merge) await renameMailboxes(context, open);
  let messages = 0;
  for (const job of jobs.jobs) {
    context.checkSignal();
    try {
      const result = await convertMailbox(context, target, job);
      messages += result.messages;
      const { mailbox, folder } = job;
      context.emit({ event: 'mailbox', user, mailbox, folder: printable(folder), ...result });
    } catch (error) {
      if (endsPass(error)) throw error;
      emitFailure(context.emit, error, user, job.mailbox);
    }
  }
  if (target.manner.merge) return;
  await removeVanished(context, open, messages);
  if (target.root !== undefined && state !== undefined)
    convertSubscriptions(context, pair.account, jobs.subscriptions, target.root, state, target);
}

function announce({ emit }: RunContext, { user, pair, target, jobs: { jobs } }: OpenAccount): void {
  const bytes = jobs.reduce((sum, job) => sum + job.bytes, 0);
  const from = printable(pair.account.places.root);
  emit({ event: 'account', user, from, to: printable(target.path), mailboxes: jobs.length, bytes });
}

function sealedAlready({ dir, sealed }: AccountState): SpoolsyncError {
  return new SpoolsyncError('STATE_SEALED', `the account was sealed by a final pass at ${sealed ?? ''}`, {
    place: printable(dir.join('account.json')),
    advice:
      'its users may be on the new server: bring over mail that came late with `spoolsync final --merge`; ' +
      'to go back to passes, repeat `spoolsync final`, or remove "sealed" from that file',
  });
}
