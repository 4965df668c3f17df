import type { Marks, MessageRecord, Remembered, Scanned } from '../../../src/core/message.ts';
import type { Action, TargetView } from '../../../src/plan/action.ts';
import { targetMarks } from '../../../src/plan/marks.ts';

/** A message whose content is one letter; equal letters are true duplicates. */
export function record(
  uid: number,
  letter: string,
  flags = 0,
  keywords: readonly string[] = [],
): MessageRecord {
  const digest = letter.charCodeAt(0).toString(16).padStart(16, '0');
  return { uid, flags, keywords, date: 1000, size: 10, vsize: 11, digest, start: 0, end: 10 };
}

export function scanned(message: MessageRecord, ordinal = 0): Scanned {
  return { ...message, ordinal, staged: false };
}

/** A target as it was left, but for what `changes` say of UIDs. */
export function targetWith(changes: ReadonlyMap<number, 'gone' | 'absent' | Marks> = new Map()): TargetView {
  return { look: (old) => ({ old, now: changes.get(old.uid) ?? 'as-left' }) };
}

/** A folder: the marks of each file, by `fileOf`. */
export type Model = ReadonlyMap<string, string>;

/** What stands for a base name here: the same content under another UID is another file. */
export function fileOf({ uid, digest }: MessageRecord): string {
  return `${uid} ${digest}`;
}

export function marksText({ flags, keywords }: Marks): string {
  return `${flags} ${[...keywords].sort().join()}`;
}

export function modelOf(records: Iterable<Remembered>): Model {
  const there = [...records].filter(({ gone }) => !gone);
  return new Map(there.map((message) => [fileOf(message), marksText(targetMarks(message))]));
}

/** Does a plan to a folder, as strictly as a real one would; returns it, and what is remembered. */
export function carryOut(
  plan: Iterable<Action>,
  before: Model,
): { readonly folder: Model; readonly remembered: Remembered[]; readonly released: number[] } {
  const folder = new Map(before);
  const remembered: Remembered[] = [];
  const released: number[] = [];
  const take = (old: Remembered) => {
    if (!folder.delete(fileOf(old))) throw new Error(`no file of UID ${old.uid} in the folder`);
  };
  const put = (next: Remembered) => {
    if (folder.has(fileOf(next))) throw new Error(`there is a file of UID ${next.uid} already`);
    folder.set(fileOf(next), marksText(targetMarks(next)));
  };
  for (const action of plan) {
    switch (action.kind) {
      case 'keep-stretch':
        for (const one of action.stretch.records())
          if (!folder.has(fileOf(one))) throw new Error('not there');
        remembered.push(...action.stretch.records());
        break;
      case 'keep':
        if (!folder.has(fileOf(action.next))) throw new Error('another message');
        break;
      case 'reflag':
      case 'renumber':
        if (action.old.digest !== action.next.digest) throw new Error('another message');
        take(action.old);
        put(action.next);
        break;
      case 'add':
        put(action.next);
        break;
      case 'remove':
        take(action.old);
        break;
      case 'release':
        released.push(action.old.uid);
        take(action.old);
        break;
      case 'leave':
      case 'forget':
        if (folder.has(fileOf(action.old))) throw new Error('it is there');
        break;
    }
    if ('next' in action) remembered.push(action.next);
  }
  return { folder: new Map([...folder].sort(([a], [b]) => (a < b ? -1 : 1))), remembered, released };
}

export function plain({ ordinal: _ordinal, staged: _staged, ...message }: Scanned): MessageRecord {
  return message;
}
