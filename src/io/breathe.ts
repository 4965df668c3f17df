import { setImmediate } from 'node:timers/promises';

/** Items between two turns of the event loop: a few milliseconds of work. */
const BREATH = 128;

/** The same items; between some of them the event loop turns, so that signals are noticed during synchronous work. */
export async function* breathing<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, void> {
  if (Symbol.asyncIterator in items) {
    yield* items;
    return;
  }
  let count = 0;
  for (const item of items) {
    if (++count % BREATH === 0) await setImmediate();
    yield item;
  }
}

/** To be awaited for each item of work where `breathing` does not fit: turns the event loop now and then. */
export class Breath {
  #count = 0;

  draw(): Promise<void> | undefined {
    return ++this.#count % BREATH === 0 ? setImmediate() : undefined;
  }
}
