import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { ImapSession, type ImapValue } from './imap-client.ts';
import { findDovecot } from './install.ts';

/**
 * The independent judge: what a real Dovecot shows an IMAP client of a given mbox or Maildir tree. No daemon runs and
 * no port is opened: `doveadm exec imap` talks IMAP on stdin and stdout, logged in already.
 */

/** Dovecot refuses root; when root runs the tests it gets this user (nobody), else the one who runs them. */
const asRoot = process.getuid?.() === 0;
const MAIL_UID = asRoot ? 65_534 : (process.getuid?.() ?? 0);
const MAIL_GID = asRoot ? 65_534 : (process.getgid?.() ?? 0);

export interface DovecotOptions {
  readonly format: 'mbox' | 'maildir';
  /** mbox: the folder of mailboxes (as in `mbox:ROOT`); maildir: the Maildir itself. Default: an empty one. */
  readonly root?: string;
  /** mbox only: the file that is INBOX. Default: an empty one. */
  readonly inbox?: string;
  /** TZ of the server: zone of From_ dates without an offset. Default UTC. */
  readonly tz?: string;
  /**
   * Without it Dovecot gets copies, and the originals stay as they are. With it Dovecot works on `root` and `inbox`
   * themselves, which must lie in a `workDir()` and are given to the mail user: for a Maildir that is converted again
   * after Dovecot has used it.
   */
  readonly inPlace?: boolean;
  /**
   * Lets Dovecot write to its copies of mboxes. By default it cannot, and shows what it makes of the bytes as they are.
   * Where it writes its numbers into the file first, a message that is a header only gains the line end it lacks; and
   * it fails at many odd headers ("Sync failed for mbox"), then shows wrong messages or none (2.3.19).
   */
  readonly writable?: boolean;
}

/** One line of a LIST answer. */
interface ListedMailbox {
  /** As on the wire: modified UTF-7, levels separated by `/`. */
  readonly name: string;
  /** Such as `\Noselect`, sorted. */
  readonly attributes: readonly string[];
}

/** One message as an IMAP client sees it. */
export interface JudgedMessage {
  readonly uid: number;
  /** System flags such as `\Seen`, sorted, without `\Recent`. */
  readonly flags: readonly string[];
  /** All other flags, sorted. */
  readonly keywords: readonly string[];
  readonly recent: boolean;
  /** Epoch seconds; the zone that the server printed is taken into account. */
  readonly internalDate: number;
  /** RFC822.SIZE: every line end counts two bytes. */
  readonly size: number;
  /** Of BODY[], hex: the bytes on the wire, line ends CR LF. Their count; the bytes themselves with `keepBodies`. */
  readonly sha256: string;
  readonly bodySize: number;
  readonly body: Buffer | undefined;
}

export interface JudgedMailbox {
  readonly uidValidity: number;
  readonly uidNext: number;
  /** In the server's order. */
  readonly messages: readonly JudgedMessage[];
}

interface ReadOptions {
  /** Keep `body`; otherwise only its hash stays in memory. */
  readonly keepBodies?: boolean;
  /** Open with SELECT instead of EXAMINE: Maildir messages move from new/ to cur/, mboxes are written if `writable`. */
  readonly select?: boolean;
}

export interface Dovecot {
  readonly version: '2.3' | '2.4';
  /** Where Dovecot's mailboxes lie: the copies, unless opened in place. */
  readonly root: string;
  readonly inbox: string;
  /** LIST of everything, sorted by name. */
  mailboxes(): Promise<ListedMailbox[]>;
  /** LSUB of everything, sorted. */
  subscriptions(): Promise<string[]>;
  /** Reads a whole mailbox (name as on the wire). Rejects with `ImapError` if Dovecot refuses it or fails. */
  readMailbox(name: string, options?: ReadOptions): Promise<JudgedMailbox>;
  /** An IMAP session of one's own, greeted; end it with `logout()`. */
  imap(): Promise<ImapSession>;
  /** What Dovecot has logged so far beyond `Info` and `Debug`: empty after a run without trouble. */
  complaints(): string[];
  /** Removes the private folder with all copies. Also done when the test file is. */
  close(): void;
}

const PREFIX = 'spoolsync-judge-';
const workDirs = new Set<string>();
afterAll(() => {
  for (const dir of workDirs) rmSync(dir, { recursive: true, force: true });
  sweep();
});

/** Removes what test runs left behind that were killed: folders older than three hours. */
function sweep(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const dir = join(tmpdir(), name);
    const modified = statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (modified < Date.now() - 3 * 3_600_000) rmSync(dir, { recursive: true, force: true });
  }
}

/** A new empty folder that the mail user may enter, removed when the test file is done. */
export function workDir(): string {
  const dir = mkdtempSync(join(tmpdir(), PREFIX));
  workDirs.add(dir);
  if (asRoot) chownSync(dir, MAIL_UID, MAIL_GID);
  chmodSync(dir, 0o755);
  return dir;
}

/**
 * Copies a file or a tree to the new path `to`, with its times (INTERNALDATE of a Maildir). The copy belongs to the mail
 * user, who may write to it even where the original is read-only.
 */
export function copyTree(from: string, to: string): void {
  execFileSync('cp', ['-a', '--reflink=auto', '-T', '--', from, to]);
  execFileSync('chmod', ['-R', 'u+rwX', '--', to]);
  giveAway(to);
}

function giveAway(path: string): void {
  if (asRoot) execFileSync('chown', ['-R', '-h', `${MAIL_UID}:${MAIL_GID}`, '--', path]);
}

/** Takes the right to write from all files but those of Dovecot's indexes. */
function protectMboxes(paths: readonly string[]): void {
  execFileSync('find', [
    ...paths,
    '-type',
    'f',
    '!',
    '-path',
    '*/.imap/*',
    '-exec',
    'chmod',
    'a-w',
    '--',
    '{}',
    '+',
  ]);
}

/** Gives Dovecot a tree to look at. Installs Dovecot if need be; throws where it cannot. */
export function openDovecot(options: DovecotOptions): Dovecot {
  const { version, chroot } = findDovecot();
  const home = workDir();
  const inPlace = options.inPlace === true;
  const root = place(options.root, join(home, 'mail'), inPlace);
  const inbox = options.format === 'maildir' ? root : place(options.inbox, join(home, 'inbox'), inPlace);
  if (!existsSync(root)) mkdirSync(root, { mode: 0o700 });
  if (!existsSync(inbox)) writeFileSync(inbox, '', { mode: 0o600 });
  if (options.format === 'mbox' && !inPlace && options.writable !== true) protectMboxes([root, inbox]);
  const log = join(home, 'log');
  const conf = join(home, 'dovecot.conf');
  writeFileSync(log, '');
  writeFileSync(conf, configuration(version, options.format, { root, inbox, log }));
  giveAway(home);
  const sessions = new Sessions(chroot, conf, { HOME: home, USER: 'judge', TZ: options.tz ?? 'UTC' });
  return {
    version,
    root,
    inbox,
    mailboxes: () => sessions.use(true, (imap) => list(imap, 'LIST')),
    subscriptions: () =>
      sessions.use(true, async (imap) => (await list(imap, 'LSUB')).map(({ name }) => name)),
    readMailbox: (name, how = {}) => sessions.use(how.keepBodies === true, (imap) => read(imap, name, how)),
    imap: () => sessions.open(true),
    complaints: () => `${readFileSync(log, 'latin1')}${sessions.stderr}`.split('\n').filter(isComplaint),
    close: () => rmSync(home, { recursive: true, force: true }),
  };
}

function isComplaint(line: string): boolean {
  return line !== '' && !/(?:^|: )(?:Info|Debug): /.test(line);
}

/** Starts IMAP servers on one configuration and gathers what they say on stderr. */
class Sessions {
  stderr = '';
  readonly #start: () => ChildProcessWithoutNullStreams;

  constructor(chroot: string | undefined, conf: string, env: Readonly<Record<string, string>>) {
    this.#start = () => spawnImap(chroot, conf, env);
  }

  async open(keepLiterals: boolean): Promise<ImapSession> {
    const child = this.#start();
    child.stderr.on('data', (data: Buffer) => {
      this.stderr += data.toString('latin1');
    });
    const session = new ImapSession(child, keepLiterals);
    try {
      await session.greeting();
    } catch (error) {
      throw new Error(`Dovecot did not start: ${this.stderr}`, { cause: error });
    }
    return session;
  }

  /** Ends the session in any case: only then has Dovecot written all it has to write. */
  async use<T>(keepLiterals: boolean, work: (session: ImapSession) => Promise<T>): Promise<T> {
    const session = await this.open(keepLiterals);
    try {
      return await work(session);
    } finally {
      await session.logout();
    }
  }
}

function place(original: string | undefined, copy: string, inPlace: boolean): string {
  if (original === undefined) return copy;
  if (inPlace) giveAway(original);
  else copyTree(original, copy);
  return inPlace ? original : copy;
}

function configuration(
  version: '2.3' | '2.4',
  format: 'mbox' | 'maildir',
  at: { root: string; inbox: string; log: string },
): string {
  const location =
    version === '2.3'
      ? [`mail_location = ${format}:${at.root}${format === 'mbox' ? `:INBOX=${at.inbox}` : ''}`]
      : [`mail_driver = ${format}`, `mail_path = ${at.root}`, `mail_inbox_path = ${at.inbox}`];
  return [
    ...(version === '2.4' ? ['dovecot_config_version = 2.4.0', 'dovecot_storage_version = 2.4.0'] : []),
    ...location,
    `log_path = ${at.log}`,
    'ssl = no',
    'first_valid_uid = 1',
    // Nobody else is there to be kept out.
    'mbox_read_locks = fcntl',
    'mbox_write_locks = fcntl',
    'namespace inbox {',
    '  inbox = yes',
    '  separator = /',
    '}',
    '',
  ].join('\n');
}

function spawnImap(
  chroot: string | undefined,
  conf: string,
  env: Readonly<Record<string, string>>,
): ChildProcessWithoutNullStreams {
  const full = { ...env, PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };
  const imap = ['doveadm', '-c', conf, 'exec', 'imap'];
  if (chroot === undefined) {
    const ids = asRoot ? { uid: MAIL_UID, gid: MAIL_GID } : {};
    return spawn('doveadm', imap.slice(1), { env: full, cwd: '/', ...ids });
  }
  // The temporary folder appears at the same path inside, in a mount namespace that ends with the process.
  const tmp = tmpdir();
  mkdirSync(join(chroot, tmp), { recursive: true });
  const enter = 'mount --bind "$1" "$2/$1" && shift 2 && exec chroot "$@"';
  const user = [`--userspec=${MAIL_UID}:${MAIL_GID}`, '--groups='];
  const args = [
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    enter,
    'sh',
    tmp,
    chroot,
    ...user,
    chroot,
    ...imap,
  ];
  return spawn('unshare', args, { env: full, cwd: '/' });
}

async function list(session: ImapSession, command: 'LIST' | 'LSUB'): Promise<ListedMailbox[]> {
  const found: ListedMailbox[] = [];
  await session.command(`${command} "" *`, ([kind, attributes, , name]) => {
    if (kind !== command || !Array.isArray(attributes)) return;
    found.push({ name: text(name), attributes: attributes.map(text).sort() });
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function read(session: ImapSession, name: string, options: ReadOptions): Promise<JudgedMailbox> {
  let uidValidity = 0;
  let uidNext = 0;
  let exists = 0;
  const quoted = `"${name.replace(/["\\]/g, '\\$&')}"`;
  await session.command(`${options.select === true ? 'SELECT' : 'EXAMINE'} ${quoted}`, ([first, second]) => {
    if (second === 'EXISTS') exists = Number(first);
    if (first !== 'OK') return;
    uidValidity = Number(/^\[UIDVALIDITY (\d+)\]/.exec(text(second))?.[1] ?? uidValidity);
    uidNext = Number(/^\[UIDNEXT (\d+)\]/.exec(text(second))?.[1] ?? uidNext);
  });
  const messages: JudgedMessage[] = [];
  if (exists > 0) {
    await session.command(
      'UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])',
      ([, kind, items]) => {
        if (kind === 'FETCH' && Array.isArray(items) && items.includes('BODY[]'))
          messages.push(message(items));
      },
    );
  }
  if (messages.length !== exists)
    throw new Error(`${name}: ${exists} messages, but ${messages.length} fetched`);
  return { uidValidity, uidNext, messages };
}

function message(items: readonly ImapValue[]): JudgedMessage {
  const item = (key: string): ImapValue | undefined => items[items.indexOf(key) + 1];
  const flags = item('FLAGS');
  const body = item('BODY[]');
  if (!Array.isArray(flags) || typeof body !== 'object' || !('sha256' in body)) {
    throw new Error(`unexpected FETCH answer: ${JSON.stringify(items)}`);
  }
  const names = flags.map(text).sort();
  return {
    uid: Number(item('UID')),
    flags: names.filter((flag) => flag.startsWith('\\') && flag !== '\\Recent'),
    keywords: names.filter((flag) => !flag.startsWith('\\')),
    recent: names.includes('\\Recent'),
    internalDate: epoch(text(item('INTERNALDATE'))),
    size: Number(item('RFC822.SIZE')),
    sha256: body.sha256,
    bodySize: body.size,
    body: body.bytes,
  };
}

/** `" 9-Nov-2001 22:33:52 +0200"` (RFC 3501, date-time) as epoch seconds. */
function epoch(date: string): number {
  const parts = /^([ \d]\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d)$/.exec(date);
  if (parts === null) throw new Error(`unexpected INTERNALDATE: ${date}`);
  const [, day, month, year, time, sign, hours, minutes] = parts;
  // Parsed in a leap year and moved, because for the language's parser the years 0 to 99 are in the 20th century.
  const date2000 = new Date(`${day?.trim()} ${month} 2000 ${time} UTC`);
  const local = date2000.setUTCFullYear(Number(year));
  const offset = (Number(hours) * 60 + Number(minutes)) * 60;
  return local / 1000 - (sign === '-' ? -offset : offset);
}

function text(value: ImapValue | undefined): string {
  if (typeof value === 'string') return value;
  if (value !== undefined && 'bytes' in value && value.bytes !== undefined)
    return value.bytes.toString('latin1');
  throw new Error(`a string was expected from the server, not ${JSON.stringify(value)}`);
}
