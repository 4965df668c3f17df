import type { MessageRecord } from '../core/message.ts';

/**
 * One message as a line of JSON: `[uid,flags,date,size,vsize,"digest",start,end,["keyword",…]]`.
 * Pure twins; the columns are those of docs/manifest.md.
 */

/** ASCII only, so that a line is the same in latin1 and UTF-8. */
export function formatRecord(record: MessageRecord): string {
  const { uid, flags, date, size, vsize, digest, start, end, keywords } = record;
  const names = keywords.length === 0 ? '[]' : ascii(JSON.stringify(keywords));
  return `[${uid},${flags},${date},${size},${vsize},"${digest}",${start},${end},${names}]`;
}

/** `undefined` for a line that is no record. */
export function parseRecord(line: string): MessageRecord | undefined {
  const value = parseJson(line);
  if (!Array.isArray(value) || value.length !== 9) return undefined;
  const [uid, flags, date, size, vsize, digest, start, end, keywords] = value as unknown[];
  const numbers = [uid, flags, date, size, vsize, start, end];
  if (!numbers.every(Number.isSafeInteger) || typeof digest !== 'string') return undefined;
  if (!Array.isArray(keywords) || !keywords.every((name) => typeof name === 'string')) return undefined;
  return { uid, flags, date, size, vsize, digest, start, end, keywords } as MessageRecord;
}

export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** JSON text with everything beyond ASCII as `\uNNNN`. */
export function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
