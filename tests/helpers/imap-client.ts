import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash } from 'node:crypto';

/**
 * Just enough of an IMAP client (RFC 3501) to read mailboxes from a server on a child's stdin and stdout. Mail is
 * bytes: literals are hashed as they arrive and kept only where asked for.
 */

/** A string that the server sent as `{size}` and raw bytes. */
interface Literal {
  readonly size: number;
  /** Of the bytes, hex. */
  readonly sha256: string;
  /** The bytes, if the session keeps them or they are few (mailbox names come as literals, too). */
  readonly bytes: Buffer | undefined;
}

/** An atom or quoted string (one char per byte), a literal, or a list of these. */
export type ImapValue = string | Literal | readonly ImapValue[];

/** The server said NO, BAD or BYE, or it ended; `message` holds the command and the server's words. */
export class ImapError extends Error {
  override readonly name = 'ImapError';
}

const SMALL = 4096;
const STATUS = /^(?:OK|NO|BAD|BYE|PREAUTH)\b/;

/** Pulls lines and counted bytes out of a stream of chunks. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async #fill(): Promise<void> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) throw new ImapError('the server closed the connection');
      this.#chunk = next.value;
    }
  }

  /** The next line without its CR LF, as latin1. */
  async line(): Promise<string> {
    let text = '';
    for (;;) {
      await this.#fill();
      const at = this.#chunk.indexOf(0x0a);
      const end = at === -1 ? this.#chunk.length : at + 1;
      text += this.#chunk.toString('latin1', 0, end);
      this.#chunk = this.#chunk.subarray(end);
      if (at !== -1) return text.replace(/\r?\n$/, '');
    }
  }

  async literal(size: number, keep: boolean): Promise<Literal> {
    const hash = createHash('sha256');
    const parts: Buffer[] = [];
    for (let left = size; left > 0; ) {
      await this.#fill();
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      hash.update(part);
      if (keep || size <= SMALL) parts.push(part);
    }
    const bytes = keep || size <= SMALL ? Buffer.concat(parts) : undefined;
    return { size, sha256: hash.digest('hex'), bytes };
  }
}

/** Builds the values of one response from its pieces of text and the literals between them. */
class ResponseBuilder {
  readonly #open: ImapValue[][] = [[]];

  push(value: ImapValue): void {
    this.#open.at(-1)?.push(value);
  }

  text(text: string): void {
    for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+/g)) {
      if (token === '(') this.#open.push([]);
      else if (token === ')') this.push(this.#open.pop() ?? []);
      else if (token.startsWith('"')) this.push(token.slice(1, -1).replace(/\\(.)/g, '$1'));
      else this.push(token);
    }
  }

  values(): readonly ImapValue[] {
    return this.#open[0] ?? [];
  }
}

/** One IMAP connection; commands run one after the other. */
export class ImapSession {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #reader: ByteReader;
  readonly #keepLiterals: boolean;
  /** The server has ended, and all that it said has arrived. */
  readonly #closed: Promise<void>;
  #tag = 0;

  /** `child` is an IMAP server that has not been talked to. With `keepLiterals`, literals of any size are kept. */
  constructor(child: ChildProcessWithoutNullStreams, keepLiterals: boolean) {
    this.#child = child;
    this.#reader = new ByteReader(child.stdout);
    this.#keepLiterals = keepLiterals;
    this.#closed = new Promise((resolve) => child.once('close', () => resolve()));
    // A server that is gone shows at the next read, with its reason on stderr.
    child.stdin.on('error', () => {});
  }

  /** Waits for the greeting; fails if the session is not logged in by it. */
  async greeting(): Promise<void> {
    let line = await this.#reader.line();
    // Courier first says what it misses, such as a monitor of files.
    while (line.startsWith('* OK [ALERT]')) line = await this.#reader.line();
    if (!line.startsWith('* PREAUTH')) throw new ImapError(`unexpected greeting: ${line}`);
  }

  /**
   * Sends `text` and calls `onUntagged` for each untagged response: `['OK', 'rest of the line']` for status
   * responses, all values otherwise. Returns the text behind the final OK; rejects with `ImapError` on NO, BAD, BYE.
   */
  async command(
    text: string,
    onUntagged: (values: readonly ImapValue[]) => void = () => {},
  ): Promise<string> {
    this.#tag++;
    const tag = `t${this.#tag}`;
    this.#child.stdin.write(`${tag} ${text}\r\n`, 'latin1');
    for (;;) {
      const line = await this.#reader.line();
      if (line.startsWith(`${tag} `)) {
        const said = line.slice(tag.length + 1);
        if (!said.startsWith('OK')) throw new ImapError(`${text}: ${said}`);
        return said.slice(3);
      }
      if (line.startsWith('* BYE') && text !== 'LOGOUT') throw new ImapError(`${text}: ${line}`);
      onUntagged(await this.#untagged(line));
    }
  }

  async #untagged(first: string): Promise<readonly ImapValue[]> {
    const status = STATUS.exec(first.slice(2))?.[0];
    if (status !== undefined) return [status, first.slice(status.length + 3)];
    const response = new ResponseBuilder();
    for (let line = first.slice(2); ; line = await this.#reader.line()) {
      const size = /\{(\d+)\}$/.exec(line);
      if (size === null) {
        response.text(line);
        return response.values();
      }
      response.text(line.slice(0, size.index));
      response.push(await this.#reader.literal(Number(size[1]), this.#keepLiterals));
    }
  }

  /** Logs out and waits until the server has ended, its mailbox written. */
  async logout(): Promise<void> {
    try {
      await this.command('LOGOUT');
    } catch (error) {
      if (!(error instanceof ImapError)) throw error;
    }
    this.#child.stdin.end();
    await this.#closed;
  }
}
