import type { Listener } from '../core/events.ts';
import type { AccountLook } from './preflight-account.ts';

/** A clock is taken for wrong where it differs by more than these (milliseconds); less is what hosts differ by. */
const BEHIND = 60_000;
const AHEAD = 86_400_000;

/**
 * Notices what can only be if a clock is, or was, wrong. New mailboxes get their UIDVALIDITY from the clock, and what did
 * not change is told by times.
 */
export class ClockWatch {
  readonly #now: number;
  #lastPass = Number.NEGATIVE_INFINITY;
  #spools = 0;
  #place = '';

  /** `now`: milliseconds since 1970. */
  constructor(now: number) {
    this.#now = now;
  }

  look({ lastPassNs, youngest }: AccountLook): void {
    if (lastPassNs !== undefined) this.#lastPass = Math.max(this.#lastPass, toMs(lastPassNs));
    if (youngest === undefined || toMs(youngest.mtimeNs) <= this.#now + AHEAD) return;
    this.#spools++;
    this.#place ||= youngest.place;
  }

  /** `dates`: whether also to speak of spools. */
  tell(emit: Listener, dates: boolean): void {
    if (this.#lastPass > this.#now + BEHIND) {
      const [now, last] = [iso(this.#now), iso(this.#lastPass)];
      const message = `the clock says ${now}, and the last pass was at ${last}: one of them was wrong`;
      emit({ event: 'remark', severity: 'finding', code: 'CLOCK_BEHIND', message });
    }
    if (!dates || this.#spools === 0) return;
    const message = `accounts with a spool that has a date more than a day ahead of the clock: ${this.#spools}`;
    emit({ event: 'remark', severity: 'finding', code: 'DATES_AHEAD', message, place: this.#place });
  }
}

function toMs(ns: bigint): number {
  return Number(ns / 1_000_000n);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
