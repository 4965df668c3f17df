import fs from 'node:fs';
import path from 'node:path';
import { makeAccount, message } from './account.ts';

/** An old server's disk, made by hand in the way of its distribution, to be looked at from outside. */
export interface OldServer {
  /** The directory that is its root. */
  readonly root: string;
  /** A directory beside it, for targets and state. */
  readonly beside: string;
  /** A file with its directories. */
  file(name: string, text: string | Uint8Array): void;
  /** An empty directory, with those above it. */
  dir(name: string): void;
  /** A symbolic link with the directories above it. */
  link(name: string, target: string): void;
  /** Hands a path and all below it to a uid. */
  own(name: string, uid: number): void;
  /** A user of etc/passwd, with a home that is his. */
  user(name: string, uid: number, home?: string): void;
}

export function makeOldServer(): OldServer {
  const { at } = makeAccount(undefined);
  const root = `${at}/old`;
  const full = (name: string) => path.join(root, name);
  const above = (name: string) => fs.mkdirSync(path.dirname(full(name)), { recursive: true });
  const file = (name: string, text: string | Uint8Array) => {
    above(name);
    fs.writeFileSync(full(name), text, 'latin1');
  };
  const own = (name: string, uid: number) => {
    const visit = (one: string) => {
      fs.lchownSync(one, uid, uid);
      if (fs.lstatSync(one).isDirectory()) for (const more of fs.readdirSync(one)) visit(`${one}/${more}`);
    };
    visit(full(name));
  };
  const user = (name: string, uid: number, home = `/home/${name}`) => {
    above('etc/passwd');
    fs.appendFileSync(full('etc/passwd'), `${name}:x:${uid}:${uid}::${home}:/bin/bash\n`, 'latin1');
    if (uid < 500) return;
    fs.mkdirSync(full(home), { recursive: true });
    fs.lchownSync(full(home), uid, uid);
  };
  fs.mkdirSync(root);
  return {
    root,
    beside: at,
    file,
    own,
    user,
    dir: (name) => fs.mkdirSync(full(name), { recursive: true }),
    link: (name, target) => {
      above(name);
      fs.symlinkSync(target, full(name));
    },
  };
}

/** A CentOS 5 with sendmail and UW's servers: no configuration says where mail is. Users alice, bob and carol. */
export function makeSendmailServer(): OldServer {
  const server = makeOldServer();
  server.file('etc/login.defs', 'UID_MIN 500\n');
  server.user('root', 0, '/root');
  server.user('mail', 8, '/var/spool/mail');
  for (const [i, name] of ['alice', 'bob', 'carol'].entries()) {
    const uid = 500 + i;
    server.user(name, uid);
    server.file(`var/spool/mail/${name}`, message(i + 1));
    server.file(`home/${name}/mail/Sent`, message(i + 10) + message(i + 20));
    server.own(`home/${name}`, uid);
    server.own(`var/spool/mail/${name}`, uid);
  }
  server.user('nomail', 503);
  server.file('var/spool/mail/root', message(50));
  server.link('var/mail', 'spool/mail');
  return server;
}

/** Dovecot 1.x over mbox files, in one file of configuration. Users alice, and dave with another home. */
export function makeDovecot1Server(): OldServer {
  const server = makeOldServer();
  server.file(
    'etc/dovecot.conf',
    `## Dovecot 1.0 configuration file
protocols = imap pop3
mail_location = mbox:~/mail:INBOX=/var/mail/%u:INDEX=/var/indexes/%u # as ever
auth default {
  mechanisms = plain
  passdb pam {
  }
  userdb passwd {
  }
}
`,
  );
  for (const [name, uid, home] of [
    ['alice', 1000, '/home/alice'],
    ['bob', 1001, '/home/bob'],
    ['dave', 1002, '/srv/people/david'],
  ] as const) {
    server.user(name, uid, home);
    server.file(`var/mail/${name}`, message(uid));
    server.file(`${home.slice(1)}/mail/Archive/2001`, message(uid + 1));
    server.own(home, uid);
    server.own(`var/mail/${name}`, uid);
  }
  return server;
}

/** A Maildir with a message in INBOX and one in a folder. */
export function addMaildir(server: OldServer, name: string, folder = '.Sent'): void {
  for (const [i, box] of ['', `/${folder}`].entries()) {
    server.file(`${name}${box}/cur/17000000${i}.M1P1.old,S=100,W=103:2,S`, maildirMessage(i));
    for (const sub of ['new', 'tmp']) server.dir(`${name}${box}/${sub}`);
  }
}

function maildirMessage(n: number): string {
  return `Subject: message ${n}\n\n${'x'.repeat(79)}\n`;
}

/** Dovecot 2.3 with virtual users in Maildirs: a static user database, passwords in a passwd-file. */
export function makeDovecot23Server(): OldServer {
  const server = makeOldServer();
  server.user('root', 0, '/root');
  server.user('vmail', 150, '/srv/vmail');
  server.file('etc/dovecot/dovecot.conf', '!include conf.d/*.conf\n!include_try local.conf\n');
  server.file('etc/dovecot/conf.d/10-mail.conf', MAIL_CONF);
  server.file('etc/dovecot/conf.d/15-mailboxes.conf', 'namespace inbox {\n  mailbox Drafts {\n  }\n}\n');
  server.file('etc/dovecot/conf.d/auth-passwdfile.conf', AUTH_CONF);
  const users = ['ann@one.example', 'ben@one.example', 'ann@two.example', 'off@two.example'];
  server.file('etc/dovecot/users', users.map((user) => `${user}:{SSHA}secret::::::\n`).join(''));
  for (const user of users.slice(0, 3)) {
    const [local, domain] = user.split('@');
    addMaildir(server, `srv/vmail/${domain}/${local}/Maildir`);
  }
  return server;
}

const MAIL_CONF = `mail_location = maildir:~/Maildir:LISTINDEX=x
namespace inbox {
  inbox = yes
  prefix = INBOX.
  separator = .
}
namespace {
  type = public
  prefix = Public.
  location = maildir:/srv/public
}
`;
const AUTH_CONF = `passdb {
  driver = passwd-file
  args = scheme=SSHA username_format=%u /etc/dovecot/users
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=/srv/vmail/%Ld/%n
}
`;

/** Dovecot 2.4, over mbox files. Users are those of a passwd-file. */
export function makeDovecot24Server(): OldServer {
  const server = makeOldServer();
  server.file(
    'etc/dovecot/dovecot.conf',
    `dovecot_config_version = 2.4.0
mail_driver = mbox
mail_home = /srv/mail/%{user | lower}
mail_path = %{home}/mail
mail_inbox_path = /var/mail/%{user}
userdb passwd-file {
  passwd_file_path = /etc/dovecot/users
}
`,
  );
  server.file('etc/dovecot/users', 'alice:::::\nbob::1000:1000::/srv/other/bob\n');
  for (const [name, home] of [
    ['alice', 'srv/mail/alice'],
    ['bob', 'srv/other/bob'],
  ] as const) {
    server.file(`${home}/mail/Sent`, message(1));
    server.file(`var/mail/${name}`, message(2));
  }
  return server;
}
