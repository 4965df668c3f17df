import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

/** What a POP3 server lists, message by message in its order: the UIDL, and the size as LIST has it. */
export interface Pop3Listing {
  readonly uidls: readonly string[];
  readonly sizes: readonly number[];
}

/**
 * Asks a POP3 server (RFC 1939) on a child's stdin and stdout, which is logged in already, for UIDL and LIST, and ends it.
 * Dovecot sends no greeting then, Courier `+OK logged in.`. Text is latin1. Rejects with the server's words if it refuses.
 */
export async function readPop3(child: ChildProcessWithoutNullStreams): Promise<Pop3Listing> {
  let [said, complained] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString('latin1');
  });
  child.stderr.on('data', (data: Buffer) => {
    complained += data.toString('latin1');
  });
  child.stdin.on('error', () => {});
  child.stdin.end('UIDL\r\nLIST\r\nQUIT\r\n');
  await once(child, 'close');
  const answers = said.replace(/^\+OK logged in\.\r\n/, '');
  const [uidl, list, quit] = answers.split(/^\.\r\n/m).map((part) => part.split('\r\n').slice(0, -1));
  if (!uidl?.[0]?.startsWith('+OK') || !list?.[0]?.startsWith('+OK') || !quit?.[0]?.startsWith('+OK'))
    throw new Error(`POP3: ${said}${complained}`);
  return {
    uidls: uidl.slice(1).map(behindNumber),
    sizes: list.slice(1).map((line, i) => Number(behindNumber(line, i))),
  };
}

/** What stands behind the number of a message, which must be its place. */
function behindNumber(line: string, i: number): string {
  const space = line.indexOf(' ');
  if (line.slice(0, space) !== String(i + 1)) throw new Error(`POP3: "${line}" at place ${i + 1}`);
  return line.slice(space + 1);
}
