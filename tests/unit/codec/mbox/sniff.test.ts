import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Sniffed, sniff } from '../../../../src/codec/mbox/sniff.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const FROM = 'From a@example.org Thu Nov  9 22:33:52 2001\n';
const MAIL = 'From: a@example.org\nSubject: x\n\nbody\n';

test.each<[string, string, Sniffed]>([
  ['an mbox', FROM + MAIL, { kind: 'mbox', leading: 0 }],
  ['CR LF', (FROM + MAIL).replaceAll('\n', '\r\n'), { kind: 'mbox', leading: 0 }],
  ['bare From_ line', `From \r\n${MAIL}`, { kind: 'mbox', leading: 0 }],
  ['user at host', `From a at b.example  Wed Feb  1 19:06:04 2006\n${MAIL}`, { kind: 'mbox', leading: 0 }],
  ['byte order mark', `\xef\xbb\xbf${FROM}${MAIL}`, { kind: 'mbox', leading: 3 }],
  ['blank lines', `  \n\t\r\n\n${FROM}${MAIL}`, { kind: 'mbox', leading: 7 }],
  ['an indented From_ line', `  ${FROM}${MAIL}`, { kind: 'refused', what: 'text that is no mail' }],
  ['only blank lines', '\n \n', { kind: 'mbox', leading: 3 }],
  ['no byte', '', { kind: 'empty' }],
  ['text before the first From_ line', `hello\n\n${FROM}${MAIL}`, { kind: 'junk', first: 7 }],
  ['NULs before the first From_ line', `\0\0\0\n${FROM}${MAIL}`, { kind: 'junk', first: 4 }],
  ['a single message', MAIL, { kind: 'message', leading: 0 }],
  ['a single message behind a blank line', `\n${MAIL}`, { kind: 'message', leading: 1 }],
  ['a message, then an mbox', `${MAIL}\n${FROM}${MAIL}`, { kind: 'message', leading: 0 }],
  ['CR only', (FROM + MAIL).replaceAll('\n', '\r'), { kind: 'cr-only' }],
  ['CR only, text', 'hello\rworld\r', { kind: 'refused', what: 'text that is no mail' }],
  ['MMDF', `\x01\x01\x01\x01\n${MAIL}\x01\x01\x01\x01\n`, { kind: 'mmdf' }],
  ['gzip', '\x1f\x8b\x08\0', { kind: 'gzip' }],
  ['a letter', 'From the desk of a friend\n\nHello\n', { kind: 'refused', what: 'text that is no mail' }],
  ['a script', '#!/bin/sh\nset -e\n', { kind: 'refused', what: 'text that is no mail' }],
  ['noise', '\0\x01\x02\x03\x04\x05\x06\x80\x81', { kind: 'refused', what: 'binary data' }],
])('%s', (_, text, expected) => expect(sniff(bytes(text))).toEqual(expected));

test.each([
  ['UW mbx', '*mbx*\r\n6b05311e00000000\r\n'],
  ['UW mtx', ' 5-Jan-2001 10:00:00 +0100,1234;000000000001-00000001\r\nFrom: a\r\n'],
  ['Foxmail', `\x10\x10\x10\x10\x10\x10\x10\x11\x11\x11\x11\x11\x11S\r\n${MAIL}`],
  ['PST', '!BDN\0\0\0\0'],
  ['DBX', '\xcf\xad\x12\xfe\xc5\xfd'],
  ['OLE', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
  ['SQLite', 'SQLite format 3\0\x10\0'],
  ['Mork', '// <!-- <mdb:mork:z v="1.4"/> -->\n'],
  ['Babyl', 'BABYL OPTIONS: -*- rmail -*-\n'],
  ['dbox', `2 M1e C5f1b2c3d\n\x01\x02N  \n${MAIL}`],
  ['emlx', `1234      \n${MAIL}`],
  ['LISTSERV', `${'='.repeat(73)}\nDate:         Tue, 1 Apr 2014 10:00:00 +0000\n`],
  ['zip', 'PK\x03\x04\x14\0'],
  ['bzip2', 'BZh91AY&SY'],
  ['xz', '\xfd7zXZ\0\0'],
  ['zstd', '\x28\xb5\x2f\xfd\0'],
  ['compress', '\x1f\x9d\x90'],
  ['tar', `${'\0'.repeat(257)}ustar  \0`],
  ['PDF', '%PDF-1.4\n'],
  ['ELF', '\x7fELF\x02\x01'],
  ['UTF-16', '\xff\xfeF\0r\0o\0m\0 \0'],
  ['table of contents', `\x30\0\0\0\0\0\0\0In\0${'\0'.repeat(100)}`],
])('refuses and names: %s', (name, head) => {
  const result = sniff(bytes(head));
  expect(result.kind).toBe('refused');
  if (result.kind === 'refused') expect(result.what).toContain(name);
});

describe('properties', () => {
  it('never throws, and leading bytes are blank', () => {
    const noise = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array).toString('latin1'));
    const piece = fc.oneof(noise, fc.constantFrom(FROM, MAIL, '\n', '\r', 'From ', '\xef\xbb\xbf'));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const head = bytes(pieces.join(''));
        const result = sniff(head);
        if (result.kind === 'mbox' || result.kind === 'message') {
          expect(head.toString('latin1', 0, result.leading)).toMatch(/^(?:\xef\xbb\xbf)?[ \t\r\n]*$/);
        }
      }),
    );
  });

  it('finds the mail behind any text', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n'), minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(letters, (text) => {
        const result = sniff(bytes(`x${text}\n${FROM}${MAIL}`));
        expect(result).toEqual({ kind: 'junk', first: text.length + 2 });
      }),
    );
  });
});
