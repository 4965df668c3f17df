import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../../../src/codec/digest.ts';
import { Assembler } from '../../../../src/codec/mbox/assembler.ts';
import { bytesOf, CUTS, cut, textOf } from './framing.ts';

const ASSEMBLY = 64;
vi.mock('../../../../src/core/limits.ts', async (original) => {
  const real = await original<typeof import('../../../../src/core/limits.ts')>();
  return { ...real, LIMITS: { ...real.LIMITS, assembly: 64 } };
});

function expected(text: string) {
  const bareLf = text.replaceAll('\r\n', '').split('\n').length - 1;
  return { size: text.length, vsize: text.length + bareLf, digest: digestOf(bytesOf(text)) };
}

/** Writes messages with one assembler; gives measures and pieces of each. */
function assemble(messages: readonly string[], sizes: readonly number[] = []) {
  let pieces: string[] = [];
  const assembler = new Assembler((bytes) => pieces.push(textOf(bytes)));
  return messages.map((text) => {
    pieces = [];
    for (const piece of cut(bytesOf(`!${text}!`), [])) {
      let at = 1;
      for (const part of cut(piece.subarray(1, -1), sizes)) {
        assembler.write(piece, at, at + part.length);
        at += part.length;
      }
    }
    return { measure: assembler.finish(), pieces };
  });
}

describe('Assembler', () => {
  it('measures and hands on any message, one after another', () => {
    const text = fc
      .array(fc.constantFrom('\n', '\r\n', '\r', 'x', 'y'.repeat(13), 'z'.repeat(ASSEMBLY)), {
        maxLength: 30,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), CUTS, (messages, sizes) => {
        for (const [i, { measure, pieces }] of assemble(messages, sizes).entries()) {
          const message = messages[i] ?? '';
          expect(measure).toEqual(expected(message));
          expect(pieces.join('')).toBe(message);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('counts a CR LF that two pieces share, as no bare LF', () => {
    const text = `${'x'.repeat(ASSEMBLY - 1)}\r\n`;
    expect(assemble([text])[0]?.measure).toMatchObject({ size: ASSEMBLY + 1, vsize: ASSEMBLY + 1 });
    // The CR is another message's.
    const [, second] = assemble([`${'x'.repeat(ASSEMBLY - 1)}\r`, '\n']);
    expect(second?.measure).toMatchObject({ size: 1, vsize: 2 });
  });

  it('hands on a small message in one piece, a large one in several', () => {
    const lengths = (length: number) =>
      assemble(['x'.repeat(length)], [10])[0]?.pieces.map((piece) => piece.length);
    expect(lengths(ASSEMBLY - 1)).toEqual([ASSEMBLY - 1]);
    expect(lengths(2 * ASSEMBLY + 5)).toEqual([ASSEMBLY, ASSEMBLY, 5]);
  });

  it('forgets a message on reset', () => {
    const assembler = new Assembler(() => undefined);
    const large = bytesOf('\n'.repeat(3 * ASSEMBLY + 7));
    assembler.write(large, 0, large.length);
    assembler.reset();
    assembler.write(bytesOf('\nabc'), 0, 4);
    expect(assembler.finish()).toEqual(expected('\nabc'));
  });
});
