import { MAX_UID } from '../../core/limits.ts';
import { FLAG } from '../../core/types.ts';
import { claimOf } from './claim.ts';
import type {
  MailboxMeta,
  MessageMeta,
  MetadataHeader,
  Numbering,
  Replayed,
  ReplayedStretch,
} from './dialect.ts';
import { flagsOf } from './status-letters.ts';

/**
 * UIDs, flags and keywords as Dovecot's mbox driver computes them from a file that has no index
 * (docs/formats.md, "UID assignment"; observed with Dovecot 2.3.19 and 2.4.1).
 */

/**
 * `UIDVALIDITY [last-UID [keyword…]]`. Dovecot takes one blank behind the colon away and then wants a digit; between the
 * numbers it wants spaces, no tab or folded line. UIDVALIDITY alone counts as well.
 */
const BASE = /^[ \t]?(\d+)(?: *$| +(\d+)(?:\s|$))/;
const UID = /^[ \t]?(\d+)\s*$/;

const STATUS_FLAGS: Readonly<Record<string, number>> = { R: FLAG.seen };
const X_STATUS_FLAGS: Readonly<Record<string, number>> = {
  A: FLAG.answered,
  F: FLAG.flagged,
  T: FLAG.draft,
  D: FLAG.deleted,
};

/** What the hidden headers of one message say, before the rules of the mailbox are applied. */
interface Claims {
  /** The numbers of all X-UID fields: the first that is in order counts. */
  uids: number[];
  flags: number;
  keywords: readonly string[];
  pseudo: boolean;
  remarks: string[];
}

export class DovecotNumbering implements Numbering {
  #uidValidity: number | undefined;
  #next = 1;
  #previous = 0;
  #messages = 0;
  #overflow = false;
  /** Lower-case name to the spelling of the mailbox's list. */
  readonly #keywords = new Map<string, string>();

  message(headers: readonly MetadataHeader[]): MessageMeta | 'pseudo' {
    const claims = this.#read(headers, this.#messages++ === 0);
    if (claims.pseudo) {
      // It gets no UID, but one that it claims is taken all the same.
      this.#previous = this.#acceptable(claims) ?? 0;
      if (this.#previous === this.#next) this.#next++;
      return 'pseudo';
    }
    const uid = this.#assign(claims);
    const { flags, keywords, remarks } = claims;
    const meta = { uid, flags, keywords, ...claimOf(claims.uids, uid) };
    return remarks.length === 0 ? meta : { ...meta, remarks };
  }

  replay({ uid: known, flags, keywords, claim }: Replayed): MessageMeta | undefined {
    if (claim === 'other') return undefined;
    this.#messages++;
    const uids = claim === 'none' ? [] : [known];
    const uid = this.#assign({ uids, flags, keywords, pseudo: false, remarks: [] });
    return { uid, flags, keywords, ...claimOf(uids, uid) };
  }

  /** UIDs below the next one only have to ascend; the next one itself must be followed by the one behind it, and so on. */
  replayStretch({ count, firstUid, lastUid }: ReplayedStretch): boolean {
    const dense = lastUid - firstUid + 1 === count;
    const accepted = lastUid < this.#next || (dense && firstUid <= this.#next);
    if (firstUid <= this.#previous || !accepted || lastUid >= MAX_UID) return false;
    this.#messages += count;
    this.#previous = lastUid;
    this.#next = Math.max(this.#next, lastUid + 1);
    return true;
  }

  finish(): MailboxMeta {
    return {
      uidValidity: this.#overflow ? undefined : this.#uidValidity,
      uidNext: this.#next,
      keywords: [...this.#keywords.values()],
      renumbered: this.#overflow,
    };
  }

  /** In header order, because what X-IMAPbase says holds only for the headers behind it. */
  #read(headers: readonly MetadataHeader[], first: boolean): Claims {
    const claims: Claims = { uids: [], flags: 0, keywords: [], pseudo: false, remarks: [] };
    for (const { name, value } of headers) {
      switch (name.toLowerCase()) {
        case 'x-imap':
        case 'x-imapbase':
          if (first && this.#readBase(value)) claims.pseudo ||= name.length === 'x-imap'.length;
          break;
        case 'x-uid':
          if (first && this.#uidValidity === undefined) break;
          claims.uids.push(...readUid(value));
          break;
        case 'status':
          claims.flags |= flagsOf(value, STATUS_FLAGS);
          break;
        case 'x-status':
          claims.flags |= flagsOf(value, X_STATUS_FLAGS);
          break;
        case 'x-keywords':
          this.#readKeywords(value, claims);
          break;
      }
    }
    return claims;
  }

  /** `UIDVALIDITY last-UID keyword…`; the first valid one counts. */
  #readBase(value: string): boolean {
    const match = BASE.exec(value);
    if (match === null || this.#uidValidity !== undefined) return false;
    const validity = Number(match[1]);
    const last = Number(match[2] ?? 0);
    if (validity === 0 || validity > MAX_UID || last > MAX_UID) return false;
    this.#uidValidity = validity;
    this.#next = last + 1;
    for (const word of words(value.slice(match[0].length))) {
      const key = word.toLowerCase();
      if (!this.#keywords.has(key)) this.#keywords.set(key, word);
    }
    return true;
  }

  /** One unknown word makes Dovecot drop the whole header. The first that it keeps counts. */
  #readKeywords(value: string, claims: Claims): void {
    if (claims.keywords.length > 0) return;
    const names = words(value).map((word) => this.#keywords.get(word.toLowerCase()) ?? '');
    if (!names.includes('')) claims.keywords = [...new Set(names)];
    else claims.remarks.push('X-Keywords names a keyword that X-IMAPbase lacks: Dovecot shows none of them');
  }

  #acceptable({ uids }: Claims): number | undefined {
    return uids.find((claimed) => claimed > this.#previous && claimed <= this.#next);
  }

  #assign(claims: Claims): number {
    const accepted = this.#acceptable(claims);
    const uid = accepted ?? this.#next;
    if (accepted === undefined && claims.uids[0] !== undefined) {
      claims.remarks.push(`X-UID ${claims.uids[0]} is out of order: Dovecot gives UID ${uid}`);
    }
    if (uid >= MAX_UID) this.#overflow = true;
    if (uid === this.#next) this.#next++;
    this.#previous = uid;
    return uid;
  }
}

/** The number of an X-UID field, or none. */
function readUid(value: string): readonly number[] {
  const uid = Number(UID.exec(value)?.[1] ?? 0);
  return uid > 0 && uid <= MAX_UID ? [uid] : [];
}

/** A CR parts no words: in a file with CR LF, a folded keyword is unknown to Dovecot, and so are all of its field. */
function words(value: string): string[] {
  return value.split(/[ \t\n]+/).filter((word) => word !== '');
}
