import { setTimeout as sleep } from 'node:timers/promises';
import { heldLocks } from '../io/held-locks.ts';
import { type Processes, surveyProcesses } from '../io/in-use.ts';
import { dovecotSockets, type Listener, listenersAt } from '../io/listeners.ts';
import {
  type Disturbance,
  describe,
  leftoverDotlocks,
  listening,
  lockedElsewhere,
  notQuiet,
  working,
} from '../source/disturbances.ts';
import { isYoungMailbox, type MailAccount } from '../source/mail-account.ts';
import {
  changesBetween,
  listSpools,
  lookAround,
  type SourceState,
  sourceState,
} from '../source/spool-looks.ts';
import type { RunContext } from './context.ts';

/** What tells the time, in milliseconds since 1970, and waits. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

const SYSTEM_CLOCK: Clock = { now: Date.now, sleep };

/** SMTP, LMTP, POP3, IMAP, submission, ManageSieve. */
const MAIL_PORTS: ReadonlySet<number> = new Set([24, 25, 110, 143, 465, 587, 993, 995, 4190]);

/** Mail services of this host that take connections. */
function mailServices(): Listener[] {
  return [...listenersAt(MAIL_PORTS), ...dovecotSockets()];
}

/** How long a spool must not have changed (milliseconds), and how often it is looked at again until that is so. */
const STILL = 2100;
const LOOKS = 3;
const SLICE = 100;
/** A walk over all processes serves the accounts of this time. */
const SURVEY_AGE = 1000;

export interface GateSettings {
  /** Goes on where the source is not quiet. */
  readonly force: boolean;
  readonly clock?: Clock;
  /** The mail services of this host that are on. */
  readonly services?: () => readonly Listener[];
}

/** What the gate found, once it is passed. */
export interface Passed {
  /** The source at that moment. */
  readonly state: SourceState;
  /** What was overridden, for the seal. */
  readonly forced: readonly string[];
}

interface Settled {
  readonly state: SourceState;
  readonly spools: ReturnType<typeof listSpools>;
  /** What changed at the last look. */
  readonly changes: readonly Disturbance[];
}

/** Says whether the sources of accounts are quiet: nobody works on them, and nothing changes. One for a run. */
export class Gate {
  readonly #context: RunContext;
  readonly #force: boolean;
  readonly #clock: Clock;
  readonly #services: () => readonly Listener[];
  #survey: { readonly at: number; readonly processes: Processes } | undefined;
  readonly #said = new Set<string>();

  constructor(context: RunContext, { force, clock = SYSTEM_CLOCK, services = mailServices }: GateSettings) {
    this.#context = context;
    this.#force = force;
    this.#clock = clock;
    this.#services = services;
  }

  /**
   * Waits until the spools of an account are older than the clock's grain, and looks who works on them: processes that
   * have them open, locks, mail services that listen. `user` is its printable name. Not quiet: `SOURCE_NOT_QUIET`, or
   * with `force` a note.
   */
  async pass(account: MailAccount, user: string): Promise<Passed> {
    const { state, spools, changes } = await this.#settle(account);
    const looks = lookAround(account, spools);
    const shared = account.sharedFileSystems();
    const processes = this.#processes();
    const found = [
      ...changes,
      ...working(looks, processes, heldLocks(), this.#clock.now()),
      ...(shared.length > 0 ? lockedElsewhere(account, looks) : listening(this.#services(), processes)),
    ];
    this.#sayUnseen(shared, processes);
    for (const place of leftoverDotlocks(looks, this.#clock.now())) {
      const message = 'a dotlock that nobody has touched for minutes: taken for a leftover';
      this.#context.emit({ event: 'remark', severity: 'note', code: 'DOTLOCK_LEFT', user, place, message });
    }
    const forced = this.#allow(found, user, 'QUIET_FORCED');
    return { state, forced };
  }

  /** Looks again at the end: the same source as when the gate was passed, or `SOURCE_NOT_QUIET` (`force`: a finding). */
  recheck(account: MailAccount, user: string, before: SourceState): readonly string[] {
    const changes = changesBetween(before, sourceState(account), account.rootPath);
    return this.#allow(changes, user, 'SOURCE_MOVED');
  }

  /** Looks until nothing is young, or nothing has changed for longer than that: clocks of file servers may be wrong. */
  async #settle(account: MailAccount): Promise<Settled> {
    let spools = listSpools(account);
    let state = sourceState(account, spools);
    if (!spools.some(({ print }) => isYoungMailbox(print, this.#clock.now())))
      return { state, spools, changes: [] };
    for (let look = 1; ; look++) {
      await this.#wait();
      const before = state;
      spools = listSpools(account);
      state = sourceState(account, spools);
      const changes = changesBetween(before, state, account.rootPath);
      if (changes.length === 0 || look === LOOKS) return { state, spools, changes };
    }
  }

  /** In slices, since a signal must end the run soon. */
  async #wait(): Promise<void> {
    for (let waited = 0; waited < STILL; waited += SLICE) {
      this.#context.checkSignal();
      await this.#clock.sleep(SLICE);
    }
  }

  #processes(): Processes {
    const now = this.#clock.now();
    if (this.#survey === undefined || now - this.#survey.at > SURVEY_AGE || now < this.#survey.at)
      this.#survey = { at: now, processes: surveyProcesses() };
    return this.#survey.processes;
  }

  /** What cannot be seen is the same for all accounts of a run, and said once. */
  #sayUnseen(shared: readonly string[], { unseen }: Processes): void {
    const elsewhere = shared.map(
      (name) =>
        `source on ${name}: who works on it on another host cannot be seen from here, nor which services listen there; changes, dotlocks and fcntl locks can`,
    );
    for (const message of unseen === undefined ? elsewhere : [...elsewhere, unseen]) {
      if (this.#said.has(message)) continue;
      this.#said.add(message);
      this.#context.emit({ event: 'remark', severity: 'note', code: 'QUIET_UNSEEN', message });
    }
  }

  #allow(found: readonly Disturbance[], user: string, code: 'QUIET_FORCED' | 'SOURCE_MOVED'): string[] {
    if (found.length === 0) return [];
    if (!this.#force) throw notQuiet(found);
    const reasons = found.map(describe);
    const severity = code === 'QUIET_FORCED' ? 'note' : 'finding';
    for (const message of reasons) this.#context.emit({ event: 'remark', severity, code, user, message });
    return reasons.map((reason) => `${user}: ${reason}`);
  }
}
