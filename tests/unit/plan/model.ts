import type { MessageRecord, Scanned } from '../../../src/core/message.ts';
import type { Action } from '../../../src/plan/action.ts';

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

/** A mailbox: what each UID holds. */
export type Model = ReadonlyMap<number, MessageRecord>;

export function modelOf(records: Iterable<MessageRecord>): Model {
  return new Map([...records].map((message) => [message.uid, message]));
}

/** Does a plan to a model, as strictly as a folder would. */
export function carryOut(plan: Iterable<Action>, before: Model): Model {
  const model = new Map(before);
  for (const action of plan) {
    const uid = action.kind === 'add' ? action.now.uid : action.old.uid;
    const there = model.get(uid);
    if ((there === undefined) !== (action.kind === 'add')) throw new Error(`${action.kind} of UID ${uid}`);
    if (action.kind === 'remove') {
      model.delete(uid);
    } else if (action.kind === 'add') {
      model.set(uid, plain(action.now));
    } else {
      if (there?.digest !== action.now.digest) throw new Error(`UID ${uid} is another message`);
      if (action.kind === 'reflag')
        model.set(uid, { ...there, flags: action.now.flags, keywords: action.now.keywords });
    }
  }
  return new Map([...model].sort(([a], [b]) => a - b));
}

export function plain({ ordinal: _ordinal, staged: _staged, ...message }: Scanned): MessageRecord {
  return message;
}
