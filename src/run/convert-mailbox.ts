import { type Applied, type ApplyInput, applyPlan } from '../apply/apply.ts';
import { Staging } from '../apply/staging.ts';
import type { UidlistHeader } from '../codec/maildir/uidlist.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { MailboxFacts } from '../core/message.ts';
import { breathing } from '../io/breathe.ts';
import type { Dir } from '../io/dir.ts';
import { printable } from '../io/names.ts';
import type { Owner } from '../io/owner.ts';
import { baseOf } from '../maildir/base-of.ts';
import { type FolderState, folderState, type Inventory, takeInventory } from '../maildir/inspect.ts';
import { KeywordLetters } from '../maildir/keyword-letters.ts';
import { discardFolder, ensureFolder, type TargetFolder } from '../maildir/target-folder.ts';
import { openUidlist, uidlistHolds } from '../maildir/uidlist-file.ts';
import type { PlanSummary } from '../plan/action.ts';
import { planNumbered, summarize } from '../plan/plan.ts';
import { copyMessage } from '../source/scan.ts';
import {
  isMarked,
  type Manifest,
  type ManifestHeader,
  ManifestWriter,
  markBegun,
  openManifest,
  unmark,
} from '../state/manifest.ts';
import type { RunContext } from './context.ts';
import type { MailboxJob } from './jobs.ts';
import { mailboxGuid, type Numbered, numberedByName, numbersOf, withUids } from './numbers.ts';
import { type Reading, readMailbox } from './read-mailbox.ts';

/** Where an account goes. */
export interface TargetAccount {
  /** Name of the account: latin1. */
  readonly user: string;
  readonly root: Dir;
  readonly state: Dir;
  readonly owner: Owner | undefined;
  /** Seconds since 1970: UIDVALIDITY of mailboxes that have none. */
  readonly now: number;
  /** Throws `TARGET_IN_USE` if a mail server works on the target right now. */
  checkIdle(): void;
}

/** What was done to a mailbox. */
export interface MailboxResult {
  readonly messages: number;
  readonly bytes: number;
  readonly added: number;
  readonly reflagged: number;
  readonly removed: number;
}

export async function convertMailbox(
  context: RunContext,
  target: TargetAccount,
  job: MailboxJob,
): Promise<MailboxResult> {
  const manifest = openManifest(target.state, job.manifest);
  try {
    const folder = ensureFolder(target.root, job.folder, target.owner);
    try {
      const conversion = new Conversion(context, target, job, manifest, folder);
      return await conversion.run();
    } catch (error) {
      if (manifest === undefined) discardFolder(target.root, job.folder, folder);
      throw error;
    } finally {
      folder.close();
    }
  } finally {
    manifest?.close();
  }
}

class Conversion {
  readonly #context: RunContext;
  readonly #target: TargetAccount;
  readonly #job: MailboxJob;
  readonly #manifest: Manifest | undefined;
  readonly #folder: TargetFolder;
  readonly #interrupted: boolean;
  readonly #seen: FolderState;
  readonly #inventory: Inventory | undefined;
  readonly #staging: Staging;

  constructor(
    context: RunContext,
    target: TargetAccount,
    job: MailboxJob,
    manifest: Manifest | undefined,
    folder: TargetFolder,
  ) {
    this.#context = context;
    this.#target = target;
    this.#job = job;
    this.#manifest = manifest;
    this.#folder = folder;
    this.#interrupted = isMarked(target.state, job.manifest);
    this.#seen = folderState(folder);
    this.#inventory = inspect(folder, this.#seen, manifest);
    const known = manifest?.header.messages ?? this.#inventory?.own.size ?? 0;
    // What lies behind the messages of the last pass is new as a rule; a wrong guess costs a second read of a message.
    this.#staging = new Staging(folder.tmp, target.owner, (ordinal) => ordinal >= known);
    this.#staging.clear();
  }

  async run(): Promise<MailboxResult> {
    try {
      const reading = await readMailbox(this.#context, { ...this.#job, store: this.#staging });
      try {
        return await this.#carryOut(reading);
      } finally {
        reading.close();
      }
    } finally {
      this.#staging.clear();
    }
  }

  async #carryOut(reading: Reading): Promise<MailboxResult> {
    const { totals } = reading;
    this.#remarkTotals(reading);
    const old = this.#oldNumbers();
    const first = numbersOf(totals, old, this.#target.now);
    this.#refuseOthers(old);
    const before = first.numbered ? NO_NUMBERS : knownNumbers(this.#manifest, this.#inventory);
    const records = () => withUids(first, before, reading.spill.records(reading.complete));
    const plan = () => planNumbered(this.#manifest?.records() ?? [], records());
    const summary = summarize(plan());
    const facts = { ...first, uidNext: Math.max(first.uidNext, summary.lastUid + 1) };
    const letters = KeywordLetters.plan(
      this.#folder.dir,
      summary.keywordsInUse,
      facts.keywords,
      this.#manifest?.header.letters.map((name) => name ?? undefined),
    );
    const [manifest, inventory] = [this.#manifest, this.#inventory];
    // Where the files are not those of the manifest, the uidlist is not either, and is written anew in any case.
    const sound =
      manifest === undefined || inventory !== undefined || uidlistHolds(this.#folder.dir, manifest.records());
    const same =
      !this.#interrupted &&
      !changes(summary) &&
      inventory === undefined &&
      this.#numbersHold(facts) &&
      !letters.changed &&
      sound;
    const guid = old?.guid ?? mailboxGuid(this.#target.user, this.#target.root.path, this.#job.folder);
    const applied = same
      ? undefined
      : await this.#apply(reading, { facts, guid, summary, plan: plan(), letters, repair: !sound });
    const listing = applied?.listing ?? this.#manifest?.header.target;
    this.#remarkKeywords(letters, summary);
    const unchanged = same && sameSource(this.#manifest, reading);
    if (listing !== undefined && !unchanged)
      await this.#remember(
        reading,
        { ...facts, guid, target: listing, letters: lettersOf(letters) },
        summary,
        records(),
      );
    if (applied !== undefined) unmark(this.#target.state, this.#job.manifest);
    const { added, reflagged, kept } = summary;
    const removed = summary.removed + (this.#interrupted ? 0 : (applied?.leftovers ?? 0));
    return { messages: kept + added + reflagged, bytes: reading.spool.size, added, reflagged, removed };
  }

  async #apply(
    reading: Reading,
    what: Pick<ApplyInput, 'facts' | 'guid' | 'summary' | 'plan' | 'letters' | 'repair'>,
  ): Promise<Applied> {
    const { remark } = this.#job;
    this.#target.checkIdle();
    markBegun(this.#target.state, this.#job.manifest);
    return applyPlan({
      ...what,
      folder: this.#folder,
      owner: this.#target.owner,
      inventory: this.#inventory,
      interrupted: this.#interrupted,
      seen: this.#seen,
      copy: (message, store) => {
        const quiet = { ...reading.options, remark: () => undefined };
        const copied = copyMessage(reading.spool, quiet, message, store);
        if (copied?.digest === message.digest) return;
        throw new SpoolsyncError('SOURCE_MOVED', 'a message changed between two looks at it', {
          place: `${reading.spool.place}:${message.start}`,
          advice: 'run the same command again',
        });
      },
      checkSignal: this.#context.checkSignal,
      remark: (code, uid, message) => remark('finding', code, message, { uid }),
    });
  }

  async #remember(
    reading: Reading,
    what: Pick<ManifestHeader, keyof MailboxFacts | 'guid' | 'target' | 'letters'>,
    summary: PlanSummary,
    records: Iterable<Parameters<ManifestWriter['add']>[0]>,
  ): Promise<void> {
    const { mailbox, folder, manifest: name } = this.#job;
    const messages = summary.kept + summary.added + summary.reflagged;
    const { rules } = reading.rules;
    const source = reading.spool.fingerprint;
    const header = {
      account: this.#target.user,
      folder,
      mailbox,
      rules,
      reading: '',
      source,
      settled: false,
      bytes: reading.spool.size,
      findings: { list: [], more: 0 },
      stamp: '',
      lost: [],
      messages,
      blocks: { size: LIMITS.block, count: 0 },
      ...what,
    };
    const writer = new ManifestWriter(this.#target.state, name, header);
    try {
      for await (const record of breathing(records)) writer.add(record);
      writer.commit();
    } catch (error) {
      writer.abandon();
      throw error;
    }
  }

  /**
   * Without a manifest, files with names of ours may be another account's: refused, unless the folder says that it was
   * made for this one, or a pass of this one was cut off in it.
   */
  #refuseOthers(old: { guid?: string } | undefined): void {
    const { user, root } = this.#target;
    const [own] = this.#inventory?.own.values() ?? [];
    if (this.#manifest !== undefined || this.#interrupted || own === undefined || old === undefined) return;
    if (old.guid === mailboxGuid(user, root.path, this.#job.folder)) {
      const message = 'its manifest is lost: what users changed in the target since the last pass is undone';
      this.#job.remark('note', 'MANIFEST_LOST', message);
      return;
    }
    throw new SpoolsyncError(
      'TARGET_FOREIGN',
      'the target folder was made by spoolsync, but for another account',
      {
        place: printable(this.#folder.dir.join(`cur/${own}`)),
        advice: 'check --to and --user; nothing was changed',
      },
    );
  }

  /** Numbers and GUID that the mailbox has had so far. */
  #oldNumbers(): { uidValidity: number; uidNext: number; guid?: string } | undefined {
    const [header, list] = [this.#manifest?.header, openUidlistHeader(this.#folder.dir)];
    if (header === undefined) return list;
    const uidNext =
      list?.uidValidity === header.uidValidity ? Math.max(list.uidNext, header.uidNext) : header.uidNext;
    return { uidValidity: header.uidValidity, uidNext, guid: list?.guid ?? header.guid };
  }

  /** Whether the target's uidlist already says what it should. */
  #numbersHold(facts: MailboxFacts): boolean {
    const header = openUidlistHeader(this.#folder.dir);
    if (header?.uidValidity !== facts.uidValidity) return false;
    return header.uidNext === facts.uidNext && this.#manifest?.header.uidNext === facts.uidNext;
  }

  /** In every run, not only in the one that wrote the messages: the loss lasts. */
  #remarkKeywords(letters: KeywordLetters, { keywordsInUse }: PlanSummary): void {
    const { missing } = letters.indexesOf([...keywordsInUse]);
    if (missing.length === 0) return;
    const message = `a Maildir holds 26 keywords; messages with these lose them: ${missing.join(' ')}`;
    this.#job.remark('finding', 'KEYWORDS_LOST', message);
  }

  #remarkTotals({ totals, spool }: Reading): void {
    const { remark } = this.#job;
    const { leading, unquoted, uidValidity, messages } = totals;
    if (this.#job.indexes && uidValidity === undefined && messages > 0) {
      const message =
        'Dovecot has an index of this mailbox but the file holds no numbers: UIDs and flags live only in the index; ' +
        'make Dovecot write them into the file first (doveadm force-resync -u USER MAILBOX on the old server)';
      remark('finding', 'NUMBERS_IN_INDEX', message, { place: spool.place });
    }
    if (spool.kind === 'junk' || spool.kind === 'message') {
      const message =
        'the file does not begin with a From_ line; what stands before the first is kept as a message of its own';
      remark('finding', 'NO_FROM_LINE', message, { place: `${spool.place}:0` });
    }
    if (leading > 0) {
      const message = `${leading} bytes before the first message belong to none (byte order mark, empty lines)`;
      remark('note', 'LEADING_BYTES', message, { place: `${spool.place}:0` });
    }
    if (unquoted > 0) remark('note', 'UNQUOTED', `>From quoting was taken from ${unquoted} lines`);
  }
}

/** What a source that numbers its messages needs to be told of numbers. */
const NO_NUMBERS: Numbered = { records: () => [] };

/** Messages whose UIDs are known: the manifest's, and those of files that a pass made which was cut off. */
function knownNumbers(manifest: Manifest | undefined, inventory: Inventory | undefined): Numbered {
  if (manifest === undefined) return numberedByName(inventory?.own.keys() ?? []);
  if (inventory === undefined) return manifest;
  const unknown = new Set(inventory.own.keys());
  for (const record of manifest.records()) unknown.delete(baseOf(record));
  const known = new Set([...manifest.records()].map(({ uid }) => uid));
  const more = [...numberedByName(unknown).records()].filter(({ uid }) => !known.has(uid));
  return { records: () => [...manifest.records(), ...more].sort((a, b) => a.uid - b.uid) };
}

function lettersOf({ table }: KeywordLetters): (string | null)[] {
  return table.map((name) => name ?? null);
}

function openUidlistHeader(dir: Dir): UidlistHeader | undefined {
  const uidlist = openUidlist(dir);
  uidlist?.close();
  return uidlist?.header;
}

function changes({ added, reflagged, removed }: PlanSummary): boolean {
  return added + reflagged + removed > 0;
}

function sameSource(manifest: Manifest | undefined, { spool, rules }: Reading): boolean {
  const header = manifest?.header;
  return header?.rules === rules.rules && JSON.stringify(header.source) === JSON.stringify(spool.fingerprint);
}

/**
 * What lies in the folder, if it is not exactly what the manifest says. Messages that spoolsync did not create are
 * `TARGET_FOREIGN`: nothing is changed in such a folder.
 */
function inspect(
  folder: TargetFolder,
  { listing }: FolderState,
  manifest: Manifest | undefined,
): Inventory | undefined {
  const known = manifest?.header.target ?? { count: 0, sum: '0' };
  if (listing.count === known.count && listing.sum === known.sum) return undefined;
  const inventory = takeInventory(folder);
  const [example] = inventory.foreign;
  if (example === undefined) return inventory;
  const place = printable(folder.dir.join(example));
  throw new SpoolsyncError(
    'TARGET_FOREIGN',
    'the target folder holds mail that spoolsync did not put there',
    {
      place,
      advice:
        'choose an empty target, or move this mail away until the old server is switched off; nothing was changed',
    },
  );
}
