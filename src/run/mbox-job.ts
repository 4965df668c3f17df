import { NOWHERE } from '../codec/mbox/message-scanner.ts';
import { SpoolsyncError } from '../core/errors.ts';
import type { Remembered } from '../core/message.ts';
import { isMboxRules } from '../core/types.ts';
import { printable } from '../io/names.ts';
import type { MboxAccount, SourceMailbox } from '../source/mailboxes.ts';
import { type ChosenRules, copyMessage, forceRules } from '../source/scan.ts';
import { fingerprintOf, Spool } from '../source/spool.ts';
import type { Manifest } from '../state/manifest.ts';
import type { RunContext } from './context.ts';
import type { FolderJob, MailboxJob, SourceCheck } from './jobs.ts';
import { askedFor, withUidls } from './pop3-uidls.ts';
import { readMailbox } from './read-mailbox.ts';
import { readingKey, sourceOf } from './source-view.ts';

/** The job of one mbox. `SOURCE_MOVED` if it is gone by now. `there`: what its user is called on the old server. */
export function mboxJob(
  context: RunContext,
  source: MboxAccount,
  mailbox: SourceMailbox,
  job: FolderJob,
  there: string,
): MailboxJob {
  const user = printable(source.user);
  const { mailbox: name, remark } = job;
  const place = printable(mailbox.path);
  const open = () => {
    const file = source.openMailbox(mailbox);
    if (file !== undefined) return file;
    throw new SpoolsyncError('SOURCE_MOVED', 'the spool vanished after it was listed', {
      place,
      advice: 'run the same command again',
    });
  };
  const looked = open();
  const { stat } = looked;
  looked.close();
  const log = mailbox.index?.logMtimeNs;
  if (log !== undefined && log > stat.mtimeNs) {
    const message =
      'Dovecot’s index is newer than the file: the last flag changes may live only there; ' +
      `write them into the file first: doveadm force-resync -u ${there} ${name}`;
    remark('finding', 'INDEX_NEWER', message, { place });
  }
  const indexes = mailbox.index !== undefined;
  const rules = ({ rules: read, reason }: ChosenRules, at: string) =>
    context.emit({ event: 'rules', user, mailbox: name, place: at, rules: read, reason });
  return {
    ...job,
    place,
    fingerprint: fingerprintOf(stat),
    bytes: stat.size,
    reading: readingKey(askedFor(context, job)),
    foresees: false,
    measure: () => ({ bytes: stat.size }),
    read: async (running, { anew = false, known, ...how }) => {
      const input = { open, indexes, rules, ...how, known: anew ? undefined : known };
      const asked = askedFor(running, job);
      const read = sourceOf(asked, await readMailbox(asked, input), indexes);
      const pop3 = { kind: 'mbox', ordered: false, place, remark: how.remark } as const;
      return withUidls(read, asked.reading.uidls, pop3);
    },
    check: async (running, manifest) => new SpoolCheck(running, await Spool.open(open()), manifest),
  };
}

/** Reads messages of a spool anew and holds them against what the pass made of them. */
class SpoolCheck implements SourceCheck {
  readonly place: string;
  readonly fingerprint: SourceCheck['fingerprint'];
  readonly #spool: Spool;
  readonly #options: Parameters<typeof copyMessage>[1];

  constructor({ reading }: RunContext, spool: Spool, { header: { rules } }: Manifest) {
    this.#spool = spool;
    this.place = spool.place;
    this.fingerprint = spool.fingerprint;
    const { dialect } = forceRules(spool, isMboxRules(rules) ? rules : 'plain');
    const { zone, unquote } = reading;
    const remark = () => undefined;
    this.#options = { dialect, zone, unquote, fallbackDate: spool.modified, store: NOWHERE, remark };
  }

  holds(record: Remembered): boolean {
    const found = copyMessage(this.#spool, this.#options, record, NOWHERE);
    return found?.digest === record.digest && found.size === record.size;
  }

  close(): void {
    this.#spool.close();
  }
}
