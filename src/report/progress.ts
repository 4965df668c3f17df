import type { Listener } from '../core/events.ts';
import { formatBytes, formatSeconds } from './format.ts';

/** A run shorter than this shows no progress; later it is drawn this often (milliseconds). */
const PATIENCE = 1000;
const EVERY = 200;

/**
 * One line that is drawn over and over: share done, rate, time left. `now` is a clock in milliseconds. The line is
 * cleared before anything else is printed: call `clear` first.
 */
export function progressLine(
  write: (text: string) => void,
  now: () => number,
): { readonly listen: Listener; readonly clear: () => void } {
  const started = now();
  let total = 0;
  let sides = 1;
  let drawn = 0;
  let visible = false;
  const clear = () => {
    if (visible) write('\r\x1b[K');
    visible = false;
  };
  const listen: Listener = (event) => {
    // `verify` reads each byte twice, once on each side.
    if (event.event === 'begin') sides = event.command === 'verify' ? 2 : 1;
    if (event.event === 'account') total += event.bytes * sides;
    if (event.event !== 'progress') return;
    const time = now();
    if (time - started < PATIENCE || time - drawn < EVERY) return;
    drawn = time;
    const seconds = (time - started) / 1000;
    const words =
      total === 0
        ? soFar(event.bytes, seconds)
        : describe(event.bytes, Math.max(total, event.bytes), seconds);
    write(`\r\x1b[K${words}`);
    visible = true;
  };
  return { listen, clear };
}

function describe(bytes: number, total: number, seconds: number): string {
  const rate = bytes / seconds;
  const percent = Math.floor((100 * bytes) / total);
  const left = rate > 0 ? formatSeconds((total - bytes) / rate) : 'unknown';
  return `${percent} %  ${formatBytes(bytes)} of ${formatBytes(total)}  ${formatBytes(rate)}/s  ${left} left`;
}

/** How large Maildirs are is not known beforehand. */
function soFar(bytes: number, seconds: number): string {
  return `${formatBytes(bytes)} read  ${formatBytes(bytes / seconds)}/s`;
}
