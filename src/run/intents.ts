import type { Action } from '../plan/action.ts';
import type { Intent } from '../state/journal.ts';

/**
 * What of a plan must be written down before it is done: everything after which a message that the manifest knows lies
 * elsewhere than the manifest says. What users did, and is only noticed, is noticed again by the next pass.
 */
export function* intentsOf(plan: Iterable<Action>): Generator<Intent, void, void> {
  let forgotten = 0;
  for (const action of plan) {
    switch (action.kind) {
      case 'reflag':
      case 'renumber':
        yield [action.old.uid, action.next];
        break;
      case 'remove':
      case 'release':
        yield [action.old.uid, 'removed'];
        break;
      case 'forget':
        forgotten = action.old.uid;
        break;
      case 'add':
        // One that an earlier, cut-off pass took away, and that is put back.
        if (action.next.uid === forgotten) yield [forgotten, action.next];
        break;
      case 'keep':
      case 'keep-stretch':
      case 'leave':
        break;
    }
  }
}
