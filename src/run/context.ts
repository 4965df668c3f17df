import type { OldUidls } from '../codec/pop3-uidl.ts';
import type { Zone } from '../codec/time-zone.ts';
import type { Listener, Severity } from '../core/events.ts';
import type { MboxRules, Unquote } from '../core/types.ts';

/** How spools are read; the same for all accounts of a run. */
interface ReadingOptions {
  readonly rules: MboxRules | 'auto';
  readonly zone: Zone;
  readonly unquote: Unquote;
  /** What POP3 UIDLs the old server showed; absent: nobody asks. */
  readonly uidls?: OldUidls | undefined;
}

/** What every part of a run is handed. */
export interface RunContext {
  /** Of spoolsync. */
  readonly version: string;
  readonly reading: ReadingOptions;
  readonly emit: Listener;
  /** Counts bytes of spools as they are read. */
  readonly took: (bytes: number) => void;
  /** Asked between messages and mailboxes: throws `INTERRUPTED` or `TERMINATED` once a signal has come. */
  readonly checkSignal: () => void;
  /** Where there are threads for several accounts at once. */
  readonly threads?: Threads;
}

/** Threads beside the main one. */
export interface Threads {
  /** At most so many accounts are worked on at once; `undefined`: as many as the machine is good for. */
  readonly count: number | undefined;
  /** Where a thread begins. */
  readonly entry: URL;
  /** Of the run's `StopFlag`. */
  readonly stop: SharedArrayBuffer;
}

/** Says something about one mailbox. */
export type Remark = (
  severity: Severity,
  code: string,
  message: string,
  where?: { place?: string; uid?: number },
) => void;

export function remarker(emit: Listener, user: string, mailbox: string): Remark {
  return (severity, code, message, { place, uid } = {}) => {
    const at = place ?? (uid === undefined ? undefined : `${mailbox} uid ${uid}`);
    emit({
      event: 'remark',
      severity,
      code,
      user,
      mailbox,
      message,
      ...(at === undefined ? {} : { place: at }),
    });
  };
}
