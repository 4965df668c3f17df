import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseDovecotFromLine } from '../../../../src/codec/mbox/dovecot-from-line.ts';
import { parsePlainFromLine } from '../../../../src/codec/mbox/plain-from-line.ts';

/** `year-month-day hour:minute:second`, month counted from 1, and the offset where the line names one. */
function parse(text: string): string | undefined {
  const bytes = Buffer.from(text, 'latin1');
  const time = parsePlainFromLine(bytes, 0, bytes.length);
  if (time === undefined) return undefined;
  const { year, month, day, hour, minute, second, offset } = time;
  const civil = `${year}-${month + 1}-${day} ${hour}:${minute}:${second}`;
  return offset === undefined ? civil : `${civil} ${offset}`;
}

const NOV = '2001-11-9 22:33:52';

describe('dates that some reader accepts', () => {
  test.each([
    ['a@b Thu Nov  9 22:33:52 2001', NOV],
    ['a@b  Thu Nov  9 22:33:52 2001', NOV],
    ['a@b Thu Nov 09 22:33:52 2001', NOV],
    ['a@b\tThu Nov  9 22:33:52 2001', NOV],
    ['a@b Thu Nov  9  22:33:52  2001', NOV],
    ['a@b Thu Nov  9 22:33:52 2001 remote from host', NOV],
    ['a@b Thu Nov  9 22:33:52 2001 and anything else', NOV],
    ['a@b thu nov  9 22:33:52 2001', NOV],
    ['a@b Xyz Nov  9 22:33:52 2001', NOV],
    ['a@b !!!!Nov  9 22:33:52 2001', NOV],
    ['a@b Nov  9 22:33:52 2001', NOV],
    ['a@b Thursday, Nov 9 22:33:52 2001', NOV],
    ['a@b Thu November 9 22:33:52 2001', NOV],
    ['a@b Thu Nov  9 22:33 2001', '2001-11-9 22:33:0'],
    ['a@b Thu Nov  9 2:33:52 2001', '2001-11-9 2:33:52'],
    ['a@b Thu Nov  9 22.33.52 2001', NOV],
    ['a@b Thu Nov  9 22:33:52 01', NOV],
    ['a@b Thu Nov  9 22:33:52 97', '1997-11-9 22:33:52'],
    ['a@b Thu Nov  9 22:33:52 +0300 2001', `${NOV} 10800`],
    ['a@b Thu Nov  9 22:33:52 2001 +0530', `${NOV} 19800`],
    ['a@b Thu Nov  9 22:33:52 2001 -0330', `${NOV} -12600`],
    ['a@b Thu Nov  9 22:33:52 EST 2001', `${NOV} -18000`],
    ['a@b Thu Nov  9 22:33:52 MET 2001', NOV],
    ['a@b Thu Nov  9 22:33:52 PST DST 2001', NOV],
    ['a@b Thu Nov  9 22:33:52 MEZ-1MESZ 2001', NOV],
    ['a@b Thu Nov  9 22:33:52 EST 2001 +0200', `${NOV} 7200`],
    ['a@b Thu Nov 09 2001 22:33:52 GMT+0200 (CEST)', `${NOV} 7200`],
    ['a@b Thu, 9 Nov 2001 22:33:52 +0200', `${NOV} 7200`],
    ['a@b Thu, 9 Nov 2001 22:33:52 -0400 (EDT)', `${NOV} -14400`],
    ['a@b 9 Nov 2001 22:33:52', NOV],
    ['a@b 9-Nov-2001 22:33:52 -0800', `${NOV} -28800`],
    ['a@b 2001-11-09T22:33:52Z', `${NOV} 0`],
    ['a@b 2001-11-09 22:33:52.123 +02:00', `${NOV} 7200`],
    ['a@b 2001/11/09 22:33:52', NOV],
    ['a@b Thu Nov 99 88:77:66 2001', '2001-11-99 88:77:66'],
    ['a@b Thu Nov  0 22:33:52 2001', '2001-11-1 22:33:52'],
    ['a@b Mon Jan 00 00:00:00 0000', '0-1-1 0:0:0'],
    ['a@b Thu ???  9 22:33:52 2001', '2001-1-9 22:33:52'],
  ])('%s', (text, expected) => expect(parse(text)).toBe(expected));
});

describe('envelope senders', () => {
  test.each([
    '- ',
    '???@??? ',
    'MAILER-DAEMON ',
    'user at host.example  ',
    'First Last at host.example  ',
    '\xa7d\xc0R\xa6p at   ',
    'user at \x93host.example\x94  ',
    '"first last"@host.example ',
    'First Last <user@host.example> ',
    'list-return-5-user=host@example.org ',
    '%f  ',
    ' ',
    '',
  ])('%j', (sender) => expect(parse(`${sender}Thu Nov  9 22:33:52 2001`)).toBe(NOV));
});

describe('no From_ line', () => {
  test.each([
    '',
    '- ',
    'a@b',
    'hell',
    'a@b Thu Nov  9 2001',
    'a@b Thu Nov  9 22:33:52',
    'a@b Thu Foo  9 22:33:52 2001',
    'a@b Thu Nov  x 22:33:52 2001',
    'xiaolou4617ay 23 05:21:05 2017',
    'what I heard on Thu Nov  9 22:33:52 2001',
    'Thu Nov  9 22:33:52 2001 on we met',
    'Monday, 9 Nov 2001 10:00 to noon the server rests',
    'here, see Thu Nov  9 22:33:52 2001 and on',
    'a meeting at noon, see Thu Nov  9 22:33:52 2001',
  ])('%j', (text) => expect(parse(text)).toBeUndefined());
});

describe('properties', () => {
  it('never throws and never looks outside its range', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(300), (bytes, a, b) => {
        const start = Math.min(a, bytes.length);
        const end = Math.max(start, Math.min(b, bytes.length));
        const alone = bytes.slice(start, end);
        expect(parsePlainFromLine(bytes, start, end)).toEqual(parsePlainFromLine(alone, 0, alone.length));
      }),
    );
  });

  it('takes every line that Dovecot takes', () => {
    const part = fc.constantFrom(
      'a@b',
      ' ',
      '  ',
      'Thu ',
      'Thu,',
      '!!!!',
      'Nov',
      '???',
      '9',
      ' 9',
      '22:33:52',
      '22:33',
      '2001',
      '1997',
      'EST',
      '+0200',
      ':',
    );
    const date = fc.tuple(
      fc.constantFrom('Thu ', '!!!!', '    '),
      fc.constantFrom('Nov  9', 'Nov 09', '??? 1'),
      part,
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 4 }),
        date,
        fc.array(part, { maxLength: 6 }),
        (before, [day, month, word], rest) => {
          const text = `${before.join('')} ${day}${month} 22:33:52 ${word} 2001 ${rest.join('')}`;
          const bytes = Buffer.from(text, 'latin1');
          if (parseDovecotFromLine(bytes, 0, bytes.length) === undefined) return;
          expect(parsePlainFromLine(bytes, 0, bytes.length)).toBeDefined();
        },
      ),
    );
  });

  it('is quick on hostile lines', () => {
    for (const piece of ['Thu ', ' ', 'Nov 9 ', 'a at ', '22:33 ', 'Jan 1 1:11 EST ', '"', '<a@b> ']) {
      const bytes = Buffer.from(`${piece.repeat(8192 / piece.length)}1:11`, 'latin1');
      const begin = performance.now();
      parsePlainFromLine(bytes, 0, bytes.length);
      expect(performance.now() - begin).toBeLessThan(200);
    }
  });
});
