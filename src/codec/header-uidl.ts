import { createHash } from 'node:crypto';

/** What of a message's header serves as its UIDL: Dovecot's MD5 of some fields, or the field that other servers wrote. */
export type HeaderUidl = 'md5' | 'x-uidl';

/** A header field as it stands in the message: the value from behind the colon on, continuation lines and line ends included. */
interface Field {
  readonly name: string;
  readonly value: string;
}

/** Lower-case names of the fields that each needs. */
export const UIDL_FIELDS: Readonly<Record<HeaderUidl, readonly string[]>> = {
  md5: ['date', 'delivered-to', 'message-id', 'received', 'x-delivery-id'],
  'x-uidl': ['x-uidl'],
};

/** Reads it from the fields in header order; those that it does not need may be among them. */
export function headerUidl(kind: HeaderUidl, fields: readonly Field[]): string | undefined {
  return kind === 'md5' ? headerMd5(fields) : xUidl(fields);
}

/**
 * The header MD5 of Dovecot's mbox driver (`%m`), 32 lower-case hex digits: over the values of its fields, without the one
 * blank behind the colon and without line ends. The first Received counts, and behind it neither Date nor Message-ID do (observed
 * with 2.3.19).
 */
function headerMd5(fields: readonly Field[]): string {
  const hash = createHash('md5');
  let received = false;
  for (const { name, value } of fields) {
    const key = name.toLowerCase();
    if (!UIDL_FIELDS.md5.includes(key)) continue;
    if (received && key !== 'delivered-to' && key !== 'x-delivery-id') continue;
    if (key === 'received') received = true;
    hash.update(value.replace(/^[ \t]/, '').replace(/\r?\n/g, ''), 'latin1');
  }
  return hash.digest('hex');
}

/** The first X-UIDL field; blanks around it do not count. It may be empty, or folded. */
function xUidl(fields: readonly Field[]): string | undefined {
  const field = fields.find(({ name }) => name.toLowerCase() === 'x-uidl');
  return field?.value.replace(/^[ \t]+|[ \t\r\n]+$/g, '');
}

/** The X-UIDL of a message whose first bytes these are; a header that goes on behind them is read as far as it is there. */
export function xUidlIn(beginning: Buffer): string | undefined {
  const ends = [beginning.indexOf('\n\n'), beginning.indexOf('\n\r\n')].filter((at) => at >= 0);
  const header = beginning.toString('latin1', 0, Math.min(beginning.length, ...ends));
  if (/^\r?\n/.test(header)) return undefined;
  const fields = header.split(/\n(?![ \t])/).flatMap((field): Field[] => {
    const colon = field.indexOf(':');
    return colon < 0 ? [] : [{ name: field.slice(0, colon).trimEnd(), value: field.slice(colon + 1) }];
  });
  return xUidl(fields);
}
