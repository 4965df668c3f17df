import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Unquoter } from '../../../../src/codec/mbox/unquote.ts';
import type { Unquote } from '../../../../src/core/types.ts';
import { bytesOf, CUTS, cut, textOf } from './framing.ts';

function unquote(mode: Unquote, text: string, sizes: readonly number[] = []) {
  let out = '';
  let longest = 0;
  const unquoter = new Unquoter(mode, (buf, start, end) => {
    longest = Math.max(longest, end - start);
    out += textOf(buf, start, end);
  });
  for (const piece of cut(bytesOf(text), sizes)) unquoter.push(piece, 0, piece.length);
  unquoter.end();
  return { out, changed: unquoter.changed, longest };
}

const QUOTED = { rd: /(?<=^|\n)>(>*From )/g, o: /(?<=^|\n)>(From )/g } as const;

describe.each(['rd', 'o'] as const)('%s', (mode) => {
  test.each<[string, string, string]>([
    ['>From x\n', 'From x\n', 'From x\n'],
    ['>>From x\n', '>From x\n', '>>From x\n'],
    ['a\n>From x\n>>From y', 'a\nFrom x\n>From y', 'a\nFrom x\n>>From y'],
    ['\r\n>From x\r\n', '\r\nFrom x\r\n', '\r\nFrom x\r\n'],
    ['From x\n', 'From x\n', 'From x\n'],
    ['>From', '>From', '>From'],
    ['>From\n>from x\n> From x\n', '>From\n>from x\n> From x\n', '>From\n>from x\n> From x\n'],
    [' >From x\n', ' >From x\n', ' >From x\n'],
    ['a>From x\n', 'a>From x\n', 'a>From x\n'],
    ['\r>From x\n', '\r>From x\n', '\r>From x\n'],
    ['>Fro\n>From \n', '>Fro\nFrom \n', '>Fro\nFrom \n'],
    ['>F>From x\n', '>F>From x\n', '>F>From x\n'],
    ['>\n>From x\n', '>\nFrom x\n', '>\nFrom x\n'],
    ['>>', '>>', '>>'],
    ['', '', ''],
  ])('%j', (text, rd, o) => {
    const expected = { rd, o }[mode];
    expect(unquote(mode, text).out).toBe(expected);
    expect(unquote(mode, text, [1]).out).toBe(expected);
  });

  it('does what a regular expression on the whole body does', () => {
    const pieces = fc.constantFrom('>', '>>', 'From ', 'Fro', 'm ', 'F', '\n', '\r\n', '\r', 'x', ' ');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), CUTS, (parts, sizes) => {
        const text = parts.join('');
        const { out, changed } = unquote(mode, text, sizes);
        expect(out).toBe(text.replace(QUOTED[mode], '$1'));
        expect(changed).toBe([...text.matchAll(QUOTED[mode])].length);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([4095, 4096, 4097, 8192, 100_001])('%i times >', (count) => {
    const quotes = '>'.repeat(count);
    for (const [text, rd] of [
      [`${quotes}From x\n`, `${quotes.slice(1)}From x\n`],
      [`a\n${quotes}Fromage\n`, `a\n${quotes}Fromage\n`],
      [`a\n${quotes}`, `a\n${quotes}`],
    ] as const) {
      for (const sizes of [[], [997], [4096]]) {
        const { out, longest } = unquote(mode, text, sizes);
        expect(out === (mode === 'rd' ? rd : text)).toBe(true);
        expect(longest).toBeLessThanOrEqual(4096);
      }
    }
  });
});

it('starts each body at a line start, with nothing left of the last', () => {
  let out = '';
  const unquoter = new Unquoter('rd', (buf, start, end) => {
    out += textOf(buf, start, end);
  });
  for (const body of ['>From a', 'x>', '>From b\n>Fro', 'm c\n', '>From d']) {
    const bytes = bytesOf(`!${body}!`);
    unquoter.push(bytes, 1, bytes.length - 1);
    unquoter.end();
    out += '|';
  }
  expect(out).toBe('From a|x>|From b\n>Fro|m c\n|From d|');
  expect(unquoter.changed).toBe(3);
});

it('none leaves everything as it is', () => {
  const text = '>From x\n>>From y\n';
  expect(unquote('none', text, [3])).toMatchObject({ out: text, changed: 0 });
});
