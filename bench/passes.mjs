import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine, table } from './machine.mjs';

/**
 * What a pass costs that has little or nothing to do, side by side with what else would bring a Maildir up to date:
 * `doveadm backup` from the same mbox, `rsync -a` between the same Maildirs, and reading and hashing the spool once. All
 * contenders run in turn, in several rounds; the figures are medians. See README.md.
 */

const BIN = fileURLToPath(new URL('../bin/spoolsync.js', import.meta.url));
const RESULTS = fileURLToPath(new URL('./results/passes.md', import.meta.url));
/** Contenders that are no more than the start of a program. */
const STARTS = { spoolsync: 'spoolsync --version', hashing: 'node -e 0' };
const HASHING = 'reading and hashing it once';
const HASH = fileURLToPath(new URL('./hash-file.mjs', import.meta.url));

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: '/dev/shm/spoolsync-bench' },
    rounds: { type: 'string', default: '5' },
    mailboxes: { type: 'string', default: '10000' },
    messages: { type: 'string', default: '1000000' },
  },
});
const ROUNDS = Number(values.rounds);
const at = path.resolve(values.dir);

/** One message of a numbered mbox. @param {number} n @param {number} last @param {number} lines @param {string} status */
function message(n, last, lines, status = 'RO') {
  const base = n === 1 ? `X-IMAPbase: 1000 ${String(last).padStart(10, '0')}\n` : '';
  const body =
    `${`line of message ${n}, which is some seventy bytes long, or nearly so`.padEnd(70, '.')}\n`.repeat(
      lines,
    );
  return `From a@example.org Thu Nov  9 22:33:${10 + (n % 50)} 2023\n${base}Subject: ${n}\nX-UID: ${n}\nStatus: ${status}\n\n${body}\n`;
}

/** @param {string} file @param {number} count @param {number} lines @param {(n: number) => string} status */
function writeSpool(file, count, lines, status = () => 'RO') {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const fd = fs.openSync(file, 'w');
  for (let n = 1; n <= count; ) {
    let text = '';
    for (; n <= count && text.length < 1 << 20; n++) text += message(n, count, lines, status(n));
    fs.writeSync(fd, text);
  }
  fs.closeSync(fd);
}

/** Seconds that a command takes; fails with its output if its status is not one of `allowed`. @param {string} command @param {readonly string[]} args @param {readonly number[]} allowed @param {NodeJS.ProcessEnv} env */
function time(command, args, allowed = [0], env = {}) {
  const started = performance.now();
  const run = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: at, ...env },
    maxBuffer: 1 << 28,
  });
  if (!allowed.includes(run.status ?? -1))
    throw new Error(`${command} ${args.join(' ')}: ${run.status} ${run.stderr}`);
  return (performance.now() - started) / 1000;
}

/** @param {string} root */
const spoolsync = (root) =>
  time(process.execPath, [
    BIN,
    'convert',
    '--quiet',
    '--source-tz',
    'UTC',
    '--from',
    `mbox:${root}/mail`,
    '--to',
    `maildir:${root}/Maildir`,
    '--state',
    `${root}/state`,
  ]);

/** @param {string} root */
const rsync = (root) => time('rsync', ['-a', '--delete', `${root}/Maildir/`, `${root}/copy/`]);

/** What changes a spool, and doveadm's copy of it. @param {string} root @param {(file: string) => void} change */
function changeBoth(root, change) {
  change(`${root}/mail/Box`);
  if (fs.existsSync(`${root}/dmail`)) change(`${root}/dmail/Box`);
}

/** `doveadm backup` into a Maildir of its own, as the user who owns everything. @param {string} root */
function doveadm(root) {
  const config = `${root}/dovecot.conf`;
  if (!fs.existsSync(config)) {
    for (const dir of ['home', 'dsync']) fs.mkdirSync(`${root}/${dir}`, { recursive: true });
    fs.writeFileSync(
      config,
      `mail_location = maildir:${root}/dsync\nmail_home = ${root}/home\nmail_fsync = never\nssl = no\nlog_path = ${root}/dovecot.log\nstats_writer_socket_path =\nnamespace inbox {\n  inbox = yes\n  separator = /\n}\n`,
    );
    const dirs = ['home', 'dsync', 'dmail'].map((dir) => `${root}/${dir}`);
    execFileSync('chown', ['-R', 'nobody:nogroup', ...dirs]);
    fs.chmodSync(root, 0o777); // its log
  }
  const args = ['-u', 'nobody', '--', 'doveadm', '-c', config, 'backup', '-R', `mbox:${root}/dmail`];
  return time('runuser', args, [0, 2], { USER: 'nobody', HOME: `${root}/home` });
}

/** Whether a program is there. @param {string} command */
const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** @type {string[][]} */
const rows = [];

/** Runs all contenders in turn, some rounds. @param {string} work @param {Record<string, () => number>} contenders @param {() => void | Promise<void>} before @returns {Promise<Record<string, number>>} medians, seconds */
async function compare(work, contenders, before = () => undefined) {
  /** @type {Record<string, number[]>} */
  const seconds = {};
  for (let round = 0; round < ROUNDS; round++) {
    await before();
    for (const [name, run] of Object.entries(contenders)) {
      const list = seconds[name] ?? [];
      list.push(run());
      seconds[name] = list;
    }
  }
  const [[, first = []] = []] = Object.entries(seconds);
  const ours = median(first);
  /** @type {Record<string, number>} */
  const medians = {};
  for (const [name, list] of Object.entries(seconds)) {
    const range = `${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)}`;
    medians[name] = median(list);
    rows.push([work, name, median(list).toFixed(2), range, `${(median(list) / ours).toFixed(2)} x`]);
    console.log(rows.at(-1)?.join('  '));
  }
  return medians;
}

/** Contenders that are here. @param {string} root */
function others(root) {
  return {
    ...(has('rsync') ? { 'rsync -a, the same Maildirs': () => rsync(root) } : {}),
    ...(has('doveadm') && process.getuid?.() === 0 ? { 'doveadm backup': () => doveadm(root) } : {}),
  };
}

/** Brings all contenders to a state with nothing left to do. @param {string} root */
async function settle(root) {
  writeSpool(`${root}/mail/inbox`, 1, 5); // without an INBOX, doveadm backup fails
  if (has('doveadm') && process.getuid?.() === 0) {
    // It writes into the spools that it reads.
    fs.cpSync(`${root}/mail`, `${root}/dmail`, { recursive: true });
    doveadm(root);
  }
  spoolsync(root);
  await sleep(2100);
  spoolsync(root);
  if (has('rsync')) rsync(root);
}

async function manyMailboxes() {
  const root = `${at}/many`;
  for (let n = 0; n < Number(values.mailboxes); n++) writeSpool(`${root}/mail/d${n % 50}/m${n}`, 3, 5);
  await settle(root);
  await compare(`nothing changed, ${values.mailboxes} mailboxes of 3 messages`, {
    spoolsync: () => spoolsync(root),
    ...others(root),
  });
  fs.rmSync(root, { recursive: true });
}

async function manyMessages() {
  const root = `${at}/million`;
  writeSpool(`${root}/mail/Box`, Number(values.messages), 10);
  await settle(root);
  await compare(`nothing changed, one mailbox of ${values.messages} messages`, {
    spoolsync: () => spoolsync(root),
    ...others(root),
  });
  fs.rmSync(root, { recursive: true });
}

async function oneMailbox() {
  const root = `${at}/one`;
  const file = `${root}/mail/Box`;
  const count = 12_000;
  writeSpool(file, count, 175);
  await settle(root);
  const starts = {
    [STARTS.spoolsync]: () => time(process.execPath, [BIN, '--version']),
    [STARTS.hashing]: () => time(process.execPath, ['-e', '0']),
  };
  const hashing = { [HASHING]: () => time(process.execPath, [HASH, file]), ...starts };
  let round = 0;
  let next = count;
  const appended = await compare(
    '20 messages appended to 150 MB of 12,000',
    { spoolsync: () => spoolsync(root), ...hashing, ...others(root) },
    async () => {
      let text = '';
      for (let i = 0; i < 20; i++) text += message(++next, next, 5);
      changeBoth(root, (box) => fs.appendFileSync(box, text));
      await sleep(2100);
    },
  );
  fs.rmSync(root, { recursive: true });
  writeSpool(file, count, 175);
  await settle(root);
  await compare(
    'flags of 1 % changed in the same',
    { spoolsync: () => spoolsync(root), ...hashing, ...others(root) },
    async () => {
      round++;
      const status = (/** @type {number} */ n) => (n % 100 === 0 && round % 2 === 1 ? 'O ' : 'RO');
      changeBoth(root, (box) => writeSpool(box, count, 175, status));
      await sleep(2100);
    },
  );
  fs.rmSync(root, { recursive: true });
  return appended;
}

/** What 20 new messages cost beyond hashing, the start of both programs aside. @param {Record<string, number>} seconds */
function beyondHashing(seconds) {
  const of = (/** @type {string} */ name) => seconds[name] ?? Number.NaN;
  const pass = of('spoolsync') - of(STARTS.spoolsync);
  const hash = of(HASHING) - of(STARTS.hashing);
  const ms = (/** @type {number} */ value) => `${(1000 * value).toFixed(0)} ms`;
  return `20 messages appended: the pass took ${ms(pass)} behind the start of the program, hashing the spool ${ms(hash)} behind the start of Node; ${ms(pass - hash)} beyond it.`;
}

fs.rmSync(at, { recursive: true, force: true });
fs.mkdirSync(at, { recursive: true, mode: 0o755 });
const machine = Object.entries(describeMachine(at))
  .map(([what, value]) => `${what}: ${value}`)
  .join(', ');
await manyMailboxes();
const beyond = beyondHashing(await oneMailbox());
await manyMessages();
fs.rmSync(at, { recursive: true });
const head = ['work', 'who', 'seconds', 'range', 'to spoolsync'];
const missing = ['rsync', 'doveadm'].filter((command) => !has(command));
const notes = missing.length === 0 ? '' : `\nNot here: ${missing.join(', ')}.\n`;
fs.writeFileSync(
  RESULTS,
  `# Passes with little to do\n\n${machine}; medians of ${ROUNDS} rounds, all from the page cache.\n${notes}\n${table(head, rows)}\n\n${beyond}\n`,
);
