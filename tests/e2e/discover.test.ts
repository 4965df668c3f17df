import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { message, messageFiles, snapshot } from '../helpers/account.ts';
import { cli, failures, type Result, remarks } from '../helpers/cli.ts';
import {
  addMaildir,
  makeDovecot1Server,
  makeDovecot23Server,
  makeDovecot24Server,
  makeOldServer,
  makeSendmailServer,
  type OldServer,
} from '../helpers/old-server.ts';

/** `discover` over disks of old servers, and what `convert` makes of the file that it prints. */

interface Printed {
  readonly to: string;
  readonly source: readonly {
    readonly from: string;
    readonly users: readonly string[];
    readonly accounts?: Readonly<Record<string, { readonly from: string }>>;
  }[];
}

/** Runs it twice, for people and for programs: both must give the same file. */
function discover({ root }: OldServer): { text: string; file: Printed; run: Result; stderr: string } {
  const before = snapshot(root, ['mtime', 'atime', 'ino']);
  const run = cli(['discover', root, '--json']);
  const { stdout: text, stderr, status } = cli(['discover', root]);
  expect(status).toBe(run.status);
  expect(run.stderr).toBe('');
  expect(run.events.find((event) => event.event === 'configuration')).toMatchObject({ text });
  expect(snapshot(root, ['mtime', 'atime', 'ino'])).toEqual(before);
  return { text, file: parse(text) as unknown as Printed, run, stderr };
}

/** Converts with the printed file, its target put beside the server, and verifies. Users come back. */
function convert({ beside }: OldServer, text: string): string[] {
  const to = /^to = "maildir:(.*?)\/%u\/Maildir"$/m.exec(text)?.[1] ?? '';
  expect(to).not.toBe('');
  fs.writeFileSync(`${beside}/spoolsync.toml`, text.replace(`maildir:${to}/`, `maildir:${beside}/new/`));
  const args = ['--config', `${beside}/spoolsync.toml`, '--state', `${beside}/state`, '--json'];
  const converted = cli(['convert', ...args]);
  expect(failures(converted)).toEqual([]);
  expect(converted.status).toBe(0);
  expect(cli(['verify', ...args]).status).toBe(0);
  return fs.readdirSync(`${beside}/new`).sort();
}

test('sendmail and UW: spools and homes are found without any configuration', () => {
  const server = makeSendmailServer();
  const { text, file, run, stderr } = discover(server);
  expect(run.status).toBe(0);
  expect(file.source).toEqual([
    {
      from: `mbox:${server.root}/home/%u/mail:INBOX=${server.root}/var/spool/mail/%u`,
      users: ['alice', 'bob', 'carol'],
    },
  ]);
  expect(run.events.find((event) => event.event === 'source')).toMatchObject({ accounts: 3, files: 6 });
  expect(remarks(run)).toMatchObject([
    { code: 'ACCOUNTS_EMPTY', severity: 'note', message: expect.stringContaining('nomail') },
    { code: 'SYSTEM_ACCOUNTS', severity: 'note', message: expect.stringContaining('root') },
  ]);
  expect(stderr).toContain('ACCOUNTS_EMPTY');
  expect(text).toContain('# - ACCOUNTS_EMPTY');
  expect(convert(server, text)).toEqual(['alice', 'bob', 'carol']);
  expect(messageFiles(`${server.beside}/new/alice/Maildir/.Sent`)).toHaveLength(2);
});

test('Dovecot 1.x over mbox: the location is that of the configuration, homes are those of etc/passwd', () => {
  const server = makeDovecot1Server();
  const { text, file } = discover(server);
  const inbox = `INBOX=${server.root}/var/mail/%u:INDEX=${server.root}/var/indexes/%u`;
  expect(file.source).toEqual([
    {
      from: `mbox:${server.root}/home/%u/mail:${inbox}`,
      users: ['alice', 'bob', 'dave'],
      accounts: { dave: { from: `mbox:${server.root}/srv/people/david/mail:${inbox}` } },
    },
  ]);
  expect(text).toContain(`${server.root}/etc/dovecot.conf:3`);
  expect(convert(server, text)).toEqual(['alice', 'bob', 'dave']);
  expect(messageFiles(`${server.beside}/new/dave/Maildir/.Archive.2001`)).toHaveLength(1);
});

test('Dovecot 2.3 with virtual users: homes of the static database, names of the passwd-file', () => {
  const server = makeDovecot23Server();
  const { text, file, run } = discover(server);
  expect(file.source).toEqual([
    {
      from: `maildir:${server.root}/srv/vmail/%d/%n/Maildir`,
      users: ['ann@one.example', 'ann@two.example', 'ben@one.example'],
    },
  ]);
  // The copy lies elsewhere, so nothing of it is below /srv/vmail of this host.
  expect(file.to).toBe('maildir:/srv/vmail/%u/Maildir');
  expect(run.events.find((event) => event.event === 'source')).toMatchObject({ files: 6, bytes: 600 });
  const conf = `${server.root}/etc/dovecot/conf.d/10-mail.conf`;
  expect(text).toContain(`${conf}:1`);
  expect(text).toContain('left out :LISTINDEX=x');
  expect(text).toContain('# - homes /srv/vmail/%Ld/%n:');
  expect(text).toContain('auth-passwdfile.conf:5');
  expect(text).toContain('%Ld is taken as %d');
  expect(text).not.toContain('SSHA');
  expect(remarks(run)).toMatchObject([
    { code: 'NAMESPACE_PREFIX', severity: 'note', place: `${conf}:4` },
    { code: 'MAIL_NOT_PLACED', severity: 'finding', place: `${conf}:10` },
    { code: 'ACCOUNTS_EMPTY', message: expect.stringContaining('off@two.example') },
  ]);
  expect(run.status).toBe(3);
  expect(convert(server, text)).toEqual(['ann@one.example', 'ann@two.example', 'ben@one.example']);
});

test('virtual users whom no table names are found by their homes', () => {
  const server = makeDovecot23Server();
  server.file('etc/dovecot/conf.d/auth-passwdfile.conf', STATIC);
  const { file } = discover(server);
  expect(file.source).toMatchObject([{ users: ['ann@one.example', 'ann@two.example', 'ben@one.example'] }]);
});

const STATIC = 'userdb {\n  driver = static\n  args = home=/srv/vmail/%d/%n\n}\n';

test('Dovecot 2.4: several settings make the location', () => {
  const server = makeDovecot24Server();
  const { text, file } = discover(server);
  const inbox = `INBOX=${server.root}/var/mail/%u`;
  expect(file.source).toEqual([
    {
      from: `mbox:${server.root}/srv/mail/%u/mail:${inbox}`,
      users: ['alice', 'bob'],
      accounts: { bob: { from: `mbox:${server.root}/srv/other/%u/mail:${inbox}` } },
    },
  ]);
  expect(convert(server, text)).toEqual(['alice', 'bob']);
  expect(messageFiles(`${server.beside}/new/bob/Maildir/.Sent`)).toHaveLength(1);
});

test('Postfix alone: Maildirs in homes, spools elsewhere, virtual mailboxes of a table', () => {
  const server = makeOldServer();
  server.file(
    'etc/postfix/main.cf',
    `virtual_mailbox_base = /srv/virtual
virtual_mailbox_maps = hash:/etc/postfix/boxes,
  mysql:/etc/postfix/sql.cf
mail_spool_directory = /var/spool/special
`,
  );
  server.file(
    'etc/postfix/boxes',
    '# comment\nann@one.example one.example/ann\n@one.example x\nben@one.example  one.example/ben\n',
  );
  server.file('srv/virtual/one.example/ann', message(1));
  server.file('srv/virtual/one.example/ben', message(2));
  server.user('alice', 1000);
  server.file('var/spool/special/alice', message(3));
  server.own('var/spool/special/alice', 1000);
  const { text, file, run } = discover(server);
  expect(file.source.map(({ users }) => users)).toEqual([['alice'], ['ann@one.example', 'ben@one.example']]);
  expect(remarks(run)).toMatchObject([
    { code: 'CONFIG_UNCLEAR', place: `${server.root}/etc/postfix/main.cf:2` },
  ]);
  expect(convert(server, text)).toEqual(['alice', 'ann@one.example', 'ben@one.example']);

  server.file('etc/postfix/main.cf', 'home_mailbox = Maildir/\n');
  addMaildir(server, 'home/alice/Maildir');
  expect(discover(server).file.source).toMatchObject([{ from: `maildir:${server.root}/home/%u/Maildir` }]);
});

test('a disk without a user database: users are called like their spools', () => {
  const server = makeOldServer();
  server.file('var/mail/alice', message(1));
  server.file('var/mail/alice.lock', '');
  server.file('home/alice/Mail/Sent', message(2));
  const { text, file } = discover(server);
  expect(file.source).toEqual([
    { from: `mbox:${server.root}/home/%u/Mail:INBOX=${server.root}/var/mail/%u`, users: ['alice'] },
  ]);
  expect(text).toContain('since there is no etc/passwd');
  expect(convert(server, text)).toEqual(['alice']);
});

test('what is in no source is told: strays, formats that are not read', () => {
  const server = makeSendmailServer();
  server.file('home/alice/mbox', message(60));
  server.file('home/alice/letter.txt', 'Dear Bob,\n');
  server.file('home/bob/mail/old.mbx', '*mbx*\r\n0123456700000001\r\n');
  server.own('home/bob/mail', 501);
  server.file('home/gone/mail/Sent', message(61));
  server.file('var/spool/mail/leaver', message(62));
  server.dir('home/carol/mdbox/mailboxes');
  addMaildir(server, 'home/carol/Maildir.old');
  addMaildir(server, 'home/carol/.maildir');
  const { text, run } = discover(server);
  expect(run.status).toBe(3);
  const told = remarks(run).map(({ code, place = '' }) => `${code} ${place.replace(server.root, '')}`);
  expect(told.sort()).toEqual([
    'ACCOUNTS_EMPTY ',
    'FORMAT_NOT_READ /home/bob/mail/old.mbx',
    'FORMAT_NOT_READ /home/carol/mdbox',
    'MAIL_NOT_PLACED /home/alice/mbox',
    'MAIL_NOT_PLACED /home/carol/.maildir',
    'MAIL_NOT_PLACED /home/gone/mail',
    'MAIL_NOT_PLACED /var/spool/mail/leaver',
    'SYSTEM_ACCOUNTS ',
  ]);
  // A path may end its line.
  const lines = text.replaceAll('\n#   ', ' ');
  for (const { place } of remarks(run)) if (place !== undefined) expect(lines).toContain(` ${place}: `);
});

test('lists of Mailman: the mbox of each, months where there is none, and what lies beside them', () => {
  const server = makeSendmailServer();
  const lists = 'var/lib/mailman/archives/private';
  server.file(`${lists}/staff.mbox/staff.mbox`, message(63) + message(64) + message(65));
  server.file(`${lists}/staff/2023-November.txt`, message(63));
  server.file(`${lists}/staff/2023-November.txt.gz`, gzipSync(message(63)));
  server.file(`${lists}/staff/attachments/20231109/ab12/picture.jpg`, 'picture');
  server.file(`${lists}/alice/2023-November.txt`, message(66));
  server.file(`${lists}/alice/attachments/20231109/ab12/a.gz`, 'gz');
  server.file(`${lists}/cut.mbox/cut.mbox`, message(67));
  server.file(`${lists}/cut/2023-November.txt`, message(67) + message(68));
  server.dir(`${lists}/never.mbox`);
  server.file(`${lists}/never/index.html`, '');
  server.link('var/lib/mailman/archives/public/staff', `/${lists}/staff`);
  const { text, file, run } = discover(server);
  const at = `${server.root}/${lists}`;
  expect(file.source.slice(1)).toEqual([
    {
      from: `archive:${at}/%u.mbox/%u.mbox`,
      to: 'maildir:/srv/vmail-lists/%u/Maildir',
      users: ['cut', 'staff'],
    },
    {
      from: `archive:${at}/%u`,
      to: 'maildir:/srv/vmail-lists/%u/Maildir',
      users: ['alice'],
      renames: { alice: 'alice-list' },
    },
  ]);
  expect(remarks(run).filter(({ place = '' }) => place.startsWith(at))).toMatchObject([
    {
      code: 'LIST_ARCHIVE',
      place: `${at}/alice`,
      message: expect.stringContaining('(files: 1, bytes: 2) are in no source'),
    },
    { code: 'MAIL_NOT_PLACED', severity: 'finding', place: `${at}/cut` },
    { code: 'LIST_ARCHIVE', place: `${at}/cut` },
    { code: 'LIST_ARCHIVE', place: `${at}/staff`, message: expect.stringContaining('are in the mbox, too') },
  ]);
  fs.writeFileSync(
    `${server.beside}/lists.toml`,
    text.replaceAll('"maildir:/srv/', `"maildir:${server.beside}/`),
  );
  const args = ['--config', `${server.beside}/lists.toml`, '--state', `${server.beside}/state`, '--json'];
  expect(failures(cli(['convert', ...args]))).toEqual([]);
  expect(fs.readdirSync(`${server.beside}/vmail-lists`).sort()).toEqual(['alice-list', 'cut', 'staff']);
  expect(messageFiles(`${server.beside}/vmail-lists/staff/Maildir`)).toHaveLength(3);
  expect(cli(['verify', ...args]).status).toBe(0);
});

test('formats that are configured but not read, and compressed Maildirs', () => {
  const server = makeDovecot1Server();
  server.file('etc/dovecot.conf', 'mail_location = mdbox:~/mdbox\n');
  server.dir('home/alice/mdbox/mailboxes');
  server.user('zoe', 1010);
  fs.appendFileSync(`${server.root}/etc/passwd`, `long:x:1012:1012::/home/${'l'.repeat(300)}:/bin/sh\n`);
  const dbox = cli(['discover', server.root, '--json']);
  expect(dbox.status).toBe(66);
  expect(dbox.events.some((event) => event.event === 'configuration')).toBe(false);
  expect(remarks(dbox).filter(({ code }) => code === 'FORMAT_NOT_READ')).toMatchObject([
    { message: expect.stringContaining('alice has mail in the format mdbox') },
    { place: `${server.root}/home/alice/mdbox` },
  ]);

  const [empty] = remarks(dbox).filter(({ code }) => code === 'ACCOUNTS_EMPTY');
  expect(empty?.message).toContain('zoe');
  expect(empty?.message).not.toContain('alice');

  server.file('etc/dovecot.conf', 'mail_location = maildir:~/Maildir\n');
  for (const name of ['bob', 'zoe']) addMaildir(server, `home/${name}/Maildir`);
  const gzip = Buffer.from([0x1f, 0x8b, 8, 0]);
  for (const [box, file] of [
    ['', '170000000'],
    ['/.Sent', '170000001'],
  ] as const)
    server.file(`home/zoe/Maildir${box}/cur/${file}.M1P1.old,S=100,W=103:2,S`, gzip);
  const packed = discover(server);
  expect(packed.file.source).toMatchObject([{ users: ['bob'] }]);
  expect(remarks(packed.run)).toContainEqual(
    expect.objectContaining({
      code: 'FORMAT_NOT_READ',
      message: expect.stringContaining('zoe has what is not read: a compressed message (gzip)'),
    }),
  );
});

test('links lead nowhere but into the copy, and only those of root', () => {
  const server = makeSendmailServer();
  // In the copy this is /data; on this host it would be what lies beside the copy.
  const outside = `${server.beside}/outside`;
  fs.mkdirSync(`${outside}/mail`, { recursive: true });
  fs.writeFileSync(`${outside}/mail/Secret`, message(70));
  server.user('eve', 510, '/home/eve');
  fs.rmdirSync(`${server.root}/home/eve`);
  server.file('data/eve/mail/Mine', message(71));
  server.own('data/eve', 510);
  server.link('home/eve', '/data/eve');
  server.user('mallory', 511);
  server.link('home/mallory/mail', `${outside}/mail`);
  fs.lchownSync(`${server.root}/home/mallory/mail`, 511, 511);
  server.user('oscar', 512, '/home/oscar');
  fs.rmdirSync(`${server.root}/home/oscar`);
  server.link('home/oscar', outside);
  server.link('etc/dovecot.conf', `${outside}/dovecot.conf`);
  fs.writeFileSync(`${outside}/dovecot.conf`, `mail_location = mbox:${outside}/mail\n`);
  const { text, file, run } = discover(server);
  const own = `mbox:${server.root}/data/eve/mail:INBOX=${server.root}/var/spool/mail/eve`;
  expect(file.source).toMatchObject([
    { users: ['alice', 'bob', 'carol', 'eve'], accounts: { eve: { from: own } } },
  ]);
  expect(text).not.toContain(`${outside}/`);
  expect(remarks(run)).toContainEqual(
    expect.objectContaining({ code: 'NOT_READ', place: `${server.root}/home/mallory/mail` }),
  );
  expect(convert(server, text)).toEqual(['alice', 'bob', 'carol', 'eve']);
});

test('names that try to be more than names', () => {
  const server = makeSendmailServer();
  const names = ['a"b', "q'\\", 'x]y', '50%', 'm\xc3\xbcller', 'n\x1b[2J'];
  for (const [i, name] of names.entries()) {
    server.user(name, 520 + i);
    fs.writeFileSync(Buffer.from(`${server.root}/var/spool/mail/${name}`, 'latin1'), message(i));
    fs.lchownSync(Buffer.from(`${server.root}/var/spool/mail/${name}`, 'latin1'), 520 + i, 520 + i);
  }
  fs.writeFileSync(Buffer.from(`${server.root}/var/spool/mail/no\nuser = "x"`, 'latin1'), message(1));
  const { text, file, run } = discover(server);
  const good = ['a"b', "q'\\", 'x]y', '50%', 'müller'];
  expect([...(file.source[0]?.users ?? [])].sort()).toEqual(['alice', 'bob', 'carol', ...good].sort());
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  expect(text).not.toMatch(/^\s*user = /m);
  expect(remarks(run)).toContainEqual(
    expect.objectContaining({ code: 'CONFIG_UNCLEAR', message: expect.stringContaining('n\\x1b[2J') }),
  );
  expect(convert(server, text)).toHaveLength(8);

  server.user('u\xff', 530);
  const spool = Buffer.from(`${server.root}/var/spool/mail/u\xff`, 'latin1');
  fs.writeFileSync(spool, message(1));
  fs.chownSync(spool, 530, 530);
  expect(remarks(cli(['discover', server.root, '--json']))).toContainEqual(
    expect.objectContaining({
      code: 'MAIL_NOT_PLACED',
      message: expect.stringMatching(/u\\xff.* is no UTF-8/),
    }),
  );
});

test('a mixed server with broken parts: what can be placed is', () => {
  const server = makeSendmailServer();
  // A configuration that includes itself, leaves a section open, and looks users up elsewhere, too.
  server.file(
    'etc/dovecot/dovecot.conf',
    `!include dovecot.conf
!include conf.d/*.conf
what is this
mail_location = mbox:~/mail:INBOX=/var/mail/%u
protocol lda {
  mail_location = mbox:~/elsewhere
}
userdb {
  driver = passwd
}
userdb {
  driver = passwd-file
  args = /etc/dovecot/virtual
}
userdb {
  driver = sql
`,
  );
  execFileSync('mkfifo', [`${server.root}/etc/dovecot/virtual`]);
  server.dir('etc/dovecot/conf.d/10-dir.conf');
  // A FIFO for an INBOX, another user's mail, a user twice, a line that is none.
  execFileSync('mkfifo', [`${server.root}/var/spool/mail/nomail`]);
  server.file('home/carol/mail/Stolen', message(80));
  fs.chownSync(`${server.root}/home/carol/mail/Stolen`, 501, 501);
  fs.appendFileSync(`${server.root}/etc/passwd`, 'alice:x:900:900::/nowhere:/bin/sh\n:::\nnonsense\n');
  const { text, file, run } = discover(server);
  expect(run.status).toBe(3);
  expect(file.source).toMatchObject([{ users: ['alice', 'bob', 'carol'] }]);
  const told = remarks(run).map(({ code, place = '' }) => `${code} ${place.replace(server.root, '')}`);
  for (const one of [
    'CONFIG_UNCLEAR /etc/dovecot/dovecot.conf:1',
    'CONFIG_UNCLEAR /etc/dovecot/dovecot.conf:3',
    'CONFIG_UNCLEAR /etc/dovecot/dovecot.conf:6',
    'CONFIG_UNCLEAR /etc/dovecot/dovecot.conf:11',
    'CONFIG_UNCLEAR /etc/dovecot/dovecot.conf:15',
    'NOT_READ /etc/dovecot/virtual',
    'NOT_READ /etc/dovecot/conf.d/10-dir.conf',
    'NOT_READ /home/carol/mail/Stolen',
  ])
    expect(told).toContain(one);
  fs.rmSync(`${server.root}/home/carol/mail/Stolen`);
  expect(convert(server, text)).toEqual(['alice', 'bob', 'carol']);
});

test('a root whose name has a colon can stand in no location; other odd ones can', () => {
  const server = makeSendmailServer();
  for (const [name, status] of [
    ['50% "old" disk', 0],
    ['a:b', 66],
  ] as const) {
    fs.renameSync(server.root, `${server.beside}/${name}`);
    const moved = { ...server, root: `${server.beside}/${name}` };
    const { stdout, status: exit } = cli(['discover', moved.root]);
    expect(exit).toBe(status);
    if (status === 0) expect(convert(moved, stdout)).toEqual(['alice', 'bob', 'carol']);
    else expect(stdout).toBe('');
    fs.renameSync(moved.root, server.root);
  }
});

test('nothing there', () => {
  const server = makeOldServer();
  const run = cli(['discover', server.root]);
  expect(run).toMatchObject({ status: 66, stdout: '' });
  expect(run.stderr).toContain('SOURCE_MISSING');
  expect(cli(['discover', `${server.root}/none`])).toMatchObject({ status: 66, stdout: '' });
  expect(cli(['discover'])).toMatchObject({ status: 64, stdout: '' });
});
