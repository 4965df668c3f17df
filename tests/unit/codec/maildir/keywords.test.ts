import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addKeywords,
  formatKeywords,
  keywordIndex,
  parseKeywords,
} from '../../../../src/codec/maildir/keywords.ts';

const letters = (count: number) => Array.from({ length: count }, (_, index) => `kw${index}`);

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const name = fc.string({ unit: byte.filter((char) => /[\x20-\x7e\x80-\xff]/.test(char)), minLength: 1 });
const names = fc.uniqueArray(name, {
  selector: (text) => text.replace(/[A-Z]/g, (char) => char.toLowerCase()),
  maxLength: 40,
});

describe('parseKeywords', () => {
  it('reads numbers and names, gaps included', () => {
    const { table, remarks } = parseKeywords('0 kwB\n1 kwA\n3 $Forwarded\n25 zz\n');
    expect(table).toHaveLength(26);
    expect(table.slice(0, 5)).toEqual(['kwB', 'kwA', undefined, '$Forwarded', undefined]);
    expect(table[25]).toBe('zz');
    expect(remarks).toEqual([]);
  });

  it('reads CR LF, a missing last LF and an empty file', () => {
    expect(parseKeywords('0 a\r\n1 b').table).toEqual(['a', 'b']);
    expect(parseKeywords('')).toEqual({ table: [], remarks: [] });
  });

  it('remarks on each line that does not count, as Dovecot reads it', () => {
    const { table, remarks } = parseKeywords(
      '0 one\n0 two\n1 Three\n2 THREE\nfoo\n26 x\n\n-1 y\n3 \n4 a\tb\n',
    );
    expect(table).toEqual(['two', 'Three']);
    expect(remarks).toEqual([
      'line 2: number 0 stands twice',
      'line 4: keyword stands twice',
      'line 5: not a number and a keyword',
      'line 6: number above 25',
      'line 7: not a number and a keyword',
      'line 8: not a number and a keyword',
      'line 9: not a number and a keyword',
      'line 10: not a number and a keyword',
    ]);
  });

  it('never throws, and settles after one rewrite', () => {
    const line = fc.tuple(fc.integer({ min: 0, max: 30 }), name).map(([index, text]) => `${index} ${text}`);
    const text = fc.array(fc.oneof(line, fc.string({ unit: byte }))).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, (content) => {
        const { table } = parseKeywords(content);
        expect(parseKeywords(formatKeywords(table))).toEqual({ table, remarks: [] });
      }),
    );
  });
});

describe('keywordIndex', () => {
  it('compares without case', () => {
    expect(keywordIndex(['a', undefined, '$Junk'], '$JUNK')).toBe(2);
    expect(keywordIndex(['a', undefined], 'b')).toBeUndefined();
    expect(keywordIndex(['\xe4'], '\xc4')).toBeUndefined();
  });
});

describe('addKeywords', () => {
  it('appends, and fills gaps only when z is taken', () => {
    expect(addKeywords(['a', undefined, 'c'], ['C', 'd', 'D']).table).toEqual(['a', undefined, 'c', 'd']);
    const full = parseKeywords('0 a\n25 z\n').table;
    expect(addKeywords(full, ['b']).table.slice(0, 3)).toEqual(['a', 'b', undefined]);
  });

  it('reports the 27th', () => {
    const { table, overflow } = addKeywords([], letters(28));
    expect(table).toEqual(letters(26));
    expect(overflow).toEqual(['kw26', 'kw27']);
  });

  it('reports names that no line can hold', () => {
    const { table, unusable } = addKeywords([], ['', 'a\nb', 'ok', '\u0100']);
    expect(table).toEqual(['ok']);
    expect(unusable).toEqual(['', 'a\nb', '\u0100']);
  });

  it('leaves the given table alone and accounts for every name', () => {
    fc.assert(
      fc.property(names, names, (old, added) => {
        const before = addKeywords([], old).table;
        const copy = [...before];
        const { table, overflow, unusable } = addKeywords(before, added);
        expect(before).toEqual(copy);
        expect(table.slice(0, before.length)).toEqual(copy);
        expect(table.length).toBeLessThanOrEqual(26);
        expect(unusable).toEqual([]);
        for (const text of added) {
          expect(keywordIndex(table, text) === undefined).toBe(overflow.includes(text));
        }
        expect(parseKeywords(formatKeywords(table))).toEqual({ table, remarks: [] });
      }),
    );
  });
});
