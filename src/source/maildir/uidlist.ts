import { readSourceName } from '../../codec/maildir/source-name.ts';
import {
  parseUidlistHeader,
  parseUidlistRecord,
  type UidlistHeader,
  UidlistOrder,
} from '../../codec/maildir/uidlist.ts';
import type { CarriedField } from '../../core/message.ts';
import type { MaildirRules } from '../../core/types.ts';
import type { OpenFile } from '../../io/file.ts';
import { readLines } from '../../io/lines.ts';
import { openOwn } from '../own-file.ts';
import type { SourceFolder } from './folder.ts';
import type { Entries, Entry, Problem } from './listing.ts';

/** What the server that kept a folder's UIDs says of the folder. */
export interface FolderNumbers {
  readonly rules: MaildirRules;
  /** What that rests on, in words. */
  readonly reason: string;
  /** `undefined` where no server has numbered it. */
  readonly uidValidity: number | undefined;
  readonly uidNext: number;
  readonly guid: string | undefined;
  readonly extensions: readonly string[];
}

const DOVECOT = 'dovecot-uidlist';
const COURIER = ['courierimapuiddb', 'courierimapkeywords', 'courierimapsubscribed', 'courierpop3dsizelist'];

/** Whether Courier has left a list in a folder. */
export function servedByCourier({ dir }: SourceFolder): boolean {
  return COURIER.some((name) => dir.lstat(name) !== undefined);
}

/**
 * Reads the UIDs of a folder's messages from Dovecot's list or Courier's, and notes them in the entries. Where both servers
 * left one, the one that was changed last counts. A list that is out of order, which Dovecot would throw away with all
 * UIDs that follow, gives each message the UID that stands beside it.
 */
export function readNumbers(
  folder: SourceFolder,
  owner: number,
  entries: Entries,
  problem: (problem: Problem) => void,
): FolderNumbers {
  const lists = [openOwn(folder.control, DOVECOT, owner), openOwn(folder.dir, 'courierimapuiddb', owner)];
  const [dovecot, courier] = lists;
  try {
    const isCourier =
      courier !== undefined && (dovecot === undefined || courier.stat.mtimeNs > dovecot.stat.mtimeNs);
    const list = isCourier ? courier : dovecot;
    const found = COURIER.filter((name) => folder.dir.lstat(name) !== undefined);
    const rules =
      isCourier || (list === undefined && found.length > 0) ? 'maildir-courier' : 'maildir-dovecot';
    const words = rules === 'maildir-courier' ? found.join(', ') : '';
    if (list === undefined) return bare(found.length > 0 ? rules : 'maildir-bare', words);
    const header = readHeader(list);
    if (typeof header === 'string') {
      const message = `cannot be used (${header}): all messages get new UIDs, as Dovecot would give them`;
      problem({ code: 'UIDLIST_UNUSABLE', file: nameOf(list), message });
      return bare(rules, `${nameOf(list)}, which cannot be used`);
    }
    const last = new UidlistReader(entries, problem, nameOf(list)).read(list, header);
    const other = lists.find((one) => one !== undefined && one !== list);
    const also = other === undefined ? '' : `; ${nameOf(other)} is older`;
    const reason = `${rules === 'maildir-courier' ? words : `${DOVECOT}, version ${header.version}`}${also}`;
    const { uidValidity, uidNext, guid, extensions } = header;
    return { rules, reason, uidValidity, uidNext: Math.max(uidNext, last + 1), guid, extensions };
  } finally {
    for (const list of lists) list?.close();
  }
}

function bare(rules: MaildirRules, reason: string): FolderNumbers {
  const why = reason === '' ? 'no server has numbered its messages' : reason;
  return { rules, reason: why, uidValidity: undefined, uidNext: 1, guid: undefined, extensions: [] };
}

function readHeader(list: OpenFile): UidlistHeader | string {
  const first = readLines(list).next();
  if (first.done) return 'it is empty';
  const parsed = parseUidlistHeader(first.value.text);
  return parsed.ok ? parsed.header : parsed.reason;
}

function nameOf(file: OpenFile): string {
  return file.path.slice(file.path.lastIndexOf('/') + 1);
}

class UidlistReader {
  readonly #entries: Entries;
  readonly #problem: (problem: Problem) => void;
  readonly #file: string;
  readonly #order = new UidlistOrder();
  #line = 1;
  #unordered = 0;

  constructor(entries: Entries, problem: (problem: Problem) => void, file: string) {
    this.#entries = entries;
    this.#problem = problem;
    this.#file = file;
  }

  /** Returns the highest UID in the list. */
  read(list: OpenFile, { version }: UidlistHeader): number {
    let highest = 0;
    const lines = readLines(list);
    lines.next();
    for (const { text } of lines) {
      this.#line++;
      const parsed = parseUidlistRecord(text, version);
      if (!parsed.ok) {
        this.#say('UIDLIST_LINE', `line ${this.#line} cannot be used (${parsed.reason}); it was passed over`);
        continue;
      }
      const { uid, base, fields } = parsed.record;
      if (!this.#order.accept(uid)) this.#unordered ||= this.#line;
      highest = Math.max(highest, uid);
      this.#note(this.#find(base), uid, fields);
    }
    if (this.#unordered > 0) {
      const message = `is out of order from line ${this.#unordered} on, and Dovecot would give all messages behind it new UIDs; they keep those that stand there`;
      this.#say('UIDLIST_UNORDERED', message);
      this.#dropDoubles();
    }
    return highest;
  }

  /** Dovecot lists a file whose flags it does not see under its full name. */
  #find(base: string): Entry | undefined {
    return this.#entries.get(base) ?? this.#entries.get(readSourceName(base).base);
  }

  /** Of two records of one file the later counts: Dovecot writes such when a message is moved away and back. */
  #note(entry: Entry | undefined, uid: number, fields: readonly CarriedField[]): void {
    if (entry === undefined) return;
    entry.uid = uid;
    entry.fields = fields;
  }

  /** One UID for two files: the second gets a new one. */
  #dropDoubles(): void {
    const seen = new Set<number>();
    for (const entry of this.#entries.values()) {
      if (entry.uid === 0) continue;
      if (seen.has(entry.uid)) entry.uid = 0;
      else seen.add(entry.uid);
    }
  }

  #say(code: string, message: string): void {
    this.#problem({ code, file: this.#file, message });
  }
}
