import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { countFieldLines } from '../../../../src/codec/mbox/field-lines.ts';

function count(text: string): [fields: number, known: number] {
  const bytes = Buffer.from(text, 'latin1');
  const { fields, known } = countFieldLines(bytes, 0, bytes.length);
  return [fields, known];
}

test.each<[string, string, number, number]>([
  ['nothing', '', 0, 0],
  ['an empty line', '\nFrom: a\n', 0, 0],
  ['fields', 'From: a\nNote: b\n\nTo: c\n', 2, 1],
  ['CR LF', 'From: a\r\nTo: b\r\n\r\nCc: c\r\n', 2, 2],
  ['no line end', 'From: a', 1, 1],
  ['continuation lines', 'X-Blah: a\n\tb\n  c\nTo: d\n', 2, 2],
  ['a continuation line first', ' a: b\nFrom: a\n', 0, 0],
  ['a quoted From_ line first', '>From a Thu\nFrom: a\n', 1, 1],
  ['a quoted From_ line later', 'From: a\n>From a Thu\nTo: a\n', 1, 1],
  ['families of names', 'X-A: 1\nList-Id: 2\nResent-To: 3\nContent-Type: 4\n', 4, 4],
  ['names in any case', 'FROM: a\nmessage-id: b\n', 2, 2],
  ['a URL', 'http://example.org/\n', 0, 0],
  ['a name with a blank', 'Dear all: hello\n', 0, 0],
  ['an 8-bit name', 'Gr\xfc\xdfe: hello\n', 0, 0],
  ['no name', ': hello\n', 0, 0],
  ['a name too long', `${'a'.repeat(200)}: b\n`, 0, 0],
  ['many fields', 'To: a\n'.repeat(100), 8, 8],
])('%s', (_, text, fields, known) => expect(count(text)).toEqual([fields, known]));

it('never throws and keeps to its range', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
      const end = Math.min(at, bytes.length);
      expect(countFieldLines(bytes, 0, end)).toEqual(countFieldLines(bytes.slice(0, end), 0, end));
    }),
  );
});
