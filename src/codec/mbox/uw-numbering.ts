import { MAX_UID } from '../../core/limits.ts';
import { claimOf } from './claim.ts';
import type {
  MailboxMeta,
  MessageMeta,
  MetadataHeader,
  Numbering,
  Replayed,
  ReplayedStretch,
} from './dialect.ts';
import { flagsOf, STATUS_LETTERS } from './status-letters.ts';

/**
 * UIDs, flags and keywords as UW c-client computes them when it opens a mailbox (docs/formats-uw.md, "UIDs"; observed
 * with c-client 2007f). Field names count only in the spelling that c-client writes; it hides others, but does not
 * read them.
 */

/** Lower-case names of the fields that c-client keeps for itself, in whatever case they are spelled. */
export const UW_HIDDEN_HEADERS: ReadonlySet<string> = new Set([
  'status',
  'x-imap',
  'x-imapbase',
  'x-keywords',
  'x-status',
  'x-uid',
]);

/** `UIDVALIDITY last-UID`, parted by blanks only; keywords follow. */
const BASE = /^ *(\d+) +(\d+)/;

/** Keywords that a mailbox can have, and the length of one. */
const MAX_KEYWORDS = 30;
const MAX_KEYWORD = 50;

/** The message at hand. */
interface Draft {
  readonly first: boolean;
  pseudo: boolean;
  uid: number;
  flags: number;
  readonly keywords: Set<string>;
  readonly remarks: string[];
  /** The numbers of all X-UID fields, whether or not they count. */
  readonly named: number[];
}

export class UwNumbering implements Numbering {
  #uidValidity: number | undefined;
  #last = 0;
  #previous = 0;
  #messages = 0;
  /** The mailbox's list by position; a place is empty where the name was too long. */
  readonly #keywords: (string | undefined)[] = [];

  message(headers: readonly MetadataHeader[]): MessageMeta | 'pseudo' {
    const first = this.#messages++ === 0;
    const draft: Draft = {
      first,
      pseudo: false,
      uid: 0,
      flags: 0,
      keywords: new Set(),
      remarks: [],
      named: [],
    };
    for (const { name, value } of headers) this.#read(draft, name, value.split(/\r?\n|\0/, 1)[0] ?? '');
    if (draft.pseudo) return 'pseudo';
    if (draft.uid === 0) this.#previous = draft.uid = ++this.#last;
    const { uid, flags, remarks } = draft;
    const keywords = [...draft.keywords];
    const claim = this.#hasGap ? ({ claim: 'other' } as const) : claimOf(draft.named, uid);
    const meta = { uid, flags, keywords, ...claim };
    return remarks.length === 0 ? meta : { ...meta, remarks };
  }

  /** A UID out of order voids all UIDs before it: then only the headers can tell. */
  replay({ uid: known, flags, keywords, claim }: Replayed): MessageMeta | undefined {
    const counts = claim === undefined && this.#uidValidity !== undefined;
    if (claim === 'other' || this.#hasGap || (counts && known <= this.#previous)) return undefined;
    this.#messages++;
    const uid = counts ? known : this.#last + 1;
    this.#previous = uid;
    this.#last = Math.max(this.#last, uid);
    return { uid, flags, keywords, ...claimOf(claim === 'none' ? [] : [known], uid) };
  }

  replayStretch({ count, firstUid, lastUid }: ReplayedStretch): boolean {
    if (this.#uidValidity === undefined || this.#hasGap || firstUid <= this.#previous) return false;
    this.#messages += count;
    this.#previous = lastUid;
    this.#last = Math.max(this.#last, lastUid);
    return true;
  }

  /** Where the list has an empty place, which names count cannot be told from those that are shown. */
  get #hasGap(): boolean {
    return this.#keywords.includes(undefined);
  }

  /** c-client counts on beyond 32 bits, where no client can follow. */
  finish(): MailboxMeta {
    const overflow = this.#last >= MAX_UID;
    const valid = !overflow && this.#uidValidity !== undefined && this.#uidValidity <= MAX_UID;
    const names = new Map<string, string>();
    for (const name of this.#keywords) {
      if (name !== undefined && !names.has(lower(name))) names.set(lower(name), name);
    }
    return {
      uidValidity: valid ? this.#uidValidity : undefined,
      uidNext: this.#last + 1,
      keywords: [...names.values()],
      renumbered: overflow,
    };
  }

  /** In header order, because what X-IMAPbase says holds only for the headers behind it. */
  #read(draft: Draft, name: string, value: string): void {
    switch (name) {
      case 'X-IMAP':
      case 'X-IMAPbase':
        if (draft.first && this.#readBase(value)) draft.pseudo ||= name === 'X-IMAP';
        break;
      case 'X-UID':
        draft.named.push(numberIn(value));
        if (this.#uidValidity !== undefined && !draft.pseudo) this.#readUid(draft, value);
        break;
      case 'Status':
      case 'X-Status':
        draft.flags |= flagsOf(value, STATUS_LETTERS);
        break;
      case 'X-Keywords':
        this.#readKeywords(draft, value);
        break;
      default:
        if (!UW_HIDDEN_HEADERS.has(name.toLowerCase())) break;
        draft.remarks.push(
          `${name} is not spelled as c-client does: a UW server hides it, but does not read it`,
        );
    }
  }

  /** The first valid one counts. @returns whether it was this one */
  #readBase(value: string): boolean {
    const match = BASE.exec(value);
    if (match === null || this.#uidValidity !== undefined) return false;
    const validity = Number(match[1]);
    if (validity === 0) return false;
    this.#uidValidity = validity;
    this.#last = Number(match[2]);
    // A second one, behind an X-UID that voided the first, leaves keywords that it does not replace.
    for (const [at, word] of words(value.slice(match[0].length)).slice(0, MAX_KEYWORDS).entries()) {
      this.#keywords[at] = word.length <= MAX_KEYWORD ? word : undefined;
    }
    return true;
  }

  /** UIDs must ascend, and a message has one. If not, all UIDs so far known to clients are void. */
  #readUid(draft: Draft, value: string): void {
    const uid = numberIn(value);
    if (draft.uid === 0 && uid > this.#previous) {
      this.#previous = draft.uid = uid;
      this.#last = Math.max(this.#last, uid);
      return;
    }
    this.#uidValidity = undefined;
    draft.uid = 0;
    draft.remarks.push(`X-UID ${uid} is out of order: a UW server starts a new UIDVALIDITY here`);
  }

  /** Unknown words are passed over. */
  #readKeywords(draft: Draft, value: string): void {
    const gap = this.#keywords.indexOf(undefined);
    const known = gap < 0 ? this.#keywords : this.#keywords.slice(0, gap); // the search ends at an empty place
    for (const word of words(value)) {
      const name = known.find((candidate) => candidate !== undefined && lower(candidate) === lower(word));
      if (name !== undefined) draft.keywords.add(name);
      else
        draft.remarks.push(`X-Keywords names ${word}, which X-IMAPbase lacks: a UW server does not show it`);
    }
  }
}

/** 0 where there is none. */
function numberIn(value: string): number {
  return Number(/^ *(\d+)/.exec(value)?.[1] ?? 0);
}

/** Only the blank parts words; a tab is a part of one. */
function words(value: string): string[] {
  return value.split(' ').filter((word) => word !== '');
}

/** ASCII only, as c-client compares. */
function lower(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
