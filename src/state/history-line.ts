import type { PassEntry } from '../core/history.ts';
import { parseJson } from './record-line.ts';

/** Fields of a pass that hold numbers, by the object they are in; what a newer spoolsync adds is passed over. */
const EFFORT = ['mailboxes', 'messages', 'read', 'seconds'] as const;
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  totals: [
    'mailboxes',
    'messages',
    'bytes',
    'added',
    'reflagged',
    'renumbered',
    'removed',
    'findings',
    'failures',
    'differences',
  ],
  idle: EFFORT,
  busy: EFFORT,
  compared: EFFORT,
  more: ['mailboxes', 'changes', 'read'],
};
const CHANGE = ['added', 'reflagged', 'renumbered', 'removed', 'bytes', 'read'] as const;
const COMMANDS: readonly unknown[] = ['convert', 'final', 'merge', 'verify'];

/** A line of `history.jsonl` as a pass; `undefined` for anything that is none. */
export function parsePass(line: string): PassEntry | undefined {
  const value = parseJson(line);
  if (!isObject(value) || !COMMANDS.includes(value['command'])) return undefined;
  const { version, started, mailboxes, forecast } = value;
  if (typeof version !== 'string' || typeof started !== 'string') return undefined;
  if (!Number.isFinite(Date.parse(started))) return undefined;
  if (!hasNumbers(value, ['seconds', 'written', 'files'])) return undefined;
  if (!Object.entries(NUMBERS).every(([name, fields]) => hasNumbers(value[name], fields))) return undefined;
  if (!Array.isArray(mailboxes) || !mailboxes.every(isChange)) return undefined;
  if (forecast !== undefined && !hasNumbers(forecast, ['seconds', 'low', 'high'])) return undefined;
  return value as unknown as PassEntry;
}

function isChange(value: unknown): boolean {
  return isObject(value) && typeof value['mailbox'] === 'string' && hasNumbers(value, CHANGE);
}

function hasNumbers(value: unknown, fields: readonly string[]): boolean {
  if (!isObject(value)) return false;
  return fields.every((field) => {
    const number = value[field];
    return typeof number === 'number' && Number.isFinite(number) && number >= 0;
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
