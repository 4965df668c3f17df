/** Vocabulary shared by all layers. Terms are those of IMAP (RFC 3501) and ARCHITECTURE.md, "Words". */

/** IMAP system flags as a bit set. `\Recent` is not kept: it is a session's view, not a property of the message. */
export const FLAG = { answered: 1, flagged: 2, deleted: 4, seen: 8, draft: 16 } as const;

/** Bit set of `FLAG` values. */
export type Flags = number;

/** A moment as civil time on some clock; fields may be out of range (`month` 0-11) until normalised. */
export interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Seconds east of UTC, where the text names an offset; otherwise the time is local to the source's server. */
  readonly offset?: number;
}

/** A set of mbox reading rules: what one kind of server, or none, makes of the bytes. */
export type MboxRules = 'dovecot' | 'uw' | 'plain';

/** What a Maildir shows of the server that kept its UIDs: Dovecot, Courier, or none that is known. */
export type MaildirRules = 'maildir-dovecot' | 'maildir-courier' | 'maildir-bare';

export function isMboxRules(rules: SourceRules): rules is MboxRules {
  return rules !== 'archive' && !rules.startsWith('maildir-');
}

/** How a mailbox of the source is read. `archive`: that of a list, each file by the plain rules. */
export type SourceRules = MboxRules | MaildirRules | 'archive';

/**
 * What the choice of rules for a spool rests on. `mark`: a server's, in the first message or beside the file. `lines`: no
 * server left one, and all rules see the same separators. `survey`: only a look at every line can tell. A number: the
 * offset of a separator that Dovecot would not take, the first of its kind.
 */
export type Ground = 'mark' | 'lines' | 'survey' | number;

/** Undoing of `>From ` quoting when messages are copied: not at all, mboxrd style, mboxo style. */
export type Unquote = 'none' | 'rd' | 'o';
