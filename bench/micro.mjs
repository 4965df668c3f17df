import { availableParallelism } from 'node:os';
import { describeMachine, table } from './machine.mjs';
import { Mail, Random } from './spools.mjs';

/** Speed of the parts that look at every byte of mail, from memory, on one core. Needs dist/ (`npm run build`). */

const { digestOf } = await import('../dist/codec/digest.js');
const { Assembler } = await import('../dist/codec/mbox/assembler.js');
const { dovecotDialect } = await import('../dist/codec/mbox/dovecot.js');
const { MboxFramer } = await import('../dist/codec/mbox/framer.js');
const { MessageScanner } = await import('../dist/codec/mbox/message-scanner.js');
const { plainDialect } = await import('../dist/codec/mbox/plain.js');
const { createZone } = await import('../dist/codec/time-zone.js');
const { LIMITS } = await import('../dist/core/limits.js');

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

/** @param {any} dialect @returns {number} messages */
function framing(dialect) {
  let messages = 0;
  frame(dialect, {
    begin: () => messages++,
    header: nothing,
    headerEnd: nothing,
    body: nothing,
    end: nothing,
    doubt: nothing,
    leading: nothing,
  });
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

/** @type {[string, () => number][]} */
const PARTS = [
  ['digest', hashing],
  ['digest and sizes', measuring],
  ['framing, dovecot rules', () => framing(dovecotDialect)],
  ['framing, plain rules', () => framing(plainDialect)],
  ['whole scan, dovecot rules', () => scanning(dovecotDialect)],
  ['whole scan, plain rules', () => scanning(plainDialect)],
];

/** Best and median of several rounds, the first not counted: other work on the machine only ever slows down. */
function measure(run) {
  const count = run();
  const speeds = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    if (run() !== count) throw new Error('a second round gave another result');
    return box.length / 1000 / (performance.now() - started);
  }).sort((a, b) => b - a);
  return { count, best: speeds[0] ?? 0, median: speeds[Math.floor(ROUNDS / 2)] ?? 0 };
}

const rows = PARTS.map(([name, run]) => {
  const { count, best, median } = measure(run);
  return [name, String(count), best.toFixed(0), median.toFixed(0)];
});
const { cpu, node } = describeMachine('.');
console.log(
  `${cpu}, one of ${availableParallelism()} cores, Node ${node}, ${(box.length / 1e6).toFixed(0)} MB of mail\n`,
);
console.log(table(['part', 'messages', 'MB/s, best', 'MB/s, median'], rows));
