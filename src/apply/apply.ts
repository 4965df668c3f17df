import { parseInfo } from '../codec/maildir/flags.ts';
import type { KeywordTable } from '../codec/maildir/keywords.ts';
import { releasedBaseName, splitName } from '../codec/maildir/name.ts';
import type { UidlistHeader } from '../codec/maildir/uidlist.ts';
import type { Listing, Marks, Remembered, Scanned } from '../core/message.ts';
import { breathing } from '../io/breathe.ts';
import type { Dir } from '../io/dir.ts';
import { flushFiles } from '../io/durable.ts';
import type { Owner } from '../io/owner.ts';
import type { UidlistLock } from '../io/uidlist-lock.ts';
import { baseOf } from '../maildir/base-of.ts';
import { type Inventory, ListingSum, messageFiles, uidlistStamp } from '../maildir/inspect.ts';
import type { KeywordLetters } from '../maildir/keyword-letters.ts';
import type { TargetFolder } from '../maildir/target-folder.ts';
import { KnownFields, mergeFields, openUidlist, UidlistWriter } from '../maildir/uidlist-file.ts';
import type { Action } from '../plan/action.ts';
import type { ForeignNumber } from '../plan/foreign.ts';
import { targetMarks } from '../plan/marks.ts';
import type { MessageStore } from '../source/maildir/message-store.ts';
import { holdsMessage, keepsDate } from './evidence.ts';
import { type LinkRefused, Staging, stagedName } from './staging.ts';

/**
 * Carries out the plan of one mailbox. The only place that changes a target folder.
 *
 * Order of writes (ARCHITECTURE.md, "Order of writes"): the bytes lie complete in `tmp/`; under the uidlist lock, which
 * the caller holds, come keyword letters, names in `cur/`, one flush for all of these, the uidlist. The manifest is the
 * caller's, afterwards. A kill at any point leaves a folder that the next run brings to the same end: names are a
 * function of the message, so a file that is already there is recognised, and compared byte for byte before it is taken.
 */

export interface ApplyInput {
  readonly folder: TargetFolder;
  readonly lock: UidlistLock;
  readonly owner: Owner | undefined;
  /** What the header of the folder's uidlist will say. */
  readonly numbers: {
    readonly uidValidity: number;
    readonly uidNext: number;
    readonly guid: string;
    /** Fields of the source's header that have no meaning here. */
    readonly extensions: readonly string[];
  };
  readonly plan: Iterable<Action>;
  readonly letters: KeywordLetters;
  /** What lies in the folder, where that is not what the manifest says; `undefined` where it is. */
  readonly inventory: Inventory | undefined;
  /** The names in the folder before. */
  readonly listing: Listing;
  /** Messages of others that have a UID, with the one they will have. */
  readonly foreign: readonly ForeignNumber[];
  /** Whether files with names of ours that no message claims are what a pass left that was cut off, and go. */
  readonly sweep: boolean;
  /** Whether Dovecot's index still fits afterwards: nothing happens but that flags change and mail is appended. */
  readonly keepIndex: boolean;
  /** Whether the records of the uidlist stay as they are, and those of added messages only come behind them. */
  readonly appendOnly: boolean;
  /** Where messages that are files may be linked: hears why one is not. */
  readonly link: LinkRefused | undefined;
  /** Awaited before a message is copied. */
  readonly ready: ((message: Scanned) => Promise<void>) | undefined;
  /** Copies a message that was not staged from the source. */
  copy(message: Scanned, store: MessageStore): void;
  checkSignal(): void;
  remark(code: string, uid: number, message: string): void;
}

/** What a pass has done to a folder. */
export interface Applied {
  readonly listing: Listing;
  /** Files of ours that no message of the source claimed, and that were therefore removed. */
  readonly leftovers: number;
  readonly letters: KeywordTable;
  /** What the uidlist is now, under its lock (`uidlistStamp`). */
  readonly uidlist: string;
}

/** Up to this many changed names are remembered. */
const FEW = 16;

const TOUCH_MS = 10_000;

export function applyPlan(input: ApplyInput): Promise<Applied> {
  return new Application(input).run();
}

class Application {
  readonly #input: ApplyInput;
  readonly #letters: KeywordLetters;
  readonly #sum: ListingSum;
  /** Files with names of ours that no action has named yet. */
  readonly #unclaimed: Map<string, string>;
  /** Names that are new in `cur/`; beyond a few, only their number matters. */
  readonly #fresh: string[] = [];
  #changes = 0;
  #touched = Date.now();

  constructor(input: ApplyInput) {
    this.#input = input;
    this.#letters = input.letters;
    this.#sum = new ListingSum(input.listing);
    this.#unclaimed = new Map(input.inventory?.own);
  }

  async run(): Promise<Applied> {
    const { folder, owner, numbers, keepIndex, sweep } = this.#input;
    this.#letters.write(folder.dir, owner);
    const old = openUidlist(folder.dir);
    const present = old?.header?.uidValidity === numbers.uidValidity ? old.header.extensions : [];
    const others = present.filter((field) => numbers.extensions.every((own) => own[0] !== field[0]));
    const header: UidlistHeader = { version: 3, ...numbers, extensions: [...numbers.extensions, ...others] };
    const uidlist = new UidlistWriter(folder.dir, owner, header);
    let leftovers = 0;
    try {
      const { appendOnly } = this.#input;
      if (old !== undefined && appendOnly) uidlist.addAll(old);
      const known = appendOnly || old?.header === undefined ? undefined : old;
      await this.#walk(uidlist, new KnownFields(known));
      if (sweep) {
        leftovers = this.#unclaimed.size;
        for (const name of this.#unclaimed.values()) this.#unlink(name);
      }
      flushFiles(folder.cur, this.#changes, this.#changes <= FEW ? this.#fresh : messageFiles(folder.cur));
      if (old !== undefined && !keepIndex) dropIndex(folder.dir);
      uidlist.commit();
    } catch (error) {
      uidlist.abandon();
      throw error;
    } finally {
      old?.close();
    }
    // Dovecot notices changes of a folder by the time of cur/ alone.
    folder.cur.setTime(Date.now() / 1000);
    const { listing } = this.#sum;
    return { listing, leftovers, letters: this.#letters.table, uidlist: uidlistStamp(folder) };
  }

  /** Does all actions, and writes the records of ours and of others in the order of their UIDs. */
  async #walk(uidlist: UidlistWriter, known: KnownFields): Promise<void> {
    const others = [...this.#input.foreign];
    const upTo = (uid: number) => {
      while (others[0] !== undefined && others[0].uid < uid) {
        const { uid: number, record } = others.shift() as ForeignNumber;
        uidlist.add({ ...record, uid: number });
      }
    };
    for await (const action of breathing(this.#input.plan)) {
      this.#input.checkSignal();
      this.#keepLock();
      const { ready } = this.#input;
      if (ready !== undefined && 'now' in action && !action.now.staged) await ready(action.now);
      this.#act(action);
      const before = 'old' in action ? action.old.fields : undefined;
      for (const record of this.#listed(action)) {
        const { uid } = record;
        const base = baseOf(record);
        upTo(uid);
        uidlist.add({ uid, fields: mergeFields(known.of(uid, base), before, record.fields), base });
      }
    }
    upTo(Number.POSITIVE_INFINITY);
  }

  /** Messages that need a record in the uidlist. */
  #listed(action: Action): Iterable<Remembered> {
    if (this.#input.appendOnly) return action.kind === 'add' ? [action.next] : [];
    if (action.kind === 'keep-stretch') return action.stretch.records();
    return 'next' in action && action.kind !== 'leave' ? [action.next] : [];
  }

  /** Processes on other hosts take a lock for abandoned that nobody touches for two minutes. */
  #keepLock(): void {
    const now = Date.now();
    if (now - this.#touched < TOUCH_MS) return;
    this.#touched = now;
    this.#input.lock.touch();
  }

  #act(action: Action): void {
    switch (action.kind) {
      case 'add':
        this.#add(action.now, action.next);
        break;
      case 'keep':
        this.#claim(baseOf(action.old));
        break;
      case 'reflag':
        this.#rename(this.#present(action.old), action.next, action.old.extra);
        break;
      case 'renumber':
        this.#renumber(action.old, action.now, action.next);
        break;
      case 'remove':
        this.#unlink(this.#present(action.old));
        break;
      case 'release':
        this.#release(this.#present(action.old));
        break;
      case 'keep-stretch':
      case 'leave':
      case 'forget':
        break;
    }
  }

  #add(now: Scanned, next: Remembered): void {
    const { cur, tmp } = this.#input.folder;
    const name = this.#nameOf(next);
    const present = this.#claim(baseOf(next));
    if (present !== undefined && holdsMessage(cur, present, next)) {
      if (present !== name) this.#move(present, name);
      // Written by a pass that was cut off before it flushed: it counts as new.
      else this.#changed(name);
      if (now.staged) tmp.unlink(stagedName(now.ordinal));
    } else {
      if (present !== undefined) this.#unlink(present);
      if (!now.staged) this.#stage(now);
      tmp.rename(stagedName(now.ordinal), cur, name);
      this.#changed(name);
      this.#sum.add(name);
    }
    if (!keepsDate(cur, name, now.date)) {
      const message = `INTERNALDATE ${now.date} (seconds since 1970) is beyond what the file system of the target can store`;
      this.#input.remark('DATE_NOT_KEPT', now.uid, message);
    }
    this.#missLetters(next);
  }

  #stage(now: Scanned): void {
    const { folder, owner, link } = this.#input;
    const staging = new Staging(folder.tmp, {
      owner,
      link,
      wanted: () => true,
      beforeChange: () => undefined, // the caller holds all locks
    });
    // The copy counts its one message from 0; the name in tmp/ is that of its place in the spool.
    this.#input.copy(now, {
      begin: () => staging.begin(now.ordinal),
      data: (bytes) => staging.data(bytes),
      end: (date) => staging.end(date),
      drop: () => staging.drop(),
      takeFile: (placed) => staging.takeFile(placed),
    });
  }

  /** A pass that was cut off may have renamed the file already, or to yet another UID. */
  #renumber(old: Remembered, now: Scanned, next: Remembered): void {
    const { inventory } = this.#input;
    const own = inventory?.own;
    if (own === undefined || own.has(baseOf(old))) this.#rename(this.#present(old), next, old.extra);
    else if (own.has(baseOf(next))) this.#rename(this.#present(next), next, old.extra);
    else this.#add(now, next);
  }

  /** `extra`: the letters without a meaning that a pass brought over; what else is there stays. */
  #rename(present: string, next: Remembered, extra: string | undefined): void {
    const { unknown } = parseInfo(splitName(present).info);
    const kept = extra === next.extra ? unknown : (next.extra ?? '');
    const name = baseOf(next) + this.#letters.infoOf(targetMarks(next), kept);
    const other = this.#claim(baseOf(next));
    if (other !== undefined && other !== present && other !== name) this.#unlink(other);
    if (present !== name) this.#move(present, name);
    this.#missLetters(next);
  }

  #release(present: string): void {
    const { base, info } = splitName(present);
    this.#move(present, releasedBaseName(base) + info);
  }

  #missLetters({ uid, ...record }: Remembered): void {
    for (const keyword of this.#letters.indexesOf(targetMarks({ uid, ...record }).keywords).missing) {
      const message = `keyword ${keyword} is the 27th or later and cannot be kept in a Maildir`;
      this.#input.remark('KEYWORD_LOST', uid, message);
    }
  }

  /** The name that a message has in `cur/` now. */
  #present(old: Remembered): string {
    return this.#claim(baseOf(old)) ?? this.#nameOf(old);
  }

  #nameOf(record: Remembered): string {
    const marks: Marks = targetMarks(record);
    return baseOf(record) + this.#letters.infoOf(marks, record.extra);
  }

  #claim(base: string): string | undefined {
    const name = this.#unclaimed.get(base);
    this.#unclaimed.delete(base);
    return name;
  }

  #move(from: string, to: string): void {
    const { cur } = this.#input.folder;
    cur.rename(from, cur, to);
    this.#sum.remove(from);
    this.#sum.add(to);
    this.#changed(to);
  }

  #unlink(name: string): void {
    this.#changes++;
    if (this.#input.folder.cur.unlink(name)) this.#sum.remove(name);
  }

  #changed(name: string): void {
    if (this.#changes++ < FEW) this.#fresh.push(name);
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
