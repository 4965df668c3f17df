import { SpoolsyncError } from '../core/errors.ts';

/**
 * Turns SIGINT and SIGTERM into an orderly stop: work asks `check` between messages, so that a file is never left half
 * named. A second signal ends the process at once, as it would without us; the next run cleans up.
 */
export function watchSignals(): { readonly check: () => void; readonly stop: () => void } {
  let came: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    came = signal;
    stop();
  };
  const stop = () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const check = () => {
    if (came === undefined) return;
    const code = came === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED';
    throw new SpoolsyncError(code, `stopped by ${came}`, {
      advice: 'run the same command again: it goes on where it was',
    });
  };
  return { check, stop };
}
