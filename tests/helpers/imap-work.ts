import type { ImapSession } from './imap-client.ts';
import type { Random } from './random.ts';

/** Opens a mailbox to work in it; how many messages it has. */
export async function select(imap: ImapSession, folder: string): Promise<number> {
  let count = 0;
  await imap.command(`SELECT "${folder}"`, ([first, second]) => {
    if (second === 'EXISTS') count = Number(first);
  });
  return count;
}

const FLAGS = ['\\Seen', '\\Answered', '\\Flagged', '\\Draft', '\\Deleted'];
const KEYWORDS = ['$Forwarded', 'Work', 'NonJunk', '$Label1', 'later', 'Todo'];

/** About a quarter of the flags and keywords that tests work with, as they stand in a command. */
export function someFlags(random: Random): string {
  return [...FLAGS, ...KEYWORDS].filter(() => random.below(4) === 0).join(' ');
}
