import { SpoolsyncError } from '../core/errors.ts';
import type { HeldLock } from '../io/held-locks.ts';
import type { FileId, Processes } from '../io/in-use.ts';
import type { Listener } from '../io/listeners.ts';
import { printable } from '../io/names.ts';
import type { MailAccount } from './mail-account.ts';
import { unlessHidden } from './rejected.ts';
import type { SpoolLook, WatchedFile } from './spool-looks.ts';

/** Something that shows that a source is not quiet. All texts are printable. */
export interface Disturbance {
  /** Completes "WHERE …". */
  readonly what: string;
  /** Who does it, where that is known. */
  readonly who?: string;
  readonly where: string;
  /** The process to stop. */
  readonly pid?: number;
}

/** What an open file means, by its role. */
const OPEN: Readonly<Record<WatchedFile['role'], string>> = {
  spool: 'is open',
  index: 'is open, as during a session',
  session: 'is open, as during a session of UW’s server',
};

/** A dotlock that has not changed for so long (milliseconds) is a leftover: Dovecot waits two minutes, others longer. */
const DOTLOCK_AGE = 5 * 60_000;

/** Disturbances named one by one in a message. */
const NAMED = 10;

/** Who has files of the spools open, or holds locks on them. `now` is in milliseconds since 1970. */
export function working(
  looks: readonly SpoolLook[],
  processes: Processes,
  locks: (file: FileId) => readonly HeldLock[],
  now: number,
): Disturbance[] {
  return looks.flatMap((look) => [
    ...look.watched.flatMap((file) => busy(file, processes, locks)),
    ...(look.dotlock === undefined || isLeftover(look.dotlock, now) ? [] : [dotlocked(look.dotlock)]),
  ]);
}

/** Paths of dotlocks that nobody can still hold; printable. */
export function leftoverDotlocks(looks: readonly SpoolLook[], now: number): string[] {
  return looks.flatMap(({ dotlock }) =>
    dotlock !== undefined && isLeftover(dotlock, now) ? [printable(dotlock.path)] : [],
  );
}

function busy(
  { path: where, id, role }: WatchedFile,
  processes: Processes,
  locks: (file: FileId) => readonly HeldLock[],
): Disturbance[] {
  const openers = processes.openersOf(id);
  const byPid = new Map(openers.map((opener) => [opener.pid, opener]));
  const writers = new Set(openers.filter(({ writes }) => writes).map(({ pid }) => pid));
  const opened = [...byPid.values()].map(({ pid, name }): Disturbance => {
    const what = `${OPEN[role]}${role === 'spool' && writers.has(pid) ? ' for writing' : ''}`;
    return { what, who: nameOf(name, pid), where, pid };
  });
  // Who holds a lock has the file open; what is left here is held by those who cannot be looked into.
  const locked = locks(id)
    .filter(({ pid }) => pid !== process.pid && (pid === undefined ? opened.length === 0 : !byPid.has(pid)))
    .map(({ kind, mode, pid }): Disturbance => {
      const what = `has a lock on it (${kind}, to ${mode})`;
      return { what, where, ...(pid === undefined ? {} : { who: `process ${pid}`, pid }) };
    });
  return [...opened, ...locked];
}

type Dotlock = NonNullable<SpoolLook['dotlock']>;

function isLeftover({ stat }: Dotlock, now: number): boolean {
  return now - Number(stat.mtimeNs / 1_000_000n) > DOTLOCK_AGE;
}

function dotlocked({ path, text }: Dotlock): Disturbance {
  const [, pid, host] = /^([1-9]\d*)(?::([^\n]+))?/.exec(text) ?? [];
  const who =
    pid === undefined ? undefined : `process ${pid}${host === undefined ? '' : ` on ${printable(host)}`}`;
  return {
    what: 'is there: the mailbox is locked',
    where: printable(path),
    ...(who === undefined ? {} : { who }),
  };
}

/** Mail services that listen on this host, each with all its sockets. */
export function listening(
  listeners: readonly Listener[],
  processes: Pick<Processes, 'holderOf'>,
): Disturbance[] {
  const services = new Map<number | undefined, { name: string; where: string[] }>();
  for (const { where, socket } of listeners) {
    const holder = processes.holderOf(socket);
    const service = services.get(holder?.pid) ?? { name: holder?.name ?? '', where: [] };
    service.where.push(where);
    services.set(holder?.pid, service);
  }
  return [...services].map(([pid, { name, where }]) => {
    const shown = where.slice(0, 3).join(', ') + (where.length > 3 ? ` and ${where.length - 3} more` : '');
    const who = pid === undefined ? {} : { who: nameOf(name, pid), pid };
    return { what: `has a mail service on, at ${shown}`, where: 'this host', ...who };
  });
}

/** Spools on a file server on which another host holds an fcntl lock: the server tells that, and nothing else. */
export function lockedElsewhere(account: MailAccount, looks: readonly SpoolLook[]): Disturbance[] {
  return looks.flatMap(({ mailbox }) => {
    const busy = unlessHidden(mailbox.path, () => account.isLockedElsewhere(mailbox));
    return busy === true ? [{ what: 'has a lock on it, to write', where: printable(mailbox.path) }] : [];
  });
}

export function describe({ what, who, where }: Disturbance): string {
  return `${where} ${what}${who === undefined ? '' : ` (${who})`}`;
}

/** `SOURCE_NOT_QUIET`, with what was found. */
export function notQuiet(found: readonly Disturbance[]): SpoolsyncError {
  const named = found.slice(0, NAMED).map(describe).join('; ');
  const more = found.length > NAMED ? `; and ${found.length - NAMED} more` : '';
  return new SpoolsyncError('SOURCE_NOT_QUIET', `the source is not quiet: ${named}${more}`, {
    place: found[0]?.where,
    advice: `${stopping(found)}, and run the same command again; --force-quiet goes on all the same, and the seal says so`,
  });
}

function stopping(found: readonly Disturbance[]): string {
  const pids = [...new Set(found.flatMap(({ pid }) => pid ?? []))];
  if (pids.length === 0) return 'stop the mail services and wait until nothing changes any more';
  const names = [...new Set(found.flatMap(({ pid, who }) => (pid === undefined ? [] : (who ?? []))))];
  const shown = names.slice(0, NAMED).join(', ');
  return `stop ${shown} (what they are: ps -o pid,user,args -p ${pids.slice(0, NAMED).join(',')})`;
}

function nameOf(name: string, pid: number): string {
  return `${printable(Buffer.from(name, 'utf8').toString('latin1'))}, process ${pid}`;
}
