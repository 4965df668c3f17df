import { digestOf } from '../codec/digest.ts';
import type { HeaderUidl } from '../codec/header-uidl.ts';
import { defaultUidl, formatUidl, isUniqueByUid, judgeUidl, type OldUidls } from '../codec/pop3-uidl.ts';
import type { CarriedField, Finding, MessageRecord, Scanned } from '../core/message.ts';
import { isStretch, type Stretch } from '../core/stretch.ts';
import type { Remark, RunContext } from './context.ts';
import type { FolderJob } from './jobs.ts';
import { baseOf, type ListingOrder, ranksOf } from './pop3-order.ts';
import type { OpenSource } from './source-view.ts';

/**
 * Makes the new server's POP3 show the UIDLs and the order of the old one: `P` and `O` among the fields of the records of an
 * INBOX, where the new server would show something else without them (docs/formats.md, "POP3 UIDLs").
 */

/** What a source knows of its POP3 server beside its records. */
export interface Pop3Source {
  readonly kind: 'mbox' | 'maildir';
  /** Of Courier's own list, by base name; `undefined`: it left none. */
  readonly listed?: ReadonlyMap<string, string> | undefined;
  /** Whether the source itself says in which order POP3 lists its messages. */
  readonly ordered: boolean;
  /** Printable. */
  readonly place: string;
  readonly remark: Remark;
}

/** POP3 shows no mailbox but INBOX: a context in which nobody asks for the UIDLs of another. */
export function askedFor(context: RunContext, { folder }: Pick<FolderJob, 'folder'>): RunContext {
  if (folder === '' || context.reading.uidls === undefined) return context;
  return { ...context, reading: { ...context.reading, uidls: undefined } };
}

/** What must be noted of the header of each message of an mbox. */
export function headerUidlOf(uidls: OldUidls | undefined): HeaderUidl | undefined {
  if (uidls?.kind === 'x-uidl') return 'x-uidl';
  return uidls?.letters.has('m') || uidls?.letters.has('g') ? 'md5' : undefined;
}

/** The same source, its records with the fields that keep its UIDLs. Walks through them once, and says what is odd. */
export function withUidls(source: OpenSource, uidls: OldUidls | undefined, pop3: Pop3Source): OpenSource {
  if (uidls === undefined) return source;
  const keeper = new UidlKeeper(source, uidls, pop3);
  const findings = keeper.survey();
  for (const { code, message } of findings)
    pop3.remark('finding', code, message, { place: pop3.kind === 'mbox' ? `${pop3.place}:0` : pop3.place });
  const { list, more } = source.findings;
  return {
    ...source,
    findings: { list: [...list, ...findings], more },
    records: () => keeper.records(),
    items: () => keeper.items(),
  };
}

class UidlKeeper {
  readonly #source: OpenSource;
  readonly #uidls: OldUidls;
  readonly #pop3: Pop3Source;
  /** UIDVALIDITY of the source, where it has one. */
  readonly #validity: number | undefined;
  /** Place in POP3's order by place in the folder, 0 for none: four bytes a message. */
  #ranks: Uint32Array | undefined;

  constructor(source: OpenSource, uidls: OldUidls, pop3: Pop3Source) {
    this.#source = source;
    this.#uidls = uidls;
    this.#pop3 = pop3;
    const facts = source.facts(undefined, 1);
    this.#validity = facts.numbered ? facts.uidValidity : undefined;
  }

  survey(): readonly Finding[] {
    const order = this.#order();
    if (order !== undefined && !this.#pop3.ordered) this.#ranks = ranksOf(order, this.#source.records());
    const survey = new Survey(isUniqueByUid(this.#uidls));
    if (this.#isUnknown()) return [this.#finding('UIDL_UNKNOWN', this.#whyUnknown())];
    for (const record of this.#source.records()) {
      const own = this.#carried(record).some(([letter]) => letter === 'P');
      if (!own) survey.add(record.uid, this.#oldUidl(record));
    }
    return survey.results().map(([code, message]) => this.#finding(code, message));
  }

  *records(): Generator<Scanned, void, void> {
    for (const record of this.#source.records()) yield this.#kept(record);
  }

  /**
   * What comes as a stretch of an mbox has the fields that it needs: nothing of it has changed since they were found out. In a
   * Maildir its place in the order may be another now.
   */
  *items(): Generator<Scanned | Stretch, void, void> {
    if (this.#pop3.kind === 'maildir') yield* this.records();
    else for (const item of this.#source.items()) yield isStretch(item) ? item : this.#kept(item);
  }

  #kept(record: Scanned): Scanned {
    const carried = this.#carried(record);
    const fields: CarriedField[] = [...carried];
    const uidl = carried.some(([letter]) => letter === 'P') ? undefined : this.#written(record);
    if (uidl !== undefined) fields.push(['P', uidl]);
    const rank = this.#ranks?.[record.ordinal] ?? 0;
    if (rank > 0) fields.push(['O', String(rank)]);
    const { fields: _fields, ...rest } = record;
    return fields.length === 0 && this.#pop3.kind === 'mbox' ? rest : { ...rest, fields };
  }

  /** Fields of the source's own: an mbox has none, and what its records bear an earlier pass has put there. */
  #carried({ fields = [] }: MessageRecord): readonly CarriedField[] {
    if (this.#pop3.kind === 'mbox') return [];
    return this.#pop3.ordered ? fields : fields.filter(([letter]) => letter !== 'O');
  }

  /** The UIDL to be written: not where the new server shows it anyway. */
  #written(record: MessageRecord): string | undefined {
    const old = this.#isUnknown() ? undefined : this.#oldUidl(record);
    if (old === undefined || judgeUidl(old) === 'unusable') return undefined;
    const shown = this.#validity === undefined ? undefined : defaultUidl(record.uid, this.#validity);
    return old === shown ? undefined : old;
  }

  #oldUidl(record: MessageRecord): string | undefined {
    const { kind } = this.#uidls;
    if (kind === 'x-uidl') return record.uidl;
    if (kind === 'courier') return this.#pop3.listed?.get(baseOf(record));
    const isMbox = this.#pop3.kind === 'mbox';
    return formatUidl(this.#uidls, {
      u: record.uid,
      v: this.#validity ?? 0,
      g: isMbox ? record.uidl : guidOf(record),
      f: isMbox ? undefined : baseOf(record),
      m: record.uidl,
    });
  }

  #isUnknown(): boolean {
    const { kind, letters } = this.#uidls;
    if (kind === 'courier') return this.#pop3.listed === undefined;
    return this.#validity === undefined && (letters.has('u') || letters.has('v'));
  }

  #whyUnknown(): string {
    const why =
      this.#uidls.kind === 'courier'
        ? 'there is no courierpop3dsizelist of version 2 or 3'
        : 'the source has no UIDs of its own';
    return `${why}, so that its UIDLs are not known: the new server’s count, and POP3 clients may fetch all mail again`;
  }

  #order(): ListingOrder | undefined {
    if (this.#uidls.kind === 'qmail') return 'mtime';
    return this.#uidls.kind === 'courier' && this.#pop3.listed !== undefined ? 'courier' : undefined;
  }

  #finding(code: string, message: string): Finding {
    return { code, offset: 0, message, ...(this.#pop3.kind === 'maildir' && { file: '' }) };
  }
}

function guidOf(record: MessageRecord): string {
  return record.fields?.find(([letter]) => letter === 'G')?.[1] ?? baseOf(record);
}

/** What is odd about the UIDLs of a mailbox: how many messages, and the first of them. */
class Survey {
  readonly #unique: boolean;
  /** Digests, cut to what a number holds: some 40 bytes a message, only where UIDs do not make UIDLs unique. */
  readonly #seen = new Set<number>();
  readonly #first = new Map<string, number>();
  readonly #count = new Map<string, number>();

  constructor(unique: boolean) {
    this.#unique = unique;
  }

  add(uid: number, uidl: string | undefined): void {
    if (uidl === undefined) return;
    const verdict = judgeUidl(uidl);
    if (verdict === 'unusable') this.#note('UIDL_UNUSABLE', uid);
    if (verdict === 'odd') this.#note('UIDL_ODD', uid);
    if (this.#unique || verdict === 'unusable') return;
    const digest = Number.parseInt(digestOf(Buffer.from(uidl, 'latin1')).slice(0, 13), 16);
    if (this.#seen.has(digest)) this.#note('UIDL_EQUAL', uid);
    this.#seen.add(digest);
  }

  results(): [code: string, message: string][] {
    return [...this.#count].map(([code, count]) => {
      const first = this.#first.get(code) ?? 0;
      const which = first === 0 ? '' : ` (the first has UID ${first})`;
      return [code, `${count} ${count === 1 ? 'message' : 'messages'}${which} ${WORDS[code] ?? ''}`];
    });
  }

  #note(code: string, uid: number): void {
    if (!this.#first.has(code)) this.#first.set(code, uid);
    this.#count.set(code, (this.#count.get(code) ?? 0) + 1);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  UIDL_UNUSABLE:
    'had a UIDL that is empty or has blanks or control characters, which a uidlist cannot hold: the new server’s counts, and POP3 clients may fetch them again',
  UIDL_ODD:
    'had a UIDL that RFC 1939 does not allow (1 to 70 bytes from 0x21 to 0x7E): it was kept as it was shown',
  UIDL_EQUAL: 'had the UIDL of another message: both were kept as they were shown',
};
