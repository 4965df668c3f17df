import { type ErrorCode, SpoolsyncError } from '../core/errors.ts';
import { printable } from '../io/names.ts';
import { unsafe } from '../io/wrap.ts';

/** Something on the disk that is not read; the administrator is told. */
export interface Rejected {
  /** Absolute path: latin1, one char per byte. */
  readonly path: string;
  /** Completes "PATH …", ready for display. */
  readonly reason: string;
  /** Set where it may not be looked at at all. */
  readonly code?: 'PERMISSION';
}

/**
 * What an error says about one entry, where only that entry is lost by it: it is unsafe, or may not be read. Other errors
 * are thrown again.
 */
export function rejectedBy(error: unknown, path: string): Rejected {
  if (!(error instanceof SpoolsyncError)) throw error;
  if (error.code === 'PERMISSION')
    return { path, reason: 'may not be read: permission denied', code: 'PERMISSION' };
  if (error.code !== 'SOURCE_UNSAFE') throw error;
  const prefix = `${printable(path)} `;
  const { message } = error;
  return {
    path,
    reason: message.startsWith(prefix) ? message.slice(prefix.length) : `leads nowhere: ${message}`,
  };
}

/** The failure of an account of which nothing else can be read either. */
export function refusalOf({ path, reason, code }: Rejected): SpoolsyncError {
  if (code === undefined) return unsafe(reason, path, 'source');
  const advice = 'run as root, or as the user who owns it';
  return new SpoolsyncError(code, `${printable(path)} ${reason}`, { place: printable(path), advice });
}

/**
 * What an error says about one entry where nothing depends on it: any trouble with it is the entry's own, also a name that
 * is too long, or a bad block. Bugs of ours and signals are thrown again.
 */
export function passedOver(error: unknown, path: string): Rejected {
  if (!(error instanceof SpoolsyncError) || FATAL.includes(error.code)) throw error;
  const isKnown = error.code === 'PERMISSION' || error.code === 'SOURCE_UNSAFE';
  return isKnown ? rejectedBy(error, path) : { path, reason: error.message };
}

const FATAL: readonly ErrorCode[] = ['INTERNAL', 'INTERRUPTED', 'TERMINATED'];

/** What a look at a path finds; `undefined` too where it is unsafe or may not be looked at. */
export function unlessHidden<T>(path: string, look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch (error) {
    rejectedBy(error, path);
    return undefined;
  }
}
