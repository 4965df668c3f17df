import { LIMITS } from '../../core/limits.ts';
import type { Finding, Findings } from '../../core/message.ts';
import type { Problem } from './listing.ts';

/** The first problems one by one, the rest by number. */
export class ProblemList {
  readonly #said: (problem: Problem) => void;
  readonly #list: Finding[] = [];
  #more = 0;

  constructor(said: (problem: Problem) => void) {
    this.#said = said;
  }

  add(problem: Problem): void {
    const { code, file, message } = problem;
    this.#said(problem);
    if (this.#list.length < LIMITS.findings) this.#list.push({ code, offset: 0, file, message });
    else this.#more++;
  }

  get findings(): Findings {
    return { list: this.#list, more: this.#more };
  }
}
