import { type Applied, applyPlan } from '../apply/apply.ts';
import { type LinkRefused, Staging } from '../apply/staging.ts';
import { NOWHERE } from '../codec/mbox/message-scanner.ts';
import { breathing } from '../io/breathe.ts';
import type { Dir } from '../io/dir.ts';
import type { User } from '../io/in-use.ts';
import { printable } from '../io/names.ts';
import type { Owner } from '../io/owner.ts';
import { lockUidlist } from '../io/uidlist-lock.ts';
import { isAsSeen, stampAsOpened, sumListing } from '../maildir/inspect.ts';
import { discardFolder, ensureFolder, openFolder, type TargetFolder } from '../maildir/target-folder.ts';
import type { MaxRemove } from '../plan/removals.ts';
import { hasJournal, type Journal, openJournal, removeJournal, writeJournal } from '../state/journal.ts';
import type { Manifest } from '../state/manifest.ts';
import type { ManifestHeader } from '../state/manifest-format.ts';
import { ManifestWriter } from '../state/manifest-writer.ts';
import type { RunContext } from './context.ts';
import { convertRights } from './convert-rights.ts';
import { type Decision, decide, type Manner } from './decide.ts';
import { announcePlan } from './dry-run.ts';
import { refuseForgottenUidls, refuseLive, refuseOthers, refuseRemovals } from './guards.ts';
import { intentsOf } from './intents.ts';
import type { FolderJob, MailboxJob } from './jobs.ts';
import { openKnown } from './known-manifest.ts';
import { MailboxRemarks } from './mailbox-remarks.ts';
import { mailboxGuid } from './numbers.ts';
import { emptySource, isUnchanged, type SourceView, sourceFromManifest } from './source-view.ts';

/** Where an account goes, and how. */
export interface TargetAccount {
  /** Name of the account: latin1. */
  readonly user: string;
  /** `undefined` in a dry run whose target does not exist yet. */
  readonly root: Dir | undefined;
  /** Path of the root, latin1. */
  readonly path: string;
  readonly state: Dir | undefined;
  /** Whether the state knew the account before this run. */
  readonly known: boolean;
  readonly owner: Owner | undefined;
  /** Seconds since 1970: UIDVALIDITY of mailboxes that have none. */
  readonly now: number;
  readonly manner: Manner;
  readonly maxRemove: MaxRemove;
  readonly dryRun: boolean;
  /** Whether messages that are files are linked rather than copied. */
  readonly link: boolean;
  /** Keeps other runs off the target; to be called before anything in it changes. `STATE_LOCKED`. */
  lock(): void;
  /** Who works on the target right now, delivery aside. */
  liveUser(): User | undefined;
}

/** What was done to a mailbox. */
export interface MailboxResult {
  readonly messages: number;
  readonly bytes: number;
  readonly added: number;
  readonly reflagged: number;
  readonly renumbered: number;
  readonly removed: number;
  /** Messages in the target that spoolsync did not put there. */
  readonly foreign: number;
  /** Bytes read from the spool, and written to the target. */
  readonly read: number;
  readonly written: number;
}

export async function convertMailbox(
  context: RunContext,
  target: TargetAccount,
  job: MailboxJob,
): Promise<MailboxResult> {
  const known = openKnown(target, job);
  const { manifest } = known;
  let folder: TargetFolder | undefined;
  try {
    refuseForgottenUidls(manifest, job);
    folder = target.root && openFolder(target.root, job.folder);
    const rest = restingResult(target, job, manifest, folder);
    if (rest !== undefined) return rest;
    if (target.root !== undefined && !target.dryRun) {
      if (folder === undefined) target.lock();
      folder?.close();
      folder = ensureFolder(target.root, job.folder, target.owner);
    }
    return await new Conversion(context, target, job, known, folder).run(job);
  } catch (error) {
    if (manifest === undefined && folder?.made && target.root !== undefined)
      discardFolder(target.root, job.folder, folder);
    throw error;
  } finally {
    folder?.close();
    manifest?.close();
  }
}

/** Takes from the target what a pass put into a mailbox that the source has no more; `empty`: nothing else is in it. */
export async function emptyMailbox(
  context: RunContext,
  target: TargetAccount & { readonly root: Dir; readonly state: Dir },
  job: FolderJob,
): Promise<{ readonly removed: number; readonly empty: boolean }> {
  const known = openKnown(target, job);
  const folder = openFolder(target.root, job.folder);
  try {
    if (known.manifest === undefined || folder === undefined)
      return { removed: 0, empty: folder === undefined };
    const conversion = new Conversion(context, target, job, known, folder);
    const { removed } = await conversion.takeAll(emptySource(known.manifest));
    return { removed, empty: sumListing(folder).count === 0 };
  } finally {
    folder?.close();
    known.manifest?.close();
  }
}

/** The result for a mailbox in which, by inodes and times, nothing changed on either side. */
function restingResult(
  target: TargetAccount,
  job: MailboxJob,
  manifest: Manifest | undefined,
  folder: TargetFolder | undefined,
): MailboxResult | undefined {
  if (manifest === undefined || folder === undefined || target.state === undefined) return undefined;
  const { header } = manifest;
  if (!isUnchanged(header, job)) return undefined;
  if (header.stamp === '' || header.stamp !== stampAsOpened(folder)) return undefined;
  if (hasJournal(target.state, job.manifest)) return undefined;
  new MailboxRemarks(job).again(header, job.place);
  const { messages, bytes, foreign } = header;
  return { messages, bytes, added: 0, reflagged: 0, renumbered: 0, removed: 0, foreign, read: 0, written: 0 };
}

class Conversion {
  readonly #context: RunContext;
  readonly #target: TargetAccount;
  readonly #job: FolderJob;
  readonly #manifest: Manifest | undefined;
  readonly #journal: Journal | undefined;
  readonly #folder: TargetFolder | undefined;
  readonly #remarks: MailboxRemarks;
  readonly #staging: Staging | undefined;
  readonly #linking: LinkRefused | undefined;
  #read = 0;
  /** Digest of the rights that this pass leaves. */
  #acl: string | undefined;

  constructor(
    context: RunContext,
    target: TargetAccount,
    job: FolderJob & Partial<Pick<MailboxJob, 'foresees'>>,
    { manifest }: { manifest: Manifest | undefined },
    folder: TargetFolder | undefined,
  ) {
    this.#context = context;
    this.#target = target;
    this.#job = job;
    this.#manifest = manifest;
    this.#folder = folder;
    this.#journal = target.state && openJournal(target.state, job.manifest, this.#generation());
    this.#remarks = new MailboxRemarks(job);
    this.#linking = target.link ? (reason) => this.#remarks.notLinked(reason) : undefined;
    if (folder === undefined || target.dryRun) return;
    const known = manifest?.header.messages ?? sumListing(folder).count;
    // What lies behind the messages of the last pass is new as a rule; a wrong guess costs a second read of a message.
    // A source that tells its messages by their files asks for nothing that the manifest knows.
    const foreseen = manifest !== undefined && job.foresees === true;
    this.#staging = new Staging(folder.tmp, {
      owner: target.owner,
      wanted: (ordinal) => foreseen || ordinal >= known,
      beforeChange: target.lock,
      link: this.#linking,
    });
    this.#staging.clear();
  }

  async run(job: MailboxJob): Promise<MailboxResult> {
    const manifest = this.#journal === undefined ? this.#manifest : undefined;
    if (manifest && isUnchanged(manifest.header, job)) {
      this.#remarks.again(manifest.header, job.place);
      return this.#carryOut(sourceFromManifest(manifest));
    }
    try {
      const store = this.#staging ?? NOWHERE;
      const source = await job.read(this.#context, { store, known: this.#manifest, remark: job.remark });
      try {
        this.#read = source.read;
        source.announce(this.#remarks);
        return await this.#carryOut(source);
      } finally {
        source.close();
      }
    } finally {
      this.#staging?.clear();
    }
  }

  /** As if the source had become empty. */
  takeAll(source: SourceView): Promise<MailboxResult> {
    this.#staging?.clear();
    return this.#carryOut(source);
  }

  async #carryOut(source: SourceView): Promise<MailboxResult> {
    const decision = await this.#decide(source);
    this.#guard(source, decision);
    if (this.#target.dryRun) this.#announce(decision);
    else if (decision.work) return this.#work(source, decision);
    else {
      this.#rights(source);
      await this.#remember(source, decision, undefined);
      // Of a pass that was cut off after its manifest.
      removeJournal(this.#target.state as Dir, this.#job.manifest);
    }
    return this.#result(source, decision, 0);
  }

  #decide(source: SourceView): Promise<Decision> {
    const { manner, now } = this.#target;
    const [manifest, journal, folder] = [this.#manifest, this.#journal, this.#folder];
    const { checkSignal } = this.#context;
    return decide({ manifest, journal, source, folder, manner, now, checkSignal });
  }

  /** Does what was decided, under the folder's lock; should the folder have changed since, it is decided anew. */
  async #work(source: SourceView, first: Decision): Promise<MailboxResult> {
    const { state } = this.#target;
    const folder = this.#folder as TargetFolder;
    this.#target.lock();
    const lock = lockUidlist(folder.dir, this.#target.owner);
    let decision = first;
    let applied: Applied;
    try {
      if (!isAsSeen(folder, decision.state)) {
        decision = await this.#decide(source);
        this.#guard(source, decision);
      }
      // Where no message is known, none can come to lie elsewhere.
      const intents = this.#manifest === undefined ? [] : intentsOf(decision.plan());
      writeJournal(state as Dir, this.#job.manifest, this.#generation(), intents);
      applied = await applyPlan({
        folder,
        lock,
        owner: this.#target.owner,
        numbers: {
          uidValidity: decision.facts.uidValidity,
          uidNext: decision.targetNext,
          guid: this.#guid(source, decision),
          extensions: decision.facts.extensions ?? [],
        },
        plan: decision.plan(),
        letters: decision.letters,
        inventory: decision.inventory,
        listing: decision.state.listing,
        foreign: decision.foreign,
        sweep: decision.sweep,
        keepIndex: decision.keepIndex,
        appendOnly: decision.appendOnly,
        link: this.#linking,
        ready: source.ready,
        copy: source.copy,
        checkSignal: this.#context.checkSignal,
        remark: (code, uid, message) => this.#job.remark('finding', code, message, { uid }),
      });
    } finally {
      lock.release();
    }
    this.#remarks.renumbered(folder, decision.foreign);
    this.#rights(source);
    await this.#remember(source, decision, applied);
    removeJournal(state as Dir, this.#job.manifest);
    return this.#result(source, decision, this.#journal === undefined ? applied.leftovers : 0);
  }

  #result(source: SourceView, { summary, others: foreign }: Decision, leftovers: number): MailboxResult {
    const { added, reflagged, renumbered, removed, bytes: written } = summary;
    return {
      messages: source.messages,
      bytes: source.bytes,
      added,
      reflagged,
      renumbered,
      removed: removed + leftovers,
      foreign,
      read: this.#read,
      written,
    };
  }

  #rights({ acl }: SourceView): void {
    const left = this.#manifest?.header.acl;
    this.#acl = convertRights({ acl, left, folder: this.#folder, target: this.#target, job: this.#job });
  }

  #generation(): number {
    return this.#manifest?.header.generation ?? 0;
  }

  #guid({ guid }: SourceView, { uidlist }: Decision): string {
    const { user, path } = this.#target;
    const known = uidlist.header?.guid ?? this.#manifest?.header.guid ?? guid;
    return known ?? mailboxGuid(user, path, this.#job.folder);
  }

  #guard({ guid }: SourceView, decision: Decision): void {
    const [target, job] = [this.#target, this.#job];
    const place = printable(this.#folder?.dir.path ?? target.path);
    const [manifest, journal] = [this.#manifest, this.#journal];
    refuseOthers({ decision, manifest, journal, target, job, place, guid });
    refuseRemovals(decision, manifest, target.maxRemove, place);
    if (!target.dryRun) refuseLive(decision, target.liveUser, place);
  }

  #announce(decision: Decision): void {
    announcePlan(
      this.#context.emit,
      printable(this.#target.user),
      this.#job,
      decision,
      this.#folder === undefined,
    );
    for (const action of decision.plan()) this.#remarks.drift(action);
  }

  /** Writes down what the pass leaves, if it is not what the manifest says already. */
  async #remember(source: SourceView, decision: Decision, applied: Applied | undefined): Promise<void> {
    const { mailbox, folder, manifest: name } = this.#job;
    const { summary, letters, facts, state } = decision;
    // What a merging pass remembers is not all from this source, so that nothing may be taken over from it later.
    const { merge } = this.#target.manner;
    const blocks = merge ? [] : source.blocks;
    const lost = letters.indexesOf([...summary.keywordsInUse]).missing;
    this.#remarks.lostKeywords(lost);
    const header: ManifestHeader = {
      generation: this.#generation(),
      account: this.#target.user,
      folder,
      mailbox,
      rules: source.rules,
      reason: source.reason,
      ground: source.ground,
      reading: source.reading,
      source: source.source,
      settled: source.settled && !merge,
      bytes: source.bytes,
      findings: this.#remarks.findings(source.findings),
      target: applied?.listing ?? state.listing,
      stamp: applied === undefined ? state.stamp : '',
      uidlist: applied?.uidlist ?? state.uidlist,
      targetNext: decision.targetNext,
      foreign: decision.others,
      guid: this.#guid(source, decision),
      letters: letters.table.map((keyword) => keyword ?? null),
      lost,
      messages: summary.kept + summary.added + summary.reflagged + summary.renumbered + summary.gone,
      ...(this.#acl !== undefined && { acl: this.#acl }),
      blocks: { size: source.blockSize, count: blocks.length },
      ...facts,
    };
    const known = this.#manifest?.header;
    if (known !== undefined && !summary.changed && sameHeader(known, header)) return;
    const next = { ...header, generation: header.generation + 1 };
    const writer = new ManifestWriter(this.#target.state as Dir, name, next, blocks);
    try {
      for await (const action of breathing(decision.plan())) {
        this.#remarks.drift(action);
        if (action.kind === 'keep-stretch') writer.addStretch(action.stretch);
        else if ('next' in action) writer.add(action.next);
      }
      writer.commit();
    } catch (error) {
      writer.abandon();
      throw error;
    }
  }
}

function sameHeader(known: ManifestHeader, header: ManifestHeader): boolean {
  return Object.entries(header).every(
    ([key, value]) => JSON.stringify(value) === JSON.stringify(known[key as keyof ManifestHeader]),
  );
}
