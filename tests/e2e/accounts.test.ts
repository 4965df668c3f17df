import fs from 'node:fs';
import { expect, test } from 'vitest';
import { makeAccount, message, messageFiles, snapshot } from '../helpers/account.ts';
import { cli, differences, failures, mailboxes, type Result, remarks } from '../helpers/cli.ts';
import { fakeUserDatabase } from '../helpers/user-database.ts';

/** Servers of several accounts: who they are, what they are called, whose their Maildirs are. */

interface Server {
  readonly at: string;
  readonly state: string;
  /** Locations of source and target, by user, and the state. */
  readonly places: readonly string[];
  run(...args: string[]): Result;
}

/** A server with a mail root and an INBOX for each user. */
function makeServer(...users: string[]): Server {
  const { at, state } = makeAccount(undefined);
  for (const [i, user] of users.entries()) addUser(at, user, i + 1);
  const run = (command: string, ...args: string[]) => cli([command, ...args, '--state', state, '--json']);
  const places = [
    '--from',
    `mbox:${at}/home/%u/mail:INBOX=${at}/spool/%u`,
    '--to',
    `maildir:${at}/v/%u/Maildir`,
  ];
  return { at, state, places, run };
}

function addUser(at: string, user: string, n: number): void {
  fs.mkdirSync(`${at}/home/${user}/mail`, { recursive: true });
  fs.writeFileSync(`${at}/spool/${user}`, message(n));
  fs.writeFileSync(`${at}/home/${user}/mail/Sent`, message(n + 10));
}

const users = (run: Result) =>
  run.events.flatMap((event) => (event.event === 'account' ? [event.user] : [])).sort();

test('a list renames: every command knows the new name, and only the source the old one', () => {
  const { at, state, places, run } = makeServer('alice', 'mjones', 'carol');
  const list = `${at}/list`;
  fs.writeFileSync(list, '# who moves\nalice\nmjones = mary.jones@example.org\n');
  const both = [...places, '--users', list];
  const converted = run('convert', ...both);
  expect(converted).toMatchObject({ status: 0, stderr: '' });
  expect(users(converted)).toEqual(['alice', 'mary.jones@example.org']);
  expect(fs.readdirSync(`${at}/v`).sort()).toEqual(['alice', 'mary.jones@example.org']);
  expect(fs.readdirSync(state).sort()).toEqual(['alice', 'mary.jones@example.org']);
  expect(messageFiles(`${at}/v/mary.jones@example.org/Maildir/.Sent`)).toHaveLength(1);
  const before = snapshot(`${at}/v`, ['ino']);
  expect(run('convert', ...both).status).toBe(0);
  expect(snapshot(`${at}/v`, ['ino'])).toEqual(before);
  expect(users(run('verify', ...both))).toHaveLength(2);
  expect(users(run('status', '--user', 'mary.jones@example.org'))).toEqual(['mary.jones@example.org']);

  const seal = `${at}/seal`;
  const only = ['--user', 'mary.jones@example.org'];
  const final = run('final', ...both, ...only, '--force-quiet', '--seal', seal);
  expect(final.status).toBe(0);
  expect(users(final)).toEqual(['mary.jones@example.org']);
  expect(users(run('verify', '--seal', seal, '--to', `maildir:${at}/v/%u/Maildir`))).toEqual([
    'mary.jones@example.org',
  ]);
  const where = run('verify', '--seal', seal);
  expect(where.status).toBe(0);
  expect(mailboxes(where)['Sent']).toMatchObject({ equal: 1, differences: 0 });
  fs.rmSync(`${at}/v/mary.jones@example.org`, { recursive: true });
  expect(failures(run('verify', '--seal', seal))).toMatchObject([{ code: 'TARGET_MISSING' }]);
  expect(failures(run('convert', ...both, '--user', 'mjones'))).toMatchObject([{ code: 'USAGE' }]);
});

test('a bad line of a list is told with its place, and nothing is begun', () => {
  const { at, places, run } = makeServer('alice');
  fs.writeFileSync(`${at}/list`, 'alice\nbob carol\n');
  const result = run('convert', ...places, '--users', `${at}/list`);
  expect(result.status).toBe(78);
  expect(failures(result)).toMatchObject([{ code: 'CONFIG_INVALID', place: `${at}/list:2` }]);
  expect(fs.existsSync(`${at}/v`)).toBe(false);
  expect(run('convert', ...places, '--users', `${at}/none`).status).toBe(66);
});

test('a listed user without mail fails alone', () => {
  const { at, places, run } = makeServer('alice');
  fs.writeFileSync(`${at}/list`, 'ghost\nalice\n');
  const result = run('convert', ...places, '--users', `${at}/list`);
  expect(result.status).toBe(66);
  expect(failures(result)).toMatchObject([{ code: 'SOURCE_MISSING', user: 'ghost' }]);
  expect(messageFiles(`${at}/v/alice/Maildir`)).toHaveLength(1);
});

/** A configuration of two servers. */
function configure(at: string, more = ''): string[] {
  const file = `${at}/spoolsync.toml`;
  fs.writeFileSync(
    file,
    `to = "maildir:${at}/v/%d/%n"
${more}
[[source]]
from = "mbox:${at}/home/%u/mail:INBOX=${at}/spool/%u"
domain = "one.org"
exclude-users = ["test*"]
[source.renames]
bob = "robert"

[[source]]
from = "mbox:${at}/two/%u"
domain = "two.org"
users = ["alice"]
[source.accounts.alice]
exclude-folders = ["lists/*"]
`,
  );
  return ['--config', file];
}

test('a configuration: several sources, domains, renames, exclusions', () => {
  const { at, state, run } = makeServer('alice', 'bob', 'test1');
  fs.mkdirSync(`${at}/two/alice/lists`, { recursive: true });
  for (const name of ['Sent', 'lists/a']) fs.writeFileSync(`${at}/two/alice/${name}`, message(7));
  const config = configure(at);
  const converted = run('convert', ...config);
  expect(converted).toMatchObject({ status: 0, stderr: '' });
  expect(converted.events[0]).toMatchObject({ event: 'begin', config: config[1], accounts: 3 });
  expect(converted.events[0]).not.toHaveProperty('from');
  expect(users(converted)).toEqual(['alice@one.org', 'alice@two.org', 'robert@one.org']);
  expect(fs.readdirSync(state).sort()).toEqual(users(converted));
  expect(fs.readdirSync(`${at}/v/two.org/alice`)).toContain('.Sent');
  expect(fs.readdirSync(`${at}/v/two.org/alice`)).not.toContain('.lists.a');
  expect(remarks(converted)).toMatchObject([
    {
      code: 'MAILBOXES_LEFT_OUT',
      severity: 'note',
      user: 'alice@two.org',
      message: expect.stringContaining('lists/a'),
    },
  ]);
  expect(run('verify', ...config).status).toBe(0);
  const text = cli(['convert', ...config, '--state', state]);
  expect(text.stdout).toContain(`convert ${config[1]}: 3 accounts\n`);

  const final = run('final', ...config, '--force-quiet', '--seal', `${at}/seal`);
  expect(final.status).toBe(0);
  const seal = JSON.parse(fs.readFileSync(`${at}/seal`, 'utf8')) as { from: string; to: string };
  expect(seal.from).toBe(`mbox:${at}/home/%u/mail:INBOX=${at}/spool/%u, mbox:${at}/two/%u`);
  expect(seal.to).toBe(`maildir:${at}/v/%d/%n`);
  expect(run('verify', '--seal', `${at}/seal`, '--to', `maildir:${at}/v/%d/%n`).status).toBe(0);
});

test('a mistake in a configuration ends the run before it begins', () => {
  const { at, run } = makeServer('alice');
  const result = run('convert', ...configure(at, 'ower = "x"'));
  expect(result.status).toBe(78);
  expect(failures(result)).toMatchObject([
    { code: 'CONFIG_INVALID', message: expect.stringContaining('"ower"') },
  ]);
  expect(fs.existsSync(`${at}/v`)).toBe(false);
});

test('a mailbox that is left out later stays as it is: not read, not compared, not sealed, not removed', () => {
  const { at, run } = makeServer('alice');
  const config = (exclude: string) => {
    const file = `${at}/c.toml`;
    fs.writeFileSync(
      file,
      `[[source]]
from = "mbox:${at}/home/%u/mail:INBOX=${at}/spool/%u"
to = "maildir:${at}/v/%u"
exclude-folders = [${exclude}]
`,
    );
    return ['--config', file];
  };
  const mail = `${at}/home/alice/mail`;
  fs.writeFileSync(`${mail}/Trash`, message(30) + message(31));
  fs.writeFileSync(`${mail}/Spam`, message(32));
  fs.writeFileSync(`${mail}/.subscriptions`, 'Trash\nSent\n');
  expect(run('convert', ...config(''))).toMatchObject({ status: 0 });
  const target = `${at}/v/alice`;
  const kept = () => ['.Trash', '.Spam'].map((folder) => snapshot(`${target}/${folder}`, ['mtime', 'ino']));
  const before = kept();
  expect(before.map((lines) => lines.length > 5)).toEqual([true, true]);

  // One goes from the source, the other changes there; neither matters any more.
  fs.rmSync(`${mail}/Spam`);
  fs.appendFileSync(`${mail}/Trash`, message(33));
  const without = config('"Trash", "Spam"');
  const second = run('convert', ...without);
  expect(second).toMatchObject({ status: 0, stderr: '' });
  expect(Object.keys(mailboxes(second)).sort()).toEqual(['INBOX', 'Sent']);
  expect(kept()).toEqual(before);
  expect(fs.readFileSync(`${target}/subscriptions`, 'latin1')).toContain('Trash');
  const verified = run('verify', ...without);
  expect(verified.status).toBe(0);
  expect(Object.keys(mailboxes(verified)).sort()).toEqual(['INBOX', 'Sent']);

  const final = run('final', ...without, '--force-quiet', '--seal', `${at}/seal`);
  expect(final.status).toBe(0);
  expect(kept()).toEqual(before);
  const { accounts } = JSON.parse(fs.readFileSync(`${at}/seal`, 'utf8')) as {
    accounts: { mailboxes: { mailbox: string }[]; kept: string[] }[];
  };
  expect(accounts[0]?.kept).toEqual(['.Spam', '.Trash']);
  expect(accounts[0]?.mailboxes.map(({ mailbox }) => mailbox).sort()).toEqual(['INBOX', 'Sent']);
  expect(run('verify', '--seal', `${at}/seal`)).toMatchObject({ status: 0 });
  // What nobody left out is still noticed.
  fs.cpSync(`${target}/.Sent`, `${target}/.Copy`, { recursive: true });
  expect(differences(run('verify', '--seal', `${at}/seal`))).toMatchObject([{ sign: '+', mailbox: 'Copy' }]);
});

test('left out no more, it is brought up to date', () => {
  const { at, run } = makeServer('alice');
  const config = (exclude: string) => {
    const place = `[[source]]\nfrom = "mbox:${at}/home/%u/mail:INBOX=${at}/spool/%u"\nto = "maildir:${at}/v/%u"\n`;
    fs.writeFileSync(`${at}/c.toml`, `${place}exclude-folders = [${exclude}]\n`);
    return ['--config', `${at}/c.toml`];
  };
  expect(run('convert', ...config('')).status).toBe(0);
  fs.appendFileSync(`${at}/home/alice/mail/Sent`, message(40));
  expect(run('convert', ...config('"S*"')).status).toBe(0);
  expect(messageFiles(`${at}/v/alice/.Sent`)).toHaveLength(1);
  expect(mailboxes(run('convert', ...config('')))['Sent']).toMatchObject({ added: 1, removed: 0 });
});

const owner = (path: string) => {
  const { uid, gid, mode } = fs.statSync(path);
  return `${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
};

test('--owner account: each Maildir is its user’s, by name; an unknown one fails alone', () => {
  // Users that every Debian has: whose numbers they are is told by the user database.
  const { at, run } = makeServer('games', 'man', 'no-such-user');
  fs.mkdirSync(`${at}/v`, { mode: 0o711 });
  const places = [
    '--from',
    `mbox:${at}/home/%u/mail:INBOX=${at}/spool/%u`,
    '--to',
    `maildir:${at}/v/x/%d/%n/Maildir`,
  ];
  fs.writeFileSync(`${at}/list`, 'games = games@x.org\nman = man@x.org\nno-such-user = no-such-user@x.org\n');
  const result = run('convert', ...places, '--users', `${at}/list`, '--owner', 'account');
  expect(result.status).toBe(66);
  expect(failures(result)).toMatchObject([{ code: 'OWNER_UNKNOWN', user: 'no-such-user@x.org' }]);
  expect(fs.readdirSync(`${at}/v/x/x.org`).sort()).toEqual(['games', 'man']);
  expect(owner(`${at}/v`)).toBe('0:0 711');
  for (const shared of ['x', 'x/x.org']) expect(owner(`${at}/v/${shared}`)).toBe('0:0 755');
  const ids = Object.fromEntries(
    fs
      .readFileSync('/etc/passwd', 'latin1')
      .split('\n')
      .map((line) => [line.split(':')[0], line.split(':').slice(2, 4).join(':')]),
  );
  for (const user of ['games', 'man']) {
    const root = `${at}/v/x/x.org/${user}`;
    for (const dir of ['', '/Maildir', '/Maildir/cur', '/Maildir/.Sent', '/Maildir/.Sent/tmp'])
      expect([dir, owner(`${root}${dir}`)]).toEqual([dir, `${ids[user]} 700`]);
    const [file = ''] = messageFiles(`${root}/Maildir/.Sent`);
    expect(owner(`${root}/Maildir/.Sent/cur/${file}`)).toBe(`${ids[user]} 600`);
    for (const name of ['dovecot-uidlist', '.Sent/maildirfolder'])
      expect(owner(`${root}/Maildir/${name}`)).toBe(`${ids[user]} 600`);
  }
});

test('one owner for all: all that is made on the way is his, what was there stays', () => {
  const { at, places, run } = makeServer('alice', 'bob');
  fs.mkdirSync(`${at}/v/alice`, { recursive: true });
  fs.chmodSync(`${at}/v/alice`, 0o750);
  fs.mkdirSync(`${at}/w`);
  expect(run('convert', ...places, '--owner', '1234:1235').status).toBe(0);
  expect(owner(`${at}/v/alice`)).toBe('0:0 750');
  expect(owner(`${at}/v/alice/Maildir`)).toBe('1234:1235 700');
  expect(owner(`${at}/v/bob`)).toBe('1234:1235 700');
  const deep = ['--from', places[1] ?? '', '--to', `maildir:${at}/w/a/b/%u`, '--state', `${at}/state2`];
  expect(cli(['convert', ...deep, '--owner', '1234:1235', '--json']).status).toBe(0);
  for (const dir of ['a', 'a/b', 'a/b/bob']) expect(owner(`${at}/w/${dir}`)).toBe('1234:1235 700');
});

test('homes: users of the user database move from home to home, system accounts are counted', () => {
  const { at, state } = makeServer();
  const people = [
    { name: 'al', uid: 2001, home: `${at}/home/al` },
    { name: 'news', uid: 9, home: `${at}/home/news` },
    { name: 'alfred', uid: 2003, home: `${at}/new/alfred` },
  ];
  for (const { name, uid } of people.slice(0, 2)) {
    addUser(at, name, uid % 10);
    fs.chownSync(`${at}/home/${name}/mail`, uid, uid);
    fs.chownSync(`${at}/home/${name}/mail/Sent`, uid, uid);
  }
  fs.mkdirSync(`${at}/new`);
  const file = `${at}/c.toml`;
  fs.writeFileSync(
    file,
    '[[source]]\nfrom = "mbox:~/mail"\nto = "maildir:~/Mail/dir"\nowner = "account"\n[source.renames]\nal = "alfred"\n',
  );
  const env = { ...process.env, TZ: 'UTC', PATH: fakeUserDatabase(`${at}/bin`, people) };
  const run = cli(['convert', '--config', file, '--state', state, '--json'], { env });
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(users(run)).toEqual(['alfred']);
  expect(remarks(run)).toMatchObject([
    { code: 'SYSTEM_ACCOUNTS', severity: 'note', message: expect.stringMatching(/: 1, with mail: news;/) },
  ]);
  for (const dir of ['', '/Mail', '/Mail/dir', '/Mail/dir/.Sent'])
    expect(owner(`${at}/new/alfred${dir}`)).toBe('2003:2003 700');
  expect(owner(`${at}/new`)).toBe('0:0 755');
});
