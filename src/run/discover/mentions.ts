import type { RemarkEvent } from '../../core/events.ts';
import { printable } from '../../io/names.ts';
import type { Rejected } from '../../source/rejected.ts';

/** Of one kind so many are told one by one; a hostile disk has any number. */
const TOLD = 200;

type Code = RemarkEvent['code'];

/** What has to be said besides the sources, each once and in the order in which it was found. */
export class Mentions {
  readonly #events = new Map<string, RemarkEvent>();
  readonly #counts = new Map<Code, { severity: RemarkEvent['severity']; count: number }>();

  add(severity: RemarkEvent['severity'], code: Code, message: string, place?: string, user?: string): void {
    const event: RemarkEvent = {
      event: 'remark',
      severity,
      code,
      message,
      ...(place !== undefined && { place }),
      ...(user !== undefined && { user }),
    };
    const key = JSON.stringify(event);
    if (this.#events.has(key)) return;
    const known = this.#counts.get(code) ?? { severity, count: 0 };
    this.#counts.set(code, { severity, count: known.count + 1 });
    if (known.count < TOLD) this.#events.set(key, event);
  }

  /** Something in a configuration that no guess can rest on. */
  unclear(message: string, place: string): void {
    this.add('finding', 'CONFIG_UNCLEAR', message, place);
  }

  rejected(rejected: readonly Rejected[]): void {
    for (const { path, reason } of rejected) this.add('finding', 'NOT_READ', reason, printable(path));
  }

  all(): RemarkEvent[] {
    const more = [...this.#counts].flatMap(([code, { severity, count }]): RemarkEvent[] =>
      count <= TOLD
        ? []
        : [{ event: 'remark', severity, code, message: `and ${count - TOLD} more of this kind` }],
    );
    return [...this.#events.values(), ...more];
  }
}
