import { assert } from '../../core/errors.ts';
import type { Severity } from '../../core/events.ts';
import type { Claim, MessageRecord } from '../../core/message.ts';
import type { StretchSummary } from '../../core/stretch.ts';
import type { Unquote } from '../../core/types.ts';
import { parseDateHeader } from '../date-header.ts';
import { type HeaderUidl, headerUidl, UIDL_FIELDS } from '../header-uidl.ts';
import type { Zone } from '../time-zone.ts';
import { Assembler } from './assembler.ts';
import { ContentFilter, claimedLength } from './content-filter.ts';
import type { MailboxMeta, MboxDialect, MetadataHeader, Numbering } from './dialect.ts';
import type { FramerSink, MessageStart } from './framing.ts';
import { Unquoter } from './unquote.ts';

/** Where the bytes of the messages go, one message after another. */
export interface ContentStore {
  /** Opens message `ordinal` (from 0); false if its bytes are not wanted. */
  begin(ordinal: number): boolean;
  /** `bytes` is valid only during the call. */
  data(bytes: Uint8Array): void;
  /** The message is complete; `date` is its INTERNALDATE, seconds since 1970. */
  end(date: number): void;
  /** The message is none (the pseudo message of an mbox): forget it. */
  drop(): void;
}

/** The store of a scan that only wants to know what the messages are. */
export const NOWHERE: ContentStore & { clear(): void } = {
  begin: () => false,
  data: () => undefined,
  end: () => undefined,
  drop: () => undefined,
  clear: () => undefined,
};

/** What the scanner has to say about one place of the file. */
export interface ScanRemark {
  readonly severity: Severity;
  readonly code: string;
  readonly offset: number;
  readonly uid?: number;
  readonly message: string;
}

export interface ScanOptions {
  readonly dialect: MboxDialect;
  readonly zone: Zone;
  readonly unquote: Unquote;
  /** What is noted of each message's header for its UIDL; absent: nothing. */
  readonly uidl?: HeaderUidl | undefined;
  /** INTERNALDATE of a message that has no date at all: the file's own, seconds since 1970. */
  readonly fallbackDate: number;
  /** Whether a date (seconds since 1970) can be true; without: any can. One that cannot counts where there is no other. */
  readonly canBe?: ((date: number) => boolean) | undefined;
  readonly store: ContentStore;
  onMessage(record: MessageRecord, ordinal: number, stored: boolean): void;
  remark(remark: ScanRemark): void;
}

/** What a whole file comes to. */
export interface ScanTotals extends MailboxMeta {
  readonly messages: number;
  /** Bytes before the first message that belong to none. */
  readonly leading: number;
  /** Lines from which `>From ` quoting was taken. */
  readonly unquoted: number;
}

function withNumbers(
  { claim: _claim, ...content }: MessageRecord,
  uid: number,
  claim?: Claim,
): MessageRecord {
  return { ...content, uid, ...(claim !== undefined && { claim }) };
}

/** The rules, with the fields that UIDLs follow from read, too; they stay in the message. */
function withUidlFields({ dialect, uidl }: ScanOptions): MboxDialect {
  if (uidl === undefined) return dialect;
  return { ...dialect, readHeaders: new Set([...(dialect.readHeaders ?? []), ...UIDL_FIELDS[uidl]]) };
}

/** A line was taken for a separator on weak evidence. */
export const WEAK_SEPARATOR = 'WEAK_SEPARATOR';

/** Turns the framer's events into messages with everything a server knew about them. */
export class MessageScanner implements FramerSink {
  readonly #options: ScanOptions;
  readonly #filter: ContentFilter;
  readonly #unquoter: Unquoter;
  readonly #assembler: Assembler;
  readonly #numbering: Numbering;
  #start: MessageStart | undefined;
  #headers: readonly MetadataHeader[] = [];
  #ordinal = 0;
  #storing = false;
  #leading = 0;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#numbering = options.dialect.numbering();
    this.#assembler = new Assembler((bytes) => {
      if (this.#storing) options.store.data(bytes);
    });
    this.#filter = new ContentFilter(withUidlFields(options), (buf, start, end) =>
      this.#assembler.write(buf, start, end),
    );
    this.#unquoter = new Unquoter(options.unquote, (buf, start, end) =>
      this.#assembler.write(buf, start, end),
    );
  }

  begin(start: MessageStart): void {
    this.#start = start;
    this.#headers = [];
    this.#filter.begin();
    this.#storing = this.#options.store.begin(this.#ordinal);
  }

  header(buf: Uint8Array, start: number, end: number, first: boolean): void {
    this.#filter.header(buf, start, end, first);
  }

  headerEnd(): number | undefined {
    this.#headers = this.#filter.headerEnd();
    if (this.#filter.truncated) {
      this.#remark('finding', 'HEADER_TOO_LONG', 'a metadata header is too long and was read only in part');
    }
    return claimedLength(this.#headers);
  }

  body(buf: Uint8Array, start: number, end: number): void {
    this.#unquoter.push(buf, start, end);
  }

  end(end: number, disbelieved: boolean): void {
    const { store } = this.#options;
    this.#unquoter.end();
    const meta = this.#numbering.message(this.#headers);
    if (meta === 'pseudo') {
      this.#assembler.reset();
      if (this.#storing) store.drop();
      return;
    }
    const measure = this.#assembler.finish();
    const own = this.#ownDate();
    const date = own ?? this.#options.fallbackDate;
    if (this.#storing) store.end(date);
    const { uid, flags, keywords, remarks = [] } = meta;
    for (const text of remarks) this.#remark('note', 'METADATA', text, uid);
    assert(this.#start !== undefined, 'a message ends that never began');
    const claim = disbelieved || own === undefined ? 'other' : meta.claim;
    const uidl = this.#uidl();
    const place = { start: this.#start.content, end, ...(claim !== undefined && { claim }) };
    const record = { uid, flags, keywords, date, ...measure, ...place, ...(uidl !== undefined && { uidl }) };
    this.#options.onMessage(record, this.#ordinal++, this.#storing);
  }

  doubt(offset: number, taken: boolean, why: string): void {
    const code = taken ? WEAK_SEPARATOR : 'DOUBTFUL_LINE';
    this.#options.remark({ severity: 'finding', code, offset, message: why });
  }

  leading(length: number): void {
    this.#leading += length;
  }

  /** Takes over the next message from an earlier reading; false where only its bytes can tell what it is. */
  replay(known: MessageRecord): boolean {
    const meta = this.#numbering.replay(known);
    if (meta === undefined) return false;
    const { uid, claim } = meta;
    const same = uid === known.uid && claim === known.claim;
    this.#options.onMessage(same ? known : withNumbers(known, uid, claim), this.#ordinal++, false);
    return true;
  }

  /** Takes over the next messages from an earlier reading as one; false where they must be looked at one by one. */
  replayStretch(known: StretchSummary): boolean {
    if (!this.#numbering.replayStretch(known)) return false;
    this.#ordinal += known.count;
    return true;
  }

  /** What is known of the mailbox so far. */
  get mailbox(): MailboxMeta {
    return this.#numbering.finish();
  }

  /** Call when the framer has ended. */
  finish(): ScanTotals {
    const { changed: unquoted } = this.#unquoter;
    return { ...this.#numbering.finish(), messages: this.#ordinal, leading: this.#leading, unquoted };
  }

  /** The From_ line's date; without one the Date field's; without that the file's will be taken, which is a finding. */
  #ownDate(): number | undefined {
    const { zone, canBe = () => true } = this.#options;
    const line = this.#start?.date && zone.toEpoch(this.#start.date);
    if (line !== undefined && canBe(line)) return line;
    const field = this.#headers.find(({ name }) => name.toLowerCase() === 'date');
    const date = field === undefined ? undefined : parseDateHeader(field.value);
    if (line === undefined && date !== undefined) return date;
    if (line !== undefined) {
      const other = date !== undefined && canBe(date) ? date : undefined;
      const taken =
        other === undefined ? 'taken all the same, as there is no better' : 'the Date field’s is taken';
      this.#remark(
        'note',
        'ODD_DATE',
        `the separator’s date cannot be true (${line} seconds since 1970): ${taken}`,
      );
      return other ?? line;
    }
    this.#remark(
      'finding',
      'NO_DATE',
      'no date on the separator and none in the header: the file’s own is taken',
    );
    return undefined;
  }

  /** A field that was read only in part makes no MD5. */
  #uidl(): string | undefined {
    const { uidl } = this.#options;
    return uidl === undefined || this.#filter.truncated ? undefined : headerUidl(uidl, this.#headers);
  }

  #remark(severity: Severity, code: string, message: string, uid?: number): void {
    const offset = this.#start?.offset ?? 0;
    this.#options.remark({ severity, code, offset, message, ...(uid === undefined ? {} : { uid }) });
  }
}
