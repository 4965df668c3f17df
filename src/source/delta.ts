import { dovecotDialect } from '../codec/mbox/dovecot.ts';
import { sameLines } from '../codec/mbox/evidence.ts';
import { MboxFramer } from '../codec/mbox/framer.ts';
import type { FramerSink, MessageStart, Resumption } from '../codec/mbox/framing.ts';
import {
  MessageScanner,
  type ScanOptions,
  type ScanTotals,
  WEAK_SEPARATOR,
} from '../codec/mbox/message-scanner.ts';
import { plainDialect } from '../codec/mbox/plain.ts';
import { CR, LF } from '../core/bytes.ts';
import { LIMITS } from '../core/limits.ts';
import type { Finding, Findings, MailboxFacts, MessageRecord, Remembered } from '../core/message.ts';
import { isStretch, type Stretch, StretchCursor } from '../core/stretch.ts';
import type { Ground } from '../core/types.ts';
import { Breath } from '../io/breathe.ts';
import type { Unchanged } from './blocks.ts';
import type { Spool } from './spool.ts';

/**
 * Reads again only what changed in a spool since the last pass.
 *
 * A message is taken over from the manifest if all bytes that had a say in it are in blocks that did not change: from
 * its separator to as far behind its end as any rule looks. Framing goes on behind it, where the separator that follows
 * is known to be one, and stops at the next message that can be taken over. What numbering would make of a message that
 * is taken over, it is asked again (`Numbering.replay`), so that the outcome is that of a full reading. Wherever that
 * cannot be known, there is none, and the caller reads the whole spool.
 */

/** What the manifest of a pass says of its spool. */
export interface KnownSpool {
  readonly header: MailboxFacts & {
    readonly bytes: number;
    readonly findings: Findings;
    readonly ground: Ground;
  };
  /** All messages that the last pass saw, and no others; in UID order, which must be file order for this. */
  stretches(): Iterable<Stretch>;
}

export interface DeltaOptions extends ScanOptions {
  /** Messages that are taken over as one: their place in the order of the file is this. */
  onStretch(stretch: Stretch): void;
}

export interface DeltaOutcome {
  readonly totals: ScanTotals;
  /** Messages that were taken over. */
  readonly reused: number;
  /** Bytes that were framed. */
  readonly framed: number;
}

/** How far behind the end of a message the rules may look: a line end, a separator, and what follows it. */
const REACH = 2 + LIMITS.fromLine + LIMITS.lookahead;

/** Bytes handed to the framer at once: little, since it soon stops again. */
const PIECE = 64 << 10;

/** `undefined`: only a full reading can tell. What was announced until then is then void. */
export async function scanDelta(
  spool: Spool,
  known: KnownSpool,
  unchanged: Unchanged,
  options: DeltaOptions,
): Promise<DeltaOutcome | undefined> {
  const scan = new DeltaScan(spool, known, unchanged, options);
  try {
    return await scan.run();
  } catch (error) {
    if (error === scan.unknown) return undefined;
    throw error;
  }
}

/** Leaves the framer where it is; never leaves this file. */
class Leave extends Error {}

class DeltaScan {
  readonly unknown = new Leave();
  readonly #stop = new Leave();
  readonly #spool: Spool;
  readonly #known: KnownSpool;
  readonly #unchanged: Unchanged;
  readonly #scanner: MessageScanner;
  readonly #dialect: ScanOptions['dialect'];
  readonly #remark: ScanOptions['remark'];
  readonly #onStretch: DeltaOptions['onStretch'];
  readonly #olds: StretchCursor;
  readonly #breath = new Breath();
  #begun = 0;
  #reused = 0;
  #framed = 0;

  constructor(spool: Spool, known: KnownSpool, unchanged: Unchanged, options: DeltaOptions) {
    this.#spool = spool;
    this.#known = known;
    this.#unchanged = unchanged;
    this.#dialect = known.header.ground === 'lines' ? this.#watched(options.dialect) : options.dialect;
    this.#scanner = new MessageScanner({ ...options, dialect: this.#dialect });
    this.#remark = options.remark;
    this.#onStretch = options.onStretch;
    this.#olds = new StretchCursor(known.stretches());
    this.#takeApart();
  }

  async run(): Promise<DeltaOutcome> {
    let from: Resumption | 'file' = 'file';
    for (;;) {
      const separator = await this.#frame(from);
      if (separator === undefined) break;
      const next = await this.#takeOver(separator);
      if (next === undefined) break;
      from = next;
    }
    // What was taken over stood side by side only if all of them are in file order.
    while (this.#olds.head !== undefined) this.#advance();
    const totals = this.#scanner.finish();
    return { totals, reused: this.#reused, framed: this.#framed };
  }

  /** Frames from there on; stops at a message that can be taken over, and returns the offset of its separator. */
  async #frame(from: Resumption | 'file'): Promise<number | undefined> {
    let met: number | undefined;
    const sink: FramerSink = {
      begin: (start) => {
        if (this.#begun++ > 0 && this.#canTakeOver(start)) {
          met = start.offset;
          throw this.#stop;
        }
        this.#scanner.begin(start);
      },
      header: (buf, start, end, first) => this.#scanner.header(buf, start, end, first),
      headerEnd: () => this.#scanner.headerEnd(),
      body: (...piece) => this.#scanner.body(...piece),
      end: (...end) => this.#scanner.end(...end),
      doubt: (...doubt) => this.#scanner.doubt(...doubt),
      leading: (length) => this.#scanner.leading(length),
    };
    const framer = new MboxFramer(this.#dialect, sink, this.#spool, from);
    const at = from === 'file' ? 0 : from.offset;
    try {
      for (const piece of this.#spool.chunksSync(at, this.#spool.size, PIECE)) {
        framer.push(piece);
        await this.#breath.draw();
      }
      framer.end();
    } catch (error) {
      if (error !== this.#stop) throw error;
    }
    this.#framed += (met ?? this.#spool.size) - at;
    return met;
  }

  #canTakeOver({ offset, content }: MessageStart): boolean {
    const old = this.#oldAt(content);
    if (old === undefined) return false;
    if (this.#reused === 0) this.#compareMailbox();
    return this.#isSame(old, offset);
  }

  /** The known message that begins there, or the stretch that does. */
  #oldAt(content: number): Remembered | Stretch | undefined {
    for (let old = this.#olds.head; old !== undefined && old.start < content; old = this.#olds.head) {
      if (isStretch(old) && old.end > content) this.#olds.message();
      else this.#advance();
    }
    return this.#olds.head?.start === content ? this.#olds.head : undefined;
  }

  /** Whether nothing changed that had a say in messages; `from` is the offset of the first one's separator. */
  #isSame(old: Remembered | Stretch, from: number): boolean {
    const { bytes, numbered } = this.#known.header;
    const claim = isStretch(old) ? undefined : old.claim;
    if (claim === 'other' || (claim === undefined && !numbered)) return false; // the UID may be ours
    const { end } = old;
    const to = end + REACH;
    if (end > this.#spool.size) return false;
    // What ends with the file ends elsewhere when the file does.
    if (bytes !== this.#spool.size && to > Math.min(bytes, this.#spool.size)) return false;
    return this.#unchanged(from, Math.min(to, this.#spool.size));
  }

  /** Takes over as many messages as can be, from the one at hand on; returns where to frame again. */
  async #takeOver(separator: number): Promise<Resumption | undefined> {
    const first = separator;
    let [from, last] = [separator, undefined as Remembered | Stretch | undefined];
    for (let old = this.#same(from); old !== undefined; old = this.#same(from)) {
      if (!this.#replay(old)) {
        if (!isStretch(old)) throw this.unknown;
        this.#olds.message();
        continue;
      }
      last = old;
      await this.#breath.draw();
      from = old.end;
      this.#advance();
    }
    if (last === undefined) throw this.unknown;
    this.#foundBefore(first, last.end);
    return this.#separatorBehind(last);
  }

  /** What is known next, if it is unchanged; a stretch is taken apart where not all of it is. */
  #same(from: number): Remembered | Stretch | undefined {
    const old = this.#olds.head;
    if (old === undefined) return undefined;
    if (isStretch(old) && this.#isSame(old, from)) return old;
    const message = this.#olds.message();
    return message !== undefined && this.#isSame(message, from) ? message : undefined;
  }

  #replay(old: Remembered | Stretch): boolean {
    if (!isStretch(old)) {
      if (!this.#scanner.replay(asScanned(old))) return false;
      this.#reused++;
      return true;
    }
    if (!this.#scanner.replayStretch(old)) return false;
    this.#onStretch(old);
    this.#reused += old.count;
    return true;
  }

  /** Says again what the last pass found in messages that are taken over; of the first separator the framer has spoken. */
  #foundBefore(first: number, end: number): void {
    const spoken = ({ code, offset }: Finding) => code === WEAK_SEPARATOR && offset === first;
    for (const finding of this.#known.header.findings.list) {
      if (finding.offset < first || finding.offset >= end || spoken(finding)) continue;
      this.#remark({ severity: 'finding', ...finding });
    }
  }

  /** The separator behind a message that was taken over; `undefined` at the end of the file. */
  #separatorBehind(last: Remembered | Stretch): Resumption | undefined {
    const { end } = last;
    const start = isStretch(last) ? last.lastStart : last.start;
    const behind = Buffer.from(this.#spool.peek(end, 8));
    const at = [0, 1, 2].find((skip) => behind.toString('latin1', skip, skip + 5) === 'From ');
    if (at === undefined) {
      if (this.#spool.size - end <= 2) return undefined;
      throw this.unknown;
    }
    // A line end that belongs to the separator makes an empty line; Dovecot's rules, for which it need not, do not ask.
    const blankBefore =
      at > 0 || /\n\r?\n$/.test(Buffer.from(this.#spool.peek(end - 3, 3)).toString('latin1'));
    return { offset: end + at, blankBefore, previous: this.#separatorBefore(start) };
  }

  /** The separator line of a message whose content begins at `start`, without its line end. */
  #separatorBefore(start: number): Uint8Array {
    const from = Math.max(0, start - LIMITS.fromLine);
    const bytes = Buffer.from(this.#spool.peek(from, start - from));
    const lineEnd = bytes.at(-2) === CR ? bytes.length - 2 : bytes.length - 1;
    const before = bytes.lastIndexOf(LF, lineEnd - 1);
    if (before < 0 && from > 0) throw this.unknown; // longer than a From_ line is looked at
    return bytes.subarray(before + 1, lineEnd);
  }

  /** What the first message says of the mailbox holds for all: keywords, and whether UIDs count. */
  #compareMailbox(): void {
    const { uidValidity, numbered, keywords } = this.#known.header;
    const now = this.#scanner.mailbox;
    const same = numbered ? now.uidValidity === uidValidity : now.uidValidity === undefined;
    if (!same || now.renumbered || now.keywords.join(' ') !== keywords.join(' ')) throw this.unknown;
  }

  /** Dovecot's rules for a file that bears no mark: which hold can be told only while all rules see the same. */
  #watched(dialect: ScanOptions['dialect']): ScanOptions['dialect'] {
    return {
      ...dialect,
      judge: (candidate) => {
        const verdict = dovecotDialect.judge(candidate);
        if (!sameLines(verdict, plainDialect.judge(candidate))) throw this.unknown;
        return verdict;
      },
    };
  }

  #advance(): void {
    const before = this.#olds.head?.end ?? 0;
    this.#olds.advance();
    this.#takeApart();
    const next = this.#olds.head;
    if (next !== undefined && next.start <= before) throw this.unknown;
  }

  /** Of what is not plain, each message must be looked at. */
  #takeApart(): void {
    const { head } = this.#olds;
    if (head !== undefined && isStretch(head) && !head.plain) this.#olds.message();
  }
}

/** A remembered message as the source's numbering knows it. */
function asScanned(known: Remembered): MessageRecord {
  const { sourceUid, gone, target } = known;
  if (sourceUid === undefined && gone === undefined && target === undefined) return known; // most, and copies cost
  const { sourceUid: _uid, gone: _gone, target: _target, ...message } = known;
  return { ...message, uid: sourceUid ?? message.uid };
}
