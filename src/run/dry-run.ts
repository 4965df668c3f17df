import type { ActionEvent, Listener } from '../core/events.ts';
import { FLAG } from '../core/types.ts';
import type { Action } from '../plan/action.ts';
import { sameMarks, targetMarks } from '../plan/marks.ts';
import type { Decision } from './decide.ts';
import type { FolderJob } from './jobs.ts';

/** Says what a pass would do to a mailbox, action by action. */
export function announcePlan(
  emit: Listener,
  user: string,
  { mailbox }: FolderJob,
  { plan, foreign }: Decision,
  creates: boolean,
): void {
  const say = (kind: ActionEvent['kind'], message: string, uid?: number) =>
    emit({ event: 'action', user, mailbox, kind, message, ...(uid !== undefined && { uid }) });
  if (creates) say('create-mailbox', 'the folder would be made');
  for (const action of plan()) {
    const words = describe(action);
    if (words !== undefined && action.kind !== 'keep-stretch')
      say(words[0], words[1], 'next' in action ? action.next.uid : action.old.uid);
  }
  for (const { record, uid } of foreign)
    if (record.uid !== uid) say('foreign', `mail of others would get UID ${uid}`, record.uid);
}

function describe(action: Action): readonly [ActionEvent['kind'], string] | undefined {
  switch (action.kind) {
    case 'add':
      return ['add', `${action.now.size} bytes would be added`];
    case 'reflag': {
      if (sameMarks(targetMarks(action.old), targetMarks(action.next)))
        return ['reflag', 'would get other fields in the uidlist (GUID, POP3 UIDL, order)'];
      const { flags, keywords } = targetMarks(action.next);
      return ['reflag', `would get the flags (${[...flagNames(flags), ...keywords].join(' ')})`];
    }
    case 'renumber':
      return ['renumber', `would get this UID instead of ${action.old.uid}`];
    case 'remove':
      return ['remove', 'would be removed: the source has it no more'];
    case 'release':
      return ['remove', 'is gone from the source, but changed in the target: it would be left to its user'];
    case 'keep':
    case 'keep-stretch':
    case 'leave':
    case 'forget':
      return undefined;
  }
}

function flagNames(flags: number): string[] {
  return Object.entries(FLAG).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [`\\${name}`]));
}
