import fc from 'fast-check';
import { expect } from 'vitest';
import { ContentFilter, claimedLength } from '../../../../src/codec/mbox/content-filter.ts';
import type { MboxDialect } from '../../../../src/codec/mbox/dialect.ts';
import { dovecotDialect } from '../../../../src/codec/mbox/dovecot.ts';
import { MboxFramer } from '../../../../src/codec/mbox/framer.ts';
import { mmdfDialect, plainDialect } from '../../../../src/codec/mbox/plain.ts';
import { uwDialect } from '../../../../src/codec/mbox/uw.ts';
import type { CivilTime } from '../../../../src/core/types.ts';

/** Drives the framer and writes down what it says, in a form that does not depend on how the input was cut. */

export const DIALECTS: readonly [string, MboxDialect][] = [
  ['dovecot', dovecotDialect],
  ['uw', uwDialect],
  ['plain', plainDialect],
  ['mmdf', mmdfDialect],
];

/** A From_ line that all dialects take for a separator. */
export const FROM = 'From alice@example.org Thu Nov  9 22:33:52 2001\n';

export interface FramedMessage {
  readonly offset: number;
  readonly content: number;
  readonly date: CivilTime | undefined;
  /** Header lines, latin1. */
  readonly header: string[];
  body: string;
  end: number;
}

export interface Framed {
  readonly messages: FramedMessage[];
  readonly doubts: string[];
  leading: number;
}

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export function textOf(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}

/** The pieces of `bytes`, with sizes taken from `sizes` in turn; no sizes: one piece. */
export function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] ?? 1);
    // A copy that is overwritten behind the reader's back: nobody may hold on to it.
    const piece = Buffer.from(bytes.subarray(at, at + size));
    yield piece;
    piece.fill('!');
    at += size;
  }
}

export function inputOf(bytes: Buffer) {
  return { size: bytes.length, peek: (at: number, length: number) => bytes.subarray(at, at + length) };
}

function fail(what: string): never {
  throw new Error(what);
}

/** For what happens with each event: `expect` is too slow for it. */
function check(condition: boolean, what: string): void {
  if (!condition) fail(what);
}

export function frame(bytes: Buffer, dialect: MboxDialect, sizes: readonly number[] = []): Framed {
  const framed: Framed = { messages: [], doubts: [], leading: 0 };
  const filter = new ContentFilter(dialect, () => undefined);
  let open: FramedMessage | undefined;
  let lineOpen = false;
  let inHeader = false;
  const current = () => open ?? fail('an event outside of a message');
  const framer = new MboxFramer(
    dialect,
    {
      begin: (start) => {
        check(open === undefined, 'a message begins within another');
        open = { ...start, header: [], body: '', end: -1 };
        [lineOpen, inHeader] = [false, true];
        filter.begin();
      },
      header: (buf, start, end, first, last) => {
        check(inHeader && first === !lineOpen, 'a header line out of place');
        lineOpen = !last;
        const { header } = current();
        header.push((first ? '' : header.pop()) + textOf(buf, start, end));
        filter.header(buf, start, end, first);
      },
      headerEnd: () => {
        check(inHeader && !lineOpen, 'the header ends out of place');
        inHeader = false;
        return claimedLength(filter.headerEnd());
      },
      body: (buf, start, end) => {
        check(!inHeader, 'a body without the end of the header');
        current().body += textOf(buf, start, end);
      },
      end: (end) => {
        check(!inHeader, 'an end without the end of the header');
        current().end = end;
        framed.messages.push(current());
        open = undefined;
      },
      doubt: (offset, taken, why) => framed.doubts.push(`${taken ? '+' : '-'}${offset} ${why}`),
      leading: (length) => {
        framed.leading += length;
      },
    },
    inputOf(bytes),
  );
  for (const piece of cut(bytes, sizes)) framer.push(piece);
  framer.end();
  check(open === undefined, 'a message without an end');
  return framed;
}

/** Contents of the messages, latin1. */
export function contents(framed: Framed): string[] {
  return framed.messages.map(({ header, body }) => header.join('') + body);
}

/** Every byte belongs to one message, to one separator, or to what leads the file; contents are the file's own bytes. */
export function expectConserved(bytes: Buffer, framed: Framed, dialect: MboxDialect): void {
  let at = framed.leading;
  for (const { offset, content, end, header, body } of framed.messages) {
    expectSeparator(textOf(bytes, at, offset), textOf(bytes, offset, content), dialect);
    check(at <= offset && offset <= content && content <= end, 'spans out of order');
    expect(header.join('') + body).toBe(textOf(bytes, content, end));
    at = end;
  }
  expect(at).toBeLessThanOrEqual(bytes.length);
  expectSeparator(textOf(bytes, at), '', dialect);
}

/** `before`: between a message's end and the next separator. */
function expectSeparator(before: string, separator: string, dialect: MboxDialect): void {
  if (dialect.marker === 'From ') {
    expect(before).toMatch(/^(?:\r?\n)?$/);
    expect(separator).toMatch(/^(?:From [^\n]*\n?)?$/);
  } else {
    const gap = (before + separator).replaceAll('\x01\x01\x01\x01', 'MARK');
    expect(gap).toMatch(/^(?:MARK[^\n]*(?:\n|$)|[\r\n]|From [^\n]*\n)*$/);
  }
}

const line = (text: string) => fc.constantFrom(`${text}\n`, `${text}\r\n`);

const FROM_LINE = fc.oneof(
  fc.constant(FROM),
  line(FROM.trimEnd()),
  fc.nat(140).map((length) => `${FROM.trimEnd()} ${'x'.repeat(length)}\n`),
  fc.constantFrom(
    'From alice@example.org Thu Nov  9 22:33:52 2001 remote from example.org\n',
    'From - Thu Nov  9 22:33:52 2001\n',
    'From \n',
    'From alice@example.org\n',
    'From me to you, with love\n',
    'From here on Thu Nov  9 it rained\n',
    'From alice@example.org Thu Nov  9 22:33:52 2001',
    'From alice@example.org ??? ???  9 22:33:52 2001\n',
  ),
);

const HEADER = fc.oneof(
  line('Subject: s'),
  line('From: alice@example.org'),
  line('Status: RO'),
  line(' folded'),
  line('X-Keywords: a'),
  line('X-IMAP: 1000 10'),
  fc.nat(110).map((length) => `Status${' '.repeat(length)}: RO\n`),
  fc.nat(110).map((length) => `Content-Length${' '.repeat(length)}: 9\n`),
  line('F'),
  fc.nat(200).chain((length) => line(`Content-Length: ${length}`)),
  fc.nat(200).chain((length) => line(`X-UID: ${'0'.repeat(length)}7`)),
);

const TEXT = fc.oneof(
  fc.constantFrom(
    '\n',
    '\r\n',
    '\n\n',
    '\r',
    '\0',
    'From ',
    'Fro',
    '\x01\x01\x01\x01',
    '\xef\xbb\xbf',
    ' ',
    '\t\n',
  ),
  fc.constantFrom(
    '\x01\x01\x01\x01\n',
    '\x01\x01\x01\x01\r\n',
    '\x01\x01\x01\n',
    'text\n',
    '>From x\n',
    '>>',
  ),
  fc.nat(160).map((length) => `${' '.repeat(length)}\n`),
  fc.nat(160).map((length) => 'y'.repeat(length)),
  fc.nat(160).map((length) => '\n'.repeat(length)),
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 30,
  }),
);

/** A message whose Content-Length is right, or wrong by a little, and may span From_ lines. */
const SIZED = fc
  .tuple(
    fc.array(HEADER, { maxLength: 2 }),
    fc.array(fc.oneof(TEXT, FROM_LINE), { maxLength: 6 }),
    fc.constantFrom(0, 0, 0, 1, -1, 2),
    fc.constantFrom('\n', '\r\n', ''),
  )
  .map(([headers, body, error, newline]) => {
    const text = body.join('');
    const length = Math.max(0, text.length + error);
    return `${FROM}${headers.join('')}Content-Length: ${length}\n\n${text}${newline}`;
  });

/** Bytes that look like an mbox, more or less. */
export const MBOXISH: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: FROM_LINE },
      { weight: 3, arbitrary: HEADER },
      { weight: 6, arbitrary: TEXT },
      { weight: 2, arbitrary: SIZED },
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

/** What the dialect would not refuse as a whole. */
export function acceptable(text: string, dialect: MboxDialect): Buffer {
  return bytesOf(dialect.before === 'anything' ? text : FROM + text);
}

/** Sizes of pieces: single bytes, primes, random ones. */
export const CUTS: fc.Arbitrary<number[]> = fc.oneof(
  fc.constantFrom<number[]>([1], [2], [3], [7], [31], [127], [997]),
  fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 12 }),
);
