import type { ForecastEvent, GateEvent, SealEvent } from '../core/events.ts';
import { formatSeconds, plural } from './format.ts';

/** What is said of a `final` beside what is said of any pass. */

export function gateLines({ user, quiet, reasons }: GateEvent): string[] {
  const head = user === undefined ? '' : `${user}: `;
  if (quiet) return [`${head}the source is quiet`];
  return [`${head}the source is NOT quiet:`, ...reasons.map((reason) => `  ${reason}`)];
}

export function sealLine({ path, root, mailboxes, messages }: SealEvent): string {
  return `sealed ${plural(mailboxes, 'mailbox', 'mailboxes')}, ${plural(messages, 'message')}: ${path}, root ${root}`;
}

/** How long it took beside what had been expected; nothing before it is done. */
export function tookLines({ user, seconds, low, high, actual, message }: ForecastEvent): string[] {
  if (actual === undefined) return [];
  const took = `${user === undefined ? 'downtime' : `${user}: took`} ${formatSeconds(actual)}`;
  if (seconds === undefined || low === undefined || high === undefined) return [`${took}; ${message ?? ''}`];
  const expected = `${formatSeconds(seconds)} (${formatSeconds(low)} to ${formatSeconds(high)})`;
  return [`${took}, expected ${expected}${message === undefined ? '' : `, ${message}`}`];
}
