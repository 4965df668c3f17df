import type { ContentStore } from '../../codec/mbox/message-scanner.ts';
import type { Placed } from '../../io/clone.ts';

/** Where the bytes of messages go that are files already. */
export interface MessageStore extends ContentStore {
  /** Takes the bytes of the message that was begun from its file without their being written again; false: it cannot. */
  takeFile?(placed: Placed): boolean;
}
