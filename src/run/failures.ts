import { SpoolsyncError } from '../core/errors.ts';
import type { Listener } from '../core/events.ts';

/** Whether an error ends the run: a signal has come. Everything else ends one mailbox or account. */
export function isStop(error: unknown): boolean {
  return error instanceof SpoolsyncError && (error.code === 'INTERRUPTED' || error.code === 'TERMINATED');
}

/** Whether an error ends the pass over an account: a stop, or another run that works on the same target. */
export function endsPass(error: unknown): boolean {
  return isStop(error) || (error instanceof SpoolsyncError && error.code === 'STATE_LOCKED');
}

/** Announces what could not be done. An error that is not ours is a bug, and says where it happened. */
export function emitFailure(emit: Listener, error: unknown, user?: string, mailbox?: string): void {
  const { code, message, place, advice } = error instanceof SpoolsyncError ? error : bug(error);
  emit({
    event: 'failure',
    code,
    message,
    advice,
    ...(user === undefined ? {} : { user }),
    ...(mailbox === undefined ? {} : { mailbox }),
    ...(place === undefined ? {} : { place }),
  });
}

function bug(error: unknown): SpoolsyncError {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const frame = error instanceof Error ? /\n\s+at ([^\n]*)/.exec(error.stack ?? '')?.[1] : undefined;
  return new SpoolsyncError('INTERNAL', text, {
    place: frame,
    advice: 'this is a bug in spoolsync: please report it with the command line and this message',
    cause: error,
  });
}
