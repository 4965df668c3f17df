import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageMeta } from '../../src/codec/mbox/dialect.ts';
import { uwDialect } from '../../src/codec/mbox/uw.ts';
import { UwNumbering } from '../../src/codec/mbox/uw-numbering.ts';
import { FLAG } from '../../src/core/types.ts';
import { readWithUw, type UwMailbox, UwRefusal } from '../helpers/uw.ts';
import { type Field, FROM_LINES, NUMBERING_CASES, type NumberingCase } from '../helpers/uw-cases.ts';

/** c-client 2007f judges the pure functions of the `uw` rules, and the tables that their unit tests use. */

/** The same lines and fields in every run; others with SPOOLSYNC_SEED. */
const SEED = Number(process.env['SPOOLSYNC_SEED'] ?? 1);

/** A zone without summer time since 1986, so that local dates can be told from all others. */
const TZ = 'Asia/Kathmandu';
const LOCAL = (5 * 60 + 45) * 60;

const SURE = 'From z@z Fri Nov 10 00:00:00 2006';
const NEW_UIDVALIDITY = 'note Assigning new unique identifiers to all messages';

/** What a candidate is: no separator, a separator without a date, or the epoch seconds of its date. */
type Reading = 'text' | 'undated' | number;

/** c-client's reading of lines, each put between two messages beyond doubt. */
function theirs(lines: readonly string[]): Reading[] {
  const sure = (i: number) => `${SURE}\nSure: ${i}\n\ntext\n\n`;
  const text = lines.map((line, i) => `${sure(i)}From ${line}\nCandidate: ${i}\n\ntext\n\n`).join('');
  const readings: Reading[] = lines.map(() => 'text');
  let found = 0;
  for (const { bytes, internalDate } of readWithUw(Buffer.from(text, 'latin1'), { tz: TZ }).messages) {
    const [, kind, i] = /^(Sure|Candidate): (\d+)\r\n/.exec(bytes.toString('latin1', 0, 40)) ?? [];
    if (kind === 'Candidate') readings[Number(i)] = internalDate ?? 'undated';
    else if (kind === 'Sure') found++;
  }
  expect(found).toBe(lines.length);
  return readings;
}

function ours(line: string): Reading {
  const buf = Buffer.from(`From ${line}\nX: y\n`, 'latin1');
  const lineEnd = buf.indexOf('\n') - (line.endsWith('\r') ? 1 : 0);
  const verdict = uwDialect.judge({
    buf,
    start: 0,
    lineEnd,
    next: buf.indexOf('\n') + 1,
    end: buf.length,
    offset: 0,
    blankBefore: true,
    ordinal: 0,
    previous: new Uint8Array(0),
  });
  if (!verdict.separator) return 'text';
  if (verdict.date === undefined) return 'undated';
  const { year, month, day, hour, minute, second, offset = LOCAL } = verdict.date;
  return Date.UTC(year, month, day, hour, minute, second) / 1000 - offset;
}

describe('From_ lines', () => {
  it('are read as the table says', () => {
    const expected = FROM_LINES.map(([line, text]) => {
      const [date, time, offset = LOCAL] = text.split(' ');
      if (time === undefined) return [line, text];
      const [year = 0, month = 0, day] = (date ?? '').split('-').map(Number);
      const [hour, minute, second] = time.split(':').map(Number);
      return [line, Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Number(offset)];
    });
    const read = theirs(FROM_LINES.map(([line]) => line));
    expect(FROM_LINES.map(([line], i) => [line, read[i]])).toEqual(expected);
  });

  it('are read alike with CR LF, and with every three-letter zone', () => {
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    const zones = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
    const lines = [
      ...FROM_LINES.map(([line]) => `${line}\r`),
      ...zones.map((zone) => `a@b Thu Nov  9 22:33:52 ${zone} 2001`),
    ];
    const read = theirs(lines);
    expect(lines.map((line, i) => [line, read[i]])).toEqual(lines.map((line) => [line, ours(line)]));
  });

  it('are read alike when they are damaged', () => {
    const whole = fc.constantFrom(...FROM_LINES.map(([line]) => line));
    const byte = fc.constantFrom(...' :+-0123456789abNovESTG\t\r\0\xe9,');
    const damage = fc.record({
      back: fc.nat(36),
      length: fc.nat(2),
      bytes: fc.array(byte, { maxLength: 2 }),
    });
    const line = fc.tuple(whole, fc.array(damage, { maxLength: 3 })).map(([text, damages]) => {
      return damages.reduce((damaged, { back, length, bytes }) => {
        const at = Math.max(0, damaged.length - back);
        return damaged.slice(0, at) + bytes.join('') + damaged.slice(at + length);
      }, text);
    });
    fc.assert(
      fc.property(fc.array(line, { minLength: 200, maxLength: 400 }), (lines) => {
        const read = theirs(lines);
        const own = lines.map(ours);
        for (const [i, text] of lines.entries()) expect([text, own[i]]).toEqual([text, read[i]]);
      }),
      // The failing line is in the message; to shrink two hundred others takes minutes.
      { numRuns: 20, endOnFailure: true, seed: SEED },
    );
  });
});

/** An mbox of messages with nothing but the given fields. */
function mbox(messages: readonly (readonly Field[])[]): Buffer {
  const field = ([name, value]: Field) => `${name}:${value}\n`;
  return Buffer.from(messages.map((fields) => `${SURE}\n${fields.map(field).join('')}\n`).join(''), 'latin1');
}

interface Numbered {
  readonly uidValidity: number | undefined;
  readonly uidNext: number;
  readonly uids: readonly number[];
  /** Names of each message, sorted. */
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
}

function numberedByUw({ uidValidity, uidLast, messages, log }: UwMailbox): Numbered {
  return {
    uidValidity: log.includes(NEW_UIDVALIDITY) ? undefined : uidValidity,
    uidNext: uidLast + 1,
    uids: messages.map((message) => message.uid),
    flags: messages.map((message) => message.flags.join(' ')),
    keywords: messages.map((message) => [...message.keywords].sort().join(' ')),
  };
}

function numberedByUs(messages: readonly (readonly Field[])[]): Numbered {
  const numbering = new UwNumbering();
  const all = messages.map((fields) => numbering.message(fields.map(([name, value]) => ({ name, value }))));
  const metas = all.filter((meta): meta is MessageMeta => meta !== 'pseudo');
  const { uidValidity, uidNext } = numbering.finish();
  const flags = (set: number) =>
    Object.entries(FLAG)
      .filter(([, bit]) => (set & bit) !== 0)
      .map(([name]) => `\\${name[0]?.toUpperCase()}${name.slice(1)}`);
  return {
    uidValidity,
    uidNext,
    uids: metas.map((meta) => meta.uid),
    flags: metas.map((meta) => flags(meta.flags).sort().join(' ')),
    keywords: metas.map((meta) => [...meta.keywords].sort().join(' ')),
  };
}

describe('UIDs, flags and keywords', () => {
  const filled = ({ uidValidity, uidNext, uids, flags, keywords }: NumberingCase): Numbered => {
    const none = uids.map(() => '');
    return { uidValidity, uidNext, uids, flags: flags ?? none, keywords: keywords ?? none };
  };

  it.each(NUMBERING_CASES)('$name', (row) => {
    // An empty mailbox gets its UIDVALIDITY without a word.
    expect(numberedByUw(readWithUw(mbox(row.messages)))).toEqual(filled(row));
  });

  it('are the same for a client that may write, and stay', () => {
    for (const row of NUMBERING_CASES) {
      const first = readWithUw(mbox(row.messages), { write: true });
      expect([row.name, numberedByUw(first)]).toEqual([row.name, filled(row)]);
      const again = readWithUw(first.rewritten ?? '');
      expect({ ...again, log: [], rewritten: undefined }).toEqual({
        ...first,
        log: [],
        rewritten: undefined,
      });
    }
  });

  it('are computed alike from random fields', () => {
    const names = ['X-IMAPbase', 'X-IMAP', 'X-UID', 'X-UID', 'Status', 'X-Status', 'X-Keywords', 'x-uid'];
    const words = fc.array(fc.constantFrom('kwA', 'KWA', 'b', 'other', 'R', 'D', 'F'), { maxLength: 4 });
    const value = fc.oneof(
      fc.nat(12).map(String),
      fc.tuple(fc.nat(3), fc.nat(12), words).map(([a, b, rest]) => ` ${[a, b, ...rest].join(' ')}`),
      words.map((list) => ` ${list.join(' ')}  `),
    );
    const message = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 4 });
    const first = fc.tuple(fc.constant<Field>(['X-IMAPbase', ' 1000 10 kwA b']), message);
    const mailbox = fc.tuple(
      fc.oneof(
        first.map(([base, rest]) => [base, ...rest]),
        message,
      ),
      fc.array(message, { maxLength: 6 }),
    );
    fc.assert(
      fc.property(mailbox, ([head, rest]) => {
        const messages = [head, ...rest];
        const by = numberedByUw(readWithUw(mbox(messages)));
        // Where the file has no valid UIDVALIDITY and no message, c-client makes one up without a word.
        fc.pre(by.uids.length > 0);
        expect(numberedByUs(messages)).toEqual(by);
      }),
      { numRuns: 200, seed: SEED },
    );
  });
});

describe('what a client gets of a file', () => {
  const LINE = 'From a@b Thu Nov  9 22:33:52 2001\n';
  const read = (text: string) =>
    readWithUw(Buffer.from(text, 'latin1')).messages.map(({ bytes }) =>
      bytes.toString('latin1').replaceAll('\r\n', '\n'),
    );

  it.each<readonly [name: string, text: string, contents: readonly string[]]>([
    ['an empty line before the separator', `${LINE}A: b\n\nx\n\n${LINE}\ny\n\n`, ['A: b\n\nx\n', '\ny\n']],
    ['no empty line before it', `${LINE}A: b\n\nx\n${LINE}\ny\n`, ['A: b\n\nx\n', '\ny\n']],
    ['two empty lines before it', `${LINE}A: b\n\nx\n\n\n${LINE}\ny\n\n\n`, ['A: b\n\nx\n\n', '\ny\n\n']],
    ['no line end at the end', `${LINE}A: b\n\nx`, ['A: b\n\nx']],
    ['the empty line behind the header', `${LINE}A: b\n\n${LINE}A: b\n\n\n`, ['A: b\n\n', 'A: b\n\n']],
    ['a From_ line in the header', `${LINE}A: b\n${LINE}C: d\n\nx\n`, [`A: b\n${LINE}C: d\n\nx\n`]],
    ['a last From_ line without a line end', `${LINE}\nx\n\n${LINE.trim()}`, [`\nx\n\n${LINE.trim()}`]],
    ['empty lines first', `\n\r\n \t\n${LINE}\nx\n`, ['\nx\n']],
    [
      'a Content-Length',
      `${LINE}Content-Length: 45\n\nx\n\n${LINE}\ny\n`,
      ['Content-Length: 45\n\nx\n', '\ny\n'],
    ],
    ['CR LF', `${LINE}A: b\n\nx\n\n${LINE}\ny\n\n`.replaceAll('\n', '\r\n'), ['A: b\n\nx\n', '\ny\n']],
    ['a CR alone is not shown', `${LINE}A: \rb\n\nx\ry\r\r\n`, ['A: b\n\nxy\n']],
    ['NUL: a blank in a field name, else itself', `${LINE}A\0A:\0b\n\nx\0\n`, ['A A:\0b\n\nx\0\n']],
    ['>From is not unescaped', `${LINE}>From x\nA: b\n\n>From y\n`, ['>From x\nA: b\n\n>From y\n']],
    [
      'hidden fields, in any case',
      `${LINE}X-UID: 1\nSTATUS: R\nx-imapbase: 1\nX-UIDL: z\n\n`,
      ['X-UIDL: z\n\n'],
    ],
    [
      'hidden fields without a colon',
      `${LINE}Status : R\nStatus R\nStatus\nStatuses: R\n\n`,
      ['Statuses: R\n\n'],
    ],
    ['their continuation lines', `${LINE}Status: R\n F\n\tA\nA: b\n c\n\n`, ['A: b\n c\n\n']],
  ])('%s', (_name, text, contents) => expect(read(text)).toEqual(contents));

  it.each([
    ['text', `text\n${LINE}\nx\n`],
    ['a byte order mark', `\xef\xbb\xbf${LINE}\nx\n`],
    ['a blank on the line', `\n ${LINE}\nx\n`],
    ['too many empty lines', `${'\n'.repeat(1020)}${LINE}\nx\n`],
    ['empty lines only', '\n\n'],
  ])('is no mbox with %s before the first From_ line', (_name, text) => {
    expect(() => read(text)).toThrow(UwRefusal);
  });

  it('gives local dates the offset of today, not of their season', () => {
    const dates = ['Mon Jan  8 12:00:00 2001', 'Mon Jul  9 12:00:00 2001'];
    const file = Buffer.from(dates.map((date) => `From a@b ${date}\n\nx\n\n`).join(''));
    const [january = 0, july = 0] = readWithUw(file, { tz: 'Europe/Helsinki' }).messages.map(
      (message) => message.internalDate ?? 0,
    );
    const noon = dates.map((date) => Date.parse(`${date} UTC`) / 1000);
    expect((noon[0] ?? 0) - january).toBe((noon[1] ?? 0) - july);
  });
});
