import { LIMITS } from '../../core/limits.ts';
import { FLAG } from '../../core/types.ts';
import type { MailboxMeta, MessageMeta, MetadataHeader, Numbering, Replayed } from './dialect.ts';
import { flagsOf, STATUS_LETTERS } from './status-letters.ts';

/**
 * UIDs 1, 2, 3 … in file order for a file that no mail server numbered. Flags and keywords come from what a mail
 * program left in the header: Status and X-Status (one set of letters for both, as mutt and c-client read them),
 * X-Keywords, and Mozilla's X-Mozilla-Status, -Status2 and -Keys.
 */

/** Bits of X-Mozilla-Status, hexadecimal (docs/formats.md, "Mozilla's status fields"). */
const MOZILLA = {
  read: 0x0001,
  replied: 0x0002,
  marked: 0x0004,
  expunged: 0x0008,
  forwarded: 0x1000,
} as const;

/** Bits of X-Mozilla-Status2, hexadecimal. */
const MOZILLA2 = { imapDeleted: 0x0020_0000, receiptSent: 0x0080_0000 } as const;

/** The pseudo message of c-client and Dovecot, should a file with one be read by these rules. */
const INTERNAL_DATA = /^\s*\d+\s+\d+(?:\s|$)/;

interface Claims {
  flags: number;
  keywords: string[];
  remarks: string[];
}

export class PlainNumbering implements Numbering {
  #uid = 0;
  #messages = 0;
  /** Lower-case name to the spelling seen first, in the order seen. */
  readonly #keywords = new Map<string, string>();
  /** Characters of these names. */
  #letters = 0;

  /** `keywords`: names whose spelling is known from elsewhere. */
  constructor(keywords: readonly string[] = []) {
    for (const word of keywords) this.#spelling(word);
  }

  message(headers: readonly MetadataHeader[]): MessageMeta | 'pseudo' {
    const claims: Claims = { flags: 0, keywords: [], remarks: [] };
    const first = this.#messages++ === 0;
    for (const { name, value } of headers) {
      const key = name.toLowerCase();
      if (first && key === 'x-imap' && INTERNAL_DATA.test(value)) return 'pseudo';
      readField(key, value, claims);
    }
    const { flags, remarks } = claims;
    const names = claims.keywords.map((word) => this.#spelling(word));
    if (names.includes(undefined))
      remarks.push('the mailbox has more keywords than can be kept: some are left out');
    const keywords = [...new Set(names.filter((name) => name !== undefined))];
    const meta = { uid: ++this.#uid, flags, keywords, claim: 'none' } as const;
    return remarks.length === 0 ? meta : { ...meta, remarks };
  }

  /** Which spelling of a keyword counts depends on all messages before; without keywords, nothing does. */
  replay({ flags, keywords }: Replayed): MessageMeta | undefined {
    if (keywords.length > 0) return undefined;
    this.#messages++;
    return { uid: ++this.#uid, flags, keywords, claim: 'none' };
  }

  /** No message claims a UID here. */
  replayStretch(): boolean {
    return false;
  }

  finish(): MailboxMeta {
    const keywords = [...this.#keywords.values()];
    return { uidValidity: undefined, uidNext: this.#uid + 1, keywords, renumbered: false };
  }

  /** IMAP keywords differ by more than case, so the spelling seen first counts. `undefined`: there are too many. */
  #spelling(word: string): string | undefined {
    const key = word.toLowerCase();
    const known = this.#keywords.get(key);
    if (known !== undefined) return known;
    this.#letters += word.length;
    if (this.#letters > LIMITS.keywordNames) return undefined;
    this.#keywords.set(key, word);
    return word;
  }
}

function readField(key: string, value: string, claims: Claims): void {
  switch (key) {
    case 'status':
    case 'x-status':
      claims.flags |= flagsOf(value, STATUS_LETTERS);
      break;
    case 'x-keywords':
    case 'x-mozilla-keys':
      claims.keywords.push(...value.split(/\s+/).filter((word) => word !== ''));
      break;
    case 'x-mozilla-status':
      readMozilla(hex(value, 4), claims);
      break;
    case 'x-mozilla-status2':
      readMozilla2(hex(value, 8), claims);
      break;
  }
}

function readMozilla(bits: number, claims: Claims): void {
  if ((bits & MOZILLA.read) !== 0) claims.flags |= FLAG.seen;
  if ((bits & MOZILLA.replied) !== 0) claims.flags |= FLAG.answered;
  if ((bits & MOZILLA.marked) !== 0) claims.flags |= FLAG.flagged;
  if ((bits & MOZILLA.forwarded) !== 0) claims.keywords.push('$Forwarded');
  if ((bits & MOZILLA.expunged) === 0) return;
  claims.flags |= FLAG.deleted;
  claims.remarks.push(
    'X-Mozilla-Status says that the message was deleted and waits for compaction: it gets \\Deleted',
  );
}

function readMozilla2(bits: number, claims: Claims): void {
  if ((bits & MOZILLA2.imapDeleted) !== 0) claims.flags |= FLAG.deleted;
  if ((bits & MOZILLA2.receiptSent) !== 0) claims.keywords.push('$MDNSent');
}

/** 0 where the value is no hexadecimal number of at most `digits` digits. */
function hex(value: string, digits: number): number {
  const text = value.trim();
  return text.length <= digits && /^[0-9a-f]+$/i.test(text) ? Number.parseInt(text, 16) : 0;
}
