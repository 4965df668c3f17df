import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMutf7, encodeMutf7 } from '../../../../src/codec/maildir/mutf7.ts';

describe('encodeMutf7 and decodeMutf7', () => {
  it.each([
    ['', ''],
    ['Sent', 'Sent'],
    ['a&b', 'a&-b'],
    ['&&', '&-&-'],
    ['Entwürfe', 'Entw&APw-rfe'],
    // The example of RFC 3501, 5.1.3.
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['😀', '&2D3eAA-'],
    ['\n', '&AAo-'],
    ['ä&ö', '&AOQ-&-&APY-'],
  ])('%j is %s', (text, name) => {
    expect(encodeMutf7(text)).toBe(name);
    expect(decodeMutf7(name)).toBe(text);
  });

  it.each([
    ['a bare &', 'a&b'],
    ['an open shift', '&APw'],
    ['8-bit', 'Entw\xfcrfe'],
    ['a control character', 'a\nb'],
    ['a superfluous shift', '&U,BTFw-&ZeVnLIqe-'],
    ['ASCII in a shift', '&AGE-'],
    ['a slash in a shift', '&AC8-'],
    ['NUL', '&AAA-'],
    ['bits left over', '&APx-'],
    ['one byte', '&AA-'],
    ['the slash of base64', '&U/BTFw-'],
    ['padding', '&APw=-'],
    ['other bytes in a shift', '&AP w-'],
    ['half a surrogate pair', '&2D0-'],
  ])('refuses %s', (_, name) => {
    expect(decodeMutf7(name)).toBeUndefined();
  });

  it('writes U+FFFD for a lone surrogate', () => {
    expect(encodeMutf7('a\ud83d')).toBe(encodeMutf7('a\ufffd'));
  });

  it('reads back all Unicode', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(text, (value) => {
        const name = encodeMutf7(value);
        expect(name).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeMutf7(name)).toBe(value);
      }),
    );
  });

  it('never throws, and accepts only its own spelling', () => {
    const near = fc.string({
      unit: fc.constantFrom('&', '-', 'A', 'P', 'w', ',', '/', '+', '=', '2', 'D', '\xe4'),
    });
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (name) => {
        const text = decodeMutf7(name);
        if (text !== undefined) expect(encodeMutf7(text)).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });
});
