import type { ErrorCode } from './errors.ts';
import type { MboxRules } from './types.ts';

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
  | EndEvent;

export type Listener = (event: RunEvent) => void;

export interface BeginEvent {
  readonly event: 'begin';
  readonly command: 'convert' | 'verify';
  readonly version: string;
  readonly from: string;
  readonly to: string;
  readonly accounts: number;
}

export interface AccountEvent {
  readonly event: 'account';
  readonly user: string;
  readonly from: string;
  readonly to: string;
  readonly mailboxes: number;
  /** Bytes of all spool files, for progress. */
  readonly bytes: number;
}

/** Which rule set reads a spool, and why. */
export interface RulesEvent {
  readonly event: 'rules';
  readonly user: string;
  readonly mailbox: string;
  readonly place: string;
  readonly rules: MboxRules;
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

/** A mailbox is done. */
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
  /** Bytes read from the spool, and written to the target. */
  readonly read?: number;
  readonly written?: number;
  /** For `verify`: messages that are equal on both sides, and differences found. */
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
  readonly removed: number;
  readonly findings: number;
  readonly differences: number;
  readonly failures: number;
}
