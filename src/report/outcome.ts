import { ERROR_CODES, EXIT } from '../core/errors.ts';
import type { RunEvent, Totals } from '../core/events.ts';
import { addMailbox } from '../core/totals.ts';

/**
 * Adds up a run: its totals and its exit status. Where several statuses apply, the one that asks for the most comes
 * first: a bug of ours, then what an administrator must repair, then what goes away by waiting or running again, then
 * what should be looked at.
 */
const RANK: readonly number[] = [
  EXIT.internal,
  EXIT.interrupted,
  EXIT.terminated,
  EXIT.usage,
  EXIT.config,
  EXIT.io,
  EXIT.cannotCreate,
  EXIT.permission,
  EXIT.noInput,
  EXIT.busy,
  EXIT.sourceMoved,
  EXIT.findings,
  EXIT.ok,
];

export class Outcome {
  #final = false;
  /** A final pass that compares everything tells of its account a second time. */
  readonly #users = new Set<string>();
  readonly #statuses = new Set<number>();
  #totals: { -readonly [K in keyof Totals]: number } = {
    accounts: 0,
    mailboxes: 0,
    messages: 0,
    bytes: 0,
    added: 0,
    reflagged: 0,
    renumbered: 0,
    removed: 0,
    equal: 0,
    findings: 0,
    differences: 0,
    failures: 0,
  };

  listen(event: RunEvent): void {
    const totals = this.#totals;
    switch (event.event) {
      case 'account':
        totals.accounts = this.#users.add(event.user).size;
        break;
      case 'mailbox':
        totals.equal += event.equal ?? 0;
        // In a final pass the mailbox has been counted when its pass was done.
        if (event.equal === undefined || !this.#final) addMailbox(totals, event);
        break;
      case 'remark':
        if (event.severity === 'note') break;
        totals.findings++;
        this.#statuses.add(event.code === 'SOURCE_MOVED' ? EXIT.sourceMoved : EXIT.findings);
        break;
      case 'difference':
        totals.differences++;
        this.#statuses.add(EXIT.findings);
        break;
      case 'failure':
        totals.failures++;
        this.#statuses.add(ERROR_CODES[event.code]);
        break;
      case 'begin':
        this.#final = event.command === 'final';
        break;
      case 'rules':
      case 'progress':
      case 'action':
      case 'gate':
      case 'seal':
      case 'pass':
      case 'hot':
      case 'forecast':
      case 'preflight':
      case 'source':
      case 'configuration':
      case 'end':
        break;
    }
  }

  get totals(): Totals {
    return { ...this.#totals };
  }

  get exit(): number {
    return RANK.find((status) => this.#statuses.has(status)) ?? EXIT.ok;
  }
}
