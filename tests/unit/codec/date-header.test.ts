import fc from 'fast-check';
import { afterEach, describe, expect, it, test } from 'vitest';
import { parseDateHeader } from '../../../src/codec/date-header.ts';

const ownZone = process.env['TZ'];
afterEach(() => {
  if (ownZone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = ownZone;
});

/** What a machine in each of two zones far apart makes of a value. */
function everywhere(value: string): (number | undefined)[] {
  return ['Pacific/Auckland', 'America/New_York'].map((zone) => {
    process.env['TZ'] = zone;
    return parseDateHeader(value);
  });
}

test.each<[string, string]>([
  ['Fri, 09 Nov 2001 22:33:52 +0200', '2001-11-09T20:33:52Z'],
  [' Fri, 9 Nov 2001 22:33:52 -0330', '2001-11-10T02:03:52Z'],
  ['Fri, 9 Nov 2001 22:33 +0000', '2001-11-09T22:33:00Z'],
  ['9 Nov 2001 22:33:52 +0200', '2001-11-09T20:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52 GMT', '2001-11-09T22:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52 UT', '2001-11-09T22:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52 EST', '2001-11-10T03:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52 PDT', '2001-11-10T05:33:52Z'],
  ['Fri, 9 Nov 01 22:33:52 GMT', '2001-11-09T22:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52 +0200 (EET)', '2001-11-09T20:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52 +0200 (EET (winter))', '2001-11-09T20:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52 +0200 (EET', '2001-11-09T20:33:52Z'],
  ['Fri, (today) 9 Nov 2001 22:33:52 +0200', '2001-11-09T20:33:52Z'],
  ['Fri,\n 9 Nov 2001 22:33:52 +0200', '2001-11-09T20:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52 GMT+0200', '2001-11-09T20:33:52Z'],
  ['2001-11-09T22:33:52+02:00', '2001-11-09T20:33:52Z'],
  ['2001-11-09T22:33:52Z', '2001-11-09T22:33:52Z'],
  // Without a zone: UTC.
  ['Fri Nov  9 22:33:52 2001', '2001-11-09T22:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52', '2001-11-09T22:33:52Z'],
  ['Fri, 9 Nov 2001 22:33:52 (EET', '2001-11-09T22:33:52Z'],
  ['9 Nov 2001 10:33:52 PM', '2001-11-09T22:33:52Z'],
  ['22:33:52 9-Nov-2001', '2001-11-09T22:33:52Z'],
])('%j is %s', (value, expected) => {
  const seconds = Date.parse(expected) / 1000;
  expect(everywhere(value)).toEqual([seconds, seconds]);
});

test.each([
  '',
  'yesterday',
  'Fri, 9 Nov 2001',
  '22:33:52',
  'Fri, 9 Noc 2001 22:33:52 +0200',
  'Fri, 99 Nov 2001 22:33:52 +0200',
])('%j is no date', (value) => {
  expect(everywhere(value)).toEqual([undefined, undefined]);
});

describe('any text', () => {
  it('is a whole number of seconds or nothing, and the same on every machine', () => {
    const word = fc.constantFrom(
      ...[
        'Fri,',
        'Fri',
        '9',
        'Nov',
        '2001',
        '01',
        '22:33:52',
        '10:00',
        'AM',
        '+0200',
        '-05:00',
        'EST',
        'CET',
        'Z',
      ],
      ...[
        '-2001',
        '9-Nov-2001',
        '(',
        ')',
        'GMT',
        '2001-11-09',
        'T22:33:52',
        '2001-11-09T22:33:52',
        '.5',
        'May',
        '/',
      ],
    );
    const texts = fc
      .tuple(fc.array(word, { maxLength: 7 }), fc.constantFrom(' ', ' ', ''))
      .map(([words, glue]) => words.join(glue));
    fc.assert(
      fc.property(fc.oneof(texts, fc.string()), (value) => {
        const [first, second] = everywhere(value);
        expect(second).toBe(first);
        expect(first === undefined || Number.isSafeInteger(first)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['22:33:52 NovUTC-0330', 'CET GMT+2 NovUTC-05:00 10:00 NovGMT+0100'])(
    'a zone that is glued to a word is none: %s',
    (value) => {
      const [first, second] = everywhere(value);
      expect(second).toBe(first);
    },
  );

  it('longer than any date is none', () => {
    const date = 'Fri, 9 Nov 2001 22:33:52 +0200';
    expect(parseDateHeader(`${' '.repeat(500)}${date}`)).toBe(parseDateHeader(date));
    expect(parseDateHeader(date.replace(' ', ' '.repeat(128)))).toBeUndefined();
  });
});
