import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { digestOf } from '../../../../src/codec/digest.ts';
import type { MailboxMeta, MboxDialect, MessageMeta, Numbering } from '../../../../src/codec/mbox/dialect.ts';
import { dovecotDialect } from '../../../../src/codec/mbox/dovecot.ts';
import { MboxFramer } from '../../../../src/codec/mbox/framer.ts';
import { MessageScanner, type ScanRemark } from '../../../../src/codec/mbox/message-scanner.ts';
import { mmdfDialect, plainDialect } from '../../../../src/codec/mbox/plain.ts';
import { createZone, type Zone } from '../../../../src/codec/time-zone.ts';
import { LIMITS } from '../../../../src/core/limits.ts';
import type { MessageRecord } from '../../../../src/core/message.ts';
import type { Unquote } from '../../../../src/core/types.ts';
import {
  acceptable,
  bytesOf,
  CUTS,
  contents,
  cut,
  DIALECTS,
  FROM,
  frame,
  inputOf,
  MBOXISH,
  textOf,
} from './framing.ts';

interface Settings {
  readonly dialect?: MboxDialect;
  readonly unquote?: Unquote;
  readonly sizes?: readonly number[];
  /** Messages that the store takes, by ordinal. */
  readonly wanted?: (ordinal: number) => boolean;
  /** The bytes are the content of one message. */
  readonly within?: 'file' | 'message';
}

/** Made once: making one is slow. */
const HELSINKI = zoneOf('Europe/Helsinki');

function zoneOf(name: string): Zone {
  const made = createZone(name);
  if (!made.ok) throw new Error(made.reason);
  return made.zone;
}

const FALLBACK_DATE = 12_345;

function scan(bytes: Buffer, settings: Settings = {}) {
  const { dialect = dovecotDialect, unquote = 'none', sizes = [], wanted = () => true } = settings;
  const log: string[] = [];
  const records: MessageRecord[] = [];
  const stored: string[] = [];
  const remarks: ScanRemark[] = [];
  let pieces: string[] = [];
  const scanner = new MessageScanner({
    dialect,
    zone: HELSINKI,
    unquote,
    fallbackDate: FALLBACK_DATE,
    store: {
      begin: (ordinal) => {
        pieces = [];
        log.push(`begin ${ordinal}`);
        return wanted(ordinal);
      },
      data: (data) => pieces.push(textOf(data)),
      end: (date) => {
        log.push(`end ${date}`);
        stored.push(pieces.join(''));
      },
      drop: () => log.push('drop'),
    },
    onMessage: (record, ordinal, storing) => {
      log.push(`message ${ordinal} ${storing}`);
      records.push(record);
    },
    remark: (remark) => remarks.push(remark),
  });
  const framer = new MboxFramer(dialect, scanner, inputOf(bytes), settings.within);
  for (const piece of cut(bytes, sizes)) framer.push(piece);
  framer.end();
  return { log, records, stored, remarks, totals: scanner.finish(), lastPieces: pieces };
}

/** What a client sees of a message's bytes, by plain text processing. */
function visible(content: string, dialect: MboxDialect, unquote: Unquote): string {
  const lines = content.split(/(?<=\n)/);
  let shown = '';
  let hiding = false;
  let at = 0;
  for (; at < lines.length && !/^\r?\n$/.test(lines[at] ?? ''); at++) {
    const line = lines[at] ?? '';
    const name = /^([^:\n]*?)[ \t]*:/.exec(line)?.[1]?.toLowerCase() ?? '';
    if (!/^[ \t]/.test(line)) hiding = dialect.hiddenHeaders.has(name);
    if (!hiding) shown += line;
  }
  const body = lines.slice(at).join('');
  if (unquote === 'none') return shown + body;
  return shown + body.replace(unquote === 'rd' ? /(?<=^|\n)>(>*From )/g : /(?<=^|\n)>(From )/g, '$1');
}

function measure(text: string) {
  const bareLf = (text.match(/(?<!\r)\n/g) ?? []).length;
  return { size: text.length, vsize: text.length + bareLf, digest: digestOf(bytesOf(text)) };
}

const UNQUOTE = fc.constantFrom<Unquote>('none', 'rd', 'o');

class NoPseudo implements Numbering {
  message(): MessageMeta {
    return { uid: 1, flags: 0, keywords: [] };
  }

  replay(): undefined {
    return undefined;
  }

  replayStretch(): boolean {
    return false;
  }

  finish(): MailboxMeta {
    return { uidValidity: undefined, uidNext: 2, keywords: [], renumbered: false };
  }
}

describe.each(DIALECTS)('%s', (_name, dialect) => {
  it('measures and stores what a client sees', () => {
    fc.assert(
      fc.property(MBOXISH, UNQUOTE, CUTS, (text, unquote, sizes) => {
        const bytes = acceptable(text, dialect);
        const { records, stored, totals } = scan(bytes, { dialect, unquote, sizes });
        const expected = contents(frame(bytes, dialect)).map((content) => visible(content, dialect, unquote));
        if (expected.length > records.length) expected.shift(); // the pseudo message
        expect(stored).toEqual(expected);
        expect(records.map(({ size, vsize, digest }) => ({ size, vsize, digest }))).toEqual(
          expected.map(measure),
        );
        expect(totals.messages).toBe(records.length);
      }),
      { numRuns: 300 },
    );
  });

  it('comes to the same when the bytes of one message are read again', () => {
    const again: MboxDialect = {
      ...dialect,
      judge: () => ({ separator: false }),
      contentLength: false,
      trailingNewline: 'never',
      before: 'anything',
      // A message further on that holds a valid X-IMAP is mail; here it comes first.
      numbering: () => new NoPseudo(),
      marker: 'From ',
    };
    fc.assert(
      fc.property(MBOXISH, UNQUOTE, CUTS, (text, unquote, sizes) => {
        const bytes = acceptable(text, dialect);
        const { records, stored } = scan(bytes, { dialect, unquote });
        for (const [i, { start, end, size, vsize, digest }] of records.entries()) {
          const content = Buffer.from(bytes.subarray(start, end));
          const copy = scan(content, { dialect: again, unquote, sizes, within: 'message' });
          expect(copy.records).toMatchObject([{ size, vsize, digest, start: 0, end: end - start }]);
          expect(copy.stored).toEqual([stored[i]]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the pseudo message', () => {
  const pseudo = `${FROM}X-IMAP: 1000 10 kw\nStatus: RO\n\nThis text is part of\n>From x\n\n`;
  const text = `${pseudo}${FROM}X-UID: 7\n\na\n\n${FROM}\nb\n`;

  it('is dropped, and counts nowhere', () => {
    const { log, records, stored, totals, remarks } = scan(bytesOf(text));
    expect(log).toEqual([
      ...['begin 0', 'drop'],
      ...['begin 0', 'end 1005338032', 'message 0 true'],
      ...['begin 1', 'end 1005338032', 'message 1 true'],
    ]);
    expect(records).toMatchObject([{ uid: 7 }, { uid: 11 }]);
    expect(stored).toEqual(['\na\n', '\nb']);
    expect(totals).toMatchObject({ messages: 2, uidValidity: 1000, uidNext: 12, keywords: ['kw'] });
    expect(remarks).toEqual([]);
  });

  it('leaves nothing behind when it is large', () => {
    const large = text.replace('This', `${'x\n'.repeat(LIMITS.assembly)}This`);
    const [first] = scan(bytesOf(large)).records;
    expect(first).toMatchObject(measure('\na\n'));
  });

  it('need not be dropped where it was not wanted', () => {
    expect(scan(bytesOf(pseudo), { wanted: () => false }).log).toEqual(['begin 0']);
  });
});

describe('the store', () => {
  it('gets a large message in several pieces', () => {
    const body = 'line of text\r\nx\n'.repeat(50_000);
    const { lastPieces, records, stored } = scan(bytesOf(`${FROM}A: 1\n\n${body}\n`), { sizes: [65_536] });
    const content = `A: 1\n\n${body}`;
    expect(lastPieces.map((piece) => piece.length)).toEqual([
      ...[LIMITS.assembly, LIMITS.assembly, LIMITS.assembly],
      content.length - 3 * LIMITS.assembly,
    ]);
    expect(stored[0] === content).toBe(true);
    expect(records[0]).toMatchObject(measure(content));
  });

  it('gets nothing of a message that it does not want, which is measured all the same', () => {
    const text = bytesOf(`${FROM}A: 1\n\na\n\n${FROM}B: 2\n\nb\n\n${FROM}C: 3\n\nc\n`);
    const all = scan(text);
    const some = scan(text, { wanted: (ordinal) => ordinal !== 1 });
    expect(some.records).toEqual(all.records);
    expect(some.stored).toEqual(['A: 1\n\na\n', 'C: 3\n\nc']);
    expect(some.log.filter((line) => line.startsWith('message'))).toEqual([
      'message 0 true',
      'message 1 false',
      'message 2 true',
    ]);
  });
});

describe('INTERNALDATE', () => {
  test.each<[string, MboxDialect, string, number, string[]]>([
    ['the From_ line’s, in the server’s zone', dovecotDialect, `${FROM}Date: x\n`, 1_005_338_032, []],
    ['with an offset', dovecotDialect, `${FROM.replace('\n', ' +0300\n')}A: 1\n`, 1_005_334_432, []],
    ['else the Date field’s', plainDialect, 'Date: Fri, 09 Nov 2001 22:33:52 +0100\n', 1_005_341_632, []],
    ['else the file’s', plainDialect, 'Date: Friday\n', FALLBACK_DATE, ['NO_DATE']],
    ['else the file’s, without a Date', plainDialect, 'A: 1\n', FALLBACK_DATE, ['NO_DATE']],
    ['MMDF', mmdfDialect, `\x01\x01\x01\x01\n${FROM}A: 1\n`, 1_005_338_032, []],
  ])('%s', (_name, dialect, text, date, codes) => {
    const { records, remarks, log } = scan(bytesOf(text), { dialect });
    expect(records).toMatchObject([{ date }]);
    expect(log).toContain(`end ${date}`);
    expect(remarks.map(({ severity, code }) => [severity, code])).toEqual(
      codes.map((code) => ['finding', code]),
    );
  });
});

describe('what it has to say', () => {
  it('remarks about metadata carry the UID and the place', () => {
    const text = `${FROM}X-IMAPbase: 1000 10\nX-UID: 7\n\na\n\n${FROM}X-UID: 3\n\nb\n`;
    expect(scan(bytesOf(text)).remarks).toMatchObject([
      { severity: 'note', code: 'METADATA', uid: 11, offset: text.lastIndexOf(FROM), message: /X-UID 3/ },
    ]);
  });

  it('a metadata field that is too long', () => {
    const text = `${FROM}A: 1\n\na\n\n${FROM}X-Keywords: ${'k'.repeat(LIMITS.metadataHeader)}\n\nb\n\n${FROM}\nc\n`;
    const { remarks, stored } = scan(bytesOf(text));
    expect(remarks).toMatchObject([
      { severity: 'finding', code: 'HEADER_TOO_LONG', offset: FROM.length + 9 },
      { severity: 'note', code: 'METADATA' },
    ]);
    expect(stored).toEqual(['A: 1\n\na\n', '\nb\n', '\nc']);
  });

  it('doubts of the dialect', () => {
    const text = `${FROM}A: 1\n\na\n\nFrom x@y\nz: 1\n\n${FROM}\nb\n`;
    const { remarks } = scan(bytesOf(text), { dialect: plainDialect });
    expect(remarks).toMatchObject([
      { severity: 'finding', code: 'DOUBTFUL_LINE', offset: text.indexOf('From x') },
      { severity: 'finding', code: 'WEAK_SEPARATOR', offset: text.lastIndexOf(FROM) },
    ]);
  });

  it('totals', () => {
    const text = `\n\n${FROM}A: 1\n\n>From x\n>>From y\n\n${FROM}B: 2\n\n>From z\n`;
    const { totals, records } = scan(bytesOf(text), { dialect: plainDialect, unquote: 'o' });
    expect(totals).toEqual({
      ...{ messages: 2, leading: 2, unquoted: 2 },
      ...{ uidValidity: undefined, uidNext: 3, keywords: [], renumbered: false },
    });
    expect(records.map(({ start, end }) => text.slice(start, end))).toEqual([
      'A: 1\n\n>From x\n>>From y\n',
      'B: 2\n\n>From z\n',
    ]);
  });

  it('flags and keywords go into the record', () => {
    const text = `${FROM}X-IMAPbase: 1000 10 a b\nStatus: RO\nX-Keywords: B\n\nx\n`;
    expect(scan(bytesOf(text)).records).toMatchObject([{ uid: 11, flags: 8, keywords: ['b'] }]);
  });
});
