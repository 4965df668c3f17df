import { parseInfo } from '../codec/maildir/flags.ts';
import { type OwnName, parseOwnBaseName, splitName } from '../codec/maildir/name.ts';
import type { UidlistRecord } from '../codec/maildir/uidlist.ts';
import { ContentsDigest, type SealedMailbox } from '../codec/seal.ts';
import { isStorable } from '../core/limits.ts';
import { breathing } from '../io/breathe.ts';
import { printable } from '../io/names.ts';
import { messageFiles } from '../maildir/inspect.ts';
import { KeywordLetters } from '../maildir/keyword-letters.ts';
import type { TargetFolder } from '../maildir/target-folder.ts';
import { openUidlist, type UidlistFile } from '../maildir/uidlist-file.ts';
import type { Differ } from './compare.ts';
import { type FileMeasure, FileMeter } from './measure.ts';

/** What is told of the work, and what may end it. */
export interface Watch {
  /** Bytes that were read. */
  readonly took: (bytes: number) => void;
  readonly checkSignal: () => void;
}

/** What a folder came to. */
export interface Checked {
  readonly messages: number;
  readonly bytes: number;
  readonly equal: number;
  /** Messages that spoolsync did not put there. */
  readonly foreign: number;
}

/**
 * Compares a folder of any copy of a target with what was sealed of it, from the copy alone: UIDVALIDITY, UIDNEXT (which
 * mail of others may have raised), and all messages of ours, read anew. The seal has one digest for all of them; which
 * message it is that differs is seen by its name, which says what its bytes, UID and time should be.
 */
export function checkFolder(
  folder: TargetFolder,
  sealed: SealedMailbox,
  differ: Differ,
  watch: Watch,
): Promise<Checked> {
  return new FolderCheck(folder, differ, watch).run(sealed);
}

class FolderCheck {
  readonly #folder: TargetFolder;
  readonly #watch: Watch;
  readonly #differ: Differ;
  readonly #letters: KeywordLetters;
  readonly #meter = new FileMeter();
  readonly #digest = new ContentsDigest();
  /** The info suffix of each file of ours, by the UID in its name: a number and a shared string for each message. */
  readonly #infos = new Map<number, string>();
  /** UIDs whose file is not there. */
  readonly #missing: number[] = [];
  #foreign = 0;
  #differences = 0;

  constructor(folder: TargetFolder, differ: Differ, watch: Watch) {
    this.#folder = folder;
    this.#watch = watch;
    this.#letters = KeywordLetters.read(folder.dir);
    this.#differ = (...difference) => {
      this.#differences++;
      differ(...difference);
    };
  }

  async run(sealed: SealedMailbox): Promise<Checked> {
    const uidlist = openUidlist(this.#folder.dir);
    if (uidlist === undefined) {
      const place = printable(this.#folder.dir.path);
      this.#differ('!', 'there is no dovecot-uidlist: all UIDs are lost', { place });
      return { messages: 0, bytes: 0, equal: 0, foreign: 0 };
    }
    try {
      this.#list();
      const lastUid = await this.#walk(uidlist);
      this.#findUnlisted();
      this.#compareNumbers(uidlist, sealed, lastUid);
      return this.#compareContents(sealed);
    } finally {
      uidlist.close();
    }
  }

  #list(): void {
    const shared = new Map<string, string>();
    for (const name of messageFiles(this.#folder.cur)) {
      const { base, info } = splitName(name);
      const own = parseOwnBaseName(base);
      if (own === undefined) this.#foreign++;
      else if (this.#infos.has(own.uid))
        this.#differ('+', 'a second file under the same UID', { uid: own.uid, place: this.#place(name) });
      else {
        if (!shared.has(info)) shared.set(info, info);
        this.#infos.set(own.uid, shared.get(info) ?? info);
      }
    }
    for (const _name of messageFiles(this.#folder.new)) this.#foreign++;
  }

  async #walk(uidlist: UidlistFile): Promise<number> {
    const place = printable(uidlist.path);
    const bad = ({ line, reason }: { line: number; reason: string }) =>
      this.#differ('!', reason, { place: `${place}:${line}` });
    if (uidlist.header === undefined)
      bad({ line: 1, reason: 'the first line is no header: Dovecot would give new UIDs' });
    let lastUid = 0;
    for await (const record of breathing(uidlist.records(bad))) {
      this.#watch.checkSignal();
      lastUid = record.uid;
      const own = parseOwnBaseName(record.base);
      if (own !== undefined) this.#checkMessage(record, own);
    }
    return lastUid;
  }

  #checkMessage({ uid, base }: UidlistRecord, own: OwnName): void {
    const info = this.#infos.get(own.uid);
    this.#infos.delete(own.uid);
    const name = `${base}${info ?? ''}`;
    const found = info === undefined ? undefined : this.#meter.measure(this.#folder.cur, name);
    if (info === undefined || found === undefined) {
      this.#missing.push(uid);
      return;
    }
    this.#watch.took(found.size);
    for (const reason of unlikeName(own, uid, found))
      this.#differ('*', reason, { uid, place: this.#place(name) });
    const { flags, keywords: indexes } = parseInfo(info);
    const keywords = indexes.map((index) => this.#letters.nameOf(index));
    this.#digest.add({ ...found, uid, flags, keywords, date: found.mtime });
  }

  #findUnlisted(): void {
    for (const uid of this.#infos.keys())
      this.#differ('+', 'a file of ours that the uidlist does not name', {
        uid,
        place: printable(this.#folder.cur.path),
      });
  }

  #compareNumbers({ header, path }: UidlistFile, sealed: SealedMailbox, lastUid: number): void {
    if (header === undefined) return;
    const where = { place: `${printable(path)}:1` };
    const next = Math.max(header.uidNext, lastUid + 1);
    if (header.uidValidity !== sealed.uidValidity)
      this.#differ('*', `UIDVALIDITY ${header.uidValidity}, sealed ${sealed.uidValidity}`, where);
    if (next < sealed.uidNext) this.#differ('*', `UIDNEXT ${next}, sealed ${sealed.uidNext}`, where);
  }

  #compareContents(sealed: SealedMailbox): Checked {
    const { contents, messages, bytes } = this.#digest.finish();
    const place = printable(this.#folder.dir.path);
    this.#compareCount(sealed.messages - messages, place);
    const same = contents === sealed.contents;
    if (!same && this.#differences === 0)
      this.#differ('*', 'messages, flags or keywords are not those that were sealed', { place });
    return { messages, bytes, equal: same ? messages : 0, foreign: this.#foreign };
  }

  /**
   * A record without a file is no message, neither to Dovecot nor here, and may have been one before the sealing already:
   * only where messages are missing, and exactly as many, is it known which.
   */
  #compareCount(fewer: number, place: string): void {
    if (fewer > 0 && fewer === this.#missing.length)
      for (const uid of this.#missing) this.#differ('-', 'its file is missing', { uid, place });
    else if (fewer > 0) this.#differ('-', `${fewer} messages that were sealed are missing`, { place });
    else if (fewer < 0) this.#differ('+', `${-fewer} messages more of ours than were sealed`, { place });
  }

  #place(name: string): string {
    return printable(this.#folder.cur.join(name));
  }
}

/** What of a message is not as its name says. A time before 1970 is not in a name. */
function unlikeName(own: OwnName, uid: number, found: FileMeasure): string[] {
  const reasons: string[] = [];
  if (found.size !== own.size) reasons.push(`${found.size} bytes, by its name ${own.size}`);
  else if (found.digest !== own.digest) reasons.push('other bytes of the same length');
  else if (found.vsize !== own.vsize)
    reasons.push(`size to clients ${found.vsize}, by its name ${own.vsize}`);
  if (own.seconds > 0 && isStorable(own.seconds) && found.mtime !== own.seconds)
    reasons.push(`INTERNALDATE ${found.mtime}, by its name ${own.seconds} (seconds since 1970)`);
  if (uid !== own.uid) reasons.push(`UID ${uid}, by its name ${own.uid}`);
  return reasons;
}
