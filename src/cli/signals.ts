import { StopFlag, type StopSignal } from '../run/stop-flag.ts';

/**
 * Turns SIGINT and SIGTERM into an orderly stop. A second signal ends the process at once, as it would without us; the
 * next run cleans up.
 */
export function watchSignals(): { readonly flag: StopFlag; readonly stop: () => void } {
  const flag = new StopFlag();
  const onSignal = (signal: NodeJS.Signals) => {
    flag.raise(signal as StopSignal);
    stop();
  };
  const stop = () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { flag, stop };
}
