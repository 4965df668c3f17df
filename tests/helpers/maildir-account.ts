import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { cli, type Result } from './cli.ts';

/** A Maildir account made by hand: source, target and state, each in a directory of its own below `at`. */
export interface MaildirTest {
  readonly at: string;
  /** The Maildir of the source. */
  readonly mail: string;
  readonly target: string;
  readonly state: string;
  convert(...options: string[]): Result;
  verify(): Result;
  /** Any command over this account, with further options. */
  run(command: string, ...options: string[]): Result;
  /** The lines of a folder's uidlist in the target. */
  uidlist(folder?: string): string[];
  /** The UIDs in the target of the messages whose record holds `part`. */
  uids(part: string, folder?: string): number[];
}

const made: string[] = [];
afterAll(() => {
  for (const dir of made.splice(0)) fs.rmSync(dir, { recursive: true, force: true });
});

/** Seconds that every message has as its time unless a test says otherwise. */
export const TIME = 1_600_000_000;

/** An account with these files below its Maildir, latin1 names and texts; each folder named gets its three directories. */
export function makeMaildir(files: Readonly<Record<string, string>>, options = ''): MaildirTest {
  const at = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'spoolsync-maildir-')));
  made.push(at);
  fs.chmodSync(at, 0o755);
  const mail = path.join(at, 'old');
  for (const part of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(mail, part), { recursive: true });
  for (const [name, text] of Object.entries(files)) put(mail, name, text);
  const target = path.join(at, 'Maildir');
  const state = path.join(at, 'state');
  const places = [
    '--from',
    `maildir:${mail}${options}`,
    '--to',
    `maildir:${target}`,
    '--state',
    state,
    '--json',
  ];
  const run = (command: string, ...more: string[]) => cli([command, ...places, ...more]);
  const uidlist = (folder = '') =>
    fs
      .readFileSync(path.join(target, folder, 'dovecot-uidlist'), 'latin1')
      .trimEnd()
      .split('\n');
  return {
    at,
    mail,
    target,
    state,
    convert: (...more) => run('convert', ...more),
    verify: () => run('verify'),
    run,
    uidlist,
    uids: (part, folder) =>
      uidlist(folder)
        .slice(1)
        .filter((line) => line.includes(part))
        .map((line) => Number(line.split(' ')[0])),
  };
}

/** Writes a file of a source; a message gets the time that all have. */
export function put(mail: string, name: string, text: string, seconds = TIME): string {
  const file = Buffer.from(path.join(mail, name), 'latin1');
  const dir = Buffer.from(path.dirname(path.join(mail, name)), 'latin1');
  fs.mkdirSync(dir, { recursive: true });
  if (/(^|\/)(cur|new)\//.test(name)) {
    const folder = path.dirname(path.dirname(path.join(mail, name)));
    for (const part of ['cur', 'new', 'tmp'])
      fs.mkdirSync(Buffer.from(path.join(folder, part), 'latin1'), { recursive: true });
  }
  fs.writeFileSync(file, text, 'latin1');
  fs.utimesSync(file, seconds, seconds);
  return path.join(mail, name);
}

/** A message of 19 bytes, for a number of one digit: 22 bytes with CR LF. */
export function mail(n: number): string {
  return `Subject: ${n}\n\nbody ${n}\n`;
}
