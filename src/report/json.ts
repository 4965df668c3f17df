import type { Listener } from '../core/events.ts';

/** One event per line, as JSON (docs/json.md). Progress is left out: it is not a result. */
export function jsonReport(write: (text: string) => void): Listener {
  return (event) => {
    if (event.event === 'progress') return;
    // JSON escapes C0 itself; the rest of what could harm a terminal is escaped the way JSON allows.
    const line = JSON.stringify(event).replace(
      /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    write(`${line}\n`);
  };
}
