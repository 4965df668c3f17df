import type { Remembered } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';
import { LineWriter, readLines } from '../io/lines.ts';
import { formatRecord, parseRecord } from './record-line.ts';

/**
 * What a pass is about to do to the messages that the manifest knows, written before it does (docs/manifest.md, "The
 * journal"). Where it lies beside a manifest, a pass was cut off: what is amiss in the folder, and written here, is that
 * pass's work; what is amiss and not written here is a user's.
 *
 * One line for a message: its UID in the manifest, a blank, and the record that the pass wanted instead, or `-` for one
 * that it wanted to remove. A pass that follows on a cut-off one adds to its lines, since some of both may be done.
 */
export type Intent = readonly [uid: number, next: Remembered | 'removed'];

/** What passes that were cut off wanted. */
export interface Journal {
  of(uid: number): readonly (Remembered | 'removed')[];
}

function journalName(name: string): string {
  return `.${name}.begun`;
}

/** `undefined`: no pass was cut off. Lines that cannot be read are passed over: they claim nothing. */
export function openJournal(state: Dir, name: string): Journal | undefined {
  const file = state.openFile(journalName(name));
  if (file === undefined) return undefined;
  const intents = new Map<number, (Remembered | 'removed')[]>();
  try {
    for (const { text } of readLines(file)) {
      const blank = text.indexOf(' ');
      const rest = text.slice(blank + 1);
      const next = rest === '-' ? 'removed' : parseRecord(rest);
      const uid = Number(text.slice(0, blank));
      if (next === undefined) continue;
      const list = intents.get(uid);
      if (list === undefined) intents.set(uid, [next]);
      else list.push(next);
    }
  } finally {
    file.close();
  }
  return { of: (uid) => intents.get(uid) ?? [] };
}

/** Adds to the journal of a mailbox, or begins one, and makes it durable. */
export function writeJournal(state: Dir, name: string, intents: Iterable<Intent>): void {
  const target = journalName(name);
  const temp = `.${name}.journal`;
  state.unlink(temp);
  const file = state.createFile(temp, 0o600);
  try {
    const lines = new LineWriter(file);
    const before = state.openFile(target);
    try {
      if (before !== undefined) for (const { text } of readLines(before)) lines.line(text);
    } finally {
      before?.close();
    }
    for (const [uid, next] of intents) lines.line(`${uid} ${next === 'removed' ? '-' : formatRecord(next)}`);
    lines.flush();
    file.fsync();
    file.close();
    state.rename(temp, state, target);
  } catch (error) {
    file.close();
    state.unlink(temp);
    throw error;
  }
  state.fsync();
}

/** Durable, so that a pass that was finished is not taken for one that was cut off. */
export function removeJournal(state: Dir, name: string): void {
  if (state.unlink(journalName(name))) state.fsync();
}

/** Gives it to the folder that the mailbox has now, if there is one. */
export function moveJournal(state: Dir, name: string, to: string): void {
  if (state.lstat(journalName(name)) === undefined) return;
  state.rename(journalName(name), state, journalName(to));
  state.fsync();
}
