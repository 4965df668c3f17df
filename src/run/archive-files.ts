import { setTimeout as sleep } from 'node:timers/promises';
import type { MboxDialect } from '../codec/mbox/dialect.ts';
import {
  type ContentStore,
  NOWHERE,
  type ScanOptions,
  type ScanRemark,
} from '../codec/mbox/message-scanner.ts';
import { PlainNumbering } from '../codec/mbox/plain-numbering.ts';
import { SpoolsyncError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { MessageRecord } from '../core/message.ts';
import { printable } from '../io/names.ts';
import type { ArchiveAccount } from '../source/archive/account.ts';
import { forceRules, scanSpool } from '../source/scan.ts';
import { Spool } from '../source/spool.ts';
import type { RunContext } from './context.ts';

/** Reads the files of an archive one after another, each as often as it takes to see one state of it. */

/** Hears what a file holds. What it heard of an attempt that is repeated counts no more. */
export interface FileSink {
  onMessage(record: MessageRecord, staged: boolean): void;
  remark(remark: ScanRemark): void;
}

/** What reading a file came to. */
export interface FileRead {
  /** Bytes, unpacked. */
  readonly bytes: number;
  /** Lines from which `>From ` quoting was taken. */
  readonly unquoted: number;
  /** How many of its messages count: all, or one less where the file was growing. */
  readonly complete: number;
  readonly grew: boolean;
}

/** Milliseconds between attempts, times their number. */
const PAUSE = 200;
/** A date after now by more than this (seconds) is no time zone's doing. */
const AHEAD = 2 * 86_400;
/** Dates before 1971 are what programs make of no date. */
const EARLIEST = 365 * 86_400;

export class ArchiveFiles {
  readonly #context: RunContext;
  readonly #account: ArchiveAccount;
  readonly #store: ContentStore & { clear(): void };
  readonly #numbering: PlainNumbering;
  readonly #latest = Date.now() / 1000 + AHEAD;
  /** Place of the next message in the order of reading: it names the file that it is staged in. */
  #next: number;

  /** `first`: how many messages are known without reading. `keywords`: the spelling of names so far. */
  constructor(
    context: RunContext,
    account: ArchiveAccount,
    store: ContentStore & { clear(): void },
    { first, keywords }: { readonly first: number; readonly keywords: readonly string[] },
  ) {
    this.#context = context;
    this.#account = account;
    this.#store = store;
    this.#next = first;
    this.#numbering = new PlainNumbering(keywords);
  }

  /** All keyword names so far. */
  get keywords(): readonly string[] {
    return this.#numbering.finish().keywords;
  }

  /**
   * Reads a file. `sinkOf` is called for each attempt. `SOURCE_MOVED` where it is gone, or changes otherwise than by growing; else
   * as `Spool.open`. `start`: INTERNALDATE of messages without a date; absent: when the file was changed last.
   */
  async read(name: string, start: number | undefined, sinkOf: () => FileSink): Promise<FileRead> {
    for (let attempt = 1; ; attempt++) {
      const spool = await this.#open(name);
      try {
        const read = await this.#readOnce(spool, start, sinkOf());
        const moved = this.#howMoved(spool, name);
        if (moved === 'no') return read;
        if (attempt >= LIMITS.rereads) return takeComplete(spool, read, moved);
      } catch (error) {
        // The message at hand, if the file ended in it.
        this.#store.drop();
        throw error;
      } finally {
        spool.close();
      }
      await sleep(PAUSE * attempt);
    }
  }

  /** How messages of a file are read. */
  optionsOf(spool: Spool, start?: number): Omit<ScanOptions, 'onMessage'> {
    const { zone, unquote } = this.#context.reading;
    return {
      dialect: archiveDialect(spool, this.#numbering),
      zone,
      unquote,
      fallbackDate: start ?? spool.modified,
      canBe: (date) => date >= EARLIEST && date <= this.#latest,
      store: NOWHERE,
      remark: () => undefined,
    };
  }

  async #open(name: string): Promise<Spool> {
    const file = this.#account.openFile(name);
    if (file !== undefined) return Spool.open(file);
    throw moved('vanished after it was listed', printable(this.#account.pathOf(name)));
  }

  async #readOnce(spool: Spool, start: number | undefined, sink: FileSink): Promise<FileRead> {
    const base = this.#next;
    const store: ContentStore = {
      ...forward(this.#store),
      begin: (ordinal) => this.#store.begin(base + ordinal),
    };
    const onMessage: ScanOptions['onMessage'] = (record, ordinal, staged) => {
      this.#context.checkSignal();
      this.#next = base + ordinal + 1;
      sink.onMessage(record, staged);
    };
    const options = { ...this.optionsOf(spool, start), store, remark: sink.remark, onMessage };
    const totals = await scanSpool(spool, options, (piece) => this.#context.took(piece.length));
    sayBeginning(spool, totals.leading, sink);
    const { messages, unquoted } = totals;
    return { bytes: spool.size, unquoted, complete: messages, grew: false };
  }

  #howMoved(spool: Spool, name: string): ReturnType<Spool['moved']> {
    const now = this.#account.openFile(name);
    try {
      return now === undefined || spool.isReplacedBy(now) ? 'changed' : spool.moved();
    } finally {
      now?.close();
    }
  }
}

/** A file that grew: Mailman only ever appends, so all but the last message counts. */
function takeComplete({ place }: Spool, read: FileRead, how: 'grew' | 'changed'): FileRead {
  if (how === 'grew') return { ...read, complete: Math.max(0, read.complete - 1), grew: true };
  throw moved('kept changing while it was read, and was not taken', place);
}

/** Plain rules; keywords are spelled alike in all files of an archive. */
function archiveDialect(spool: Spool, numbering: PlainNumbering): MboxDialect {
  return { ...forceRules(spool, 'plain').dialect, numbering: () => numbering };
}

function forward(store: ContentStore): ContentStore {
  return {
    begin: (ordinal) => store.begin(ordinal),
    data: (bytes) => store.data(bytes),
    end: (date) => store.end(date),
    drop: () => store.drop(),
  };
}

function sayBeginning(spool: Spool, leading: number, { remark }: FileSink): void {
  if (spool.kind === 'junk' || spool.kind === 'message') {
    const message =
      'the file does not begin with a From_ line; what stands before the first is kept as a message of its own';
    remark({ severity: 'finding', code: 'NO_FROM_LINE', offset: 0, message });
  }
  if (leading === 0) return;
  const message = `${leading} bytes before the first message belong to none (byte order mark, empty lines)`;
  remark({ severity: 'note', code: 'LEADING_BYTES', offset: 0, message });
}

function moved(what: string, place: string): SpoolsyncError {
  return new SpoolsyncError('SOURCE_MOVED', `a file of the archive ${what}`, {
    place,
    advice: 'run the same command again',
  });
}
