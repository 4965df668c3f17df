import { readAcl } from '../apply/acl.ts';
import { NOWHERE } from '../codec/mbox/message-scanner.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { Remembered, Scanned } from '../core/message.ts';
import { Dir } from '../io/dir.ts';
import { printable } from '../io/names.ts';
import { takeInventory } from '../maildir/inspect.ts';
import { openFolder, type TargetFolder } from '../maildir/target-folder.ts';
import { openUidlist } from '../maildir/uidlist-file.ts';
import type { Action, TargetView } from '../plan/action.ts';
import { targetMarks } from '../plan/marks.ts';
import { makePlan, mappedOf } from '../plan/plan.ts';
import { sameFingerprint } from '../source/spool.ts';
import { type Manifest, openUsable } from '../state/manifest.ts';
import { type AccountState, findAccountState } from '../state/state-dir.ts';
import { markVerified } from '../state/verified.ts';
import { type Compared, compareMailbox, type Differ } from '../verify/compare.ts';
import { extraFolders } from '../verify/extra-folders.ts';
import { type Remark, type RunContext, remarker } from './context.ts';
import type { AccountPair } from './convert-account.ts';
import { emitFailure, isStop } from './failures.ts';
import { type AccountJobs, type MailboxJob, openJobs } from './jobs.ts';
import { numberedByName, withUids } from './numbers.ts';
import { PassRecorder } from './record-pass.ts';
import type { OpenSource, SourceView } from './source-view.ts';
import { readSubscriptions } from './subscriptions.ts';

/**
 * Compares the source and the target of an account. All that it writes is in the state: a mark on what was found equal,
 * and a line of the account's history.
 */
export async function verifyAccount(context: RunContext, state: string, pair: AccountPair): Promise<void> {
  const pass = new PassRecorder(context, 'verify', new Date());
  await compareAccount(pass.context, state, pair, (known) => pass.finishIfPossible(known.dir));
}

/** Compares all of an account; `finished` gets its state, where there is one. */
export async function compareAccount(
  context: RunContext,
  stateRoot: string,
  pair: AccountPair,
  finished: (state: AccountState) => void = () => undefined,
): Promise<void> {
  const { account, target } = pair;
  const jobs = openJobs(context, account);
  const root = Dir.openRoot(target, 'target');
  try {
    if (root === undefined) {
      throw new SpoolsyncError('TARGET_MISSING', `there is no target ${printable(target)}`, {
        place: printable(target),
        advice: 'check --to, or run `spoolsync convert` first',
      });
    }
    const state = findAccountState(stateRoot, account.user, root.path);
    try {
      await new AccountVerification(context, pair, jobs, root, state).run();
      if (state !== undefined) finished(state);
    } finally {
      state?.close();
    }
  } finally {
    root?.close();
    jobs.close();
  }
}

class AccountVerification {
  readonly #context: RunContext;
  readonly #pair: AccountPair;
  readonly #jobs: AccountJobs;
  readonly #root: Dir;
  readonly #state: AccountState | undefined;
  readonly #user: string;

  constructor(
    context: RunContext,
    pair: AccountPair,
    jobs: AccountJobs,
    root: Dir,
    state: AccountState | undefined,
  ) {
    this.#context = context;
    this.#pair = pair;
    this.#jobs = jobs;
    this.#root = root;
    this.#state = state;
    this.#user = printable(pair.account.user);
  }

  async run(): Promise<void> {
    const { jobs } = this.#jobs;
    const bytes = jobs.reduce((sum, job) => sum + job.bytes, 0);
    const from = printable(this.#pair.account.places.root);
    const to = printable(this.#root.path);
    this.#context.emit({ event: 'account', user: this.#user, from, to, mailboxes: jobs.length, bytes });
    for (const job of jobs) {
      this.#context.checkSignal();
      try {
        await this.#verifyMailbox(job);
      } catch (error) {
        if (isStop(error)) throw error;
        emitFailure(this.#context.emit, error, this.#user, job.mailbox);
      }
    }
    this.#findExtraFolders();
    this.#compareSubscriptions();
  }

  async #verifyMailbox(job: MailboxJob): Promise<void> {
    const { mailbox, folder } = job;
    let [differences, read] = [0, 0];
    const took = (bytes: number) => {
      read += bytes;
      this.#context.took(bytes);
    };
    const context = { ...this.#context, took };
    const differ: Differ = (sign, message, { uid, place } = {}) => {
      differences++;
      this.#differ(sign, mailbox, message, uid, place);
    };
    // The scan's remarks were made by `convert`; here only what differs counts, and that all has been seen.
    const remark: Remark = (severity, code, ...more) => {
      if (code === 'SOURCE_MOVED') job.remark(severity, code, ...more);
    };
    // The next pass says so if it cannot be used.
    const manifest = this.#state && openUsable(this.#state.mailboxes, job.manifest);
    let source: OpenSource | undefined;
    let opened: TargetFolder | undefined;
    try {
      source = await job.read(context, { store: NOWHERE, known: manifest, anew: true, remark });
      opened = openFolder(this.#root, folder);
      const { equal, foreign, gone } =
        opened === undefined
          ? { equal: 0, foreign: 0, gone: 0 }
          : await compare(opened, manifest, source, differ, context);
      if (gone > 0) {
        const message = `${gone} messages were removed in the target by its user, and are left so`;
        job.remark('note', 'TARGET_MESSAGES_GONE', message);
      }
      const lost = manifest?.header.lost ?? [];
      if (lost.length > 0) {
        const message = `keywords that a pass has said to be lost are not compared: ${lost.join(' ')}`;
        job.remark('note', 'TARGET_KEYWORDS_LOST', message);
      }
      if (foreign > 0) remarkForeign(job.remark, foreign);
      if (opened === undefined) differ('-', `the target has no folder ${printable(folder) || 'for INBOX'}`);
      const { messages, bytes } = source;
      const done = {
        messages,
        bytes,
        added: 0,
        reflagged: 0,
        removed: 0,
        equal,
        differences,
        foreign,
        read,
      };
      const event = {
        event: 'mailbox',
        user: this.#user,
        mailbox,
        folder: printable(folder),
        ...done,
      } as const;
      this.#context.emit(event);
      if (differences === 0 && manifest !== undefined) this.#mark(job, manifest, source);
    } finally {
      opened?.close();
      manifest?.close();
      source?.close();
    }
  }

  /** Remembers what was compared, unless the source is not, or not as a whole, what the manifest describes. */
  #mark(job: MailboxJob, manifest: Manifest, { whole, source }: OpenSource): void {
    const same = whole && sameFingerprint(manifest.header.source, source);
    if (this.#state === undefined || !same) return;
    markVerified(this.#state.mailboxes, job.manifest, manifest);
  }

  /** Folders of the target that no mailbox of the source leads to. */
  #findExtraFolders(): void {
    for (const { folder, mailbox, place, ours, others } of extraFolders(this.#root, this.#jobs.folders)) {
      if (this.#jobs.leftOut(folder)) continue;
      if (ours) this.#differ('+', mailbox, 'a mailbox that only the target has', undefined, place);
      else remarkForeign(remarker(this.#context.emit, this.#user, mailbox), others);
    }
  }

  #compareSubscriptions(): void {
    const { subscriptions: wanted } = this.#jobs;
    if (wanted === undefined) return;
    const found = readSubscriptions(this.#root);
    const place = printable(this.#root.join('subscriptions'));
    if (found === undefined) this.#differ('-', '(subscriptions)', 'the target has none', undefined, place);
    else if (!found.equals(wanted))
      this.#differ('*', '(subscriptions)', 'are not those of the source', undefined, place);
  }

  #differ(sign: Parameters<Differ>[0], mailbox: string, message: string, uid?: number, place?: string): void {
    this.#context.emit({
      event: 'difference',
      sign,
      user: this.#user,
      mailbox,
      message,
      ...(uid === undefined ? {} : { uid }),
      ...(place === undefined ? {} : { place }),
    });
  }
}

function remarkForeign(remark: Remark, count: number): void {
  remark('note', 'TARGET_FOREIGN_MAIL', `${count} messages in the target were not put there by spoolsync`);
}

/**
 * Where the source has no numbers of its own, those that spoolsync gave are the ones to compare with: from the manifest,
 * or, if it is lost, UIDVALIDITY and UIDs from the target itself. What users did in the target is expected as far as a
 * pass has noticed it. No digest of a manifest is believed here.
 */
async function compare(
  folder: TargetFolder,
  manifest: Manifest | undefined,
  source: SourceView,
  differ: Differ,
  { checkSignal, took }: RunContext,
): Promise<Compared & { readonly gone: number }> {
  const uidlist = openUidlist(folder.dir);
  uidlist?.close();
  const facts = source.facts(manifest?.header ?? uidlist?.header, 1);
  const before = manifest ?? numberedByName(takeInventory(folder).own.keys());
  const scan = withUids(facts, before, source.records(), source.identified);
  const mapped = mappedOf(manifest?.records() ?? []);
  const lost = manifest?.header.lost ?? [];
  let [last, gone] = [0, 0];
  function* expected() {
    for (const action of expectedIn(manifest, scan, mapped)) {
      checkSignal();
      if (action.kind === 'leave') gone++;
      if (!('next' in action) || action.kind === 'leave') continue;
      last = Math.max(last, action.next.uid);
      yield { ...action.next, ...targetMarks(action.next) };
    }
  }
  const numbers = () => ({
    // Late mail joined what clients knew, whatever has become of the source's numbers.
    uidValidity: (mapped.length > 0 ? manifest : undefined)?.header.uidValidity ?? facts.uidValidity,
    uidNext: Math.max(facts.uidNext, last + 1),
    known: manifest?.header.targetNext ?? 0,
    extensions: facts.extensions,
  });
  if (source.acl instanceof Buffer && !readAcl(folder.dir)?.equals(source.acl))
    differ('*', 'the rights (dovecot-acl) are not those of the source', {
      place: printable(folder.dir.path),
    });
  return { ...(await compareMailbox(folder, numbers, expected(), differ, took, { lost })), gone };
}

/** The plan of a pass that finds the target as the last one left it: what the target should hold. */
function expectedIn(
  manifest: Manifest | undefined,
  scan: Iterable<Scanned>,
  mapped: readonly Remembered[],
): Iterable<Action> {
  const late = mapped.length === 0 ? undefined : { nextUid: manifest?.header.targetNext ?? 1, mapped };
  const target: TargetView = { look: (old) => ({ old, now: 'as-left' }) };
  return makePlan({
    old: manifest?.records() ?? [],
    scan,
    target,
    renumbered: new Map(),
    merge: false,
    late,
  });
}
