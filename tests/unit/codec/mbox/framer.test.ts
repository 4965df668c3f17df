import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Candidate, MboxDialect } from '../../../../src/codec/mbox/dialect.ts';
import { dovecotDialect } from '../../../../src/codec/mbox/dovecot.ts';
import { MboxFramer } from '../../../../src/codec/mbox/framer.ts';
import { mmdfDialect, plainDialect } from '../../../../src/codec/mbox/plain.ts';
import { uwDialect } from '../../../../src/codec/mbox/uw.ts';
import { LIMITS } from '../../../../src/core/limits.ts';
import {
  acceptable,
  bytesOf,
  contents,
  DIALECTS,
  expectConserved,
  FROM,
  frame,
  inputOf,
  MBOXISH,
} from './framing.ts';

/** The whole limits; `framer-pieces.test.ts` looks at cuts with small ones. */

const CRLF_FROM = FROM.replace('\n', '\r\n');

function read(text: string, dialect: MboxDialect = dovecotDialect) {
  const bytes = bytesOf(text);
  const framed = frame(bytes, dialect);
  expectConserved(bytes, framed, dialect);
  expect(frame(bytes, dialect, [1])).toEqual(framed);
  return framed;
}

describe('message boundary', () => {
  const second = ['B: 2\n\nb'];
  test.each<[string, string, string[]]>([
    ['the empty line before a separator is the separator’s', `A: 1\n\nline1\n\n${FROM}`, ['A: 1\n\nline1\n']],
    ['without an empty line the last line end is', `A: 1\n\nline1\n${FROM}`, ['A: 1\n\nline1']],
    ['only one line end is', `A: 1\n\nline1\n\n\n${FROM}`, ['A: 1\n\nline1\n\n']],
    ['CR LF is one line end', `A: 1\r\n\r\nx\r\n\r\n${FROM}`, ['A: 1\r\n\r\nx\r\n']],
    ['header only', `Subject: s1\n${FROM}`, ['Subject: s1\n']],
    ['header only and an empty line', `Subject: s2\n\n${FROM}`, ['Subject: s2\n']],
    ['header only, CR LF', `Subject: s2\r\n\r\n${FROM}`, ['Subject: s2\r\n']],
    ['an empty body', `A: 1\n\n\n${FROM}`, ['A: 1\n\n']],
    ['a From_ line right behind another', FROM, []],
    ['an empty line', `\n${FROM}`, ['']],
    ['two empty lines', `\n\n${FROM}`, ['\n']],
    [
      'a From_ line without a date is text',
      `A: 1\n\nFrom nobody else\n\n${FROM}`,
      ['A: 1\n\nFrom nobody else\n'],
    ],
    ['quoting stays', `A: 1\n\n>From x\n>>From y\n\n${FROM}`, ['A: 1\n\n>From x\n>>From y\n']],
    ['a quoted From_ line in the header', `>${FROM}A: 1\n\nx\n\n${FROM}`, [`>${FROM}A: 1\n\nx\n`]],
    [
      'a line in the header that is no field',
      `A: 1\nbogus line here\nB: 2\n\nx\n\n${FROM}`,
      ['A: 1\nbogus line here\nB: 2\n\nx\n'],
    ],
    [
      'a From_ line without a date in the header',
      `From nobody else\nA: 1\n\nx\n\n${FROM}`,
      ['From nobody else\nA: 1\n\nx\n'],
    ],
    ['a line that begins behind a bare CR', `A: 1\n\nx\r${FROM}y\n\n${FROM}`, [`A: 1\n\nx\r${FROM}y\n`]],
    ['a bare CR stays', `A: 1\n\nx\ry\n\n${FROM}`, ['A: 1\n\nx\ry\n']],
    [
      'a bare From_ line hides what begins behind it',
      `A: 1\n\nFrom \n${FROM}x\n\n${FROM}`,
      [`A: 1\n\nFrom \n${FROM}x\n`],
    ],
    ['a bare From_ line with a blank does not', `A: 1\n\nFrom  \n${FROM}`, ['A: 1\n\nFrom  ']],
    ['an indented From_ line', `A: 1\n\n ${FROM}\n${FROM}`, [`A: 1\n\n ${FROM}`]],
    ['NUL', `A: 1\n\nx\0y\n\n${FROM}`, ['A: 1\n\nx\0y\n']],
  ])('%s', (_name, text, expected) => {
    const behind = expected.length === 0 ? [`${text}B: 2\n\nb`] : second;
    expect(contents(read(`${FROM}${text}B: 2\n\nb\n`))).toEqual([...expected, ...behind]);
    expect(contents(read(`${CRLF_FROM}${text}B: 2\n\nb\n`))).toEqual([...expected, ...behind]);
  });

  test.each<[string, string, string]>([
    ['one line end is removed', 'A: 1\n\nx\n', 'A: 1\n\nx'],
    ['only one', 'A: 1\n\nx\n\n', 'A: 1\n\nx\n'],
    ['none there', 'A: 1\n\nx', 'A: 1\n\nx'],
    ['CR LF', 'A: 1\r\n\r\nx\r\n', 'A: 1\r\n\r\nx'],
    ['bare CR stays', 'A: 1\n\nx\r', 'A: 1\n\nx\r'],
    ['NULs behind the last line', 'A: 1\n\nx\n\0\0', 'A: 1\n\nx\n\0\0'],
    ['header only keeps its line end', 'A: 1\n', 'A: 1\n'],
    ['header only and an empty line', 'A: 1\n\n', 'A: 1\n'],
    ['header cut short', 'A: 1', 'A: 1'],
    ['nothing', '', ''],
    ['the beginning of a From_ line', 'A: 1\n\nx\nFrom ', 'A: 1\n\nx\nFrom '],
    ['less of it', 'A: 1\n\nx\nFro', 'A: 1\n\nx\nFro'],
  ])('end of file: %s', (_name, text, expected) => {
    expect(contents(read(FROM + text))).toEqual([expected]);
  });

  it('an empty file has no messages', () => {
    for (const [, dialect] of DIALECTS) {
      expect(frame(Buffer.alloc(0), dialect)).toEqual({ messages: [], doubts: [], leading: 0 });
    }
  });

  it('a separator without a line end opens a message', () => {
    expect(contents(read(`${FROM}A: 1\n\nx\n\n${FROM.trimEnd()}`))).toEqual(['A: 1\n\nx\n', '']);
  });

  it('tells where a message begins and ends, and its date', () => {
    const { messages } = read(`${FROM}A: 1\n\nx\n\n${FROM.replace('22:33', '22:34')}B: 2\n`);
    const [length, date] = [FROM.length, { year: 2001, month: 10, day: 9, hour: 22, second: 52 }];
    expect(messages).toMatchObject([
      { offset: 0, content: length, end: length + 8, date: { ...date, minute: 33 } },
      { offset: length + 9, content: 2 * length + 9, end: 2 * length + 14, date: { ...date, minute: 34 } },
    ]);
  });
});

describe('Content-Length', () => {
  const inner = `line1\n\n${FROM}inner`;
  const message = (length: number | string, body = inner) => `${FROM}Content-Length: ${length}\n\n${body}`;
  const whole = [`Content-Length: ${inner.length}\n\n${inner}`];
  const split = (length: number | string) => [`Content-Length: ${length}\n\nline1\n`, 'inner'];

  test.each<[string, number | string, string, boolean]>([
    ['lands on a separator', inner.length, `\n${FROM}B: 2\n`, true],
    ['lands on a separator behind CR LF', inner.length, `\r\n${FROM}B: 2\n`, true],
    ['lands on the last line end', inner.length, '\n', true],
    ['lands on the last CR LF', inner.length, '\r\n', true],
    ['lands on the end of the file', inner.length, '', false],
    ['lands on a separator itself', inner.length + 1, `\n${FROM}B: 2\n`, false],
    ['includes the last line end', inner.length + 1, '\n', false],
    ['too small', inner.length - 1, `\n${FROM}B: 2\n`, false],
    ['beyond the file', 10 * inner.length, `\n${FROM}B: 2\n`, false],
    ['lands on a line that is no separator', inner.length, '\nFrom nobody else\n', false],
    ['lands on a line end, with one more behind', inner.length, `\n\n${FROM}B: 2\n`, false],
    ['no number', `${inner.length}x`, `\n${FROM}B: 2\n`, false],
    ['negative', '-1', `\n${FROM}B: 2\n`, false],
  ])('%s', (_name, length, behind, believed) => {
    const found = contents(read(message(length) + behind));
    if (believed) expect(found[0]).toBe(whole[0]);
    else expect(found[0]).toBe(split(length)[0]);
    expect(found.length).toBe((believed ? 1 : 2) + (behind.includes('B: 2') ? 1 : 0));
  });

  it('the first that is a number counts', () => {
    const fields = (...values: unknown[]) => values.map((value) => `content-length: ${value}\n`).join('');
    const count = (header: string) => read(`${FROM}${header}\n${inner}\n${FROM}B: 2\n`).messages.length;
    expect(count(fields(inner.length, 3))).toBe(2);
    expect(count(fields(3, inner.length))).toBe(3);
    expect(count(fields('x', inner.length))).toBe(2);
  });

  it('holds for one message only', () => {
    const text = `${message(inner.length)}\n${FROM}B: 2\n\n${inner}\n`;
    expect(contents(read(text))).toEqual([...whole, 'B: 2\n\nline1\n', 'inner\n']);
  });

  it('counts bytes from behind the empty line, CR LF too', () => {
    const crlf = `line1\r\n\r\n${CRLF_FROM}inner`;
    const header = `Content-Length: ${crlf.length}\r\n\r\n`;
    expect(contents(read(`${CRLF_FROM}${header}${crlf}\r\n${CRLF_FROM}B: 2\r\n`))).toEqual([
      header + crlf,
      'B: 2\r\n',
    ]);
  });

  it('UW does not look at it; plain does', () => {
    const text = `${message(inner.length)}\n${FROM}B: 2\n`;
    expect(contents(read(text, uwDialect))).toEqual([split(inner.length)[0], `inner\n${FROM}B: 2\n`]);
    expect(contents(read(text.replace('inner', '\ninner'), uwDialect))).toEqual([
      split(inner.length)[0],
      '\ninner\n',
      'B: 2\n',
    ]);
    expect(contents(read(text, plainDialect))).toEqual([...whole, 'B: 2\n']);
  });

  it('looks ahead without waiting for a large message', () => {
    const body = `x\n\n${FROM}\n`.repeat(20_000);
    const bytes = bytesOf(`${message(body.length, body)}\n${FROM}B: 2\n\nlast`);
    const peeks: number[] = [];
    const given: number[] = [];
    const ignore = () => undefined;
    const framer = new MboxFramer(
      dovecotDialect,
      {
        begin: ignore,
        header: ignore,
        headerEnd: () => body.length,
        body: (_buf, start, end) => given.push(end - start),
        end: ignore,
        doubt: ignore,
        leading: ignore,
      },
      {
        size: bytes.length,
        peek: (at, length) => {
          peeks.push(length);
          return bytes.subarray(at, at + length);
        },
      },
    );
    const half = bytes.length >> 1;
    framer.push(bytes.subarray(0, half));
    expect(given.reduce((sum, length) => sum + length)).toBeGreaterThan(half - 1000);
    framer.push(bytes.subarray(half));
    framer.end();
    // And a few bytes before: a bare From_ line there would hide the separator.
    expect(peeks).toEqual([2 + LIMITS.fromLine + LIMITS.lookahead, 7]);
  });
});

describe('the line end before a separator', () => {
  const cases: [string, string, string, string][] = [
    // text before a separator, then what `always`, `blank-line`, `never` leave
    ['x\n\n', 'x\n', 'x\n', 'x\n\n'],
    ['x\n', 'x', 'x\n', 'x\n'],
    ['x\r\n\r\n', 'x\r\n', 'x\r\n', 'x\r\n\r\n'],
    ['x\r\n', 'x', 'x\r\n', 'x\r\n'],
    ['x\n\r\n', 'x\n', 'x\n', 'x\n\r\n'],
    ['x\n\n\n', 'x\n\n', 'x\n\n', 'x\n\n\n'],
    ['\n', '', '', '\n'],
    ['\r\n', '', '', '\r\n'],
    ['', '', '', ''],
  ];
  const rules = ['always', 'blank-line', 'never'] as const;
  test.each(cases)('%j', (before, ...expected) => {
    const found = rules.map((trailingNewline) => {
      const dialect: MboxDialect = { ...dovecotDialect, trailingNewline };
      const [first, second] = contents(read(`${FROM}A: 1\n\n${before}${FROM}B: 2\n\n${before}`, dialect));
      expect(second).toBe(first?.replace('A: 1', 'B: 2'));
      return first;
    });
    // The empty line behind the header is the separator's where nothing follows it.
    const header = (rest: string, rule: string) =>
      before === '' && rule !== 'never' ? 'A: 1\n' : `A: 1\n\n${rest}`;
    expect(found).toEqual(expected.map((rest, i) => header(rest, rules[i] ?? '')));
  });
});

describe('the beginning of the file', () => {
  test.each<[string, string, string[], number]>([
    ['empty lines', `\n\n${FROM}A: 1\n\nx\n`, ['A: 1\n\nx\n'], 2],
    ['blanks', ` \t\r\n\r\n${FROM}A: 1\n`, ['A: 1\n'], 6],
    ['byte order mark', `\xef\xbb\xbf${FROM}A: 1\n`, ['A: 1\n'], 3],
    ['byte order mark and empty lines', `\xef\xbb\xbf\n${FROM}A: 1\n`, ['A: 1\n'], 4],
    ['byte order mark further on', `\n\xef\xbb\xbf${FROM}A: 1\n`, [`\xef\xbb\xbf${FROM}A: 1\n`], 1],
    ['half a byte order mark', '\xef\xbb\n', ['\xef\xbb\n'], 0],
    ['nothing but blanks', ' \n\n  ', [], 5],
    ['indented text', '\n  x: 1\n', ['  x: 1\n'], 1],
    ['a header', 'A: 1\n\nx\n', ['A: 1\n\nx\n'], 0],
    ['text before the first separator', `A: 1\n\nx\n\n${FROM}B: 2\n`, ['A: 1\n\nx\n', 'B: 2\n'], 0],
  ])('plain: %s', (_name, text, expected, leading) => {
    const framed = read(text, plainDialect);
    expect(contents(framed)).toEqual(expected);
    expect(framed.leading).toBe(leading);
  });

  it('a line of blanks longer than a From_ line is text', () => {
    const long = `${' '.repeat(LIMITS.fromLine + 1)}\n`;
    expect(contents(read(`\n${long}`, plainDialect))).toEqual([long]);
    const fits = `${' '.repeat(LIMITS.fromLine)}\n`;
    expect(read(`\n${fits}`, plainDialect)).toMatchObject({ messages: [], leading: fits.length + 1 });
  });

  test.each([
    ['dovecot', dovecotDialect],
    ['uw', uwDialect],
  ])('%s insists on a separator, and its caller must have looked', (_name, dialect) => {
    for (const text of ['x', `\xef\xbb\xbf${FROM}`, '\nx', 'From nobody else\n']) {
      expect(() => frame(bytesOf(text), dialect)).toThrow('the file does not begin with a separator');
    }
  });

  it('only dovecot minds empty lines before it', () => {
    expect(() => frame(bytesOf(`\n${FROM}`), dovecotDialect)).toThrow('does not begin with a separator');
    const framed = read(`\n\r\n${FROM}A: 1\n`, uwDialect);
    expect([contents(framed), framed.leading]).toEqual([['A: 1\n'], 3]);
  });
});

describe('MMDF', () => {
  const mark = '\x01\x01\x01\x01\n';
  test.each<[string, string, string[]]>([
    ['two messages', `${mark}A: 1\n\nx\n${mark}${mark}B: 2\n\ny\n${mark}`, ['A: 1\n\nx\n', 'B: 2\n\ny\n']],
    ['one marker between', `${mark}A: 1\n\nx\n${mark}B: 2\n\ny\n${mark}`, ['A: 1\n\nx\n', 'B: 2\n\ny\n']],
    ['no marker at the end', `${mark}A: 1\n\nx\n`, ['A: 1\n\nx\n']],
    ['empty lines stay', `${mark}A: 1\n\nx\n\n${mark}`, ['A: 1\n\nx\n\n']],
    ['From_ lines are text', `${mark}A: 1\n\nx\n\n${FROM}\n${mark}`, [`A: 1\n\nx\n\n${FROM}\n`]],
    ['but not behind a marker', `${mark}${FROM}A: 1\n\nx\n${mark}`, ['A: 1\n\nx\n']],
    ['unless they have no date', `${mark}From me to you\nA: 1\n${mark}`, ['From me to you\nA: 1\n']],
    ['empty lines between markers', `${mark}\n${mark}\r\n\n${mark}A: 1\n${mark}`, ['A: 1\n']],
    ['header only', `${mark}A: 1\n${mark}${mark}B: 2\n${mark}`, ['A: 1\n', 'B: 2\n']],
    ['CR LF', `${mark}A: 1\r\n\r\nx\r\n\x01\x01\x01\x01\r\n`, ['A: 1\r\n\r\nx\r\n']],
    ['a marker within a line is text', `${mark}A: 1\n\nx${mark}`, [`A: 1\n\nx${mark}`]],
    ['three are text', `${mark}A: 1\n\n\x01\x01\x01\n${mark}`, ['A: 1\n\n\x01\x01\x01\n']],
    ['markers only', mark + mark, []],
    ['a From_ line alone between markers', `${mark}${FROM}${mark}${mark}B: 2\n${mark}`, ['', 'B: 2\n']],
  ])('%s', (_name, text, expected) => {
    expect(contents(read(text, mmdfDialect))).toEqual(expected);
  });

  it('takes the date of a From_ line behind the marker for that message only', () => {
    const { messages } = read(`${mark}${FROM}A: 1\n${mark}${mark}B: 2\n${mark}`, mmdfDialect);
    expect(messages.map(({ date }) => date?.year)).toEqual([2001, undefined]);
  });
});

describe('what a dialect gets to see', () => {
  function candidates(text: string, sizes: readonly number[] = []) {
    const seen: object[] = [];
    const judge = (candidate: Candidate) => {
      const { buf, start, lineEnd, next, end, ...rest } = candidate;
      const text = (from: number, to: number) => Buffer.from(buf.subarray(from, to)).toString('latin1');
      const view = { line: text(start, lineEnd), newline: text(lineEnd, next), behind: end - next };
      seen.push({ ...rest, ...view, previous: Buffer.from(rest.previous).toString('latin1') });
      return dovecotDialect.judge(candidate);
    };
    frame(bytesOf(text), { ...dovecotDialect, judge }, sizes);
    return seen;
  }

  it('lines, offsets and neighbours', () => {
    const line = FROM.trimEnd();
    const text = `${FROM}A: 1\nFrom x\n\nFrom y\r\n\r\n${CRLF_FROM}\nz\nFrom `;
    const second = text.indexOf(CRLF_FROM);
    const expected = [
      { line, newline: '\n', offset: 0, blankBefore: true, ordinal: 0, previous: '' },
      {
        line: 'From x',
        newline: '\n',
        offset: FROM.length + 5,
        blankBefore: false,
        ordinal: 1,
        previous: line,
      },
      { line: 'From y', newline: '\r\n', offset: FROM.length + 13, blankBefore: true },
      { line, newline: '\r\n', offset: second, blankBefore: true, ordinal: 1, previous: line },
      { line: 'From ', newline: '', behind: 0, offset: text.length - 5, blankBefore: false, ordinal: 2 },
    ];
    expect(candidates(text)).toMatchObject(expected);
    expect(candidates(text, [1])).toMatchObject(expected);
  });

  it('no more than the limits', () => {
    const tail = 'y\n'.repeat(LIMITS.lookahead);
    const long = `${FROM.trimEnd()} ${'x'.repeat(3 * LIMITS.fromLine)}\n`;
    const text = `${FROM}${tail}\n${long}${tail}`;
    for (const sizes of [[], [4099], [13_000]]) {
      expect(candidates(text, sizes)).toMatchObject([
        { line: FROM.trimEnd(), behind: LIMITS.lookahead },
        {
          line: long.slice(0, LIMITS.fromLine),
          newline: '',
          behind: LIMITS.lookahead,
          previous: FROM.trimEnd(),
        },
      ]);
    }
  });
});

describe('long lines', () => {
  test.each(DIALECTS)('%s: random files with the real limits', (_name, dialect) => {
    const long = fc
      .tuple(
        fc.constantFrom('Subject: ', 'X-UID: ', ' ', FROM.trimEnd(), '\x01\x01\x01\x01', 'F', '\r', '\n'),
        fc.constantFrom(4090, 4096, 8192, 12_288, 70_000),
        fc.integer({ min: -9, max: 9 }),
        fc.constantFrom('\n', '\r\n', '\r', ''),
      )
      .map(([prefix, length, more, newline]) => prefix + 'z'.repeat(length + more) + newline);
    const files = fc
      .array(fc.oneof(MBOXISH, long), { minLength: 2, maxLength: 7 })
      .map((pieces) => pieces.join(''));
    const cuts = fc.constantFrom([4093], [8191], [12_289], [1, 5000], [333, 70_001, 2]);
    fc.assert(
      fc.property(files, cuts, (text, sizes) => {
        const bytes = acceptable(text, dialect);
        const whole = frame(bytes, dialect);
        expectConserved(bytes, whole, dialect);
        expect(frame(bytes, dialect, sizes)).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  it('single bytes behind more than the framer waits for', () => {
    const text = `${FROM}A: ${'z'.repeat(13_000)}\r\n\n${'y\n'.repeat(6500)}\n${FROM}B: 2\n\n${'y'.repeat(300)}`;
    const bytes = bytesOf(text);
    expect(frame(bytes, dovecotDialect, [1])).toEqual(frame(bytes, dovecotDialect));
  });
});

describe('its contract', () => {
  it('notices an input of another size than announced', () => {
    const bytes = bytesOf(`${FROM}A: 1\n\nx\n`);
    for (const more of [-1, 1]) {
      const ignore = () => undefined;
      const sink = { begin: ignore, header: ignore, headerEnd: ignore, body: ignore };
      const framer = new MboxFramer(
        dovecotDialect,
        { ...sink, end: ignore, doubt: ignore, leading: ignore },
        { ...inputOf(bytes), size: bytes.length + more },
      );
      framer.push(bytes);
      expect(() => framer.end()).toThrow('framer saw');
    }
  });
});
