import type { Claim } from '../../core/message.ts';
import type { StretchSummary } from '../../core/stretch.ts';
import type { CivilTime, Flags, MboxRules } from '../../core/types.ts';

/**
 * The interface between the framer, which finds lines, and a rule set, which says what they mean.
 *
 * A dialect is a plain frozen object without state; what it must remember while it walks through one file lives in
 * the `Numbering` that it hands out. All offsets are bytes from the start of the (decompressed) file.
 */
export interface MboxDialect {
  readonly rules: MboxRules;
  /** Lower-case names of the header fields that this server keeps for itself and never shows to a client. */
  readonly hiddenHeaders: ReadonlySet<string>;
  /** Lower-case names of further fields whose values `Numbering.message` wants to see, though they stay in the message. */
  readonly readHeaders?: ReadonlySet<string>;
  /** Whether a Content-Length that ends exactly on a separator, or at the end of the file, is believed. */
  readonly contentLength: boolean;
  /**
   * Which line end before a separator (or the end of file) belongs to the separator: `always` takes one, even when
   * the message then ends without a line end; `blank-line` takes it only where it makes an empty line;
   * `blank-body-line` the same, but leaves the empty line that ends the header; `never` takes none.
   */
  readonly trailingNewline: 'always' | 'blank-line' | 'blank-body-line' | 'never';
  /** What a separator line begins with: `From ` (mbox), or four bytes 0x01 (MMDF, around each message). */
  readonly marker: 'From ' | '\x01\x01\x01\x01';
  /** Whether a separator can stand in a header block and end it; if not, only an empty line ends the block. */
  readonly separatorInHeader: boolean;
  /** What may stand before the first separator; a file with more than that is no mbox to this reader. */
  readonly before: 'nothing' | 'blank-lines' | 'anything';
  /** Says whether a line that begins `From ` separates messages. Called once for each such line at a line start. */
  judge(candidate: Candidate): Verdict;
  /** Starts the numbering of one file. */
  numbering(): Numbering;
}

/** A line that begins `From `, with what lies around it. `buf[start..end)` is all that may be looked at. */
export interface Candidate {
  readonly buf: Uint8Array;
  /** Index of the `F`. */
  readonly start: number;
  /** Index behind the last byte of the line, its line end (LF or CR LF) excluded; the line may be cut at `LIMITS.fromLine`. */
  readonly lineEnd: number;
  /** Index of the first byte of the next line; equals `end` at the end of the file. */
  readonly next: number;
  /** Index behind the last byte that may be looked at: `LIMITS.lookahead` behind the line, or the end of the file. */
  readonly end: number;
  /** Offset of the `F` in the file. */
  readonly offset: number;
  /** Whether the line before is empty, or the candidate is the first line of the file. */
  readonly blankBefore: boolean;
  /** Separators taken so far in this file. */
  readonly ordinal: number;
  /** The last separator line that was taken, for rules that compare; empty before the first. */
  readonly previous: Uint8Array;
}

export type Verdict =
  /** The line separates. `weak` says why one may doubt it; it becomes a finding. */
  | { readonly separator: true; readonly date: CivilTime | undefined; readonly weak?: string }
  /**
   * The line is text. `doubt` says why one may think otherwise; it becomes a finding. Plain prose has none.
   * `hidesNext`: these rules do not see a separator that begins right behind this line.
   */
  | { readonly separator: false; readonly doubt?: string; readonly hidesNext?: true };

/** One hidden header field of a message, as it stands in the file. */
export interface MetadataHeader {
  /** Field name, in the file's own spelling. */
  readonly name: string;
  /** Field value from behind the colon on, continuation lines with the line ends between them; one char per byte (latin1). */
  readonly value: string;
}

/** What the server knew of one message. */
export interface MessageMeta {
  readonly uid: number;
  readonly flags: Flags;
  /** Keyword names, in the spelling of the mailbox's list. */
  readonly keywords: readonly string[];
  /** See `MessageRecord.claim`. */
  readonly claim?: Claim;
  /** Remarks about the metadata (an unknown keyword, a rejected UID); each becomes a finding. */
  readonly remarks?: readonly string[];
}

/** What the server knew of the mailbox, known when the last message has been seen. */
export interface MailboxMeta {
  /** Absent where the file states none that counts: a server would then have made one up. */
  readonly uidValidity: number | undefined;
  /** Next UID to be given. */
  readonly uidNext: number;
  /** Keyword names in the order of the mailbox's own list. */
  readonly keywords: readonly string[];
  /** True where the server would have thrown all UIDs away: messages count 1, 2, 3 … in file order instead. */
  readonly renumbered: boolean;
}

/** Walks through the messages of one file in order. */
export interface Numbering {
  /** The next message's metadata, from all its hidden headers in header order; `pseudo` for a message that is no mail. */
  message(headers: readonly MetadataHeader[]): MessageMeta | 'pseudo';
  /**
   * The next message, known from an earlier reading and unchanged since: its UID, claim, flags and keywords. Goes on as
   * its headers would have it; `undefined` where only they can tell. Never the first message of a file.
   */
  replay(known: Replayed): MessageMeta | undefined;
  /**
   * The next messages, all of which claim the UIDs that they had. False, and nothing taken, where they would not have these
   * again, or where that must be asked of each.
   */
  replayStretch(known: ReplayedStretch): boolean;
  finish(): MailboxMeta;
}

/** What an earlier reading made of a message. */
export type Replayed = Pick<MessageMeta, 'uid' | 'flags' | 'keywords' | 'claim'>;

/** What an earlier reading made of messages that stand side by side; their UIDs ascend. */
export type ReplayedStretch = Pick<StretchSummary, 'count' | 'firstUid' | 'lastUid'>;
