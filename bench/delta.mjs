import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import xxhash from 'xxhash-wasm';
import { describeMachine, table } from './machine.mjs';
import { Mail, Random, reflag } from './spools.mjs';

/**
 * What it costs to read a spool again, beside what it costs to read and hash its bytes: 150 MB, with 20 new messages, with
 * changed flags, with nothing changed but its time. Needs dist/ (`npm run build`). See README.md.
 */

const { createZone } = await import('../dist/codec/time-zone.js');
const { LIMITS } = await import('../dist/core/limits.js');
const { Dir } = await import('../dist/io/dir.js');
const { readMailbox } = await import('../dist/run/read-mailbox.js');
const { readingKey } = await import('../dist/run/source-view.js');
const { openManifest } = await import('../dist/state/manifest.js');
const { ManifestWriter } = await import('../dist/state/manifest-writer.js');

const RESULTS = fileURLToPath(new URL('./results/delta.md', import.meta.url));
const BYTES = 150e6;
const MESSAGES = 12_000;
/** Milliseconds that a pass with 20 new messages may take beyond reading and hashing. */
const ALLOWED = 50;

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: '/var/tmp/spoolsync-bench' },
    rounds: { type: 'string', default: '11' },
  },
});
const { dir } = values;
const rounds = Number(values.rounds);
const { h64Raw } = await xxhash();
const reading = { rules: 'auto', zone: createZone('UTC').zone, unquote: 'none' };
const nothing = () => undefined;

/** The mailbox as it was, and as each kind of change leaves it. */
function makeSpools() {
  const random = new Random(5);
  const mail = new Mail(random);
  const size = () => Math.max(900, (-BYTES / MESSAGES) * Math.log(1 - random.next()));
  const many = (/** @type {number} */ count) =>
    Buffer.concat(Array.from({ length: count }, () => mail.message(size())).flat());
  const before = many(MESSAGES);
  const appended = Buffer.concat([
    before,
    Buffer.from(
      many(20)
        .toString('latin1')
        .replaceAll(/^X-UID: .*\n/gm, ''),
      'latin1',
    ),
  ]);
  return {
    before,
    spools: [
      { name: '20 messages appended', bytes: appended, added: 20 },
      {
        name: '1 % of flags changed, the latest',
        bytes: reflag(before, (i) => i >= MESSAGES * 0.99),
        added: 0,
      },
      {
        name: '1 % of flags changed, anywhere',
        bytes: reflag(before, () => random.below(100) === 0),
        added: 0,
      },
      { name: 'only its time changed', bytes: before, added: 0 },
    ],
  };
}

/** The reading part of a pass. @param {string} name @param {any} known @returns {Promise<any>} */
async function read(name, known) {
  const source = Dir.openRoot(dir, 'source');
  const context = { version: '0', reading, emit: nothing, took: nothing, checkSignal: nothing };
  const first = known?.header.messages ?? 0;
  const store = {
    begin: (/** @type {number} */ ordinal) => ordinal >= first,
    data: nothing,
    end: nothing,
    drop: nothing,
    clear: nothing,
  };
  const input = {
    open: () => source.openFile(name),
    indexes: false,
    store,
    remark: nothing,
    rules: nothing,
    known,
  };
  const result = await readMailbox(context, input);
  source.close();
  return result;
}

/** What a pass would leave. @param {any} result @param {any} state */
function remember(result, state) {
  const { totals, rules, findings, spool, blocks, blockSize } = result;
  const header = {
    rules: rules.rules,
    reason: rules.reason,
    ground: rules.ground,
    reading: readingKey({ reading }),
    bytes: spool.size,
    findings,
    uidValidity: totals.uidValidity,
    numbered: true,
    uidNext: totals.uidNext,
    keywords: totals.keywords,
    messages: totals.messages,
    blocks: { size: blockSize, count: blocks.length },
  };
  const writer = new ManifestWriter(state, 'manifest', header, blocks);
  for (const { ordinal: _ordinal, staged: _staged, ...record } of result.spill.records()) writer.add(record);
  writer.commit();
}

/** Reads a file in pieces and hashes each: what no pass over a changed file can do without. @param {string} file */
function hash(file) {
  const fd = fs.openSync(file, 'r');
  const piece = Buffer.allocUnsafeSlow(1 << 20);
  let sum = 0n;
  for (let got = fs.readSync(fd, piece); got > 0; got = fs.readSync(fd, piece))
    sum ^= h64Raw(piece.subarray(0, got));
  fs.closeSync(fd);
  return sum;
}

/** @param {() => Promise<unknown> | unknown} work @returns {Promise<number>} milliseconds */
async function time(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

fs.rmSync(dir, { recursive: true, force: true });
fs.mkdirSync(path.join(dir, 'state'), { recursive: true });
process.env['TMPDIR'] = dir;
const { before, spools } = makeSpools();
fs.writeFileSync(path.join(dir, 'before'), before);
for (const { name, bytes } of spools) fs.writeFileSync(path.join(dir, name.replace('%', 'percent')), bytes);
const state = Dir.openRoot(path.join(dir, 'state'), 'target');
const first = await read('before', undefined);
remember(first, state);
first.close();

let failed = false;
const rows = [];
for (const { name, bytes, added } of spools) {
  const file = name.replace('%', 'percent');
  /** @type {{ hash: number[], again: number[], whole: number[] }} */
  const times = { hash: [], again: [], whole: [] };
  let framed = 0;
  const again = async () => {
    const known = openManifest(state, 'manifest');
    const result = await read(file, known);
    if (result.totals.messages !== MESSAGES + added)
      throw new Error(`${name}: ${result.totals.messages} messages`);
    framed = result.framed;
    result.close();
    known.close();
  };
  const whole = async () => (await read(file, undefined)).close();
  for (let round = -1; round < rounds; round++) {
    const [a, b, c] = [await time(() => hash(path.join(dir, file))), await time(again), await time(whole)];
    if (round < 0) continue; // the first warms up
    times.hash.push(a);
    times.again.push(b);
    times.whole.push(c);
  }
  const [plain, delta, full] = [median(times.hash), median(times.again), median(times.whole)];
  const beyond = median(times.again.map((ms, i) => ms - (times.hash[i] ?? 0)));
  if (added > 0 && beyond > ALLOWED) failed = true;
  rows.push([
    name,
    (framed / 1e6).toFixed(1),
    plain.toFixed(0),
    delta.toFixed(0),
    beyond.toFixed(0),
    (delta / plain).toFixed(2),
    full.toFixed(0),
    (delta / full).toFixed(2),
  ]);
  void bytes;
}
state.close();
fs.rmSync(dir, { recursive: true, force: true });

const { cpu, node, cores, kernel, fileSystem } = describeMachine('.');
const text = [
  '# Reading again what changed',
  '',
  'Made by `npm run bench:delta`; bench/README.md says what is measured.',
  '',
  `- ${cpu}, ${cores} cores, ${kernel}, ${fileSystem}, Node ${node}`,
  `- ${(before.length / 1e6).toFixed(0)} MB, ${MESSAGES} messages, blocks of ${LIMITS.block >> 10} KiB, medians of ${rounds} rounds, from the page cache`,
  '',
  table(
    [
      'change',
      'MB framed',
      'hash, ms',
      'read again, ms',
      'beyond hash, ms',
      'again : hash',
      'read whole, ms',
      'again : whole',
    ],
    rows,
  ),
  '',
].join('\n');
process.stdout.write(text);
fs.writeFileSync(RESULTS, text);
if (failed) {
  process.stderr.write(`20 new messages cost more than ${ALLOWED} ms beyond reading and hashing\n`);
  process.exitCode = 1;
}
