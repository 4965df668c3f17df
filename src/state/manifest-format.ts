import type { Findings, Fingerprint, Listing, MailboxFacts } from '../core/message.ts';
import type { Ground, SourceRules } from '../core/types.ts';

/**
 * The manifest of a mailbox: what the last finished pass made of it (docs/manifest.md).
 *
 * A text file: a header line, lines with the digests of the spool's blocks, one line per message in UID order, a hundred
 * of them or so behind a line that sums them up, a trailer line with the count and an XXH64 of all lines before it. It
 * is read as a stream, so that memory does not grow with the mailbox, and only after the trailer has been checked. It is
 * written under another name and renamed, last of all that a pass does to a mailbox, so that it never claims what is
 * not durable.
 */

export const FORMAT = 'spoolsync manifest';
export const VERSION = 3;
/** Block digests on one line. */
export const BLOCKS_PER_LINE = 1024;

/** What tells a manifest from other files of the state; its header begins with it. */
export interface Format {
  readonly format: unknown;
  readonly version: unknown;
}

export interface ManifestHeader extends MailboxFacts {
  /** How many manifests of the mailbox were made, this one included: a journal of another is of a pass that was completed. */
  readonly generation: number;
  /** Account and folder (latin1) that it belongs to. */
  readonly account: string;
  readonly folder: string;
  /** Hierarchy of the mailbox in the source, printable. */
  readonly mailbox: string;
  readonly rules: SourceRules;
  /** Why these rules, in words, and what that rests on. */
  readonly reason: string;
  readonly ground: Ground;
  /** The options under which the spool was read: with others it may read differently. */
  readonly reading: string;
  readonly source: Fingerprint;
  /** Whether the spool's times were so old when it was opened that a later change cannot have left it the same times. */
  readonly settled: boolean;
  /** Bytes of the spool, decompressed. */
  readonly bytes: number;
  readonly findings: Findings;
  readonly target: Listing;
  /** Inodes and times of what names the target's messages; empty where they were too young to be trusted. */
  readonly stamp: string;
  /** Inode, size and times of the target's uidlist: under its lock, so that whatever comes later differs. */
  readonly uidlist: string;
  /** UIDNEXT that the target has. */
  readonly targetNext: number;
  /** Messages in the target that spoolsync did not put there. */
  readonly foreign: number;
  /** Mailbox GUID, 32 hex digits. */
  readonly guid: string;
  /** Keyword names by letter, a to z; null where a letter has none. */
  readonly letters: readonly (string | null)[];
  /** Keywords in use that have no letter. */
  readonly lost: readonly string[];
  readonly messages: number;
  /** XXH64 of the `dovecot-acl` that a pass wrote; absent if none. */
  readonly acl?: string;
  /** Size and number of the blocks of the spool whose digests follow; none for a spool that was not read in place. */
  readonly blocks: { readonly size: number; readonly count: number };
}
