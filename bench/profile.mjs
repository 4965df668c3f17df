import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine, table } from './machine.mjs';
import { Spools } from './spools.mjs';

/**
 * Where the time of a command goes, by V8's sampling profiler: to system calls, to Node, to packages, to each folder of
 * src/. Needs dist/ (`npm run build`): the program's modules are profiled one by one, not the few files they are joined to,
 * so that the start takes longer than it does. See README.md.
 */

/**
 * @typedef {object} Frame
 * @property {string} functionName
 * @property {string} url
 */
/** @typedef {{ id: number, callFrame: Frame, children?: number[] }} Node */
/** @typedef {{ nodes: Node[], samples: number[], timeDeltas: number[] }} Profile */

const MAIN = new URL('../dist/cli/main.js', import.meta.url);
const RESULTS = fileURLToPath(new URL('./results/profile.md', import.meta.url));
/** Microseconds between samples. */
const INTERVAL = '250';
/** Functions of Node's bindings that are a system call and little else. */
const CALLS = new Set(
  'open close read writeBuffer rename futimes fstat lstat stat statfs unlink link mkdir rmdir fsync ftruncate fchmod fchown opendir readdir readlink spawn'.split(
    ' ',
  ),
);
const LOADING = 'loading modules (as installed, the program is a few files)';
const IDLE = 'waiting (reads ahead, a flush by another process)';
const REST = 'V8 and natives: compiling, searching and copying bytes';

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: '/dev/shm/spoolsync-bench-profile' },
    messages: { type: 'string', default: '12000' },
    mailboxes: { type: 'string', default: '2000' },
  },
});
const at = path.resolve(values.dir);
const MESSAGES = Number(values.messages);
const MAILBOXES = Number(values.mailboxes);

/** Runs a command under the profiler. @param {string} root @param {string} command @param {string} from @returns {Profile} */
function profiled(root, command, from) {
  const out = `${root}/profile`;
  fs.rmSync(out, { recursive: true, force: true });
  const script = `const { main } = await import(${JSON.stringify(MAIN.href)}); process.exitCode = await main(process.argv)`;
  const node = ['--cpu-prof', '--cpu-prof-interval', INTERVAL, '--cpu-prof-dir', out];
  const paths = ['--from', from, '--to', `maildir:${root}/Maildir`, '--state', `${root}/state`];
  const args = [...node, '--input-type=module', '-e', script, 'spoolsync', command, ...paths];
  const run = spawnSync(process.execPath, [...args, '--source-tz', 'UTC', '--quiet'], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${command}: ${run.status} ${run.stdout}${run.stderr}`);
  const [file = ''] = fs.readdirSync(out);
  return JSON.parse(fs.readFileSync(`${out}/${file}`, 'utf8'));
}

/** Whose time a sample is. @param {Frame} frame */
function ownerOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(idle)') return IDLE;
  if (url === '' && CALLS.has(functionName)) return 'system calls';
  if (url.startsWith('wasm:')) return 'XXH64 (WebAssembly)';
  if (url.startsWith('node:')) return 'Node’s own JavaScript';
  const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (name !== undefined) return `package ${name}`;
  const [, folder] = /\/dist\/([^/]+)\//.exec(url) ?? [];
  return folder === undefined ? REST : `src/${folder}`;
}

/** Whose each frame is; what is done while modules are loaded is the loading's. @param {readonly Node[]} nodes */
function ownersOf(nodes) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** @type {Map<number, { whose: string, call: string }>} */
  const owners = new Map();
  const visit = (/** @type {Node} */ { id, callFrame, children = [] }, /** @type {boolean} */ loading) => {
    const { url, functionName } = callFrame;
    const isLoading =
      loading || url.startsWith('node:internal/modules/esm') || url.startsWith('node:internal/modules/cjs');
    // A module's own code is evaluated below the loader's run(), and calls all the rest.
    const left = isLoading && url.includes('/dist/') && functionName !== '';
    owners.set(id, { whose: isLoading && !left ? LOADING : ownerOf(callFrame), call: functionName });
    for (const child of children) {
      const node = byId.get(child);
      if (node !== undefined) visit(node, isLoading && !left);
    }
  };
  const [root] = nodes;
  if (root !== undefined) visit(root, false);
  return owners;
}

/** Milliseconds by owner, and of single system calls. @param {Profile} profile */
function shares({ nodes, samples, timeDeltas }) {
  const owner = ownersOf(nodes);
  /** @type {Map<string, number>} */
  const owners = new Map();
  /** @type {Map<string, number>} */
  const calls = new Map();
  const add = (/** @type {Map<string, number>} */ map, /** @type {string} */ key, /** @type {number} */ ms) =>
    map.set(key, (map.get(key) ?? 0) + ms);
  for (const [i, id] of samples.entries()) {
    const { whose = REST, call = '' } = owner.get(id) ?? {};
    const ms = (timeDeltas[i] ?? 0) / 1000;
    add(owners, whose, ms);
    if (whose === 'system calls') add(calls, call, ms);
  }
  return { owners, calls };
}

/** @param {string} title @param {Profile} profile */
function section(title, profile) {
  const { owners, calls } = shares(profile);
  const total = [...owners.values()].reduce((sum, ms) => sum + ms, 0);
  const rows = (/** @type {Map<string, number>} */ map, /** @type {string} */ indent) =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .filter(([, ms]) => ms >= total / 200)
      .map(([name, ms]) => [`${indent}${name}`, ms.toFixed(0), `${((100 * ms) / total).toFixed(0)} %`]);
  const all = rows(owners, '').flatMap((row) =>
    row[0] === 'system calls' ? [row, ...rows(calls, '· ')] : [row],
  );
  const text = `## ${title}: ${total.toFixed(0)} ms\n\n${table(['whose', 'ms', 'share'], all)}\n`;
  console.log(`\n${text}`);
  return text;
}

/** Of one mailbox: the first pass, verify, and a pass over what was delivered since. */
async function oneMailbox() {
  const root = `${at}/one`;
  const inbox = `${root}/inbox`;
  fs.mkdirSync(root, { recursive: true });
  const spools = new Spools(41);
  const { bytes } = spools.write(inbox, MESSAGES);
  const from = `mbox:${root}/none:INBOX=${inbox}`;
  const size = `${MESSAGES} messages, ${(bytes / 1e6).toFixed(0)} MB`;
  const first = section(`convert, ${size}`, profiled(root, 'convert', from));
  const verified = section(`verify, ${size}`, profiled(root, 'verify', from));
  await sleep(2100);
  profiled(root, 'convert', from); // times have settled: that is written down once
  fs.appendFileSync(inbox, spools.delivered(20));
  await sleep(2100);
  return [
    first,
    verified,
    section(`convert, 20 messages appended to ${size}`, profiled(root, 'convert', from)),
  ];
}

async function manyMailboxes() {
  const root = `${at}/many`;
  const spools = new Spools(42);
  for (let n = 0; n < MAILBOXES; n++) {
    const dir = `${root}/mail/d${n % 20}`;
    fs.mkdirSync(dir, { recursive: true });
    spools.write(`${dir}/m${n}`, 3, 1000);
  }
  const from = `mbox:${root}/mail`;
  profiled(root, 'convert', from);
  await sleep(2100);
  profiled(root, 'convert', from);
  return [section(`convert, nothing changed in ${MAILBOXES} mailboxes`, profiled(root, 'convert', from))];
}

fs.rmSync(at, { recursive: true, force: true });
const { date, node, kernel, cpu, cores, fileSystem } = describeMachine(path.dirname(at));
try {
  const parts = [...(await oneMailbox()), ...(await manyMailboxes())];
  const head = `# Where the time goes\n\n${date}, ${cpu}, ${cores} cores, Node ${node}, ${kernel}, ${fileSystem}. Made by \`npm run bench:profile\`.\n`;
  fs.writeFileSync(RESULTS, [head, ...parts].join('\n'));
} finally {
  fs.rmSync(at, { recursive: true, force: true });
}
