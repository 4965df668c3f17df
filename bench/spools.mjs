import fs from 'node:fs';
import path from 'node:path';

/** Seeded mbox spools: the same seed and size give the same bytes on every machine. */

/**
 * @typedef {object} Spool
 * @property {number} bytes
 * @property {number} messages
 */

const PIECE = 1 << 20;
/** Seconds since 1970 of the first message. */
const FIRST = Date.UTC(2015, 0, 1) / 1000;
const WORDS =
  'the of and to in is that for it with as was on be at by this not are from we you your have will can one all more if meeting please report server invoice attached regards thanks tomorrow project change >From'.split(
    ' ',
  );

/** Pseudo random numbers in [0, 1): xorshift32. */
export class Random {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed | 0 || 1;
  }

  next() {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }

  /** @param {number} limit */
  below(limit) {
    return Math.floor(this.next() * limit);
  }

  /** Standard normal (Box and Muller). */
  normal() {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
}

/** Writes a file in large pieces. */
class Writer {
  #fd;
  #piece = Buffer.alloc(PIECE);
  #used = 0;
  bytes = 0;

  /** @param {string} file */
  constructor(file) {
    this.#fd = fs.openSync(file, 'wx', 0o600);
  }

  /** @param {Buffer} bytes */
  write(bytes) {
    this.bytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const n = bytes.copy(this.#piece, this.#used, at);
      at += n;
      this.#used += n;
      if (this.#used === PIECE) this.#flush();
    }
  }

  /** @param {string} text latin1 */
  text(text) {
    this.write(Buffer.from(text, 'latin1'));
  }

  close() {
    this.#flush();
    fs.fsyncSync(this.#fd);
    fs.closeSync(this.#fd);
  }

  #flush() {
    fs.writeSync(this.#fd, this.#piece, 0, this.#used);
    this.#used = 0;
  }
}

/** Makes mail: a header as servers write it, and a body of text or, when it is large, mostly of base64. */
export class Mail {
  #random;
  #prose;
  #base64;
  #number = 0;

  /** @param {Random} random */
  constructor(random) {
    this.#random = random;
    this.#prose = prose(random, 2 * PIECE);
    this.#base64 = base64(random, 2 * PIECE);
  }

  /** The size of a message: log-normal with a median of 6 KB and a mean of about 30 KB, at most 25 MB. */
  size() {
    return Math.min(25e6, Math.round(Math.exp(Math.log(6000) + 1.8 * this.#random.normal())));
  }

  /**
   * The pieces of one message with its From_ line, as Dovecot keeps it: with X-UID and Status, without Content-Length,
   * so that every byte must be searched for separators.
   * @param {number} size bytes, more or less
   * @returns {Buffer[]}
   */
  message(size) {
    const head = Buffer.from(this.head(), 'latin1');
    const pieces = [head];
    const want = Math.max(100, size - head.length);
    const inText = want > 20_000 ? Math.min(4000, want) : want;
    this.#take(this.#prose, inText, pieces);
    if (want > inText) this.#take(this.#base64, want - inText, pieces);
    pieces.push(Buffer.from('\n\n'));
    return pieces;
  }

  /** The next message is the first of another mbox. */
  restart() {
    this.#number = 0;
  }

  /**
   * The size of a message in a mailbox of ordinary mail: log-normal with a median of 6 KB, and one in 2,000 has 1 to 6 MB.
   * 12,000 messages come to some 175 MB.
   */
  ordinarySize() {
    if (this.#random.below(2000) === 0) return 1e6 + this.#random.below(5e6);
    return Math.round(Math.exp(Math.log(6000) + 1.25 * this.#random.normal()));
  }

  /** From_ line and header of the next message, with the empty line behind them. */
  head() {
    const random = this.#random;
    const number = ++this.#number;
    const date = new Date((FIRST + number * 600) * 1000);
    const stamp = date.toUTCString();
    const from = `user${random.below(500)}@example.org`;
    const base = number === 1 ? 'X-IMAPbase: 1420070400 0000000000 $Label1 Work\n' : '';
    const received = [1, 2, 3].map(
      (hop) =>
        `Received: from relay${hop}.example.org (relay${hop}.example.org [192.0.2.${random.below(250)}])\n` +
        `\tby mx${hop}.example.net (Postfix) with ESMTPS id ${hex(random)}${hex(random)}\n` +
        `\tfor <ann@example.net>; ${stamp.replace('GMT', '+0000')}\n`,
    );
    return (
      `From ${from} ${asctime(date)}\nReturn-Path: <${from}>\n${received.join('')}` +
      `Message-ID: <${number}.${hex(random)}@example.org>\nDate: ${stamp.replace('GMT', '+0000')}\n` +
      `From: ${from}\nTo: ann@example.net\nSubject: message ${number}\nMIME-Version: 1.0\n` +
      `Content-Type: text/plain; charset=utf-8\n${base}X-UID: ${number}\nStatus: ${random.below(2) ? 'RO' : 'O'}\n` +
      `${random.below(10) === 0 ? 'X-Status: A\nX-Keywords: Work\n' : ''}\n`
    );
  }

  /**
   * @param {Buffer} pool lines
   * @param {number} length
   * @param {Buffer[]} into
   */
  #take(pool, length, into) {
    for (let left = length; left > 0; ) {
      const at = pool.indexOf(0x0a, this.#random.below(pool.length - 4096)) + 1;
      const end = Math.min(at + left, pool.length);
      into.push(pool.subarray(at, end));
      left -= end - at;
    }
  }
}

/** @param {Random} random @param {number} size */
function prose(random, size) {
  const lines = [];
  for (let bytes = 0; bytes < size; ) {
    let line = '';
    while (line.length < 60) line += `${WORDS[random.below(WORDS.length)]} `;
    lines.push(random.below(8) === 0 ? '' : line.trimEnd());
    bytes += line.length;
  }
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}

/** @param {Random} random @param {number} size */
function base64(random, size) {
  const bytes = Buffer.alloc(57);
  const lines = [];
  for (let at = 0; at < size; at += 77) {
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
    lines.push(bytes.toString('base64'));
  }
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}

/** @param {Random} random */
function hex(random) {
  return random.below(2 ** 32).toString(16);
}

/** `Thu Jan  1 00:00:00 2015` @param {Date} date */
function asctime(date) {
  const [day, dom, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${String(Number(dom)).padStart(2)} ${time} ${year}`;
}

/**
 * Mail of a realistic mix of sizes, `bytes` in all; `size` replaces the mix.
 * @param {string} file @param {number} bytes @param {number} [size]
 * @returns {Spool}
 */
export function writeMix(file, bytes, size) {
  const mail = new Mail(new Random(7));
  return write(file, (out) => {
    let messages = 0;
    for (; out.bytes < bytes; messages++)
      for (const piece of mail.message(size ?? mail.size())) out.write(piece);
    return messages;
  });
}

/** Spools of a known number of messages, one after another from one seed. */
export class Spools {
  #mail;

  /** @param {number} seed */
  constructor(seed) {
    this.#mail = new Mail(new Random(seed));
  }

  /** @param {string} file @param {number} count @param {number} [size] bytes of each message; ordinary mail without it @returns {Spool} */
  write(file, count, size) {
    this.#mail.restart();
    return write(file, (out) => {
      for (let n = 0; n < count; n++)
        for (const piece of this.#mail.message(size ?? this.#mail.ordinarySize())) out.write(piece);
      return count;
    });
  }

  /** Mail that has just been delivered behind that of `write`: without UIDs. @param {number} count @param {number} [size] */
  delivered(count, size) {
    const pieces = Array.from({ length: count }, () => this.#mail.message(size ?? this.#mail.ordinarySize()));
    const text = Buffer.concat(pieces.flat()).toString('latin1');
    return Buffer.from(text.replaceAll(/^X-UID: .*\n/gm, ''), 'latin1');
  }
}

/** Writes other flags over those of some messages, as Dovecot does. @param {Buffer} bytes @param {(i: number) => boolean} chosen */
export function reflag(bytes, chosen) {
  const copy = Buffer.from(bytes);
  let i = 0;
  for (let at = copy.indexOf('\nStatus: '); at >= 0; at = copy.indexOf('\nStatus: ', at + 1))
    if (chosen(i++)) copy[at + 9] = copy[at + 9] === 0x52 ? 0x4e : 0x52;
  return copy;
}

/**
 * One huge message between two small ones.
 * @param {string} file @param {number} bytes
 * @param {'lines' | 'one-line' | 'header'} shape what the bytes are: body lines, one body line, or header: half of it
 * one field of one line, half of it one field of continuation lines
 * @returns {Spool}
 */
export function writeHuge(file, bytes, shape) {
  const random = new Random(11);
  const mail = new Mail(random);
  return write(file, (out) => {
    const small = () => {
      for (const piece of mail.message(3000)) out.write(piece);
    };
    small();
    const head = mail.head();
    if (shape === 'header') {
      out.text(`${head.slice(0, -1)}X-One-Line: `);
      fill(out, bytes / 2, Buffer.alloc(PIECE, 'x'));
      out.text('\nX-Many-Lines: a\n');
      fill(out, bytes / 2, Buffer.from(`\t${'y'.repeat(74)}\n`.repeat(10_000)));
      out.text('\n\nbody\n\n');
    } else {
      out.text(head);
      fill(out, bytes, shape === 'one-line' ? Buffer.alloc(PIECE, 'x') : base64(random, PIECE));
      out.text('\n\n');
    }
    small();
    return 3;
  });
}

/** Repeats `block` as a whole until `bytes` are written. @param {Writer} out @param {number} bytes @param {Buffer} block */
function fill(out, bytes, block) {
  for (let left = bytes; left > 0; left -= block.length) out.write(block);
}

/** @param {string} file @param {(out: Writer) => number} body @returns {Spool} */
function write(file, body) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const out = new Writer(file);
  const messages = body(out);
  out.close();
  return { bytes: out.bytes, messages };
}
