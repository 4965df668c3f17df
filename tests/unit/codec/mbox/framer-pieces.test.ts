import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import type { MboxDialect } from '../../../../src/codec/mbox/dialect.ts';
import { dovecotDialect } from '../../../../src/codec/mbox/dovecot.ts';
import { parseDovecotFromLine } from '../../../../src/codec/mbox/dovecot-from-line.ts';
import {
  acceptable,
  bytesOf,
  CUTS,
  contents,
  DIALECTS,
  expectConserved,
  frame,
  MBOXISH,
  textOf,
} from './framing.ts';

// Small limits: with the real ones a framer waits for 12 KiB behind each line, so small inputs would never be cut
// where it matters.
vi.mock('../../../../src/core/limits.ts', async (original) => {
  const real = await original<typeof import('../../../../src/core/limits.ts')>();
  return { ...real, LIMITS: { ...real.LIMITS, fromLine: 96, lookahead: 64, metadataHeader: 100 } };
});

const RUNS = 500;

describe.each(DIALECTS)('%s', (_name, dialect) => {
  it('says the same however the input is cut, and loses no byte', () => {
    fc.assert(
      fc.property(MBOXISH, CUTS, (text, cuts) => {
        const bytes = acceptable(text, dialect);
        const whole = frame(bytes, dialect);
        expectConserved(bytes, whole, dialect);
        expect(frame(bytes, dialect, cuts)).toEqual(whole);
      }),
      { numRuns: RUNS },
    );
  });

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), CUTS, (random, cuts) => {
        const bytes = acceptable(textOf(random), dialect);
        const whole = frame(bytes, dialect);
        expectConserved(bytes, whole, dialect);
        expect(frame(bytes, dialect, cuts)).toEqual(whole);
      }),
      { numRuns: RUNS / 5 },
    );
  });

  test.each([1, 2, 3, 5, 13, 89, 233])('pieces of %i bytes', (size) => {
    fc.assert(
      fc.property(MBOXISH, (text) => {
        const bytes = acceptable(text, dialect);
        expect(frame(bytes, dialect, [size])).toEqual(frame(bytes, dialect));
      }),
      { numRuns: RUNS / 10 },
    );
  });
});

describe('against a reader that has the whole file before it', () => {
  it('frames as Dovecot does', () => {
    fc.assert(
      fc.property(MBOXISH, CUTS, (text, cuts) => {
        const bytes = acceptable(text, dovecotDialect);
        expect(contents(frame(bytes, dovecotDialect, cuts))).toEqual(dovecotContents(textOf(bytes)));
      }),
      { numRuns: RUNS },
    );
  });
});

/** Dovecot's rules once more, written for a string. */
function dovecotContents(file: string): string[] {
  const found: string[] = [];
  let at = 0;
  while (at < file.length) {
    const start = lineEnd(file, at);
    const limit = bodyLimit(file, start);
    const next = nextSeparator(file, limit ?? start, start);
    const stop = next ?? file.length;
    const emptyLine = headerEnd(file, start, stop);
    const text = file.slice(start, stop);
    found.push(emptyLine === undefined ? text : text.replace(/\r?\n$/, ''));
    at = stop;
    if (start === file.length && next === undefined) break;
  }
  return found;
}

function lineEnd(file: string, at: number): number {
  const lf = file.indexOf('\n', at);
  return lf < 0 ? file.length : lf + 1;
}

function isSeparator(file: string, at: number): boolean {
  if (!file.startsWith('From ', at)) return false;
  const text = file.slice(at + 5, lineEnd(file, at)).replace(/\r?\n$/, '');
  return parseDovecotFromLine(bytesOf(text), 0, Math.min(text.length, 91)) !== undefined;
}

/** `start`: where the content begins; a From_ line right there is text, and so is one right behind a bare `From `. */
function nextSeparator(file: string, from: number, start: number): number | undefined {
  let hidden = start;
  for (let at = from; at < file.length; at = lineEnd(file, at)) {
    if ((at > 0 && file[at - 1] !== '\n') || at === hidden) continue;
    if (at > 0 && file.startsWith('From \n', at)) hidden = lineEnd(file, at);
    if (isSeparator(file, at)) return at;
  }
  return undefined;
}

/** Index of the empty line behind the header; `undefined` if the message ends before. */
function headerEnd(file: string, start: number, stop: number): number | undefined {
  for (let at = start; at < stop; at = lineEnd(file, at)) {
    if (/^\r?\n/.test(file.slice(at, at + 2))) return at;
  }
  return undefined;
}

/** Where a Content-Length that can be believed ends. */
function bodyLimit(file: string, start: number): number | undefined {
  const emptyLine = headerEnd(file, start, nextSeparator(file, start, start) ?? file.length);
  if (emptyLine === undefined) return undefined;
  const header = file.slice(start, emptyLine).replace(/\r?\n(?=[ \t])/g, '');
  const claimed = [...header.matchAll(/^content-length[ \t]*:[ \t]?(\d{1,15})[ \t]*\r?$/gim)][0]?.[1];
  if (claimed === undefined) return undefined;
  const end = lineEnd(file, emptyLine) + Number(claimed);
  const newline = /^\r?\n/.exec(file.slice(end, end + 2))?.[0];
  if (newline === undefined) return undefined;
  const behind = end + newline.length;
  if (file.slice(end - 6, behind) === '\nFrom \n') return behind === file.length ? end : undefined;
  return behind === file.length || isSeparator(file, behind) ? end : undefined;
}

describe('edges of the pieces', () => {
  const dialects: readonly MboxDialect[] = DIALECTS.map(([, dialect]) => dialect);

  it('cuts at every place of a file with every kind of line end', () => {
    const from = 'From a@b.c Thu Nov  9 22:33:52 2001';
    const text = `${from}\r\nA: 1\r\n\r\nx\r\n\r\n${from}\nContent-Length: 3\n\na\r\nb\n\n${from}\r\nB: 2\r\n${from}\nC: 3\n\n\n`;
    for (const dialect of dialects) {
      const bytes = acceptable(text, dialect);
      const whole = frame(bytes, dialect);
      for (let at = 1; at < bytes.length; at++) {
        expect(frame(bytes, dialect, [at, bytes.length])).toEqual(whole);
      }
    }
  });

  it('MMDF: a From_ line behind the marker that is longer than a From_ line may be is text', () => {
    const mmdf = dialects.at(-1) as MboxDialect;
    const long = `From a@b.c Thu Nov  9 22:33:52 2001 ${'x'.repeat(300)}\n`;
    const bytes = bytesOf(`\x01\x01\x01\x01\n${long}A: 1\n\nx\n\x01\x01\x01\x01\n`);
    for (const cuts of [[], [1], [7], [200]]) {
      const framed = frame(bytes, mmdf, cuts);
      expect(contents(framed)).toEqual([`${long}A: 1\n\nx\n`]);
      expect(framed.messages[0]?.date).toBeUndefined();
    }
  });
});
