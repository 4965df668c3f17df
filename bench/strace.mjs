import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/** Counts what a command asks of the file system, by strace(1). */

/** System calls by kind. Others (memory, threads, waiting) depend on the moment, and are not traced. */
const KINDS = {
  open: ['open', 'openat', 'openat2', 'creat'],
  close: ['close'],
  stat: [
    'stat',
    'lstat',
    'fstat',
    'newfstatat',
    'statx',
    'access',
    'faccessat',
    'faccessat2',
    'statfs',
    'fstatfs',
  ],
  read: ['read', 'pread64', 'readv', 'preadv', 'preadv2'],
  write: ['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2'],
  copy: ['copy_file_range', 'sendfile', 'ioctl'],
  times: ['utimensat', 'utimes', 'futimesat'],
  'mode and owner': [
    'chmod',
    'fchmod',
    'fchmodat',
    'chown',
    'fchown',
    'lchown',
    'fchownat',
    'ftruncate',
    'truncate',
  ],
  rename: ['rename', 'renameat', 'renameat2'],
  link: ['link', 'linkat'],
  unlink: ['unlink', 'unlinkat', 'rmdir'],
  list: ['getdents64'],
  flush: ['fsync', 'fdatasync', 'syncfs', 'sync_file_range'],
  'directories and links': ['mkdir', 'mkdirat', 'readlink', 'readlinkat'],
  'locks and places': ['fcntl', 'flock', 'lseek'],
};

/** @type {ReadonlyMap<string, string>} */
const KIND_OF = new Map(Object.entries(KINDS).flatMap(([kind, names]) => names.map((name) => [name, kind])));
const BYTES = 'bytes ';
/** Kinds whose result is a number of bytes. */
const COUNTED = ['read', 'write'];
/** Calls on a descriptor: those on pipes and events of the event loop depend on the moment. */
const ON_DESCRIPTOR =
  /^(?:close|fstat|fstatfs|read|pread64|readv|preadv2?|write|pwrite64|writev|pwritev2?|ioctl|fcntl|flock|lseek|ftruncate|fchmod|fchown)$/;
const ON_FILE = /^\d+<\/(?!dev\/(?!shm\/)|proc\/)/;
/** A look at other processes, for who has the mail open: as many as there are. `/proc/self/fd` stands for an open directory. */
const OF_PROCESSES = /"\/proc\/(?!self\/fd\/)/;

/** @typedef {Map<string, number>} Counts calls by kind, and `bytes read`, `bytes write` */

/**
 * Runs a command under strace.
 * @param {readonly string[]} command @param {{ trace: string, env?: NodeJS.ProcessEnv }} options `trace`: a file for the trace
 * @returns {Counts}
 */
export function countCalls(command, { trace, env = {} }) {
  const names = `trace=${[...KIND_OF.keys()].map((name) => `?${name}`).join(',')}`;
  const run = spawnSync(
    'strace',
    ['-f', '-y', '-qq', '-s', '0', '-e', names, '-e', 'signal=none', '-o', trace, ...command],
    {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    },
  );
  if (run.error !== undefined) throw new Error('strace is needed (package strace)', { cause: run.error });
  if (run.status !== 0) throw new Error(`${command.join(' ')}: status ${run.status}\n${run.stderr}`);
  const counts = parseTrace(fs.readFileSync(trace, 'latin1'));
  fs.rmSync(trace);
  return counts;
}

/** @param {string} text @returns {Counts} */
function parseTrace(text) {
  /** @type {Counts} */
  const counts = new Map();
  /** @type {Map<string, boolean>} whether the call that a thread is in counts */
  const open = new Map();
  for (const line of text.split('\n')) {
    const begun = /^(\d+) +(\w+)\((.*)$/.exec(line);
    if (begun !== null) {
      const [, thread = '', name = '', rest = ''] = begun;
      const counted = ON_DESCRIPTOR.test(name) ? ON_FILE.test(rest) : !OF_PROCESSES.test(rest);
      if (rest.endsWith('<unfinished ...>')) open.set(thread, counted);
      else if (counted) add(counts, name, rest);
      continue;
    }
    const [, thread = '', name = '', rest = ''] = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/.exec(line) ?? [];
    if (open.get(thread) === true) add(counts, name, rest);
    open.delete(thread);
  }
  return counts;
}

/** @param {Counts} counts @param {string} name @param {string} rest of the line */
function add(counts, name, rest) {
  const kind = KIND_OF.get(name);
  if (kind === undefined) return;
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const result = Number(/\) += (\d+)/.exec(rest)?.[1] ?? 0);
  if (!COUNTED.includes(kind)) return;
  counts.set(BYTES + kind, (counts.get(BYTES + kind) ?? 0) + result);
}

/** What each of `n` things more cost. @param {Counts} large @param {Counts} small @param {number} n @returns {Record<string, number>} */
export function costOfEach(large, small, n) {
  const kinds = [...KIND_OF.values(), ...COUNTED.map((kind) => BYTES + kind)];
  const costs = [...new Set(kinds)].map((kind) => [
    kind,
    ((large.get(kind) ?? 0) - (small.get(kind) ?? 0)) / n,
  ]);
  return Object.fromEntries(costs.filter(([, cost]) => cost !== 0));
}
