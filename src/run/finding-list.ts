import { LIMITS } from '../core/limits.ts';
import type { Finding, Findings } from '../core/message.ts';

/** The first findings one by one, the rest by number. */
export class FindingList {
  readonly #list: Finding[] = [];
  #more = 0;

  add(finding: Finding): void {
    if (this.#list.length < LIMITS.findings) this.#list.push(finding);
    else this.#more++;
  }

  get all(): Findings {
    return { list: this.#list, more: this.#more };
  }
}
