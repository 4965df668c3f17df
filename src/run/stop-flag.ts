import { SpoolsyncError } from '../core/errors.ts';

const SIGNALS = [undefined, 'SIGINT', 'SIGTERM'] as const;
export type StopSignal = Exclude<(typeof SIGNALS)[number], undefined>;

/** Tells all threads of a run that a signal has come; work asks between messages, so that no file is left half named. */
export class StopFlag {
  /** What other threads make their flag of. */
  readonly shared: SharedArrayBuffer;
  readonly #cell: Int32Array;

  constructor(shared = new SharedArrayBuffer(4)) {
    this.shared = shared;
    this.#cell = new Int32Array(shared);
  }

  raise(signal: StopSignal): void {
    Atomics.store(this.#cell, 0, SIGNALS.indexOf(signal));
  }

  /** Throws `INTERRUPTED` or `TERMINATED` once a signal has come. */
  check(): void {
    const signal = SIGNALS[Atomics.load(this.#cell, 0)];
    if (signal === undefined) return;
    throw new SpoolsyncError(signal === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED', `stopped by ${signal}`, {
      advice: 'run the same command again: it goes on where it was',
    });
  }
}
