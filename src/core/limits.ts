/** Every cap and buffer size of the program, each with its reason. Sizes are bytes. */
export const LIMITS = {
  /** Read size for spools: large enough that system calls do not show in a profile, small enough to stay in cache. */
  readChunk: 1 << 20,
  /**
   * Spools are compared with the last pass in blocks of this size: the smaller, the less is framed again around each of
   * many small changes. Of larger spools the blocks are larger, so that no more than `blocks` digests are kept.
   */
  block: 64 << 10,
  blocks: 16_384,
  /** Findings of a mailbox that a manifest remembers one by one. */
  findings: 100,
  /** A From_ line is looked at up to here. Real ones are below 200 bytes; Dovecot too parses what fits its buffer. */
  fromLine: 8192,
  /** A message below this size is hashed and written in one piece; two of them are in memory at most. */
  assembly: 256 << 10,
  /** How far behind a From_ line `plain` looks for header fields. */
  lookahead: 4096,
  /** Value of one metadata header (Status, X-Keywords, X-IMAPbase …). 26 keywords fit many times over. */
  metadataHeader: 65_536,
  /** Metadata fields of one message; a server writes seven, a hostile header may hold millions. */
  metadataFields: 10_000,
  /** Header field name; RFC 5322 lines end at 998, names in practice at 60. */
  headerName: 128,
  /** Keywords a Maildir file name can carry: letters a to z. */
  maildirKeywords: 26,
  /** dovecot-uidlist, dovecot-keywords, subscriptions: one line. File names end at 255, the rest are short fields. */
  textLine: 65_536,
  /** Names of a mailbox's keywords, all of them together; a list in X-IMAPbase is no longer than `metadataHeader` either. */
  keywordNames: 65_536,
  /** One line of our own files: all keyword names of a mailbox, each byte of them as six characters, and a little more. */
  stateLine: 1 << 20,
  /** dovecot-keywords and subscriptions are read whole; larger ones are refused as damaged. */
  smallFile: 16 << 20,
  /** A seal is read whole; each mailbox takes half a kilobyte in it. */
  seal: 256 << 20,
  /** Passes that an account remembers: years of nightly ones. */
  historyPasses: 1000,
  /** Mailboxes that a pass names in the history, and bytes of its line: the rest is counted. */
  historyMailboxes: 200,
  historyLine: 32_768,
  /** The history is read whole, and has no more bytes than this. */
  historyBytes: 4 << 20,
  /** A `.gz` that grows more than this factor (and more than `gzipFloor`) is taken for a decompression bomb. */
  gzipRatio: 200,
  gzipFloor: 256 << 20,
  /** Depth of folders below a root: IMAP clients stop far earlier, a loop of bind mounts does not. */
  folderDepth: 32,
  /** Mailboxes of one account; guards against a root that is no mail root. */
  mailboxes: 100_000,
  /** Accounts worked on side by side where a disk turns: while one waits for its heads, another computes. */
  accountsPerTurningDisk: 2,
  /** Files of a list's archive that are open at once where single messages are read again; unpacked ones take disk, too. */
  openSpools: 8,
  /** Times a spool that changes while it is read is read again before the last complete message is taken. */
  rereads: 3,
  /** Times a folder that mail arrives in is listed twice before all names of the last two listings are taken. */
  relistings: 4,
  /** Messages of one folder of a Maildir, whose names are in memory: a gigabyte of them. */
  folderMessages: 4_000_000,
  /** Sets of flags in names that are kept once for all messages that have them. */
  sharedInfos: 10_000,
} as const;

/** Highest UID and UIDVALIDITY: RFC 3501 says 32 bits, non-zero. */
export const MAX_UID = 0xffff_ffff;

/** Whether every file system can store a time (seconds since 1970): ext4 ends in 1901 and 2446, others sooner. */
export function isStorable(seconds: number): boolean {
  return Math.abs(seconds) <= 2 ** 31 - 1;
}
