import fs from 'node:fs';
import type { Stat } from './stat.ts';

/** A process that has something open below a directory. */
export interface User {
  readonly pid: number;
  /** Its name, as the kernel cuts it (15 bytes). */
  readonly name: string;
  /** What it has open. */
  readonly path: string;
}

/**
 * The first process, this one and programs called as in `except` aside, that has a file open below one of `directories`
 * (canonical paths). Only what this user may see: root sees all processes of this host. Processes on other hosts that
 * mount the same disk stay unseen.
 */
export function findUserOf(
  directories: readonly string[],
  except: ReadonlySet<string> = new Set(),
): User | undefined {
  const prefixes = directories.map((directory) => Buffer.from(`${directory}/`, 'latin1').toString());
  for (const { pid, link } of descriptors(() => undefined)) {
    if (!prefixes.some((prefix) => link.startsWith(prefix))) continue;
    const name = nameOf(pid);
    if (!except.has(name)) return { pid, name, path: link };
  }
  return undefined;
}

/** Device and inode: names a file whatever its path. */
export type FileId = Pick<Stat, 'dev' | 'ino'>;

/** A process that has a certain file open. */
export interface Opener {
  readonly pid: number;
  readonly name: string;
  readonly writes: boolean;
}

/** What the processes of this host, this one aside, had open at one moment. */
export interface Processes {
  /** Who has a file open now, of those who had it open then. A file that is only mapped into memory is not seen. */
  openersOf(file: FileId): readonly Opener[];
  /** Who holds a socket, by its inode. */
  holderOf(socket: string): Pick<Opener, 'pid' | 'name'> | undefined;
  /** Why some processes could not be looked at, for people; `undefined`: all of this host were. */
  readonly unseen: string | undefined;
}

/** One walk over `/proc`. Files are told by device and inode, so that neither links nor renames hide one. */
export function surveyProcesses(): Processes {
  const files = new Map<string, Descriptor[]>();
  const sockets = new Map<string, number>();
  let hidden = 0;
  for (const descriptor of descriptors(() => hidden++)) {
    const socket = /^socket:\[(\d+)\]$/.exec(descriptor.link)?.[1];
    if (socket !== undefined && !sockets.has(socket)) sockets.set(socket, descriptor.pid);
    const key = descriptor.link.startsWith('/') ? keyOf(descriptor) : undefined;
    if (key === undefined) continue;
    const list = files.get(key);
    if (list === undefined) files.set(key, [descriptor]);
    else list.push(descriptor);
  }
  return {
    openersOf: (file) => (files.get(fileKey(file)) ?? []).flatMap((one) => openerNow(one, file)),
    holderOf: (socket) => {
      const pid = sockets.get(socket);
      return pid === undefined ? undefined : { pid, name: nameOf(pid) };
    },
    unseen: unseen(hidden),
  };
}

function fileKey({ dev, ino }: FileId): string {
  return `${dev}:${ino}`;
}

interface Descriptor {
  readonly pid: number;
  readonly fd: number;
  /** What `/proc/PID/fd/FD` leads to. */
  readonly link: string;
}

/** Open descriptors of all processes but this one; `hidden` hears of each process that may not be looked into. */
function* descriptors(hidden: () => void): Generator<Descriptor, void, void> {
  for (const pid of numbersIn('/proc') ?? []) {
    if (pid === process.pid) continue;
    const fds = numbersIn(`/proc/${pid}/fd`);
    if (fds === undefined && isProgram(pid)) hidden();
    for (const fd of fds ?? []) {
      const link = orUndefined(() => fs.readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (link !== undefined) yield { pid, fd, link };
    }
  }
}

const WRITING = fs.constants.O_WRONLY | fs.constants.O_RDWR;

function keyOf({ pid, fd }: Descriptor): string | undefined {
  return orUndefined(() => fileKey(fs.statSync(`/proc/${pid}/fd/${fd}`, { bigint: true })));
}

function openerNow(descriptor: Descriptor, file: FileId): Opener[] {
  if (keyOf(descriptor) !== fileKey(file)) return [];
  const { pid, fd } = descriptor;
  const info = orUndefined(() => fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1')) ?? '';
  const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
  return [{ pid, name: nameOf(pid), writes: (flags & WRITING) !== 0 }];
}

function nameOf(pid: number): string {
  return orUndefined(() => fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? 'unknown';
}

/** Threads of the kernel, and processes that are dead already, have no command line, and no files either. */
function isProgram(pid: number): boolean {
  return (orUndefined(() => fs.readFileSync(`/proc/${pid}/cmdline`)) ?? '').length > 0;
}

/** The kernel's number of the host's own process namespace (`PROC_PID_INIT_INO` in its proc_ns.h). */
const HOST_PIDS = 'pid:[4026531836]';

function unseen(hidden: number): string | undefined {
  if (orUndefined(() => fs.readlinkSync('/proc/self/ns/pid')) !== HOST_PIDS)
    return 'spoolsync runs in a container: processes outside of it cannot be seen';
  if (hidden > 0) return `${hidden} processes of other users cannot be looked into: run as root`;
  if (orUndefined(() => fs.lstatSync('/proc/1')) === undefined)
    return '/proc hides the processes of other users: run as root';
  return undefined;
}

/** `undefined`: it may not be listed, or is gone. */
function numbersIn(directory: string): number[] | undefined {
  const names = orUndefined(() => fs.readdirSync(directory));
  return names?.filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Processes come and go, and other users' cannot be looked into: neither is an error here. */
function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
