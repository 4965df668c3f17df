import fs from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { describeMachine, microTable } from './machine.mjs';
import { Mail, Random } from './spools.mjs';

/** Speed of the parts that look at every byte of mail, from memory, on one core. Needs dist/ (`npm run build`). */

const { digestOf } = await import('../dist/codec/digest.js');
const { formatUidlistRecord } = await import('../dist/codec/maildir/uidlist.js');
const { Assembler } = await import('../dist/codec/mbox/assembler.js');
const { ContentFilter } = await import('../dist/codec/mbox/content-filter.js');
const { dovecotDialect } = await import('../dist/codec/mbox/dovecot.js');
const { MboxFramer } = await import('../dist/codec/mbox/framer.js');
const { MessageScanner } = await import('../dist/codec/mbox/message-scanner.js');
const { plainDialect } = await import('../dist/codec/mbox/plain.js');
const { createZone } = await import('../dist/codec/time-zone.js');
const { LIMITS } = await import('../dist/core/limits.js');
const { Dir } = await import('../dist/io/dir.js');
const { UidlistWriter } = await import('../dist/maildir/uidlist-file.js');

/**
 * A part: `count` things (messages, pieces, records) and `bytes` in each round; speeds in MB/s.
 * @typedef {{ name: string, count: number, bytes: number, best: number, median: number }} Part
 */

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, dir: { type: 'string', default: '/dev/shm' } },
});

const MAILBOX = 64e6;
const AVERAGE = 15_000;
const ROUNDS = 7;

/** An mbox in memory: sizes are exponentially distributed. */
function mailbox() {
  const random = new Random(3);
  const mail = new Mail(random);
  const pieces = [];
  for (let bytes = 0; bytes < MAILBOX; ) {
    for (const piece of mail.message(Math.max(900, -AVERAGE * Math.log(1 - random.next())))) {
      pieces.push(piece);
      bytes += piece.length;
    }
  }
  return Buffer.concat(pieces);
}

const box = mailbox();
const nothing = () => undefined;
const input = { size: box.length, peek: (at, length) => box.subarray(at, Math.min(at + length, box.length)) };

/** Feeds the mailbox in pieces of the size that spools are read in. @param {any} dialect @param {any} sink */
function frame(dialect, sink) {
  const framer = new MboxFramer(dialect, sink, input);
  for (let at = 0; at < box.length; at += LIMITS.readChunk)
    framer.push(box.subarray(at, at + LIMITS.readChunk));
  framer.end();
}

/** Hears what the framer says, and does nothing. */
const DEAF = {
  header: nothing,
  headerEnd: nothing,
  body: nothing,
  end: nothing,
  doubt: nothing,
  leading: nothing,
};

/** @param {any} dialect @returns {number} messages */
function framing(dialect) {
  let messages = 0;
  frame(dialect, { ...DEAF, begin: () => messages++ });
  return messages;
}

/** What a pass does with the bytes of a spool, but for the disk. @param {any} dialect @returns {number} messages */
function scanning(dialect) {
  const zone = createZone('UTC').zone;
  const store = { begin: () => true, data: nothing, end: nothing, drop: nothing };
  const options = { dialect, zone, unquote: 'none', fallbackDate: 0, store, onMessage: nothing };
  const scanner = new MessageScanner({ ...options, remark: nothing });
  frame(dialect, scanner);
  return scanner.finish().messages;
}

/** Digest, size and size with CR LF of pieces of the average size. @returns {number} */
function measuring() {
  const assembler = new Assembler(nothing);
  let pieces = 0;
  for (let at = 0; at < box.length; at += AVERAGE, pieces++) {
    assembler.write(box, at, Math.min(at + AVERAGE, box.length));
    assembler.finish();
  }
  return pieces;
}

/** @returns {number} */
function hashing() {
  let pieces = 0;
  for (let at = 0; at < box.length; at += AVERAGE, pieces++) digestOf(box.subarray(at, at + AVERAGE));
  return pieces;
}

/** The header lines of all messages, cut once. */
function headerLines() {
  /** @type {Buffer[][]} */
  const messages = [];
  frame(dovecotDialect, {
    ...DEAF,
    begin: () => messages.push([]),
    header: (buf, start, end) => messages.at(-1)?.push(Buffer.from(buf.subarray(start, end))),
  });
  return messages;
}

const headers = headerLines();
const headerBytes = headers.flat().reduce((sum, line) => sum + line.length, 0);

/** What is done with each header: hidden fields are taken out and read. @returns {number} fields that were read */
function headerScan() {
  let fields = 0;
  const filter = new ContentFilter(dovecotDialect, nothing);
  for (const lines of headers) {
    filter.begin();
    for (const line of lines) filter.header(line, 0, line.length, true);
    fields += filter.headerEnd().length;
  }
  return fields;
}

const RECORDS = 200_000;
const records = Array.from({ length: RECORDS }, (_, i) => {
  const size = 1000 + ((i * 7919) % 50_000);
  return { uid: i + 1, fields: [['W', String(size + 20)]], base: `1420070400.M${i}Pabcdef.host,S=${size}` };
});
const recordBytes = records.reduce((sum, record) => sum + formatUidlistRecord(record).length, 0);

/** A uidlist of many records, written into `--dir`, flushed and put in place. @returns {number} */
function uidlist() {
  const name = fs.mkdtempSync(`${values.dir}/spoolsync-micro-`);
  const dir = Dir.openRoot(name, 'target');
  const writer = new UidlistWriter(dir, undefined, {
    version: 3,
    uidValidity: 1,
    uidNext: RECORDS + 1,
    extensions: [],
  });
  for (const record of records) writer.add(record);
  writer.commit();
  dir.close();
  fs.rmSync(name, { recursive: true });
  return RECORDS;
}

/** What is measured, and how many bytes it is. @type {[string, () => number, number][]} */
const PARTS = [
  ['digest', hashing, box.length],
  ['digest and sizes', measuring, box.length],
  ['framing, dovecot rules', () => framing(dovecotDialect), box.length],
  ['framing, plain rules', () => framing(plainDialect), box.length],
  ['header scan', headerScan, headerBytes],
  ['whole scan, dovecot rules', () => scanning(dovecotDialect), box.length],
  ['whole scan, plain rules', () => scanning(plainDialect), box.length],
  ['uidlist writing', uidlist, recordBytes],
];

/**
 * Best and median of several rounds, the first not counted: other work on the machine only ever slows down.
 * @param {[string, () => number, number]} part @returns {Part}
 */
function measure([name, run, bytes]) {
  const count = run();
  const speeds = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    if (run() !== count) throw new Error('a second round gave another result');
    return bytes / 1000 / (performance.now() - started);
  }).sort((a, b) => b - a);
  return { name, count, bytes, best: speeds[0] ?? 0, median: speeds[Math.floor(ROUNDS / 2)] ?? 0 };
}

const parts = PARTS.map(measure);
if (values.json) {
  process.stdout.write(JSON.stringify(parts));
} else {
  const { cpu, node } = describeMachine('.');
  console.log(
    `${cpu}, one of ${availableParallelism()} cores, Node ${node}, ${(box.length / 1e6).toFixed(0)} MB of mail\n`,
  );
  console.log(microTable(parts));
}
