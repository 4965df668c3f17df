import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine, table } from './machine.mjs';
import { writeHuge, writeMix } from './spools.mjs';

/**
 * Peak memory and speed of `convert`, of a second `convert` that has nothing to do, and of `verify`, on spools of up
 * to 5 GB. Exit status 1 if a run needs more memory than the limit or does not end as it must. See README.md.
 */

/** Megabytes (1e6 bytes) of memory that no run may exceed, whatever the size of the spool. */
const LIMIT_MB = 150;
const GB = 1e9;
const BIN = fileURLToPath(new URL('../bin/spoolsync.js', import.meta.url));
const PEAK = new URL('./peak.mjs', import.meta.url).href;
const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));

/** @typedef {import('./spools.mjs').Spool} Spool */
/** @typedef {{ messages: number, added: number, reflagged: number, removed: number, findings: number, differences: number, failures: number }} Totals */
/** @typedef {{ seconds: number, cpuSeconds: number, peakRss: number, totals: Totals }} Measured */
/** @typedef {{ spool: string, bytes: number, messages: number, run: string } & Measured} Row */

/** @type {{ name: string, write: (file: string, scale: number) => Spool }[]} */
const CASES = [
  { name: 'small mailbox', write: (file) => writeMix(file, 10e6) },
  { name: 'large mailbox', write: (file, scale) => writeMix(file, 5 * GB * scale) },
  { name: 'many small messages', write: (file, scale) => writeMix(file, 0.3 * GB * scale, 1000) },
  { name: 'huge message', write: (file, scale) => writeHuge(file, GB * scale, 'lines') },
  { name: 'huge line', write: (file, scale) => writeHuge(file, GB * scale, 'one-line') },
  { name: 'huge header', write: (file, scale) => writeHuge(file, GB * scale, 'header') },
];

/** What each run must do to the mailbox. @type {{ name: string, command: string, added: (spool: Spool) => number }[]} */
const RUNS = [
  { name: 'convert', command: 'convert', added: (spool) => spool.messages },
  { name: 'convert again', command: 'convert', added: () => 0 },
  { name: 'verify', command: 'verify', added: () => 0 },
];

/** Runs spoolsync on the data in `dir` and measures it. @param {string} command @param {string} dir @returns {Promise<Measured>} */
async function measure(command, dir) {
  const from = `mbox:${dir}/mail:INBOX=${dir}/inbox`;
  const args = ['--import', PEAK, BIN, command, '--json', '--source-tz', 'UTC', '--user', 'ann'];
  args.push('--from', from, '--to', `maildir:${dir}/Maildir`, '--state', `${dir}/state`);
  const started = performance.now();
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    env: { ...process.env, TMPDIR: dir },
  });
  /** @type {Promise<number | null>} */
  const closed = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [events, peak, status] = await Promise.all([
    tailOf(child.stdio[1]),
    tailOf(/** @type {import('node:stream').Readable} */ (child.stdio[3])),
    closed,
  ]);
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`${command} ended with status ${status}:\n${events}`);
  const { totals } = JSON.parse(events.trimEnd().split('\n').at(-1) ?? '');
  return { seconds, ...JSON.parse(peak), totals };
}

/** The last 16 KB that a stream gives. @param {import('node:stream').Readable} stream */
async function tailOf(stream) {
  let text = '';
  for await (const chunk of stream) text = `${text}${chunk}`.slice(-16_384);
  return text;
}

/** All runs on one spool; the data is removed afterwards. @param {typeof CASES[number]} input @param {string} dir @param {number} scale */
async function runCase({ name, write }, dir, scale) {
  fs.rmSync(dir, { recursive: true, force: true });
  try {
    fs.mkdirSync(path.join(dir, 'mail'), { recursive: true });
    const spool = write(path.join(dir, 'inbox'), scale);
    /** @type {Row[]} */
    const rows = [];
    for (const { name: run, command, added } of RUNS) {
      const measured = await measure(command, dir);
      check(`${name}, ${run}`, measured.totals, { ...spool, added: added(spool) });
      rows.push({ spool: name, ...spool, run, ...measured });
      process.stderr.write(`${cells(/** @type {Row} */ (rows.at(-1))).join('  ')}\n`);
    }
    return rows;
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** A figure for work that was not done is none. @param {string} what @param {Totals} totals @param {Spool & { added: number }} wanted */
function check(what, totals, { messages, added }) {
  const { reflagged, removed, findings, differences, failures } = totals;
  const odd = reflagged + removed + findings + differences + failures;
  if (totals.messages !== messages || totals.added !== added || odd !== 0)
    throw new Error(`${what}: expected ${messages} messages, ${added} added; got ${JSON.stringify(totals)}`);
}

/** @param {Row} row */
function cells({ spool, bytes, messages, run, seconds, cpuSeconds, peakRss }) {
  const mb = (/** @type {number} */ n) => (n / 1e6).toFixed(0);
  const speed = (bytes / 1e6 / seconds).toFixed(0);
  return [
    spool,
    mb(bytes),
    String(messages),
    run,
    seconds.toFixed(1),
    cpuSeconds.toFixed(1),
    speed,
    mb(peakRss),
  ];
}

const HEAD = ['spool', 'MB', 'messages', 'run', 'seconds', 'CPU seconds', 'MB/s', 'peak RSS, MB'];

/** @param {Row[]} rows @param {ReturnType<typeof describeMachine>} machine @param {number} scale */
function report(rows, machine, scale) {
  const facts = Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`);
  const worst = Math.max(...rows.map(({ peakRss }) => peakRss)) / 1e6;
  const verdict = `Largest peak: ${worst.toFixed(0)} MB; limit: ${LIMIT_MB} MB. Scale: ${scale}.`;
  const title = '# Peak memory\n\nMade by `npm run bench:memory`; bench/README.md says what is measured.';
  return `${title}\n\n${facts.join('\n')}\n\n${table(HEAD, rows.map(cells))}\n\n${verdict}\n`;
}

async function main() {
  const { values } = parseArgs({
    options: {
      scale: { type: 'string', default: '1' },
      dir: { type: 'string', default: '/var/tmp/spoolsync-bench' },
      only: { type: 'string', default: '' },
    },
  });
  const scale = Number(values.scale);
  if (!(scale > 0)) throw new Error(`--scale ${values.scale} is no positive number`);
  const rows = [];
  for (const input of CASES.filter(({ name }) => name.includes(values.only)))
    rows.push(...(await runCase(input, values.dir, scale)));
  if (rows.length === 0) throw new Error(`--only ${values.only} fits no spool`);
  const machine = describeMachine(path.dirname(values.dir));
  const text = report(rows, machine, scale);
  process.stdout.write(text);
  // Only a whole run is a result to keep.
  if (values.only === '') {
    fs.mkdirSync(RESULTS, { recursive: true });
    fs.writeFileSync(`${RESULTS}memory.md`, text);
    fs.writeFileSync(
      `${RESULTS}memory.json`,
      `${JSON.stringify({ machine, scale, limitMB: LIMIT_MB, rows }, null, 2)}\n`,
    );
  }
  if (rows.some(({ peakRss }) => peakRss > LIMIT_MB * 1e6)) process.exitCode = 1;
}

await main();
