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

/** About a quarter of these flags, as they stand in a command. */
export function someOf(random: Random, flags: readonly string[]): string {
  return flags.filter(() => random.below(4) === 0).join(' ');
}
