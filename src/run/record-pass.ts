import { SpoolsyncError } from '../core/errors.ts';
import type { MailboxEvent, RunEvent } from '../core/events.ts';
import {
  changesOf,
  type Effort,
  type Estimate,
  type MailboxChange,
  type PassCommand,
  type PassEntry,
  type PassTotals,
} from '../core/history.ts';
import { addMailbox } from '../core/totals.ts';
import type { Dir } from '../io/dir.ts';
import { forecastFinal, roundEstimate } from '../plan/forecast.ts';
import { appendPass, readHistory } from '../state/history.ts';
import type { RunContext } from './context.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Listens to the pass of one account and records it in the account's history when it is finished: what it read and
 * wrote, how long which kind of work took, what changed.
 */
export class PassRecorder {
  /** To be handed to all of the account's work: its events are passed on. */
  readonly context: RunContext;
  readonly #command: PassCommand;
  readonly #started: Date;
  readonly #begun = performance.now();
  /** The time of a mailbox is that since the last event which ended something. */
  #last = this.#begun;
  #user = '';
  readonly #changed: MailboxChange[] = [];
  readonly #idle = noEffort();
  readonly #busy = noEffort();
  readonly #compared = noEffort();
  #written = 0;
  readonly #totals: Mutable<PassTotals> = {
    mailboxes: 0,
    messages: 0,
    bytes: 0,
    added: 0,
    reflagged: 0,
    renumbered: 0,
    removed: 0,
    findings: 0,
    failures: 0,
    differences: 0,
  };

  constructor(context: RunContext, command: PassCommand, started: Date) {
    this.#command = command;
    this.#started = started;
    const emit = (event: RunEvent) => {
      this.#listen(event);
      context.emit(event);
    };
    this.context = { ...context, emit };
  }

  /**
   * Records the pass in the account's state directory. A `final` also says what had been expected of it: as the history
   * was before.
   */
  finish(state: Dir): void {
    const seconds = Math.round(performance.now() - this.#begun) / 1000;
    const forecast = this.#command === 'final' ? this.#forecast(state, seconds) : undefined;
    appendPass(state, this.#entry(seconds, forecast));
  }

  /** The same for a command that need not be able to write: then a note says that nothing was recorded. */
  finishIfPossible(state: Dir): void {
    try {
      this.finish(state);
    } catch (error) {
      if (!(error instanceof SpoolsyncError)) throw error;
      const message = `this run is not in the account's history: ${error.message}`;
      const [user, place] = [this.#user, error.place];
      this.context.emit({
        event: 'remark',
        severity: 'note',
        code: 'HISTORY_NOT_WRITTEN',
        user,
        message,
        ...(place !== undefined && { place }),
      });
    }
  }

  #forecast(state: Dir, actual: number): Estimate | undefined {
    const forecast = forecastFinal(readHistory(state).passes, this.#started.getTime());
    const user = this.#user;
    if (!forecast.known) {
      const message = `nothing had been expected: that needs ${forecast.missing}`;
      this.context.emit({ event: 'forecast', user, actual, message });
      return undefined;
    }
    const estimate = roundEstimate(forecast.estimate);
    this.context.emit({ event: 'forecast', user, ...estimate, actual });
    return estimate;
  }

  #entry(seconds: number, forecast: Estimate | undefined): PassEntry {
    return {
      command: this.#command,
      version: this.context.version,
      started: this.#started.toISOString(),
      seconds,
      totals: this.#totals,
      idle: rounded(this.#idle),
      busy: rounded(this.#busy),
      compared: rounded(this.#compared),
      written: this.#written,
      files: this.#totals.added,
      mailboxes: this.#changed,
      more: { mailboxes: 0, changes: 0, read: 0 },
      ...(forecast && { forecast }),
    };
  }

  #listen(event: RunEvent): void {
    switch (event.event) {
      case 'account':
        this.#user = event.user;
        this.#lap();
        break;
      case 'mailbox':
        this.#mailbox(event);
        break;
      case 'remark':
        if (event.severity === 'finding') this.#totals.findings++;
        break;
      case 'difference':
        this.#totals.differences++;
        break;
      case 'failure':
        this.#totals.failures++;
        this.#lap();
        break;
      case 'begin':
      case 'rules':
      case 'progress':
      case 'action':
      case 'gate':
      case 'seal':
      case 'pass':
      case 'hot':
      case 'preflight':
      case 'forecast':
      case 'source':
      case 'configuration':
      case 'end':
        break;
    }
  }

  #mailbox(event: MailboxEvent): void {
    const { read = 0, equal } = event;
    const seconds = this.#lap();
    if (equal !== undefined) spend(this.#compared, equal, read, seconds);
    // In a final pass the mailbox has been counted when its pass was done.
    if (equal === undefined || this.#command === 'verify') addMailbox(this.#totals, event);
    if (equal !== undefined) return;
    this.#written += event.written ?? 0;
    const change = changeOf(event);
    const changes = changesOf(change);
    if (changes === 0 && read === 0) {
      spend(this.#idle, 0, 0, seconds);
    } else {
      spend(this.#busy, changes, read, seconds);
      this.#changed.push(change);
    }
  }

  /** Seconds since the last call. */
  #lap(): number {
    const now = performance.now();
    const seconds = (now - this.#last) / 1000;
    this.#last = now;
    return seconds;
  }
}

function changeOf(event: MailboxEvent): MailboxChange {
  const { mailbox, added, reflagged, renumbered = 0, removed, bytes, read = 0 } = event;
  return { mailbox, added, reflagged, renumbered, removed, bytes, read };
}

function noEffort(): Mutable<Effort> {
  return { mailboxes: 0, messages: 0, read: 0, seconds: 0 };
}

function spend(effort: Mutable<Effort>, messages: number, read: number, seconds: number): void {
  effort.mailboxes++;
  effort.messages += messages;
  effort.read += read;
  effort.seconds += seconds;
}

/** To microseconds: an unchanged mailbox takes a few hundred. */
function rounded(effort: Effort): Effort {
  return { ...effort, seconds: Math.round(effort.seconds * 1e6) / 1e6 };
}
