import type { Remembered } from '../core/message.ts';
import type { Dir } from '../io/dir.ts';
import { LineWriter } from '../io/lines.ts';
import { formatRecord, parseRecord } from './record-line.ts';
import { readStateLines } from './state-lines.ts';

/**
 * What a pass is about to do to the messages that the manifest knows, written before it does (docs/manifest.md, "The
 * journal"). Where it lies beside a manifest, a pass was cut off: what is amiss in the folder, and written here, is that
 * pass's work; what is amiss and not written here is a user's.
 *
 * The first line is the generation of the manifest that it is about. Beside another the pass came to its end, but for the
 * removal of its journal, or a power cut brought that back: it says nothing any more. Then one line for a message: its
 * UID in the manifest, a blank, and the record that the pass wanted instead, or `-` for one that it wanted to remove. A
 * pass that follows on a cut-off one adds to its lines, since some of both may be done.
 */
export type Intent = readonly [uid: number, next: Remembered | 'removed'];

/** What passes that were cut off wanted. */
export interface Journal {
  of(uid: number): readonly (Remembered | 'removed')[];
}

function journalName(name: string): string {
  return `.${name}.begun`;
}

/** Whether there is one, of whatever generation. */
export function hasJournal(state: Dir, name: string): boolean {
  return state.lstat(journalName(name)) !== undefined;
}

/**
 * `undefined`: no pass was cut off. `generation` is that of the manifest, 0 where there is none. An empty journal, as
 * version 0.1 has it, says only that a pass was. Lines that cannot be read are passed over: they claim nothing.
 */
export function openJournal(state: Dir, name: string, generation: number): Journal | undefined {
  const file = state.openFile(journalName(name));
  if (file === undefined) return undefined;
  const intents = new Map<number, (Remembered | 'removed')[]>();
  try {
    const lines = readStateLines(file);
    const first = lines.next();
    if (!first.done && first.value.text !== String(generation)) return undefined;
    for (const { text } of lines) {
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

/** Adds to the journal of a mailbox, or begins one for another generation, and makes it durable. */
export function writeJournal(state: Dir, name: string, generation: number, intents: Iterable<Intent>): void {
  const target = journalName(name);
  const temp = `.${name}.journal`;
  state.unlink(temp);
  const file = state.createFile(temp, 0o600);
  try {
    const lines = new LineWriter(file);
    lines.line(String(generation));
    copyIntents(state, target, generation, lines);
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

/** Those of the pass that was cut off before. */
function copyIntents(state: Dir, target: string, generation: number, lines: LineWriter): void {
  const file = state.openFile(target);
  if (file === undefined) return;
  try {
    const before = readStateLines(file);
    const first = before.next();
    if (first.done || first.value.text !== String(generation)) return;
    for (const { text } of before) lines.line(text);
  } finally {
    file.close();
  }
}

/** Not flushed: one that comes back is of another generation than the manifest. */
export function removeJournal(state: Dir, name: string): void {
  state.unlink(journalName(name));
}

/** Gives it to the folder that the mailbox has now, if there is one. */
export function moveJournal(state: Dir, name: string, to: string): void {
  if (!hasJournal(state, name)) return;
  state.rename(journalName(name), state, journalName(to));
  state.fsync();
}
