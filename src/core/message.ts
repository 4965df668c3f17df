import type { Flags } from './types.ts';

/** One message of a mailbox, as a scan of the source finds it and a manifest remembers it. */
export interface MessageRecord {
  readonly uid: number;
  readonly flags: Flags;
  /** Keyword names; see `MailboxFacts.keywords` for their order in the mailbox. */
  readonly keywords: readonly string[];
  /** INTERNALDATE, seconds since 1970 UTC. */
  readonly date: number;
  /** Bytes as stored in the Maildir file. */
  readonly size: number;
  /** RFC822.SIZE: bytes with every bare LF counted as CR LF. */
  readonly vsize: number;
  /** XXH64 of the stored bytes, 16 lower-case hex digits. */
  readonly digest: string;
  /** Offsets in the (decompressed) source: first byte behind the separator, and behind the last byte of the content. */
  readonly start: number;
  readonly end: number;
  /**
   * What the message's own header says of its UID. Absent: one X-UID field that counts, with this UID. `none`: no such
   * field. `other`: anything else, or that something else than its own bytes has a say in the message. It is what the
   * numbering needs to go on behind a message without reading it again.
   */
  readonly claim?: Claim;
  /** What the target's uidlist is to say of the message beside UID and name, if the source says it: `G`, `P`, `O` … */
  readonly fields?: readonly CarriedField[];
  /** What of a Maildir file's info suffix has no meaning here (`MaildirInfo.unknown`); absent if nothing. */
  readonly extra?: string;
  /** What its header says of its old POP3 UIDL (codec/header-uidl.ts); only where that is asked for. */
  readonly uidl?: string;
  /** The message's file, where the source is a Maildir; the one that it lies in, where it is a list's archive. */
  readonly file?: SourceFile;
}

/** A field of a uidlist record: letter and value. */
export type CarriedField = readonly [letter: string, value: string];

/** A message file of a Maildir: while all of this is the same, its bytes are. Of a list's archive only the name counts. */
export interface SourceFile {
  /** Its base name, or, where another message has that too, the base name, a colon and its inode. In an archive: its name. */
  readonly key: string;
  /** Inode and time of the last change of its bytes (nanoseconds): decimal. */
  readonly ino: string;
  readonly mtimeNs: string;
}

export type Claim = 'none' | 'other';

/** A message as a manifest remembers it: `uid` is the target's; flags and keywords are the source's. */
export interface Remembered extends MessageRecord {
  /** UID in the source, where the target's is another: mail that came late, when its UID was taken. */
  readonly sourceUid?: number;
  /** Its user removed it from the target, and it is not added again. */
  readonly gone?: true;
  /** Flags and keywords in the target, where they are not the source's. */
  readonly target?: Marks;
}

/** Flags and keyword names of a message. */
export interface Marks {
  readonly flags: Flags;
  readonly keywords: readonly string[];
}

/** What a pass knows of a mailbox beside its messages. */
export interface MailboxFacts {
  /** UIDVALIDITY that the target has, or will have. */
  readonly uidValidity: number;
  /** Whether UIDVALIDITY and UIDs come from the source; if not, spoolsync has given them and must remember them. */
  readonly numbered: boolean;
  readonly uidNext: number;
  /** All keyword names of the mailbox, in the source's order. */
  readonly keywords: readonly string[];
  /** Fields of the source's uidlist header that have no meaning here, each with its letter; absent but for Maildirs. */
  readonly extensions?: readonly string[];
}

/** A message as a scan found it. */
export interface Scanned extends MessageRecord {
  /** Its place in the spool, from 0. */
  readonly ordinal: number;
  /** Whether its bytes already lie staged in the target. */
  readonly staged: boolean;
}

/**
 * What a spool file was when it was read: if any of these differs, it has changed. For the folder of a Maildir `dev`, `ino`
 * and `birthNs` are the folder's, the size is 0, and the times are the latest of its `parts`.
 */
export interface Fingerprint {
  /** Device, inode, nanoseconds: decimal, as they do not fit a number. */
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  /** When the file was made, where the file system says so: with the inode it names one file even after a rename. */
  readonly birthNs?: string;
  /** Maildir: inode, size and times of what names the folder's messages. A list's archive: digest of what its files are. */
  readonly parts?: string;
}

/** The names in a folder's `cur/` and `new/`: how many, and the sum of their XXH64 modulo 2^64, in hex. */
export interface Listing {
  readonly count: number;
  readonly sum: string;
}

/** Something a scan found that an administrator should look at. */
export interface Finding {
  readonly code: string;
  /** Bytes from the start of the (decompressed) spool. */
  readonly offset: number;
  /** In a Maildir: the file below the folder, printable; the offset says nothing then. In an archive: with the offset. */
  readonly file?: string;
  readonly message: string;
}

/** What a scan found: the first of them one by one, and how many there are beyond. */
export interface Findings {
  readonly list: readonly Finding[];
  readonly more: number;
}
