import { xUidlIn } from '../../codec/header-uidl.ts';
import { Assembler, type Measure } from '../../codec/mbox/assembler.ts';
import { SpoolsyncError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { OpenFile } from '../../io/file.ts';
import { printable } from '../../io/names.ts';
import { foreign } from '../../io/owner.ts';
import { KIND_WORDS, type Stat } from '../../io/stat.ts';
import { unsafe } from '../../io/wrap.ts';
import type { SourceFolder } from './folder.ts';
import { type Entries, type Entry, listOnce, placeOf } from './listing.ts';
import type { MessageStore } from './message-store.ts';

/** What mail programs that compress messages begin a file with; no header field begins so. */
const COMPRESSED: readonly (readonly [magic: string, name: string])[] = [
  ['\x1f\x8b\x08', 'gzip'],
  ['BZh', 'bzip2'],
  ['\xfd7zXZ\0', 'xz'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['Dovecot-LZ4\r', 'lz4'],
];

/** A message that was read. */
export interface ReadMessage extends Measure {
  readonly stored: boolean;
  /** Its X-UIDL field, where that is asked for and stands in the first `LIMITS.assembly` bytes. */
  readonly uidl?: string;
}

/** Looks at and reads the messages of an open folder, one after another, with the same buffers. */
export class MessageReader {
  readonly #folder: SourceFolder;
  readonly #owner: number;
  readonly #xUidl: boolean;
  readonly #chunk = Buffer.allocUnsafe(LIMITS.assembly);
  /** Names by key, made when a file is not where it was listed. */
  #moved: Entries | undefined;
  #store: MessageStore | undefined;
  readonly #assembler = new Assembler((bytes) => this.#store?.data(bytes));

  /** `xUidl`: the X-UIDL field of each message is wanted. */
  constructor(folder: SourceFolder, owner: number, xUidl = false) {
    this.#folder = folder;
    this.#owner = owner;
    this.#xUidl = xUidl;
  }

  /** What a message's file is now; `undefined`: it is gone. Its flags may be others since it was listed: so is its name then. */
  look(entry: Entry): Stat | undefined {
    return this.#dirOf(entry)?.lstat(entry.name) ?? (this.#follow(entry) ? this.look(entry) : undefined);
  }

  /** Why a file is not read, or `undefined` where it may be. */
  refusal(entry: Entry, stat: Stat): string | undefined {
    if (stat.kind !== 'file') return KIND_WORDS[stat.kind];
    const dir = this.#dirOf(entry);
    return dir && foreign(stat, dir.stat, this.#owner);
  }

  /**
   * Reads a message. With a `store` its bytes go there, as message `ordinal` of `date`, if they are wanted. `undefined`: it
   * is gone. One that changes meanwhile is `SOURCE_MOVED`: no mail program changes a file in a Maildir.
   */
  read(entry: Entry, date: number, store?: MessageStore, ordinal = 0): ReadMessage | undefined {
    const file = this.#open(entry);
    if (file === undefined) return undefined;
    const stored = store?.begin(ordinal) ?? false;
    try {
      const dir = this.#dirOf(entry);
      const taken = stored && dir !== undefined && store?.takeFile?.({ dir, name: entry.name, file });
      this.#store = stored && taken !== true ? store : undefined;
      const measure = this.#measure(file);
      const now = file.restat();
      if (now.size !== measure.size || now.mtimeNs !== file.stat.mtimeNs) throw changed(file);
      if (stored) store?.end(date);
      return { ...measure, stored };
    } catch (error) {
      if (stored) store?.drop();
      throw error;
    } finally {
      this.#store = undefined;
      file.close();
    }
  }

  #measure(file: OpenFile): Measure & { readonly uidl?: string } {
    this.#assembler.reset();
    let uidl: string | undefined;
    const { size } = file.stat;
    // Once even for an empty file. Whether it grew is asked when it has been read.
    for (let at = 0; at === 0 || at < size; ) {
      const got = file.readAt(this.#chunk.subarray(0, Math.min(this.#chunk.length, size - at)), at);
      if (at === 0) refuseCompressed(file, this.#chunk.toString('latin1', 0, Math.min(got, 16)));
      if (at === 0 && this.#xUidl) uidl = xUidlIn(this.#chunk.subarray(0, got));
      this.#assembler.write(this.#chunk, 0, got);
      at += got;
      if (got === 0) break;
    }
    return { ...this.#assembler.finish(), ...(uidl !== undefined && { uidl }) };
  }

  #open(entry: Entry): OpenFile | undefined {
    const file = this.#dirOf(entry)?.openFile(entry.name);
    if (file === undefined) return this.#follow(entry) ? this.#open(entry) : undefined;
    const reason = this.refusal(entry, file.stat);
    if (reason === undefined) return file;
    file.close();
    throw unsafe(reason, file.path, 'source');
  }

  /** Looks for a file that was renamed since it was listed; false: it is gone, or its new name does not help either. */
  #follow(entry: Entry): boolean {
    const before = placeOf(entry);
    for (const listing of [this.#moved, undefined]) {
      this.#moved = listing ?? listOnce(this.#folder).entries;
      const found = this.#moved.get(entry.key);
      if (found === undefined || placeOf(found) === before) continue;
      entry.name = found.name;
      entry.fresh = found.fresh;
      return true;
    }
    return false;
  }

  #dirOf({ fresh }: Entry): SourceFolder['cur'] {
    return fresh ? this.#folder.new : this.#folder.cur;
  }
}

function changed(file: OpenFile): SpoolsyncError {
  return new SpoolsyncError('SOURCE_MOVED', 'a message changed while it was read', {
    place: printable(file.path),
    advice: 'run the same command again',
  });
}

function refuseCompressed(file: OpenFile, beginning: string): void {
  const found = COMPRESSED.find(([magic]) => beginning.startsWith(magic));
  if (found === undefined) return;
  throw new SpoolsyncError('SOURCE_DAMAGED', `a message is compressed (${found[1]}), which is not undone`, {
    place: printable(file.path),
    advice:
      'the old server compressed its mail (zlib, mail_compress): let it write plain files first, for example with doveadm backup to another Maildir',
  });
}
