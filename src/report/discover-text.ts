import type { Listener } from '../core/events.ts';
import { escapeControls } from './escape.ts';
import { formatBytes, plural } from './format.ts';

interface DiscoverTextOptions {
  /** The configuration, and nothing else. */
  readonly out: (text: string) => void;
  /** Everything else. */
  readonly err: (text: string) => void;
  /** Only findings and failures. */
  readonly quiet: boolean;
}

/** The report of `discover` for people: its output is a file, so all remarks go to standard error. */
export function discoverReport({ out, err, quiet }: DiscoverTextOptions): Listener {
  const say = (line: string, always = false) => {
    if (always || !quiet) err(`${escapeControls(line)}\n`);
  };
  return (event) => {
    if (event.event === 'begin') say(`discover ${event.from}: ${plural(event.accounts, 'account')}`);
    else if (event.event === 'source') {
      const { from, accounts, files, bytes } = event;
      const what = from.startsWith('maildir:') ? 'message' : 'file';
      say(`${from}: ${plural(accounts, 'account')}, ${plural(files, what)}, ${formatBytes(bytes)}`);
    } else if (event.event === 'remark') {
      const where = event.place === undefined ? '' : ` (${event.place})`;
      say(`${event.code}: ${event.message}${where}`, event.severity === 'finding');
    } else if (event.event === 'failure') {
      say(`spoolsync: ${event.code}: ${event.message}`, true);
      if (event.place !== undefined) say(`  at  ${event.place}`, true);
      say(`  do  ${event.advice}`, true);
    } else if (event.event === 'configuration') out(event.text);
    else if (event.event === 'end') say(`exit ${event.exit}`);
  };
}
