import type { ErrorCode } from './errors.ts';
import type { PassCommand } from './history.ts';
import type { SourceRules } from './types.ts';

/**
 * Everything a run can announce. Reports listen; nothing below floor 7 prints. Texts are final, in English, with bytes
 * from mail and file names already made printable. The JSON output is these objects, one per line (docs/json.md).
 */
export type RunEvent =
  | BeginEvent
  | AccountEvent
  | RulesEvent
  | ProgressEvent
  | RemarkEvent
  | ActionEvent
  | MailboxEvent
  | DifferenceEvent
  | FailureEvent
  | GateEvent
  | SealEvent
  | PassEvent
  | HotEvent
  | ForecastEvent
  | PreflightEvent
  | SourceEvent
  | ConfigurationEvent
  | EndEvent;

export type Listener = (event: RunEvent) => void;

export type CommandName = 'convert' | 'final' | 'verify' | 'status' | 'discover';

export interface BeginEvent {
  readonly event: 'begin';
  readonly command: CommandName;
  readonly version: string;
  /** Absent where the command needs no source, or no target. */
  readonly from?: string;
  readonly to?: string;
  /** The configuration in which the locations are. */
  readonly config?: string;
  readonly accounts: number;
  /** Nothing is changed: what would be done is said. */
  readonly dryRun?: true;
  /** Nothing is done: whether it could be is said. */
  readonly preflight?: true;
}

export interface AccountEvent {
  readonly event: 'account';
  readonly user: string;
  readonly from: string;
  readonly to: string;
  readonly mailboxes: number;
  /** Bytes of all spool files, for progress; 0 for a Maildir, whose size nobody knows beforehand. */
  readonly bytes: number;
  /** For `status`: when a final pass sealed it, ISO 8601. */
  readonly sealed?: string;
}

/** How a mailbox is read, and why. */
export interface RulesEvent {
  readonly event: 'rules';
  readonly user: string;
  readonly mailbox: string;
  readonly place: string;
  readonly rules: SourceRules;
  readonly reason: string;
}

/** Bytes read so far in the run: of spools, and for `verify` of the target too. */
export interface ProgressEvent {
  readonly event: 'progress';
  readonly bytes: number;
}

/** `note`: something decided, nothing lost. `finding`: something an administrator should look at; leads to exit 3. */
export type Severity = 'note' | 'finding';

export interface RemarkEvent {
  readonly event: 'remark';
  readonly severity: Severity;
  readonly code: string;
  /** Absent where an entry on the disk is no account. */
  readonly user?: string;
  readonly mailbox?: string;
  /** `file:offset`, `file:line`, a path, or `mailbox uid N`. */
  readonly place?: string;
  readonly message: string;
}

/** With `--dry-run`: one thing that a pass would do. */
export interface ActionEvent {
  readonly event: 'action';
  readonly user: string;
  readonly mailbox: string;
  readonly kind:
    | 'add'
    | 'reflag'
    | 'renumber'
    | 'remove'
    | 'rename-mailbox'
    | 'delete-mailbox'
    | 'create-mailbox'
    | 'subscriptions'
    | 'foreign';
  readonly uid?: number;
  readonly message: string;
}

/** A mailbox is done. In a `final` it is told of twice: after its pass, and with `equal` after its comparison. */
export interface MailboxEvent {
  readonly event: 'mailbox';
  readonly user: string;
  readonly mailbox: string;
  /** Directory in the target; empty for INBOX. */
  readonly folder: string;
  readonly messages: number;
  readonly bytes: number;
  readonly added: number;
  readonly reflagged: number;
  readonly removed: number;
  /** Messages that were given another UID. */
  readonly renumbered?: number;
  /** Messages in the target that spoolsync did not put there. */
  readonly foreign?: number;
  /** Bytes read from the spool (where it was compared, from both sides), and written to the target. */
  readonly read?: number;
  readonly written?: number;
  /** Where it was compared: messages that are equal on both sides, and differences found. */
  readonly equal?: number;
  readonly differences?: number;
}

/** One difference that `verify` found: `+` only in the target, `-` only in the source, `*` differs, `!` cannot be read. */
export interface DifferenceEvent {
  readonly event: 'difference';
  readonly sign: '+' | '-' | '*' | '!';
  readonly user: string;
  readonly mailbox: string;
  readonly uid?: number;
  readonly place?: string;
  readonly message: string;
}

/** A mailbox, an account, or the run could not be done. */
export interface FailureEvent {
  readonly event: 'failure';
  readonly user?: string;
  readonly mailbox?: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly place?: string;
  readonly advice: string;
}

/** What `final` found when it asked whether the source stands still. */
export interface GateEvent {
  readonly event: 'gate';
  /** Absent where it concerns the whole run. */
  readonly user?: string;
  readonly quiet: boolean;
  /** What is not quiet, who does it and where. */
  readonly reasons: readonly string[];
}

/** The seal has been written. */
export interface SealEvent {
  readonly event: 'seal';
  readonly path: string;
  /** SHA-256 over the seal, hex. */
  readonly root: string;
  readonly mailboxes: number;
  readonly messages: number;
}

/** For `status`: a pass of the past. */
export interface PassEvent {
  readonly event: 'pass';
  readonly user: string;
  readonly command: PassCommand;
  readonly version: string;
  /** When it began, ISO 8601. */
  readonly started: string;
  readonly seconds: number;
  readonly mailboxes: number;
  readonly messages: number;
  readonly bytes: number;
  /** Bytes read of spools (where it compared, of both sides), and written to the target. */
  readonly read: number;
  readonly written: number;
  readonly added: number;
  readonly reflagged: number;
  readonly renumbered: number;
  readonly removed: number;
  readonly findings: number;
  readonly failures: number;
  readonly differences: number;
  /** Mailboxes in which messages changed, those with the most changes first, and how many there are beyond these. */
  readonly changed: readonly ChangedMailbox[];
  readonly more: number;
  /** Of a final pass: what was expected of it, in seconds. */
  readonly forecast?: { readonly seconds: number; readonly low: number; readonly high: number };
}

interface ChangedMailbox {
  readonly mailbox: string;
  readonly added: number;
  readonly reflagged: number;
  readonly renumbered: number;
  readonly removed: number;
}

/** For `status`: a mailbox that changes in most passes. */
export interface HotEvent {
  readonly event: 'hot';
  readonly user: string;
  readonly mailbox: string;
  /** In so many of the last `passes` it changed. */
  readonly changed: number;
  readonly passes: number;
  /** Messages per day. */
  readonly perDay: number;
}

/** How long `final` is expected to take (`status`), or was and did (`final`). Seconds. */
export interface ForecastEvent {
  readonly event: 'forecast';
  /** Absent for the whole run. */
  readonly user?: string;
  /** Absent where too little is known. */
  readonly seconds?: number;
  readonly low?: number;
  readonly high?: number;
  /** How long it took in the end. */
  readonly actual?: number;
  /** How the time is made up, in seconds: opening accounts, looking at mailboxes, reading and comparing what changed. */
  readonly parts?: {
    readonly overhead: number;
    readonly unchanged: number;
    readonly reading: number;
    readonly comparing: number;
  };
  /** What is missing, or left out. */
  readonly message?: string;
}

/** What the run is expected to need of one file system, and what that has. Sizes are bytes. */
export interface PreflightEvent {
  readonly event: 'preflight';
  /** A directory on it that exists. */
  readonly place: string;
  /** Maildirs there. */
  readonly accounts: number;
  readonly messages: number;
  readonly bytes: number;
  readonly free: number;
  /** Inodes. */
  readonly files: number;
  /** Absent where the file system does not count them. */
  readonly freeFiles?: number;
  readonly enough: boolean;
}

/** For `discover`: accounts whose mail lies alike. */
export interface SourceEvent {
  readonly event: 'source';
  /** Their location, as `--from` takes it. */
  readonly from: string;
  readonly accounts: number;
  /** mbox files, messages of Maildirs, or files of archives. */
  readonly files: number;
  readonly bytes: number;
}

/** For `discover`: the configuration that it made. */
export interface ConfigurationEvent {
  readonly event: 'configuration';
  /** TOML. */
  readonly text: string;
}

export interface EndEvent {
  readonly event: 'end';
  readonly exit: number;
  readonly seconds: number;
  readonly totals: Totals;
}

export interface Totals {
  readonly accounts: number;
  readonly mailboxes: number;
  readonly messages: number;
  readonly bytes: number;
  readonly added: number;
  readonly reflagged: number;
  readonly renumbered: number;
  readonly removed: number;
  /** Messages that were compared and are equal. */
  readonly equal: number;
  readonly findings: number;
  readonly differences: number;
  readonly failures: number;
}
