import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSubscriptions, parseSubscriptions } from '../../../../src/codec/maildir/subscriptions.ts';

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const name = fc
  .array(fc.string({ unit: fc.oneof(byte, fc.constantFrom('\0', '\x01', '\t', '\r', '\n')) }), {
    minLength: 1,
  })
  .filter((parts) => parts.length > 1 || parts[0] !== '');

describe('parseSubscriptions', () => {
  it('reads version 1 with its separator', () => {
    const names = [['Sent'], ['Ext', 'Sub'], ['INBOX']];
    expect(parseSubscriptions('Sent\nExt.Sub\nINBOX\n', '.')).toEqual({ ok: true, version: 1, names });
    expect(parseSubscriptions('Sent\r\n\nExt/Sub\nINBOX', '/')).toEqual({ ok: true, version: 1, names });
    expect(parseSubscriptions('', '.')).toEqual({ ok: true, version: 1, names: [] });
    expect(parseSubscriptions('Vacation\n', '.')).toEqual({ ok: true, version: 1, names: [['Vacation']] });
  });

  it('reads version 2, whatever the separator', () => {
    const text = 'V\t2\n\nSent\nEntw&APw-rfe\tsub\n\na.b/c\n';
    const names = [['Sent'], ['Entw&APw-rfe', 'sub'], ['a.b/c']];
    expect(parseSubscriptions(text, '.')).toEqual({ ok: true, version: 2, names });
    expect(parseSubscriptions('V\t2\nmore\n\nSent\n', '.')).toEqual({
      ok: true,
      version: 2,
      names: [['Sent']],
    });
    expect(parseSubscriptions('V\t2\n', '.')).toEqual({ ok: true, version: 2, names: [] });
  });

  it('undoes escapes, also broken ones', () => {
    const names = [['a\tb\x01c\r\n\0'], ['axb']];
    const text = 'V\t2\n\na\x01tb\x011c\x01r\x01n\x010\na\x01xb\x01\n';
    expect(parseSubscriptions(text, '.')).toEqual({ ok: true, version: 2, names });
  });

  it('refuses versions to come', () => {
    expect(parseSubscriptions('V\t3\n\nSent\n', '.')).toEqual({
      ok: false,
      reason: expect.stringContaining('3'),
    });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: byte }), fc.boolean(), (text, second) => {
        const result = parseSubscriptions(second ? `V\t2\n\n${text}` : text, '/');
        if (result.ok) expect(result.names.every((parts) => parts.length > 0)).toBe(true);
      }),
    );
  });
});

describe('formatSubscriptions', () => {
  it('writes version 2', () => {
    expect(formatSubscriptions([])).toBe('V\t2\n\n');
    expect(formatSubscriptions([['INBOX'], ['a', 'b.c'], ['x\ty']])).toBe('V\t2\n\nINBOX\na\tb.c\nx\x01ty\n');
  });

  it('is read back', () => {
    fc.assert(
      fc.property(fc.array(name), (names) => {
        expect(parseSubscriptions(formatSubscriptions(names), '.')).toEqual({ ok: true, version: 2, names });
      }),
    );
  });
});
