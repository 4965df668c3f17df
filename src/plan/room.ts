/**
 * How much room messages will take that are not read yet. Pure.
 *
 * Assumed, where nothing better is known (docs/preflight.md): a message has as many bytes as those of its mailbox that an
 * earlier pass read, else as those of all mailboxes that one read, else `USUAL_MESSAGE`; a file wastes half a block.
 */

/** What is known of a mailbox without reading it. Sizes are bytes. */
export interface MailboxSize {
  /** Of the spool, as it lies on the disk. */
  readonly size: number;
  readonly compressed: boolean;
  /** How many messages it has, where that could be counted. */
  readonly messages?: number | undefined;
  /** What the last pass read: the spool's size on the disk and unpacked, and its messages. */
  readonly known: { readonly size: number; readonly bytes: number; readonly messages: number } | undefined;
  /** What an earlier pass that was cut off has left in the folder, and what that takes on the disk. */
  readonly present: Room;
  /** Whether the target has a folder for it. */
  readonly folder: boolean;
}

/** Files, and bytes that they take. */
export interface Room {
  readonly files: number;
  readonly bytes: number;
}

/** What a mailbox will need, in the target and in the state. */
export interface MailboxRoom {
  readonly messages: number;
  readonly target: Room;
  readonly state: Room;
}

/** Bytes of a message about which nothing is known: large mailboxes of old servers have 10 to 30 KiB. */
const USUAL_MESSAGE = 16_384;
/** By how much mail that was packed grows. */
const UNPACKED = 3;
/** What a message takes beside its file: its name in `cur/`, and its line in the uidlist and in the uidlist that replaces it. */
const NAMES = 256;
/** A line of a manifest, and of the one that it replaces. */
const RECORDS = 320;
/** Directories and small files of a folder; a manifest and a verified mark. */
const FOLDER_FILES = 7;
const STATE_FILES = 2;

/** Bytes per message in what earlier passes read. */
export function averageMessage(mailboxes: Iterable<MailboxSize>): number {
  let [bytes, messages] = [0, 0];
  for (const { known } of mailboxes) {
    bytes += known?.bytes ?? 0;
    messages += known?.messages ?? 0;
  }
  return messages === 0 ? USUAL_MESSAGE : Math.max(1, bytes / messages);
}

/** Estimates a mailbox; `block` is that of the target's file system, `average` what a message has elsewhere. */
export function roomFor(mailbox: MailboxSize, average: number, block: number): MailboxRoom {
  const { known, present, folder } = mailbox;
  const bytes = growthOf(mailbox);
  const each = bytesOfMessage(mailbox) ?? average;
  const messages = bytes === 0 ? 0 : Math.max(1, Math.round(bytes / Math.max(1, each)));
  const files = Math.max(0, messages - present.files);
  const taken = Math.max(messages * block, bytes + (messages * block) / 2);
  const own = folder ? 0 : FOLDER_FILES;
  const target = {
    files: files + own,
    bytes: Math.ceil(Math.max(0, taken - present.bytes) + messages * NAMES + own * block),
  };
  const records = known === undefined ? STATE_FILES : 0;
  return { messages, target, state: { files: records, bytes: messages * RECORDS + records * block } };
}

function bytesOfMessage({ known, size, messages = 0 }: MailboxSize): number | undefined {
  if (known !== undefined && known.messages > 0) return known.bytes / known.messages;
  return messages > 0 ? size / messages : undefined;
}

/** Bytes of mail that the last pass has not seen. */
function growthOf({ size, compressed, known }: MailboxSize): number {
  const factor = known !== undefined && known.size > 0 ? known.bytes / known.size : compressed ? UNPACKED : 1;
  return Math.max(0, size - (known?.size ?? 0)) * factor;
}

export function addRoom(a: Room, b: Room): Room {
  return { files: a.files + b.files, bytes: a.bytes + b.bytes };
}
