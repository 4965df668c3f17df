import { describe, expect, it, test } from 'vitest';
import { ContentFilter, claimedLength } from '../../../../src/codec/mbox/content-filter.ts';
import type { MboxDialect } from '../../../../src/codec/mbox/dialect.ts';
import { MboxFramer } from '../../../../src/codec/mbox/framer.ts';
import { mmdfDialect, plainDialect } from '../../../../src/codec/mbox/plain.ts';

/** The plain rules and the framer together: which bytes each message gets. */

interface Framed {
  readonly messages: readonly string[];
  /** `+offset` for a weak separator, `-offset` for a doubtful line that stays text. */
  readonly doubts: readonly string[];
  readonly leading: number;
}

function frame(text: string, dialect: MboxDialect = plainDialect): Framed {
  const bytes = Buffer.from(text, 'latin1');
  const messages: string[] = [];
  const doubts: string[] = [];
  let content = '';
  let leading = 0;
  const out = (buf: Uint8Array, start: number, end: number) => {
    content += Buffer.from(buf.slice(start, end)).toString('latin1');
  };
  const filter = new ContentFilter(dialect, out);
  const framer = new MboxFramer(
    dialect,
    {
      begin: () => {
        content = '';
        filter.begin();
      },
      header: (buf, start, end, first) => filter.header(buf, start, end, first),
      headerEnd: () => claimedLength(filter.headerEnd()),
      body: out,
      end: () => messages.push(content),
      doubt: (offset, taken) => doubts.push(`${taken ? '+' : '-'}${offset}`),
      leading: (length) => {
        leading += length;
      },
    },
    { size: bytes.length, peek: (offset, length) => bytes.subarray(offset, offset + length) },
  );
  framer.push(bytes);
  framer.end();
  return { messages, doubts, leading };
}

const FROM = 'From a at example.org  Wed Feb  1 19:06:04 2006\n';
const A = 'Subject: a\n\nbody a\n';
const B = 'Subject: b\n\nbody b\n';

test.each<[string, string, readonly string[], readonly string[]]>([
  ['two messages', `${FROM}${A}\n${FROM}${B}\n`, [A, B], []],
  ['no empty line at the end', `${FROM}${A}\n${FROM}${B}`, [A, B], []],
  ['no line end at the end', `${FROM}${A}\n${FROM}Subject: b\n\nb`, [A, 'Subject: b\n\nb'], []],
  ['no empty line between', `${FROM}${A}${FROM}${B}`, [A, B], []],
  ['two empty lines between', `${FROM}${A}\n\n${FROM}${B}`, [`${A}\n`, B], []],
  ['header only', `${FROM}Subject: a\n${FROM}${B}`, ['Subject: a\n', B], []],
  ['bare From_ lines', `From \n${A}\nFrom \n${B}`, [A, B], []],
  ['a bare line in the text', `From \n${A}From \nx\n\nFrom \n${B}`, [`${A}From \nx\n`, B], ['-25']],
  ['prose', `${FROM}${A}\nFrom there on\n`, [`${A}\nFrom there on\n`], []],
  ['text before the first', `hello\n\n${FROM}${A}`, ['hello\n', A], []],
  ['no From_ line', A, [A], []],
])('%s', (_, text, messages, doubts) => {
  const { leading, ...found } = frame(text);
  expect(found).toEqual({ messages, doubts });
  expect(leading).toBe(0);
});

it('reports what leads the file', () => {
  expect(frame(`\xef\xbb\xbf\n\r\n${FROM}${A}`)).toEqual({ messages: [A], doubts: [], leading: 6 });
  expect(frame('\n\n')).toEqual({ messages: [], doubts: [], leading: 2 });
});

it('keeps a pasted patch in its mail and says where it is', () => {
  const patch = `From ${'0a'.repeat(20)} Mon Sep 17 00:00:00 2001\nFrom: c\nSubject: [PATCH] x\n\n---\n`;
  const before = `${FROM}${A}\n`;
  const { messages, doubts } = frame(`${before}${patch}\n${FROM}${B}`);
  expect(messages).toEqual([`${A}\n${patch}`, B]);
  expect(doubts).toEqual([`-${before.length}`]);
  expect(frame(`${patch}\n${patch}`).messages).toEqual(
    [1, 2].map(() => patch.slice(patch.indexOf('\n') + 1)),
  );
});

describe('Content-Length', () => {
  const inner = `${FROM}Subject: inner\n\nx\n`;

  it('guards a From_ line where it ends on a separator', () => {
    const text = `${FROM}Subject: a\nContent-Length: ${inner.length}\n\n${inner}\n${FROM}${B}`;
    expect(frame(text).messages).toEqual([`Subject: a\n\n${inner}`, B]);
  });

  it('is not believed where it ends elsewhere', () => {
    const text = `${FROM}Subject: a\nContent-Length: ${inner.length + 3}\n\n${inner}\n${FROM}${B}`;
    expect(frame(text).messages).toEqual(['Subject: a\n', 'Subject: inner\n\nx\n', B]);
  });
});

describe('MMDF', () => {
  const mark = '\x01\x01\x01\x01\n';

  it('is split at its markers, and nowhere else', () => {
    const body = `${A}${FROM}${B}\n`;
    expect(frame(`${mark}${body}${mark}${mark}${B}${mark}`, mmdfDialect).messages).toEqual([body, B]);
  });

  it('takes the From_ line behind a marker from the message', () => {
    expect(frame(`${mark}${FROM}${A}${mark}`, mmdfDialect).messages).toEqual([A]);
  });
});
