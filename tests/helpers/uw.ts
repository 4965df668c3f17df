import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './install.ts';

/**
 * The independent judge for the `uw` rules: UW c-client 2007f itself, asked through `uw-judge.c`, which is compiled on
 * the fly. Tests never go on without it: a judge that may be absent proves nothing.
 */

/** c-client wants an ordinary user; when root runs the tests it gets this one (nobody), else the one who runs them. */
const asRoot = process.getuid?.() === 0;
const MAIL_UID = 65_534;
const PACKAGES = ['gcc', 'libc6-dev', 'libc-client2007e-dev'];
const SOURCE = fileURLToPath(new URL('uw-judge.c', import.meta.url));

export interface UwOptions {
  /** TZ of the server: zone of From_ dates that name none. Default UTC. */
  readonly tz?: string;
  /** Open for writing, as a client's SELECT does, on the copy; the file as it is afterwards is in `rewritten`. */
  readonly write?: boolean;
}

/** One message as an IMAP client of a UW server sees it. */
interface UwMessage {
  readonly uid: number;
  /** System flags such as `\Seen`, sorted, without `\Recent`. */
  readonly flags: readonly string[];
  /** In the order of the mailbox's list. */
  readonly keywords: readonly string[];
  /** Epoch seconds; undefined where c-client could not read the date. */
  readonly internalDate: number | undefined;
  /** RFC822.SIZE as c-client computes it: not always the number of `bytes`. */
  readonly size: number;
  /** Header and text as sent to a client, line ends CR LF. */
  readonly bytes: Buffer;
}

export interface UwMailbox {
  /** Made up from the clock where the file has none that counts: see `log`. */
  readonly uidValidity: number;
  readonly uidLast: number;
  /** The mailbox's list of keywords. */
  readonly keywords: readonly string[];
  readonly messages: readonly UwMessage[];
  /** What c-client said, each line behind its level: `note`, `warn`, `error`. */
  readonly log: readonly string[];
  /** The file after the session, with `write`. */
  readonly rewritten: Buffer | undefined;
}

/** c-client does not take the file for a mailbox, or cannot open it; `message` holds its words. */
export class UwRefusal extends Error {
  override readonly name = 'UwRefusal';
}

/**
 * Lets c-client read a copy of an mbox (its path, or its bytes). Installs and compiles what is missing; throws with the
 * command to run where it cannot, and `UwRefusal` where c-client refuses the file.
 */
export function readWithUw(file: string | Uint8Array, options: UwOptions = {}): UwMailbox {
  const bytes = compiled();
  const home = workDir();
  const judge = join(home, 'uw-judge');
  const spool = join(home, 'spool');
  try {
    writeFileSync(judge, bytes, { mode: 0o755 });
    if (typeof file === 'string') copyFileSync(file, spool);
    else writeFileSync(spool, file);
    chmodSync(spool, 0o600);
    if (asRoot) for (const path of [home, spool]) chownSync(path, MAIL_UID, MAIL_UID);
    const run = spawnStubbornly(judge, [options.write === true ? 'rw' : 'ro', 'spool'], {
      cwd: home,
      env: { HOME: home, TZ: options.tz ?? 'UTC', LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      maxBuffer: 1 << 30,
      ...(asRoot ? { uid: MAIL_UID, gid: MAIL_UID } : {}),
    });
    if (run.status === 1) throw new UwRefusal(run.stdout.toString('latin1').trim());
    if (run.status !== 0)
      throw new Error(`uw-judge ended with ${run.error ?? run.signal ?? run.status}: ${run.stderr}`);
    return parse(run.stdout, options.write === true ? readFileSync(spool) : undefined);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** A program that has just been written cannot be started while any process that was forked meanwhile still has it open. */
function spawnStubbornly(...call: Parameters<typeof spawnBuffered>): ReturnType<typeof spawnBuffered> {
  for (let attempt = 1; ; attempt++) {
    const run = spawnBuffered(...call);
    if ((run.error as NodeJS.ErrnoException | undefined)?.code !== 'ETXTBSY' || attempt === 50) return run;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}

function spawnBuffered(command: string, args: readonly string[], options: SpawnSyncOptions) {
  return spawnSync(command, args, { ...options, encoding: 'buffer' });
}

function parse(out: Buffer, rewritten: Buffer | undefined): UwMailbox {
  const log: string[] = [];
  const keywords: string[] = [];
  const messages: UwMessage[] = [];
  let numbers: number[] | undefined;
  for (let at = 0; at < out.length; ) {
    const lf = out.indexOf(0x0a, at);
    const line = out.toString('latin1', at, lf);
    at = lf + 1;
    const [kind, ...words] = line.split(' ');
    if (kind === 'log') log.push(line.slice('log '.length));
    else if (kind === 'mailbox') numbers = words.map(Number);
    else if (kind === 'keyword') keywords.push(line.slice('keyword '.length));
    else if (kind === 'message') {
      const length = Number(words[4]);
      messages.push(message(words, out.subarray(at, at + length)));
      at += length + 1;
    } else throw new Error(`uw-judge printed an unexpected line: ${line}`);
  }
  const [uidValidity = -1, uidLast = -1, exists] = numbers ?? [];
  if (exists !== messages.length) throw new Error(`${exists} messages, but ${messages.length} printed`);
  return { uidValidity, uidLast, keywords, messages, log, rewritten };
}

const FLAG_NAMES: Readonly<Record<string, string>> = {
  s: '\\Seen',
  a: '\\Answered',
  f: '\\Flagged',
  d: '\\Deleted',
  t: '\\Draft',
};

function message(words: readonly string[], bytes: Buffer): UwMessage {
  const [uid, letters = '', date = '', size, , ...keywords] = words;
  const flags = [...letters.replace('-', '')].map((letter) => FLAG_NAMES[letter] ?? letter).sort();
  return { uid: Number(uid), flags, keywords, internalDate: epoch(date), size: Number(size), bytes };
}

function epoch(text: string): number | undefined {
  const [year = 0, month = 0, day = 0, hour, minute, second, east = 0] = text.split(',').map(Number);
  if (day === 0) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - east * 60;
}

let program: Buffer | undefined;

/** The compiled judge; made once per process, and kept in memory so that no file stays behind. */
function compiled(): Buffer {
  if (program !== undefined) return program;
  if (!existsSync('/usr/include/c-client/c-client.h') || spawnSync('cc', ['--version']).status !== 0)
    installPackages(PACKAGES, 'UW c-client and a C compiler');
  const dir = workDir();
  try {
    const path = join(dir, 'uw-judge');
    const args = ['-w', '-I/usr/include/c-client', '-o', path, SOURCE, '-lc-client'];
    const run = spawnSync('cc', args, { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`Could not compile uw-judge.c:\n${run.stderr}`);
    program = readFileSync(path);
    return program;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function workDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'spoolsync-uw-'));
  chmodSync(dir, 0o755);
  return dir;
}
