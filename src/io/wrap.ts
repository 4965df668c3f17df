import { type ErrorCode, SpoolsyncError } from '../core/errors.ts';
import { printable } from './names.ts';

/** Which location a directory belongs to. `source` is never written; the state directory is opened as `target`. */
export type Side = 'source' | 'target';

interface Meaning {
  readonly code: ErrorCode | { readonly source: ErrorCode; readonly target: ErrorCode };
  readonly words: string;
  readonly advice: string;
}

const UNSAFE = { source: 'SOURCE_UNSAFE', target: 'TARGET_UNSAFE' } as const;

/** What the system's error names mean here, and what one does about them. Anything else is `IO`. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  EACCES: {
    code: 'PERMISSION',
    words: 'permission denied',
    advice: 'run as root, or as the user who owns it',
  },
  EPERM: { code: 'PERMISSION', words: 'not permitted', advice: 'run as root, or as the user who owns it' },
  ENOSPC: {
    code: 'DISK_FULL',
    words: 'no space left',
    advice: 'free some space and run the same command again',
  },
  EDQUOT: {
    code: 'DISK_FULL',
    words: 'quota exceeded',
    advice: 'raise the quota and run the same command again',
  },
  EROFS: {
    code: { source: 'IO', target: 'CANNOT_CREATE' },
    words: 'read-only file system',
    advice: 'mount it writable, or choose another place',
  },
  ENOENT: {
    code: { source: 'SOURCE_MISSING', target: 'CANNOT_CREATE' },
    words: 'does not exist',
    advice: 'check the path; if it was there a moment ago, run the same command again',
  },
  EEXIST: {
    code: { source: 'IO', target: 'CANNOT_CREATE' },
    words: 'exists already',
    advice: 'something else creates files here: stop it, then run the same command again',
  },
  ENAMETOOLONG: {
    code: { source: 'IO', target: 'CANNOT_CREATE' },
    words: 'name too long',
    advice: 'names end at 255 bytes on most file systems: rename the mailbox in the source',
  },
  ELOOP: {
    code: UNSAFE,
    words: 'is a symbolic link, which is not followed',
    advice: 'put the real directory or file in its place, or name the real path',
  },
  ENOTDIR: {
    code: UNSAFE,
    words: 'is no directory (or a symbolic link, which is not followed)',
    advice: 'put the real directory in its place, or name the real path',
  },
  EMFILE: {
    code: 'IO',
    words: 'too many open files',
    advice: 'raise the limit (ulimit -n), or use fewer workers',
  },
  ENFILE: { code: 'IO', words: 'too many open files in the system', advice: 'raise fs.file-max' },
  EIO: { code: 'IO', words: 'input/output error', advice: 'check the disk and the kernel log (dmesg)' },
  ESTALE: { code: 'IO', words: 'stale file handle', advice: 'mount the network file system again' },
};

/** The system's name of an error (`ENOENT`), of the error itself or of what a `SpoolsyncError` wraps. */
export function errnoOf(error: unknown): string | undefined {
  const inner = error instanceof SpoolsyncError ? error.cause : error;
  if (!(inner instanceof Error) || !('code' in inner)) return undefined;
  return typeof inner.code === 'string' ? inner.code : undefined;
}

/**
 * The one place where errors of `node:fs` become ours. `doing` completes "cannot …" (`open`, `rename to x`); `path` is
 * latin1. Errors that are ours already pass through.
 */
export function ioError(error: unknown, doing: string, path: string, side: Side): SpoolsyncError {
  if (error instanceof SpoolsyncError) return error;
  const errno = errnoOf(error);
  const meaning = errno === undefined ? undefined : MEANINGS[errno];
  const place = printable(path);
  const code = meaning?.code ?? 'IO';
  const words = meaning?.words ?? (errno || (error instanceof Error ? error.message : String(error)));
  return new SpoolsyncError(
    typeof code === 'string' ? code : code[side],
    `cannot ${doing} ${place}: ${words}`,
    {
      place,
      advice:
        meaning?.advice ?? 'look at the file and the kernel log (dmesg), then run the same command again',
      cause: error,
    },
  );
}

/** `SOURCE_UNSAFE` or `TARGET_UNSAFE`: something is there that is not touched. `what` completes "PATH …". */
export function unsafe(what: string, path: string, side: Side): SpoolsyncError {
  const place = printable(path);
  return new SpoolsyncError(UNSAFE[side], `${place} ${what}`, {
    place,
    advice:
      'nothing was read or changed there: look who put it there, and put the real file or directory in its place',
  });
}
