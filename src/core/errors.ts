/**
 * The one error class, and the table that gives every code its exit status.
 *
 * Three kinds of trouble exist (ARCHITECTURE.md, "Errors"): a *finding* is data about one message and travels as an
 * event; a *failure* ends one mailbox or account while the others go on; a *fatal* error ends the run. Failures and
 * fatal errors are `SpoolsyncError`s.
 */

/** Exit statuses, sysexits(3) where it has a name for the case; documented in README.md. */
export const EXIT = {
  ok: 0,
  sourceMoved: 2,
  findings: 3,
  usage: 64,
  noInput: 66,
  internal: 70,
  cannotCreate: 73,
  io: 74,
  busy: 75,
  permission: 77,
  config: 78,
  interrupted: 130,
  terminated: 143,
} as const;

/** Every code an error may carry, and the exit status it leads to. Codes are stable: scripts match on them. */
export const ERROR_CODES = {
  USAGE: EXIT.usage,
  LOCATION_INVALID: EXIT.usage,
  LOCATIONS_OVERLAP: EXIT.usage,
  CONFIG_INVALID: EXIT.config,
  CONFIG_MISSING: EXIT.noInput,
  OWNER_UNKNOWN: EXIT.noInput,
  SOURCE_MISSING: EXIT.noInput,
  TARGET_MISSING: EXIT.noInput,
  STATE_MISSING: EXIT.noInput,
  SOURCE_NOT_MBOX: EXIT.findings,
  SOURCE_UNSAFE: EXIT.findings,
  SOURCE_DAMAGED: EXIT.findings,
  SOURCE_MOVED: EXIT.sourceMoved,
  SOURCE_NOT_QUIET: EXIT.busy,
  REMOVALS_REFUSED: EXIT.findings,
  PERMISSION: EXIT.permission,
  TARGET_FOREIGN: EXIT.busy,
  TARGET_IN_USE: EXIT.busy,
  TARGET_LOCKED: EXIT.busy,
  TARGET_UNSAFE: EXIT.cannotCreate,
  TARGET_NOT_MAILDIR: EXIT.cannotCreate,
  TARGET_DAMAGED: EXIT.findings,
  CANNOT_CREATE: EXIT.cannotCreate,
  TOO_LITTLE_ROOM: EXIT.cannotCreate,
  IO: EXIT.io,
  DISK_FULL: EXIT.io,
  STATE_LOCKED: EXIT.busy,
  STATE_DAMAGED: EXIT.config,
  STATE_FOREIGN: EXIT.config,
  STATE_NEWER: EXIT.config,
  STATE_SEALED: EXIT.config,
  NOT_SEALED: EXIT.findings,
  SEAL_MISSING: EXIT.noInput,
  SEAL_DAMAGED: EXIT.config,
  SEAL_NEWER: EXIT.config,
  INTERRUPTED: EXIT.interrupted,
  TERMINATED: EXIT.terminated,
  INTERNAL: EXIT.internal,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** `file:offset` (mbox), `file:line` (text state), a path, or `mailbox uid N`. */
  readonly place?: string | undefined;
  /** What the administrator can do next; a full sentence or a command. */
  readonly advice: string;
  readonly cause?: unknown;
}

/** What went wrong, where, and what to do next. Every throw outside tests uses it; asserts are `INTERNAL`. */
export class SpoolsyncError extends Error {
  readonly code: ErrorCode;
  readonly place: string | undefined;
  readonly advice: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'SpoolsyncError';
    this.code = code;
    this.place = details.place;
    this.advice = details.advice;
  }

  get exitStatus(): number {
    return ERROR_CODES[this.code];
  }
}

/** Throws `INTERNAL` (exit 70) when a contract of our own code is broken; never used for bad input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (condition) return;
  throw new SpoolsyncError('INTERNAL', message, {
    advice: 'this is a bug in spoolsync: please report it with the command line and this message',
  });
}
