import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { compareCourierArrival, compareCourierPop3 } from '../../../../src/codec/maildir/courier-order.ts';
import { isCourierPop3Header, parseCourierPop3Line } from '../../../../src/codec/maildir/courier-pop3.ts';

test.each([
  ['/3 17 77', true],
  ['/2 8 77', true],
  ['/1 8', false],
  ['1000.h:2, 11', false],
  ['/4 8 77', false],
])('%s: %s', (line, known) => {
  expect(isCourierPop3Header(line)).toBe(known);
});

test.each([
  ['1000.h:2,S 11 5:77:0', '1000.h', 'UID5-77'],
  ['1000.h,S=3:2, 11 5:77', '1000.h,S=3', 'UID5-77'],
  ['1000.h 11 5:0:0', '1000.h', 'UID5'],
  ['1000.sp ace:2, 11 14:77:1', '1000.sp ace', 'UID14-77'],
  ['1000.h\'q+"\xe4:2, 11 0:0:0', '1000.h\'q+"\xe4', '1000.h+27q+2B+22+E4'],
])('%s', (line, base, uidl) => {
  expect(parseCourierPop3Line(line)).toEqual({ base, uidl });
});

test.each(['', '1000.h', '1000.h 11', '1000.h 11 5', ':2, 11 5:77:0', '1000.h x 5:77'])(
  'no line: %j',
  (line) => {
    expect(parseCourierPop3Line(line)).toBeUndefined();
  },
);

/** The order in which Courier 1.0.16 listed them. */
const LISTED = [
  '-5.h',
  '0x10.h',
  'abc',
  '+7.h',
  '20.x',
  '0999x.h',
  '1000.H',
  '1000.h\'q+"',
  '1000.h,S=3',
  '1000.h-2',
  '1000.h',
  '1000.sp ace',
  '2147483650.h',
  '99999999999999999999.h',
];

it('sorts as Courier does', () => {
  expect([...LISTED].reverse().sort(compareCourierPop3)).toEqual(LISTED);
});

it('numbers as Courier does', () => {
  const listed = [...LISTED.slice(0, 7), '1000.M20P1.h', '1000.M3P1.h', '1000.h', ...LISTED.slice(7, 10)];
  const numbered = [...listed, ...LISTED.slice(11)];
  expect([...numbered].reverse().sort(compareCourierArrival)).toEqual(numbered);
});

it('is an order', () => {
  const name = fc.oneof(fc.constantFrom(...LISTED), fc.string({ maxLength: 6 }));
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      expect(Math.sign(compareCourierPop3(a, b))).toBe(-Math.sign(compareCourierPop3(b, a)) + 0);
      const [first, second, third] = [a, b, c].sort(compareCourierPop3) as [string, string, string];
      expect(compareCourierPop3(first, second)).toBeLessThanOrEqual(0);
      expect(compareCourierPop3(first, third)).toBeLessThanOrEqual(0);
    }),
  );
});
