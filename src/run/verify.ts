import { SpoolsyncError } from '../core/errors.ts';
import { Dir } from '../io/dir.ts';
import { printable } from '../io/names.ts';
import { sumListing, takeInventory } from '../maildir/inspect.ts';
import { openFolder, type TargetFolder } from '../maildir/target-folder.ts';
import { openUidlist } from '../maildir/uidlist-file.ts';
import { type Manifest, openManifest } from '../state/manifest.ts';
import { type AccountState, findAccountState } from '../state/state-dir.ts';
import { compareMailbox, type Differ } from '../verify/compare.ts';
import type { Remark, RunContext } from './context.ts';
import { forEachAccount } from './convert.ts';
import type { AccountPair } from './convert-account.ts';
import { emitFailure, isStop } from './failures.ts';
import { type AccountJobs, type MailboxJob, openJobs } from './jobs.ts';
import { numberedByName, numbersOf, withUids } from './numbers.ts';
import { readMailbox } from './read-mailbox.ts';
import { readSubscriptions } from './subscriptions.ts';

/** Compares the source and the target of accounts. Writes nothing. */
export async function verifyAccounts(
  context: RunContext,
  state: string,
  pairs: readonly AccountPair[],
): Promise<void> {
  await forEachAccount(context, pairs, (pair) => verifyAccount(context, state, pair));
}

async function verifyAccount(context: RunContext, stateRoot: string, pair: AccountPair): Promise<void> {
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
    } finally {
      state?.close();
    }
  } finally {
    root?.close();
    jobs.close();
  }
}

/** Takes the bytes of a scan that only wants to know what they are. */
const NOWHERE = {
  begin: () => false,
  data: () => undefined,
  end: () => undefined,
  drop: () => undefined,
  clear: () => undefined,
};

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
    const bytes = jobs.reduce((sum, job) => sum + job.stat.size, 0);
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
    let differences = 0;
    const differ: Differ = (sign, message, { uid, place } = {}) => {
      differences++;
      this.#differ(sign, mailbox, message, uid, place);
    };
    // The scan's remarks were made by `convert`; here only what differs counts, and that all has been seen.
    const remark: Remark = (severity, code, ...more) => {
      if (code === 'SOURCE_MOVED') job.remark(severity, code, ...more);
    };
    const reading = await readMailbox(this.#context, { ...job, remark, store: NOWHERE });
    const manifest = this.#state && openManifest(this.#state.mailboxes, job.manifest);
    const opened = openFolder(this.#root, folder);
    try {
      const equal =
        opened === undefined ? 0 : await compare(opened, manifest, reading, differ, this.#context);
      if (opened === undefined) differ('-', `the target has no folder ${printable(folder) || 'for INBOX'}`);
      const { complete: messages, spool } = reading;
      const done = { messages, bytes: spool.size, added: 0, reflagged: 0, removed: 0, equal, differences };
      const event = {
        event: 'mailbox',
        user: this.#user,
        mailbox,
        folder: printable(folder),
        ...done,
      } as const;
      this.#context.emit(event);
    } finally {
      opened?.close();
      manifest?.close();
      reading.close();
    }
  }

  /** Folders of the target that no mailbox of the source leads to. */
  #findExtraFolders(): void {
    const { folders: known } = this.#jobs;
    if (!known.has('')) this.#findExtraInbox();
    for (const name of this.#root.entries()) {
      if (!name.startsWith('.') || known.has(name) || this.#root.lstat(name)?.kind !== 'dir') continue;
      const dir = this.#root.openDir(name);
      const isFolder = dir?.lstat('cur') !== undefined;
      dir?.close();
      const place = printable(this.#root.join(name));
      if (isFolder)
        this.#differ('+', printable(name.slice(1)), 'a mailbox that only the target has', undefined, place);
    }
  }

  /** The root is a folder in any case; mail in it is too much where the source has no INBOX. */
  #findExtraInbox(): void {
    const inbox = openFolder(this.#root, '');
    if (inbox === undefined) return;
    const { count } = sumListing(inbox);
    inbox.close();
    const place = printable(this.#root.path);
    if (count > 0) this.#differ('+', 'INBOX', 'a mailbox that only the target has', undefined, place);
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

/**
 * Where the source has no numbers of its own, those that spoolsync gave are the ones to compare with: from the manifest,
 * or, if it is lost, UIDVALIDITY and UIDs from the target itself. No digest of a manifest is believed here.
 */
function compare(
  folder: TargetFolder,
  manifest: Manifest | undefined,
  reading: Awaited<ReturnType<typeof readMailbox>>,
  differ: Differ,
  { checkSignal, took }: RunContext,
): Promise<number> {
  const uidlist = openUidlist(folder.dir);
  uidlist?.close();
  const facts = numbersOf(reading.totals, manifest?.header ?? uidlist?.header, 1);
  const before = manifest ?? numberedByName(takeInventory(folder).own.keys());
  const records = withUids(facts, before, reading.spill.records(reading.complete));
  let last = 0;
  function* counted() {
    for (const record of records) {
      checkSignal();
      last = record.uid;
      yield record;
    }
  }
  return compareMailbox(
    folder,
    () => ({ ...facts, uidNext: Math.max(facts.uidNext, last + 1) }),
    counted(),
    differ,
    took,
  );
}
