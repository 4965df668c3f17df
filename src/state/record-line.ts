import type { Marks, MessageRecord, Remembered, SourceFile } from '../core/message.ts';

/**
 * One message as a line of JSON: `[uid,flags,date,size,vsize,"digest",start,end,["keyword",…]]`, and behind that, only
 * where there is something to say, an object with what else is remembered. Pure twins; docs/manifest.md has the columns.
 */

/** ASCII only, so that a line is the same in latin1 and UTF-8. */
export function formatRecord(record: Remembered): string {
  const { uid, flags, date, size, vsize, digest, start, end, keywords } = record;
  const names = keywords.length === 0 ? '[]' : ascii(JSON.stringify(keywords));
  const more = formatMore(record);
  return `[${uid},${flags},${date},${size},${vsize},"${digest}",${start},${end},${names}${more}]`;
}

/** Whether source and target have a message in the same way, under the UID that the source gives it. */
export function isPlain({ claim, sourceUid, gone, target }: Remembered): boolean {
  return claim === undefined && sourceUid === undefined && gone === undefined && target === undefined;
}

function formatMore(record: Remembered): string {
  const { claim, sourceUid, gone, target, fields, extra, uidl, file } = record;
  const says = file !== undefined || fields !== undefined || extra !== undefined || uidl !== undefined;
  if (!says && isPlain(record)) return '';
  const marks = target && [target.flags, target.keywords];
  const place = file && [file.key, file.ino, file.mtimeNs];
  const more = { claim, sourceUid, gone, target: marks, fields, extra, uidl, file: place };
  return `,${ascii(JSON.stringify(more))}`;
}

/** `undefined` for a line that is no record. */
export function parseRecord(line: string): Remembered | undefined {
  const value = parseJson(line);
  if (!Array.isArray(value) || (value.length !== 9 && value.length !== 10)) return undefined;
  const [uid, flags, date, size, vsize, digest, start, end, keywords, more] = value as unknown[];
  const numbers = [uid, flags, date, size, vsize, start, end];
  if (!numbers.every(Number.isSafeInteger) || typeof digest !== 'string' || !areNames(keywords))
    return undefined;
  const record = { uid, flags, date, size, vsize, digest, start, end, keywords } as MessageRecord;
  return more === undefined ? record : parseMore(record, more);
}

function parseMore(record: MessageRecord, value: unknown): Remembered | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { claim, sourceUid, gone, target, fields, extra, uidl, file } = value as Record<string, unknown>;
  const marks = target === undefined ? undefined : parseMarks(target);
  const place = file === undefined ? undefined : parseFile(file);
  const sound =
    [undefined, 'none', 'other'].includes(claim as undefined) &&
    [undefined, true].includes(gone as undefined) &&
    (sourceUid === undefined || Number.isSafeInteger(sourceUid)) &&
    (target === undefined) === (marks === undefined) &&
    (fields === undefined || areFields(fields)) &&
    (extra === undefined || typeof extra === 'string') &&
    (uidl === undefined || typeof uidl === 'string') &&
    (file === undefined) === (place === undefined);
  if (!sound) return undefined;
  // Millions of these are made: spreading would cost more than all the rest.
  const more: Record<string, unknown> = record as unknown as Record<string, unknown>;
  if (claim !== undefined) more['claim'] = claim;
  if (sourceUid !== undefined) more['sourceUid'] = sourceUid;
  if (gone !== undefined) more['gone'] = gone;
  if (marks !== undefined) more['target'] = marks;
  if (fields !== undefined) more['fields'] = fields;
  if (extra !== undefined) more['extra'] = extra;
  if (uidl !== undefined) more['uidl'] = uidl;
  if (place !== undefined) more['file'] = place;
  return record;
}

function parseFile(value: unknown): SourceFile | undefined {
  if (!Array.isArray(value) || value.length !== 3 || !areNames(value)) return undefined;
  const [key, ino, mtimeNs] = value as [string, string, string];
  return { key, ino, mtimeNs };
}

function areFields(value: unknown): boolean {
  return Array.isArray(value) && value.every((field) => areNames(field) && (field as unknown[]).length === 2);
}

function parseMarks(value: unknown): Marks | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [flags, keywords] = value as unknown[];
  return Number.isSafeInteger(flags) && areNames(keywords) ? ({ flags, keywords } as Marks) : undefined;
}

function areNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
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
