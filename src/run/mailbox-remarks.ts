import { LIMITS } from '../core/limits.ts';
import type { Finding, Findings } from '../core/message.ts';
import type { TargetFolder } from '../maildir/target-folder.ts';
import type { Action, Drift } from '../plan/action.ts';
import type { ForeignNumber } from '../plan/foreign.ts';
import type { ManifestHeader } from '../state/manifest-format.ts';
import type { FolderJob } from './jobs.ts';
import type { Reading } from './read-mailbox.ts';

const DRIFT: Readonly<Record<Drift, readonly [code: string, message: string]>> = {
  gone: ['TARGET_MESSAGE_GONE', 'was removed from the target since the last pass; left so'],
  flags: ['TARGET_FLAGS_DIFFER', 'has other flags in the target since the last pass; they are kept'],
  conflict: [
    'TARGET_FLAGS_CONFLICT',
    'the same flag was changed on both sides since the last pass; the target’s is kept',
  ],
};

/** The place of a file below the folder of a Maildir, or of the folder itself. */
export function placeIn(folder: string, file: string): string {
  return file === '' ? folder : `${folder}/${file}`;
}

/** What a pass has to say about a mailbox as a whole, and about what users did to it in the target. */
export class MailboxRemarks {
  readonly #job: FolderJob;
  readonly #found: Finding[] = [];
  readonly #notLinked = new Set<string>();

  constructor(job: FolderJob) {
    this.#job = job;
  }

  /** What reading the spool to its end has shown. */
  totals({ totals, spool }: Reading, indexes: boolean): void {
    const { leading, unquoted, uidValidity, messages } = totals;
    const place = `${spool.place}:0`;
    if (indexes && uidValidity === undefined && messages > 0) {
      const message =
        'Dovecot has an index of this mailbox but the file holds no numbers: UIDs and flags live only in the index; ' +
        'make Dovecot write them into the file first (doveadm force-resync -u USER MAILBOX on the old server)';
      this.#finding('NUMBERS_IN_INDEX', message, place);
    }
    if (spool.kind === 'junk' || spool.kind === 'message') {
      const message =
        'the file does not begin with a From_ line; what stands before the first is kept as a message of its own';
      this.#finding('NO_FROM_LINE', message, place);
    }
    if (leading > 0) {
      const message = `${leading} bytes before the first message belong to none (byte order mark, empty lines)`;
      this.#job.remark('note', 'LEADING_BYTES', message, { place });
    }
    if (unquoted > 0) this.#job.remark('note', 'UNQUOTED', `>From quoting was taken from ${unquoted} lines`);
  }

  /** Says again what an earlier pass found in a spool that was not read now: it still holds. */
  again({ findings, lost }: ManifestHeader, place: string): void {
    for (const { code, offset, file, message } of findings.list)
      this.#job.remark('finding', code, message, {
        place: file === undefined ? `${place}:${offset}` : placeIn(place, file),
      });
    if (findings.more > 0) {
      const message = `${findings.more} more findings of an earlier pass still hold`;
      this.#job.remark('finding', 'MORE_FINDINGS', message);
    }
    this.#found.push(...findings.list);
    this.lostKeywords(lost);
  }

  /** In every run, not only in the one that wrote the messages: the loss lasts. */
  lostKeywords(names: readonly string[]): void {
    if (names.length === 0) return;
    const message = `a Maildir holds 26 keywords; messages with these lose them: ${names.join(' ')}`;
    this.#job.remark('finding', 'KEYWORDS_LOST', message);
  }

  /** Said once for each reason. */
  notLinked(reason: string): void {
    if (this.#notLinked.has(reason)) return;
    this.#notLinked.add(reason);
    this.#job.remark('note', 'NOT_LINKED', `messages are copied, not linked: ${reason}`);
  }

  /** What users did in the target. */
  drift(action: Action): void {
    if (action.kind === 'release') {
      const message =
        'was removed from the source, but changed in the target since the last pass; it is kept';
      this.#job.remark('finding', 'TARGET_MESSAGE_KEPT', message, { uid: action.old.uid });
    }
    const drift = 'drift' in action ? action.drift : undefined;
    if (drift === undefined || !('old' in action)) return;
    const [code, message] = DRIFT[drift];
    this.#job.remark('finding', code, message, { uid: action.old.uid });
  }

  /** Delivery leaves mail in `new/`; only a session that shows it to its user moves it to `cur/`. */
  renumbered(folder: TargetFolder, foreign: readonly ForeignNumber[]): void {
    const seen = foreign.filter(
      ({ record, uid }) => record.uid !== uid && folder.new.lstat(record.base) === undefined,
    );
    if (seen.length === 0) return;
    const message = `${seen.length} messages of others, which users may have seen, got higher UIDs: the source has mail for theirs`;
    this.#job.remark('finding', 'FOREIGN_RENUMBERED', message);
  }

  /** The scan's findings and those of this class, to be remembered. */
  findings({ list, more }: Findings): Findings {
    const all = [...list.filter((one) => !this.#found.includes(one)), ...this.#found];
    return { list: all.slice(0, LIMITS.findings), more: more + Math.max(0, all.length - LIMITS.findings) };
  }

  #finding(code: string, message: string, place: string): void {
    this.#job.remark('finding', code, message, { place });
    this.#found.push({ code, offset: 0, message });
  }
}
