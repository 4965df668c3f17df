import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Contenders, describePeers } from './contenders.mjs';
import { describeMachine } from './machine.mjs';
import { Native } from './measure.mjs';
import { plot } from './plot.mjs';
import { report } from './report.mjs';
import { verdicts } from './targets.mjs';
import { inMemory, start } from './work/alone.mjs';
import { fourAccounts, fourMailboxes, hugeMessages, manyMessages } from './work/convert.mjs';
import { comparison, maildirs } from './work/maildir.mjs';
import { littleChanged, manyMailboxes, nothingChanged } from './work/passes.mjs';

/** `npm run bench`: spoolsync and what else does such work, side by side, on the same mail in the same run. See README.md. */

/** @typedef {import('./work/common.mjs').Work} Work */
/** @typedef {import('./work/common.mjs').PlaceName} PlaceName */
/** @typedef {import('./targets.mjs').Done} Done */

/** @type {readonly Work[]} */
const WORK = [
  start,
  inMemory,
  fourMailboxes,
  fourAccounts,
  manyMessages,
  hugeMessages,
  littleChanged,
  nothingChanged,
  manyMailboxes,
  maildirs,
  comparison,
];

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    on: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    'dir-tmpfs': { type: 'string', default: '/dev/shm/spoolsync-bench-all' },
    'dir-disk': { type: 'string', default: '/var/tmp/spoolsync-bench-all' },
    gate: { type: 'boolean', default: false },
  },
});
const scale = Number(values.scale);
const rounds = Number(values.rounds);
if (!(scale > 0) || !(rounds >= 1)) throw new Error('--scale and --rounds take positive numbers');

/** @type {Record<PlaceName, string>} */
const DIRS = { tmpfs: path.resolve(values['dir-tmpfs']), disk: path.resolve(values['dir-disk']) };

/** What is to be done: all, or what --only and --on name. */
function chosen() {
  const names = values.only;
  const unknown = names.filter((name) => !WORK.some((work) => work.name === name));
  if (unknown.length > 0)
    throw new Error(`--only takes: ${WORK.map(({ name }) => name).join(', ')}; not ${unknown.join(', ')}`);
  const works = WORK.filter(({ name }) => names.length === 0 || names.includes(name));
  return works.flatMap((work) =>
    work.places.filter((place) => values.on === '' || place === values.on).map((place) => ({ work, place })),
  );
}

/** Why there is no room for a piece of work; undefined: there is. A tmpfs lies in memory. @param {Work} work @param {PlaceName} place */
function lacking(work, place) {
  const { bavail, bsize } = fs.statfsSync(DIRS[place]);
  const memory = /^MemAvailable:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/meminfo', 'latin1'));
  const room = place === 'tmpfs' ? Math.min(bavail * bsize, Number(memory?.[1]) * 1024) : bavail * bsize;
  const needs = work.needs(place) * Math.min(1, scale * 1.2);
  const gigabytes = (/** @type {number} */ bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
  if (needs <= room) return undefined;
  return `${work.name}, ${place}: needs ${gigabytes(needs)}, and there are ${gigabytes(room)}`;
}

/** @param {Contenders} contenders @param {Work} work @param {PlaceName} place @returns {Promise<Done>} */
async function doWork(contenders, work, place) {
  const root = path.join(DIRS[place], work.name.replaceAll(' ', '-'));
  fs.rmSync(root, { recursive: true, force: true });
  fs.mkdirSync(root, { recursive: true });
  try {
    process.stderr.write(`\n== ${work.name}, ${place}\n`);
    return { ...(await work.run({ contenders, place, root, scale, rounds })), work: work.name, place };
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

/** The file systems of both places; fails where they are not what they must be. */
function fileSystems() {
  const types = Object.entries(DIRS).map(([place, dir]) => {
    fs.mkdirSync(dir, { recursive: true, mode: 0o755 });
    const type = describeMachine(dir).fileSystem ?? '';
    if ((type === 'tmpfs') !== (place === 'tmpfs'))
      throw new Error(`${dir} is on ${type}: no place for --dir-${place}`);
    return [place, type];
  });
  return Object.fromEntries(types);
}

/** Only a whole run is a result to keep; others, and what there is of one that is cut off, go where git does not look. */
const KEPT = new URL('./results/', import.meta.url);
const RAW = new URL('./results/raw/', import.meta.url);
const isWhole = values.only.length === 0 && values.on === '' && scale === 1;

/** @param {URL} place @param {readonly Done[]} all @param {import('./report.mjs').Facts} facts */
function writeResults(place, all, facts) {
  const results = fileURLToPath(place);
  fs.mkdirSync(results, { recursive: true });
  const { cpu, cores, date } = facts.machine;
  const subtitle = `${cpu}, ${cores} cores, ${date}. Bars: medians; lines: range over rounds. A bar must reach its mark.`;
  fs.writeFileSync(`${results}bench.md`, report(all, facts));
  fs.writeFileSync(`${results}bench.svg`, plot(all, subtitle));
  fs.writeFileSync(`${results}bench.json`, `${JSON.stringify({ ...facts, all }, null, 1)}\n`);
  process.stderr.write(`\nwritten: ${results}bench.md, bench.svg, bench.json\n`);
}

/** Messages that spoolsync lost are no slow result, but a wrong one. @param {readonly Done[]} all */
const lostByUs = (all) => all.some(({ figures }) => figures.some(({ rows: [ours] }) => ours?.lost !== 0));

async function main() {
  const places = fileSystems();
  const native = new Native();
  /** @type {Done[]} */
  const all = [];
  /** @type {string[]} */
  const skipped = [];
  const { fileSystem: _, ...machine } = describeMachine(os.tmpdir());
  const facts = {
    machine: { ...machine, cc: native.compiler },
    places,
    peers: describePeers(),
    scale,
    rounds,
    skipped,
  };
  try {
    for (const { work, place } of chosen()) {
      const lack = lacking(work, place);
      if (lack === undefined) all.push(await doWork(new Contenders(native), work, place));
      else skipped.push(lack);
      writeResults(RAW, all, facts);
    }
  } finally {
    native.close();
    for (const dir of Object.values(DIRS)) fs.rmSync(dir, { recursive: true, force: true });
  }
  if (isWhole) writeResults(KEPT, all, facts);
  const missed = verdicts(all).filter(({ met }) => met !== true);
  for (const { work, place, what, wanted, measured } of missed)
    process.stdout.write(`missed: ${work}, ${place}: ${what}: ${measured}, wanted ${wanted}\n`);
  for (const what of skipped) process.stdout.write(`not measured: ${what}\n`);
  if (lostByUs(all) || (values.gate && missed.length + skipped.length > 0)) process.exitCode = 1;
}

await main();
