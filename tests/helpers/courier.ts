import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { workDir } from './dovecot.ts';
import { ImapSession } from './imap-client.ts';
import { unpackPackages } from './install.ts';
import { type Pop3Listing, readPop3 } from './pop3-client.ts';

/**
 * A real Courier as the old server. Its packages are unpacked, not installed: they exclude Dovecot's, and would start
 * services. IMAP and POP3 server talk on stdin and stdout, as couriertcpd starts them when authdaemond has let the user in:
 * who is logged in stands in the environment.
 */
export interface Courier {
  /** An IMAP session, greeted; end it with `logout()`. Courier waits a second for a monitor of files that is not there. */
  imap(): Promise<ImapSession>;
  /** What a POP3 session lists of INBOX; Courier notes it in its list. */
  pop3(): Promise<Pop3Listing>;
}

/** How Courier's clients name mailboxes. */
export const COURIER_NAMES = { prefix: 'INBOX.', separator: '.' };

const PACKAGES = ['courier-imap', 'courier-pop', 'courier-base', 'courier-authlib'];
const LIBRARIES = /^lib(courier|gamin|idn|gdbm)/;

let unpacked: string | undefined;

/** Lets Courier work on the Maildir `root`, as its owner. Gets Courier first; throws with what to do where it cannot. */
export function openCourier(root: string): Courier {
  unpacked ??= unpack();
  const programs = unpacked;
  const { uid, gid } = statSync(root);
  const env = {
    AUTHENTICATED: 'judge',
    AUTHADDR: 'judge',
    HOME: root,
    LC_ALL: 'C',
    LD_LIBRARY_PATH: libraryDirs(programs).join(':'),
    // As in Debian's /etc/courier/imapd, but for locks, which want the monitor of files.
    IMAP_CAPABILITY:
      'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE',
    IMAP_KEYWORDS: '1',
    IMAP_ACL: '1',
    IMAP_CHECK_ALL_FOLDERS: '0',
    IMAP_OBSOLETE_CLIENT: '0',
    IMAP_TRASHFOLDERNAME: 'Trash',
    IMAP_MOVE_EXPUNGE_TO_TRASH: '0',
    IMAP_USELOCKS: '0',
  };
  const start = (program: string): ChildProcessWithoutNullStreams => {
    const ids = process.getuid?.() === 0 ? { uid, gid } : {};
    return spawn(join(programs, program), [root], { env, cwd: root, ...ids });
  };
  return {
    imap: async () => {
      const child = start('usr/bin/imapd');
      let said = '';
      child.stderr.on('data', (data: Buffer) => {
        said += data.toString('latin1');
      });
      const session = new ImapSession(child, true);
      await session.greeting().catch((cause: unknown) => {
        throw new Error(`Courier did not start: ${said}`, { cause });
      });
      return session;
    },
    pop3: () => readPop3(start('usr/lib/courier/courier/courierpop3d')),
  };
}

function unpack(): string {
  // Unpacking gives it the time of the package, and what is that old in the place of tests is swept away.
  const into = join(workDir(), 'courier');
  unpackPackages(PACKAGES, LIBRARIES, into, 'Courier');
  return into;
}

/** Where the packages have their libraries: one directory is named after the architecture. */
function libraryDirs(programs: string): string[] {
  const lib = join(programs, 'usr/lib');
  const dirs = readdirSync(lib).filter((name) => name.includes('-linux-'));
  return [lib, ...dirs.map((name) => join(lib, name))];
}
