import type { ImapSession, ImapValue } from './imap-client.ts';

/** What a client sees of a server's mailboxes, in an IMAP session that is open already. */

/** One line of a LIST answer. */
export interface ListedMailbox {
  /** As on the wire: modified UTF-7, levels separated as the server does. */
  readonly name: string;
  /** Such as `\Noselect`, sorted. */
  readonly attributes: readonly string[];
}

/** One message as an IMAP client sees it. */
export interface JudgedMessage {
  readonly uid: number;
  /** System flags such as `\Seen`, sorted, without `\Recent`. */
  readonly flags: readonly string[];
  /** All other flags, sorted. */
  readonly keywords: readonly string[];
  readonly recent: boolean;
  /** Epoch seconds; the zone that the server printed is taken into account. */
  readonly internalDate: number;
  /** RFC822.SIZE: every line end counts two bytes. */
  readonly size: number;
  /** Of BODY[], hex: the bytes on the wire, line ends CR LF. Their count; the bytes themselves with `keepBodies`. */
  readonly sha256: string;
  readonly bodySize: number;
  readonly body: Buffer | undefined;
}

export interface JudgedMailbox {
  readonly uidValidity: number;
  readonly uidNext: number;
  /** In the server's order. */
  readonly messages: readonly JudgedMessage[];
}

export interface ReadOptions {
  /** Keep `body`; otherwise only its hash stays in memory. */
  readonly keepBodies?: boolean;
  /** Open with SELECT instead of EXAMINE: Maildir messages move from new/ to cur/, mboxes are written if `writable`. */
  readonly select?: boolean;
}

/** All that the server lists, sorted by name. */
export async function list(session: ImapSession, command: 'LIST' | 'LSUB'): Promise<ListedMailbox[]> {
  const found: ListedMailbox[] = [];
  await session.command(`${command} "" *`, ([kind, attributes, , name]) => {
    if (kind !== command || !Array.isArray(attributes)) return;
    found.push({ name: text(name), attributes: attributes.map(text).sort() });
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Reads a whole mailbox (name as on the wire). Rejects with `ImapError` if the server refuses it or fails. */
export async function read(session: ImapSession, name: string, options: ReadOptions): Promise<JudgedMailbox> {
  let uidValidity = 0;
  let uidNext = 0;
  let exists = 0;
  const quoted = `"${name.replace(/["\\]/g, '\\$&')}"`;
  await session.command(`${options.select === true ? 'SELECT' : 'EXAMINE'} ${quoted}`, ([first, second]) => {
    if (second === 'EXISTS') exists = Number(first);
    if (first !== 'OK') return;
    uidValidity = Number(/^\[UIDVALIDITY (\d+)\]/.exec(text(second))?.[1] ?? uidValidity);
    uidNext = Number(/^\[UIDNEXT (\d+)\]/.exec(text(second))?.[1] ?? uidNext);
  });
  // Courier tells it only when it is asked.
  if (uidNext === 0)
    await session.command(`STATUS ${quoted} (UIDNEXT)`, ([kind, , items]) => {
      if (kind === 'STATUS' && Array.isArray(items)) uidNext = Number(items[items.indexOf('UIDNEXT') + 1]);
    });
  const messages: JudgedMessage[] = [];
  if (exists > 0) {
    await session.command(
      'UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])',
      ([, kind, items]) => {
        if (kind === 'FETCH' && Array.isArray(items) && items.includes('BODY[]'))
          messages.push(message(items));
      },
    );
  }
  if (messages.length !== exists)
    throw new Error(`${name}: ${exists} messages, but ${messages.length} fetched`);
  return { uidValidity, uidNext, messages };
}

function message(items: readonly ImapValue[]): JudgedMessage {
  const item = (key: string): ImapValue | undefined => items[items.indexOf(key) + 1];
  const flags = item('FLAGS');
  const body = item('BODY[]');
  if (!Array.isArray(flags) || typeof body !== 'object' || !('sha256' in body)) {
    throw new Error(`unexpected FETCH answer: ${JSON.stringify(items)}`);
  }
  const names = flags.map(text).sort();
  return {
    uid: Number(item('UID')),
    flags: names.filter((flag) => flag.startsWith('\\') && flag !== '\\Recent'),
    keywords: names.filter((flag) => !flag.startsWith('\\')),
    recent: names.includes('\\Recent'),
    internalDate: epoch(text(item('INTERNALDATE'))),
    size: Number(item('RFC822.SIZE')),
    sha256: body.sha256,
    bodySize: body.size,
    body: body.bytes,
  };
}

/** `" 9-Nov-2001 22:33:52 +0200"` (RFC 3501, date-time) as epoch seconds. */
function epoch(date: string): number {
  const parts = /^([ \d]\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d)$/.exec(date);
  if (parts === null) throw new Error(`unexpected INTERNALDATE: ${date}`);
  const [, day, month, year, time, sign, hours, minutes] = parts;
  // Parsed in a leap year and moved, because for the language's parser the years 0 to 99 are in the 20th century.
  const date2000 = new Date(`${day?.trim()} ${month} 2000 ${time} UTC`);
  const local = date2000.setUTCFullYear(Number(year));
  const offset = (Number(hours) * 60 + Number(minutes)) * 60;
  return local / 1000 - (sign === '-' ? -offset : offset);
}

function text(value: ImapValue | undefined): string {
  if (typeof value === 'string') return value;
  if (value !== undefined && 'bytes' in value && value.bytes !== undefined)
    return value.bytes.toString('latin1');
  throw new Error(`a string was expected from the server, not ${JSON.stringify(value)}`);
}
