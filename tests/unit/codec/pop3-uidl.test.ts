import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  defaultUidl,
  formatUidl,
  isUniqueByUid,
  judgeUidl,
  misfitOf,
  type OldUidls,
  parseOldUidls,
} from '../../../src/codec/pop3-uidl.ts';

function parse(text: string): OldUidls {
  const parsed = parseOldUidls(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.uidls;
}

const VALUES = { u: 13, v: 1000, f: '102.M1P1.host', g: 'my-Guid', m: 'd41d8cd98f00b204e9800998ecf8427e' };

/** What Dovecot 2.3.19 showed of UID 13 under UIDVALIDITY 1000. */
test.each([
  ['%08Xu%08Xv', '0000000d000003e8'],
  ['dovecot', '0000000d000003e8'],
  ['uw', '000003e80000000d'],
  ['%u-%v', '13-1000'],
  ['%3u.%03u.%1v.%2.2v', '13.013.1.00'],
  ['%Xv%Xu', '3e8d'],
  ['%12Xu', 'd'],
  ['%3v', '100'],
  ['%f', '102.M1P1.host'],
  ['qmail', '102.M1P1.host'],
  ['%Lf', '102.m1p1.host'],
  ['%Uf', '102.M1P1.HOST'],
  ['%5g', 'my-Gu'],
  ['%2.3f', '2.M'],
  ['%04f', '102.M1P1.host'],
  ['%08Xf', '00000000'],
  ['%%%u', '%13'],
  ['%LXu', 'd'],
  ['%XUv', '3E8'],
  ['%XXv', '0'],
  ['%02v', '1000'],
  ['%0v', '1000'],
  ['%1.0v', '000'],
  ['%01.6v', '000'],
  ['%2.06v', '000000'],
  ['%0.6v', '1000'],
  ['%9.2v', ''],
  ['%5m', 'd41d8'],
])('%s gives %s', (format, uidl) => {
  expect(formatUidl(parse(format), VALUES)).toBe(uidl);
});

test.each([
  '',
  '%',
  '%u%',
  '%%',
  'plain',
  '%q%u',
  '%08xu',
  '%{uid}',
  '%Hf',
  '%-3v',
  '%X08u',
  'a b%u',
  '%u\n',
  '%u\xe4',
  '%1000u',
])('%j is refused', (text) => {
  const parsed = parseOldUidls(text);
  expect(parsed).toMatchObject({ ok: false });
  expect(!parsed.ok && parsed.advice).not.toBe('');
});

test.each([
  ['%f', 'mbox', '%m'],
  ['a%u%f', 'mbox', '%m'],
  ['courier', 'mbox', 'x-uidl'],
  ['qmail', 'mbox', 'x-uidl'],
  ['%m', 'maildir', '%g'],
] as const)('%s does not fit %s', (text, kind, instead) => {
  expect(misfitOf(parse(text), kind)?.advice).toContain(instead);
});

it('fits what is left', () => {
  for (const text of ['dovecot', 'uw', '%g', 'x-uidl', '%u']) {
    expect(misfitOf(parse(text), 'mbox')).toBeUndefined();
    expect(misfitOf(parse(text), 'maildir')).toBeUndefined();
  }
  for (const text of ['%f', 'courier', 'qmail']) expect(misfitOf(parse(text), 'maildir')).toBeUndefined();
  expect(misfitOf(parse('%m'), 'mbox')).toBeUndefined();
});

it('gives no UIDL where a message lacks what is asked for', () => {
  expect(formatUidl(parse('%u.%m'), { u: 1, v: 2 })).toBeUndefined();
});

const uid = fc.integer({ min: 1, max: 0xfffffffe });
const validity = fc.integer({ min: 1, max: 0xffffffff });

it('has the default of the new server among its formats', () => {
  fc.assert(
    fc.property(uid, validity, (u, v) => {
      expect(formatUidl(parse('dovecot'), { u, v })).toBe(defaultUidl(u, v));
      expect(judgeUidl(defaultUidl(u, v))).toBe('good');
    }),
  );
});

const variable = fc
  .tuple(
    fc.constantFrom('', '3.', '1.'),
    fc.constantFrom('', '0', '08', '3', '12'),
    fc.constantFrom('', 'X', 'L', 'U', 'XU'),
    fc.constantFrom('u', 'v', 'g', 'f', 'm'),
  )
  .map((parts) => `%${parts.join('')}`);
const literal = fc.string({ unit: fc.constantFrom('a', 'Z', '7', '-', '.', '%%', '!') });
const format = fc
  .tuple(literal, fc.array(fc.tuple(variable, literal), { minLength: 1, maxLength: 4 }))
  .map(([first, rest]) => first + rest.flat().join(''));

it('reads every format that is made of what it knows', () => {
  fc.assert(
    fc.property(format, (text) => {
      const uidls = parse(text);
      expect(uidls.text).toBe(text);
      expect(formatUidl(uidls, VALUES)).toBeTypeOf('string');
    }),
  );
});

it('is right about what UIDs make unique', () => {
  let unique = 0;
  fc.assert(
    fc.property(format, uid, uid, (text, a, b) => {
      const uidls = parse(text);
      fc.pre(a !== b && isUniqueByUid(uidls));
      unique++;
      expect(formatUidl(uidls, { ...VALUES, u: a })).not.toBe(formatUidl(uidls, { ...VALUES, u: b }));
    }),
  );
  expect(unique).toBeGreaterThan(0);
});

describe('what a UIDL may be', () => {
  it.each([
    ['x', 'good'],
    ['!~'.repeat(35), 'good'],
    ['x'.repeat(71), 'odd'],
    ['umlaut\xe4', 'odd'],
    ['\x7f', 'odd'],
    ['', 'unusable'],
    ['a b', 'unusable'],
    ['a\tb', 'unusable'],
    ['a\nb', 'unusable'],
    ['a\0b', 'unusable'],
  ])('%j is %s', (uidl, verdict) => {
    expect(judgeUidl(uidl)).toBe(verdict);
  });
});
