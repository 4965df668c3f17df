import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from './machine.mjs';
import { reflag, Spools } from './spools.mjs';
import { costOfEach, countCalls } from './strace.mjs';

/**
 * What a pass asks of the file system for each message: system calls by kind, bytes read and written. Each case runs with
 * fewer and with more of something; the difference is what each costs. Compared with limits in results/calls.json. See
 * README.md.
 */

const BIN = fileURLToPath(new URL('../bin/spoolsync.js', import.meta.url));
const LIMITS = fileURLToPath(new URL('./results/calls.json', import.meta.url));
/** What may be beyond a limit: pieces do not end where messages do, and manifests hold inode numbers, which grow. */
const SLACK = { share: 0.03, calls: 0.05, bytes: 8 };

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: '/dev/shm/spoolsync-bench-calls' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});

/**
 * A case: `make` brings `root` to where the command is to begin, with `n` of what is counted.
 * @typedef {object} Case
 * @property {string} name
 * @property {string} each what the cost is of
 * @property {readonly [number, number]} sizes
 * @property {(root: string, n: number) => void | Promise<void>} make
 * @property {readonly string[]} args with ROOT in them
 */

const STATE = ['--quiet', '--source-tz', 'UTC', '--state', 'ROOT/state'];
const MBOX = ['--from', 'mbox:ROOT/mail:INBOX=ROOT/mail/inbox', '--to', 'maildir:ROOT/Maildir', ...STATE];
const MAILDIR = [
  '--from',
  'maildir:ROOT/Maildir',
  '--to',
  'maildir:ROOT/new',
  '--quiet',
  '--state',
  'ROOT/new-state',
];
const CONVERT = ['convert', ...MBOX];

/** @param {readonly string[]} args @param {string} root */
const placed = (args, root) => args.map((arg) => arg.replaceAll('ROOT', root));

/** @param {readonly string[]} args @param {string} root */
function run(args, root) {
  const { status, stderr } = spawnSync(process.execPath, [BIN, ...placed(args, root)], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: root },
  });
  if (status !== 0) throw new Error(`${args.join(' ')}: status ${status}\n${stderr}`);
}

/** A pass, and one more when times prove something. @param {readonly string[]} args @param {string} root */
async function settle(args, root) {
  run(args, root);
  await sleep(2100);
  run(args, root);
}

/** @param {string} root @param {number} n */
const writeInbox = (root, n) => new Spools(51).write(`${root}/mail/inbox`, n);

/** A spool of `old` messages that a pass has seen, and `added` behind them. @param {string} root @param {number} old @param {number} added */
async function append(root, old, added) {
  const spools = new Spools(51);
  spools.write(`${root}/mail/inbox`, old);
  await settle(CONVERT, root);
  fs.appendFileSync(`${root}/mail/inbox`, new Spools(52).delivered(added));
  await sleep(2100);
}

/** @type {readonly Case[]} */
const CASES = [
  {
    name: 'convert',
    each: 'message',
    sizes: [500, 1500],
    make: (root, n) => void writeInbox(root, n),
    args: CONVERT,
  },
  {
    name: 'convert again, nothing changed',
    each: 'mailbox of 20 messages',
    sizes: [20, 120],
    make: async (root, n) => {
      const spools = new Spools(53);
      spools.write(`${root}/mail/inbox`, 20);
      for (let i = 1; i < n; i++) spools.write(`${root}/mail/m${i}`, 20);
      await settle(CONVERT, root);
    },
    args: CONVERT,
  },
  {
    name: 'convert again, one mailbox, nothing changed',
    each: 'message',
    sizes: [500, 1500],
    make: async (root, n) => {
      writeInbox(root, n);
      await settle(CONVERT, root);
    },
    args: CONVERT,
  },
  {
    name: '20 messages appended',
    each: 'old message',
    sizes: [500, 1500],
    make: (root, n) => append(root, n, 20),
    args: CONVERT,
  },
  {
    name: 'messages appended',
    each: 'new message',
    sizes: [20, 120],
    make: (root, n) => append(root, 500, n),
    args: CONVERT,
  },
  {
    name: 'flags changed',
    each: 'changed message of 1,000',
    sizes: [20, 120],
    make: async (root, n) => {
      writeInbox(root, 1000);
      await settle(CONVERT, root);
      const file = `${root}/mail/inbox`;
      fs.writeFileSync(
        file,
        reflag(fs.readFileSync(file), (i) => i < n),
      );
      await sleep(2100);
    },
    args: CONVERT,
  },
  {
    name: 'verify',
    each: 'message',
    sizes: [500, 1500],
    make: (root, n) => {
      writeInbox(root, n);
      run(CONVERT, root);
    },
    args: ['verify', ...MBOX],
  },
  ...[[], ['--link']].map((more) => ({
    name: `convert of a Maildir${more.map((option) => `, ${option}`).join('')}`,
    each: 'message',
    sizes: /** @type {const} */ ([500, 1500]),
    make: (/** @type {string} */ root, /** @type {number} */ n) => {
      writeInbox(root, n);
      run(CONVERT, root);
    },
    args: ['convert', ...MAILDIR, ...more],
  })),
  {
    name: 'convert of a Maildir again, nothing changed',
    each: 'message',
    sizes: [500, 1500],
    make: async (root, n) => {
      writeInbox(root, n);
      run(CONVERT, root);
      await sleep(2100);
      await settle(['convert', ...MAILDIR], root);
    },
    args: ['convert', ...MAILDIR],
  },
];

/** @param {Case} what @param {number} n */
async function count({ make, args }, n) {
  const root = path.resolve(values.dir);
  fs.rmSync(root, { recursive: true, force: true });
  fs.mkdirSync(root, { recursive: true });
  try {
    await make(root, n);
    return countCalls([process.execPath, BIN, ...placed(args, root)], {
      trace: `${root}/trace`,
      env: { TMPDIR: root },
    });
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** @param {Case} what @returns {Promise<Record<string, number>>} */
async function cost(what) {
  const [few, many] = what.sizes;
  const costs = costOfEach(await count(what, many), await count(what, few), many - few);
  return Object.fromEntries(
    Object.entries(costs).map(([kind, value]) => [kind, Math.round(value * 100) / 100]),
  );
}

/** How far from a limit is no difference. @param {string} kind @param {number} limit */
const slack = (kind, limit) =>
  Math.max(Math.abs(limit) * SLACK.share, kind.startsWith('bytes') ? SLACK.bytes : SLACK.calls);

/** @param {string} kind @param {number} value @param {number} limit */
function judge(kind, value, limit) {
  if (value > limit + slack(kind, limit)) return 'MORE';
  return value < limit - slack(kind, limit) ? 'less' : '';
}

/** @type {Record<string, Record<string, number>>} */
const limits = fs.existsSync(LIMITS) ? JSON.parse(fs.readFileSync(LIMITS, 'utf8')) : {};
const cases = CASES.filter(({ name }) => values.only === '' || name === values.only);
if (cases.length === 0) throw new Error(`--only takes: ${CASES.map(({ name }) => name).join('; ')}`);
let failed = false;
for (const what of cases) {
  const costs = await cost(what);
  const known = limits[what.name] ?? {};
  const rows = [...new Set([...Object.keys(costs), ...Object.keys(known)])].map((kind) => {
    const [value, limit] = [costs[kind] ?? 0, known[kind] ?? 0];
    const verdict = judge(kind, value, limit);
    if (verdict === 'MORE') failed = true;
    return [kind, value.toFixed(2), limit.toFixed(2), verdict];
  });
  console.log(`${what.name}: each ${what.each}\n\n${table(['calls', 'now', 'limit', 'verdict'], rows)}\n`);
  limits[what.name] = costs;
}
if (values.write) fs.writeFileSync(LIMITS, `${JSON.stringify(limits, null, 2)}\n`);
else if (failed) {
  console.error('more than allowed: either find out why, or say why it must be and run with --write');
  process.exitCode = 1;
}
