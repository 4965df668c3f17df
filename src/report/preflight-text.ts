import type { PreflightEvent } from '../core/events.ts';
import { formatBytes, plural } from './format.ts';

/** One file system: what is needed of it, and what it has. */
export function preflightLine({
  place,
  accounts,
  messages,
  bytes,
  free,
  files,
  freeFiles,
  enough,
}: PreflightEvent): string {
  const space = `about ${formatBytes(bytes)} of ${formatBytes(free)} free`;
  const inodes =
    freeFiles === undefined
      ? `${files} inodes, of which it has any number`
      : `${files} inodes of ${freeFiles} free`;
  const what = `${plural(accounts, 'account')}, ${plural(messages, 'new message')}`;
  return `${place}: ${enough ? '' : 'TOO LITTLE ROOM: '}needs ${space}, ${inodes} (${what})`;
}
