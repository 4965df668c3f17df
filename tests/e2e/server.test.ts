import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { base, makeAccount, numbered, snapshot } from '../helpers/account.ts';
import { cli, failures, type Result, remarks } from '../helpers/cli.ts';
import { mail, put } from '../helpers/maildir-account.ts';
import { withTmpfs } from '../helpers/tmpfs.ts';

/** A whole server: 300 accounts, half with mbox and half with Maildir, some of them broken. */

const EACH = 150;
const name = (kind: string, i: number) => `${kind}${String(i).padStart(3, '0')}`;

function makeServer() {
  const { at } = makeAccount(undefined);
  for (let i = 0; i < EACH; i++) {
    makeMbox(`${at}/old`, name('m', i), i);
    makeMaildir(`${at}/old/vmail/${name('d', i)}`, i);
  }
  breakSome(`${at}/old`);
  const config = `${at}/spoolsync.toml`;
  fs.writeFileSync(
    config,
    `to = "maildir:${at}/new/%d/%n/Maildir"

[[source]]
from = "mbox:${at}/old/home/%u/mail:INBOX=${at}/old/spool/%u"
domain = "mbox.example"

[[source]]
from = "maildir:${at}/old/vmail/%u"
domain = "maildir.example"
renames = { d001 = "renamed" }
`,
  );
  // What a full target means is asked of the pass, not of the look before it.
  const args = (command: string, state: string, ...more: string[]) => [
    ...[command, '--config', config, '--state', `${at}/${state}`, '--json', ...more],
    ...(command === 'convert' ? ['--skip-preflight'] : []),
  ];
  return { at, args };
}

/** As Dovecot leaves it, so that UIDVALIDITY is no time of a pass. */
function makeMbox(old: string, user: string, i: number): void {
  const box = (validity: number) => numbered(1, 'RO', { headers: base(validity, 9) }) + numbered(4, 'O');
  fs.mkdirSync(`${old}/home/${user}/mail/lists`, { recursive: true });
  fs.mkdirSync(`${old}/spool`, { recursive: true });
  fs.writeFileSync(`${old}/spool/${user}`, box(1000 + i));
  fs.writeFileSync(`${old}/home/${user}/mail/lists/dev`, box(2000 + i));
}

function makeMaildir(root: string, i: number): void {
  for (const [folder, validity] of [
    ['', 3000 + i],
    ['.Sent', 4000 + i],
  ] as const) {
    put(root, path.join(folder, 'cur/1.M1P1.host:2,S'), mail(1));
    put(root, path.join(folder, 'new/2.M1P1.host'), mail(2));
    const guid = validity.toString(16).padStart(32, '0');
    put(
      root,
      path.join(folder, 'dovecot-uidlist'),
      `3 V${validity} N8 G${guid}\n3 :1.M1P1.host\n7 :2.M1P1.host\n`,
    );
  }
}

function breakSome(old: string): void {
  // A home that is a link, an INBOX that is none, one that nobody should open, a mailbox of another user.
  fs.rmSync(`${old}/home/m010`, { recursive: true });
  fs.symlinkSync('/etc', `${old}/home/m010`);
  fs.lchownSync(`${old}/home/m010`, 1010, 1010); // root's own would be followed
  fs.writeFileSync(`${old}/spool/m020`, Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]));
  fs.rmSync(`${old}/spool/m030`);
  execFileSync('mkfifo', [`${old}/spool/m030`]);
  execFileSync('chown', ['-R', '1040:1040', `${old}/home/m040`, `${old}/spool/m040`]);
  fs.chownSync(`${old}/home/m040/mail/lists/dev`, 12_345, 12_345);
  // A Maildir that is a file, and one whose list of UIDs is a link.
  fs.rmSync(`${old}/vmail/d010`, { recursive: true });
  fs.writeFileSync(`${old}/vmail/d010`, 'no directory');
  fs.rmSync(`${old}/vmail/d020/.Sent/dovecot-uidlist`);
  fs.symlinkSync('/etc/passwd', `${old}/vmail/d020/.Sent/dovecot-uidlist`);
}

const who = ({ user, mailbox }: { user?: string; mailbox?: string }) =>
  [user, mailbox].filter(Boolean).join(' ');

function troubles(runs: readonly Result[]) {
  const failed = runs.flatMap(failures).map((event) => `${event.code} ${who(event)}`);
  const said = runs
    .flatMap(remarks)
    .flatMap(({ code, user, place }) => (code === 'NOT_READ' ? [`${user} ${place}`] : []));
  return { failed: failed.sort(), said: [...new Set(said)].sort() };
}

test('300 accounts, some of them broken, one on a full disk: in one run, and in three shards', ({ skip }) => {
  const { at, args } = makeServer();
  const full = `${at}/new/maildir.example/d030/Maildir`;
  const outcome = (runs: () => readonly Result[]) => {
    let result: { troubles: ReturnType<typeof troubles>; files: string[]; done: number } | undefined;
    withTmpfs(full, 'size=1m,nr_inodes=8,mode=700', skip, () => {
      const ended = runs();
      const accounts = ended.flatMap(({ events }) => events.filter(({ event }) => event === 'account'));
      const files = snapshot(`${at}/new`).filter((line) => !line.includes('/d030/'));
      result = { troubles: troubles(ended), files, done: accounts.length };
    });
    fs.rmSync(`${at}/new`, { recursive: true });
    return result;
  };
  const one = outcome(() => [cli(args('convert', 'state'))]);
  if (one === undefined) return;
  expect(one.troubles.failed).toEqual([
    'DISK_FULL d030@maildir.example INBOX',
    'DISK_FULL d030@maildir.example Sent',
    'SOURCE_NOT_MBOX m020@mbox.example INBOX',
    'SOURCE_UNSAFE d020@maildir.example Sent',
  ]);
  expect(one.troubles.said.map((line) => line.replace(at, ''))).toEqual([
    'm010@mbox.example /old/home/m010/.mailboxlist',
    'm010@mbox.example /old/home/m010/mail',
    'm010@mbox.example /old/home/m010/mail/.mailboxlist',
    'm010@mbox.example /old/home/m010/mail/.subscriptions',
    'm030@mbox.example /old/spool/m030',
    'm040@mbox.example /old/home/m040/mail/lists/dev',
  ]);
  expect(one.files).toContainEqual(
    expect.stringMatching(/^maildir\.example\/renamed\/Maildir\/\.Sent\/cur /),
  );
  // Each account that is whole has its four messages.
  expect(one.files.filter((line) => /\/cur\/[^/]+spoolsync[^/]* /.test(line)).length).toBeGreaterThan(
    4 * 292,
  );
  const shards = ['1/3', '2/3', '3/3'];
  const three = outcome(() => shards.map((shard, i) => cli(args('convert', `state${i}`, '--shard', shard))));
  expect(three).toEqual(one);
});
