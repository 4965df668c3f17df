import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { cli, type Result } from './cli.ts';

/** Source, target and state of one account, each in a directory of its own below `at`. */
export interface TestAccount {
  readonly at: string;
  /** Mail root of the source. */
  readonly mail: string;
  /** INBOX of the source. */
  readonly inbox: string;
  readonly target: string;
  readonly state: string;
  /** Arguments of `convert` and `verify`, with `--json`. */
  args(command: string): string[];
  convert(): Result;
  verify(): Result;
  /** Any command over this account, with further options. */
  run(command: string, ...options: string[]): Result;
}

const made: string[] = [];
afterAll(() => {
  for (const dir of made.splice(0)) fs.rmSync(dir, { recursive: true, force: true });
});

/** An account whose INBOX is `inbox` and whose further mailboxes are `mailboxes` (name, with directories, to bytes). */
export function makeAccount(
  inbox: string | undefined,
  mailboxes: Readonly<Record<string, string | Uint8Array>> = {},
): TestAccount {
  const at = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'spoolsync-e2e-')));
  made.push(at);
  fs.chmodSync(at, 0o755);
  const mail = path.join(at, 'mail');
  const spool = path.join(at, 'spool');
  for (const dir of [mail, spool]) fs.mkdirSync(dir);
  if (inbox !== undefined) fs.writeFileSync(path.join(spool, 'alice'), inbox, 'latin1');
  for (const [name, bytes] of Object.entries(mailboxes)) {
    fs.mkdirSync(path.dirname(path.join(mail, name)), { recursive: true });
    fs.writeFileSync(path.join(mail, name), bytes, 'latin1');
  }
  const target = path.join(at, 'Maildir');
  const state = path.join(at, 'state');
  const args = (command: string) => [
    command,
    '--from',
    `mbox:${mail}:INBOX=${spool}/alice`,
    '--to',
    `maildir:${target}`,
    '--state',
    state,
    '--json',
  ];
  const run = (command: string, ...options: string[]) => cli([...args(command), ...options]);
  return {
    at,
    mail,
    inbox: path.join(spool, 'alice'),
    target,
    state,
    args,
    convert: () => run('convert'),
    verify: () => run('verify'),
    run,
  };
}

/** A message of a numbered mbox: `n` is its X-UID unless `headers` says otherwise. */
export interface MessageParts {
  /** Metadata and further header lines, each with its line end. */
  readonly headers?: string;
  readonly body?: string;
  /** Seconds of the From_ line's minute. */
  readonly second?: number;
}

/** One message with its From_ line and the empty line behind it. */
export function message(
  n: number,
  { headers = '', body = `text ${n}\n`, second }: MessageParts = {},
): string {
  const seconds = String(second ?? n % 60).padStart(2, '0');
  const minutes = String(Math.floor(n / 60) % 60).padStart(2, '0');
  const date = `Thu Nov  9 22:${minutes}:${seconds} 2023`;
  return `From alice@example.org ${date}\n${headers}Subject: message ${n}\n\n${body}\n`;
}

/** A message that Dovecot has numbered, with its flags; in the first one X-IMAPbase must come before X-UID to count. */
export function numbered(uid: number, status = 'O', parts: MessageParts = {}): string {
  return message(uid, { ...parts, headers: `${parts.headers ?? ''}X-UID: ${uid}\nStatus: ${status}\n` });
}

/** The field that Dovecot puts into the first message; ten digits tell it from UW's. */
export function base(validity: number, last: number, keywords = ''): string {
  const ten = (value: number) => String(value).padStart(10, '0');
  return `X-IMAPbase: ${validity} ${ten(last)}${keywords === '' ? '' : ` ${keywords}`}\n`;
}

/** What a tree looks like: bytes, and what `what` asks for, of each path. */
export function snapshot(
  root: string,
  what: readonly ('ino' | 'mtime' | 'ctime' | 'atime')[] = [],
): string[] {
  if (!fs.existsSync(root)) return [];
  const lines: string[] = [];
  const visit = (file: string) => {
    const stat = fs.lstatSync(file, { bigint: true });
    const facts: string[] = [`${stat.mode.toString(8)} ${stat.uid}`];
    if (what.includes('ino')) facts.push(`ino ${stat.ino}`);
    if (what.includes('mtime')) facts.push(`mtime ${stat.mtimeNs}`);
    if (what.includes('ctime')) facts.push(`ctime ${stat.ctimeNs}`);
    if (what.includes('atime') && stat.isFile()) facts.push(`atime ${stat.atimeNs}`);
    if (stat.isFile()) facts.push(readQuietly(file));
    lines.push(`${path.relative(root, file)} ${facts.join(' ')}`);
    if (stat.isDirectory()) for (const name of fs.readdirSync(file).sort()) visit(path.join(file, name));
  };
  visit(root);
  return lines;
}

/** The bytes of a file; taking a snapshot must not itself change the access time. */
function readQuietly(file: string): string {
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOATIME);
  try {
    return fs.readFileSync(fd, 'latin1');
  } finally {
    fs.closeSync(fd);
  }
}

/** The message files in a folder's `cur/`, sorted by UID. */
export function messageFiles(folder: string): string[] {
  const uid = (name: string) => Number(/\.U(\d+)X/.exec(name)?.[1]);
  return fs.readdirSync(path.join(folder, 'cur')).sort((a, b) => uid(a) - uid(b));
}

/** The path of the message with a UID. */
export function fileOf(folder: string, uid: number): string {
  const name = messageFiles(folder).find((file) => file.includes(`.U${uid}X`));
  if (name === undefined) throw new Error(`${folder} has no message ${uid}`);
  return path.join(folder, 'cur', name);
}
