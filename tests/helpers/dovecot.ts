import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
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
import { ImapSession } from './imap-client.ts';
import { type JudgedMailbox, type ListedMailbox, list, type ReadOptions, read } from './imap-view.ts';
import { findDovecot } from './install.ts';
import { type Pop3Listing, readPop3 } from './pop3-client.ts';

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
  /** maildir only: where else things lie, absolute paths, as they are (no copies). */
  readonly maildir?: MaildirPlaces;
  /** How clients name mailboxes: INBOX's namespace. Default: no prefix, `/`. */
  readonly namespace?: { readonly prefix: string; readonly separator: string };
  /** Settings of POP3, by name; formats as 2.3 has them. */
  readonly pop3?: Readonly<Record<string, string>>;
}

export interface MaildirPlaces {
  readonly layout?: 'fs';
  readonly control?: string;
  readonly index?: string;
  readonly inbox?: string;
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
  /** What a POP3 session lists of INBOX. Rejects where Dovecot refuses. */
  pop3(): Promise<Pop3Listing>;
  /** Lets Dovecot's delivery agent put a mail (line ends LF) into a mailbox that is there. */
  deliver(mailbox: string, mail: Uint8Array): Promise<void>;
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
  writeFileSync(conf, configuration(version, options, { root, inbox, log }));
  giveAway(home);
  const env = { HOME: home, USER: 'judge', TZ: options.tz ?? 'UTC' };
  const start: Start = (...command) => spawnAsUser(chroot, env, command);
  const sessions = new Sessions(() => start('doveadm', '-c', conf, 'exec', 'imap'));
  return {
    version,
    root,
    inbox,
    mailboxes: () => sessions.use(true, (imap) => list(imap, 'LIST')),
    subscriptions: () =>
      sessions.use(true, async (imap) => (await list(imap, 'LSUB')).map(({ name }) => name)),
    readMailbox: (name, how = {}) => sessions.use(how.keepBodies === true, (imap) => read(imap, name, how)),
    imap: () => sessions.open(true),
    // `doveadm exec` of 2.3 does not hand on all settings of POP3; without it, 2.4 does not know its user.
    pop3: () =>
      readPop3(version === '2.3' ? start(POP3, '-c', conf) : start('doveadm', '-c', conf, 'exec', 'pop3')),
    deliver: (mailbox, mail) => deliver(start(LDA, '-c', conf, '-m', mailbox), mail),
    complaints: () => `${readFileSync(log, 'latin1')}${sessions.stderr}`.split('\n').filter(isComplaint),
    close: () => rmSync(home, { recursive: true, force: true }),
  };
}

function isComplaint(line: string): boolean {
  return line !== '' && !/(?:^|: )(?:Info|Debug): /.test(line);
}

type Start = (...command: [string, ...string[]]) => ChildProcessWithoutNullStreams;

const POP3 = '/usr/lib/dovecot/pop3';
const LDA = '/usr/lib/dovecot/dovecot-lda';

/** Hands a mail to the delivery agent `child`; rejects if it does not take it. */
async function deliver(child: ChildProcessWithoutNullStreams, mail: Uint8Array): Promise<void> {
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      said += data.toString('latin1');
    });
  child.stdin.end(mail);
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`delivery failed with status ${status}: ${said}`);
}

/** Starts IMAP servers on one configuration and gathers what they say on stderr. */
class Sessions {
  stderr = '';
  readonly #start: () => ChildProcessWithoutNullStreams;

  constructor(start: () => ChildProcessWithoutNullStreams) {
    this.#start = start;
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
  {
    format,
    maildir = {},
    pop3 = {},
    namespace = { prefix: '', separator: '/' },
  }: Pick<DovecotOptions, 'format' | 'maildir' | 'pop3' | 'namespace'>,
  at: { root: string; inbox: string; log: string },
): string {
  const { layout, control, index, inbox = format === 'mbox' ? at.inbox : undefined } = maildir;
  const parts: readonly (readonly [string, string, string | undefined])[] = [
    ['INBOX', 'mail_inbox_path', inbox],
    ['CONTROL', 'mail_control_path', control],
    ['INDEX', 'mail_index_path', index],
    ['LAYOUT', 'mailbox_list_layout', layout],
  ];
  const given = parts.filter(([, , value]) => value !== undefined);
  const location =
    version === '2.3'
      ? [`mail_location = ${format}:${at.root}${given.map(([key, , value]) => `:${key}=${value}`).join('')}`]
      : [
          `mail_driver = ${format}`,
          `mail_path = ${at.root}`,
          ...given.map(([, key, value]) => `${key} = ${value}`),
        ];
  return [
    ...(version === '2.4' ? ['dovecot_config_version = 2.4.0', 'dovecot_storage_version = 2.4.0'] : []),
    ...location,
    `log_path = ${at.log}`,
    'ssl = no',
    ...Object.entries(pop3).map(
      ([name, value]) => `${name} = ${version === '2.3' ? value : inNewWords(value)}`,
    ),
    'first_valid_uid = 1',
    // Nobody else is there to be kept out.
    'mbox_read_locks = fcntl',
    'mbox_write_locks = fcntl',
    'namespace inbox {',
    '  inbox = yes',
    `  prefix = ${namespace.prefix}`,
    `  separator = ${namespace.separator}`,
    '}',
    '',
  ].join('\n');
}

const NEW_NAMES: Readonly<Record<string, string>> = {
  u: 'uid',
  v: 'uidvalidity',
  g: 'guid',
  f: 'filename',
  m: 'md5',
};

/** A format of UIDLs as 2.4 has it; of the modifiers only `08X`. */
function inNewWords(format: string): string {
  return format.replace(/%(08X)?([uvgfm])/g, (_, hex: string | undefined, letter: string) => {
    const name = NEW_NAMES[letter] ?? letter;
    return hex === undefined ? `%{${name}}` : `%{${name} | hex(8)}`;
  });
}

/** A program of Dovecot's, run as the mail user, in the chroot if there is one. */
function spawnAsUser(
  chroot: string | undefined,
  env: Readonly<Record<string, string>>,
  command: readonly [string, ...string[]],
): ChildProcessWithoutNullStreams {
  const full = { ...env, PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };
  if (chroot === undefined) {
    const ids = asRoot ? { uid: MAIL_UID, gid: MAIL_GID } : {};
    return spawn(command[0], command.slice(1), { env: full, cwd: '/', ...ids });
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
    ...command,
  ];
  return spawn('unshare', args, { env: full, cwd: '/' });
}
