import { runningDigest } from '../codec/digest.ts';
import type { KeywordTable } from '../codec/maildir/keywords.ts';
import type { ContentStore } from '../codec/mbox/message-scanner.ts';
import { LIMITS } from '../core/limits.ts';
import type { Listing, MailboxFacts, MessageRecord, Scanned } from '../core/message.ts';
import { breathing } from '../io/breathe.ts';
import type { Dir } from '../io/dir.ts';
import { flushFiles } from '../io/durable.ts';
import type { Owner } from '../io/owner.ts';
import { lockUidlist, type UidlistLock } from '../io/uidlist-lock.ts';
import { baseOf } from '../maildir/base-of.ts';
import {
  type FolderState,
  type Inventory,
  ListingSum,
  messageFiles,
  refuseChanged,
} from '../maildir/inspect.ts';
import type { KeywordLetters } from '../maildir/keyword-letters.ts';
import type { TargetFolder } from '../maildir/target-folder.ts';
import { KnownFields, openUidlist, UidlistWriter } from '../maildir/uidlist-file.ts';
import type { Action, PlanSummary } from '../plan/action.ts';
import { Staging, stagedName } from './staging.ts';

/**
 * Carries out the plan of one mailbox. The only place that changes a target folder.
 *
 * Order of writes (ARCHITECTURE.md, "Order of writes"): the bytes lie complete in `tmp/`; under the uidlist lock come
 * keyword letters, names in `cur/`, one flush for all of these, the uidlist. The manifest is the caller's, afterwards.
 * A kill at any point leaves a folder that the next run brings to the same end: names are a function of the message,
 * so a file that is already there is recognised, and compared byte for byte before it is taken.
 */

export interface ApplyInput {
  readonly folder: TargetFolder;
  readonly owner: Owner | undefined;
  readonly facts: MailboxFacts;
  readonly guid: string;
  readonly summary: PlanSummary;
  readonly plan: Iterable<Action>;
  readonly letters: KeywordLetters;
  /** What lies in the folder, where that is not what the manifest says; `undefined` where it is. */
  readonly inventory: Inventory | undefined;
  /** Whether the last pass over the folder was cut off: what is amiss in it is then its doing, and not a user's. */
  readonly interrupted: boolean;
  /** What lay in the folder when it was looked at, before the source was read. */
  readonly seen: FolderState;
  /** Whether the uidlist that is there is damaged, so that an index made from it cannot be trusted. */
  readonly repair: boolean;
  /** Copies a message that was not staged from the source. */
  copy(message: Scanned, store: ContentStore): void;
  checkSignal(): void;
  remark(code: string, uid: number, message: string): void;
}

/** What a pass has done to a folder. */
export interface Applied {
  readonly listing: Listing;
  /** Files of ours that no message of the source claimed, and that were therefore removed. */
  readonly leftovers: number;
  readonly letters: KeywordTable;
}

export async function applyPlan(input: ApplyInput): Promise<Applied> {
  const lock = lockUidlist(input.folder.dir, input.owner);
  try {
    refuseChanged(input.folder, input.seen);
    return await new Application(input, lock).run();
  } finally {
    lock.release();
  }
}

/** Up to this many changed names are remembered. */
const FEW = 16;

const TOUCH_MS = 10_000;

class Application {
  readonly #input: ApplyInput;
  readonly #lock: UidlistLock;
  readonly #letters: KeywordLetters;
  readonly #sum = new ListingSum();
  /** Our files that no action has named yet. */
  readonly #unclaimed: Map<string, string>;
  /** Names that are new in `cur/`; beyond a few, only their number matters. */
  readonly #fresh: string[] = [];
  #changes = 0;
  #touched = Date.now();

  constructor(input: ApplyInput, lock: UidlistLock) {
    this.#input = input;
    this.#lock = lock;
    this.#letters = input.letters;
    this.#unclaimed = new Map(input.inventory?.own);
  }

  async run(): Promise<Applied> {
    const { folder, owner, facts, guid, plan, summary } = this.#input;
    this.#letters.write(folder.dir, owner);
    const old = openUidlist(folder.dir);
    const sameValidity = old?.header?.uidValidity === facts.uidValidity;
    const known = new KnownFields(sameValidity ? old : undefined);
    const extensions = sameValidity ? (old?.header?.extensions ?? []) : [];
    const header = {
      version: 3,
      uidValidity: facts.uidValidity,
      uidNext: facts.uidNext,
      guid,
      extensions,
    } as const;
    let leftovers = 0;
    const uidlist = new UidlistWriter(folder.dir, owner, header);
    try {
      for await (const action of breathing(plan)) {
        this.#input.checkSignal();
        this.#keepLock();
        const base = this.#act(action);
        if (base === undefined || action.kind === 'remove') continue;
        const { uid } = action.now;
        uidlist.add({ uid, fields: known.of(uid, base), base });
      }
      leftovers = this.#unclaimed.size;
      for (const name of this.#unclaimed.values()) this.#unlink(name);
      const few = this.#changes <= FEW;
      flushFiles(folder.cur, this.#changes, few ? this.#fresh : messageFiles(folder.cur));
      const fits = sameValidity && summary.appendOnly && !this.#input.repair;
      if (old !== undefined && !fits) dropIndex(folder.dir);
      uidlist.commit();
    } catch (error) {
      uidlist.abandon();
      throw error;
    } finally {
      old?.close();
    }
    // Dovecot notices changes of a folder by the time of cur/ alone.
    folder.cur.setTime(Date.now() / 1000);
    return { listing: this.#sum.listing, leftovers, letters: this.#letters.table };
  }

  /** Processes on other hosts take a lock for abandoned that nobody touches for two minutes. */
  #keepLock(): void {
    const now = Date.now();
    if (now - this.#touched < TOUCH_MS) return;
    this.#touched = now;
    this.#lock.touch();
  }

  /** Does one action; returns the base name under which the message lies in the folder afterwards, if it does. */
  #act(action: Action): string | undefined {
    switch (action.kind) {
      case 'add':
        return this.#add(action.now);
      case 'keep':
      case 'reflag':
        return this.#update(action);
      case 'remove':
        this.#unlink(this.#claim(baseOf(action.old)) ?? this.#nameOf(action.old));
        return undefined;
    }
  }

  #add(now: Scanned): string {
    const { cur, tmp } = this.#input.folder;
    const base = baseOf(now);
    const name = this.#nameOf(now);
    const present = this.#claim(base);
    if (present !== undefined && holdsMessage(cur, present, now)) {
      if (present !== name) cur.rename(present, cur, name);
      if (now.staged) tmp.unlink(stagedName(now.ordinal));
    } else {
      if (present !== undefined) cur.unlink(present);
      if (!now.staged) this.#stage(now);
      tmp.rename(stagedName(now.ordinal), cur, name);
    }
    this.#changed(name);
    this.#checkDate(now, name);
    this.#finish(now, name);
    return base;
  }

  /** File systems end somewhere: ext4 in 1901 and 2446. Looked at only where one may. */
  #checkDate({ uid, date }: Scanned, name: string): void {
    if (Math.abs(date) <= SAFE_DATE) return;
    const stat = this.#input.folder.cur.lstat(name);
    if (stat !== undefined && seconds(stat.mtimeNs) === date) return;
    const message = `INTERNALDATE ${date} (seconds since 1970) is beyond what the file system of the target can store`;
    this.#input.remark('DATE_NOT_KEPT', uid, message);
  }

  #changed(name: string): void {
    if (this.#changes++ < FEW) this.#fresh.push(name);
  }

  #stage(now: Scanned): void {
    const staging = new Staging(this.#input.folder.tmp, this.#input.owner, () => true);
    // The copy counts its one message from 0; the name in tmp/ is that of its place in the spool.
    this.#input.copy(now, {
      begin: () => staging.begin(now.ordinal),
      data: (bytes) => staging.data(bytes),
      end: (date) => staging.end(date),
      drop: () => staging.drop(),
    });
  }

  #update(action: Action & { kind: 'keep' | 'reflag' }): string | undefined {
    const { cur } = this.#input.folder;
    const { old, now } = action;
    const base = baseOf(old);
    const wanted = this.#nameOf(now);
    const before = this.#nameOf(old);
    const present = this.#input.inventory === undefined ? before : this.#claim(base);
    const { interrupted } = this.#input;
    if (present === undefined && interrupted) return this.#add(now);
    if (present === undefined) {
      this.#input.remark(
        'TARGET_MESSAGE_GONE',
        now.uid,
        'was removed from the target since the last pass; left so',
      );
      // The listing says what should be there, so that the next pass looks again instead of trusting a name.
      this.#sum.add(wanted);
      return undefined;
    }
    if ((action.kind === 'reflag' || interrupted) && present !== wanted) {
      cur.rename(present, cur, wanted);
      this.#changed(wanted);
    } else if (action.kind === 'keep' && present !== wanted) {
      this.#input.remark(
        'TARGET_FLAGS_DIFFER',
        now.uid,
        'has other flags in the target since the last pass; left so',
      );
      this.#finish(now, wanted);
      return base;
    }
    this.#finish(now, wanted);
    return base;
  }

  #finish(now: Scanned, name: string): void {
    this.#sum.add(name);
    const { missing } = this.#letters.indexesOf(now.keywords);
    for (const keyword of missing) {
      this.#input.remark(
        'KEYWORD_LOST',
        now.uid,
        `keyword ${keyword} is the 27th or later and cannot be kept in a Maildir`,
      );
    }
  }

  #nameOf(record: MessageRecord): string {
    return baseOf(record) + this.#letters.infoOf(record.flags, record.keywords);
  }

  #claim(base: string): string | undefined {
    const name = this.#unclaimed.get(base);
    this.#unclaimed.delete(base);
    return name;
  }

  #unlink(name: string): void {
    this.#changes++;
    this.#input.folder.cur.unlink(name);
  }
}

/** Seconds since 1970 that every file system can store. */
const SAFE_DATE = 2 ** 31 - 1;

function seconds(ns: bigint): number {
  return Number(ns / 1_000_000_000n);
}

/** Whether a file holds exactly the bytes that its name, one of ours, promises. */
function holdsMessage(cur: Dir, name: string, record: MessageRecord): boolean {
  const file = cur.openFile(name);
  if (file === undefined) return false;
  try {
    if (file.stat.size !== record.size) return false;
    const digest = runningDigest();
    const chunk = Buffer.allocUnsafe(Math.min(record.size, LIMITS.assembly));
    for (let at = 0; at < record.size; ) {
      const got = file.readAt(chunk.subarray(0, Math.min(chunk.length, record.size - at)), at);
      if (got === 0) return false;
      digest.update(chunk.subarray(0, got));
      at += got;
    }
    return digest.hex() === record.digest && seconds(file.stat.mtimeNs) === record.date;
  } finally {
    file.close();
  }
}

/**
 * Dovecot's index of the folder no longer fits after anything but an append: it would give a message with a lower UID
 * a new one, or show the envelope of another (docs/formats.md, "Changing the uidlist from outside"). It is rebuilt
 * from the files at the next opening.
 */
function dropIndex(dir: Dir): void {
  for (const suffix of ['', '.log', '.log.2', '.cache']) dir.unlink(`dovecot.index${suffix}`);
}
