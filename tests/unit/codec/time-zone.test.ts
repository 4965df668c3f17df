import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createZone, type Zone } from '../../../src/codec/time-zone.ts';

/** [zone, [year, month, day, hour, minute, second], epoch], computed by mktime of glibc 2.36 with tm_isdst -1, its
 * remembered offset reset to UTC before each call, and the tables of tzdata 2025b. */
const MKTIME: [string, [number, number, number, number, number, number], number][] = [
  ['Europe/Helsinki', [1901, 10, 9, 22, 33, 52], -2150420757],
  ['Europe/Helsinki', [1970, 0, 1, 0, 0, 0], -7200],
  ['Europe/Helsinki', [2040, 6, 9, 22, 33, 52], 2225475232],
  ['Europe/Helsinki', [2040, 11, 9, 22, 33, 52], 2238698032],
  ['Europe/Helsinki', [9999, 11, 31, 23, 59, 59], 253402293599],
  ['Europe/Helsinki', [2001, 10, 9, 22, 33, 52], 1005338032],
  ['Europe/Helsinki', [2001, 10, 99, 88, 77, 66], 1013354286],
  ['Europe/Helsinki', [2001, 10, 0, 12, 0, 0], 1004522400],
  ['Europe/Helsinki', [2001, 14, 31, -1, -1, -1], 1017521939],
  ['Europe/Helsinki', [2004, 1, 29, 12, 0, 0], 1078048800],
  ['Europe/Helsinki', [1900, 1, 29, 12, 0, 0], -2203853989],
  ['Europe/Helsinki', [2023, 2, 26, 2, 59, 59], 1679792399],
  ['Europe/Helsinki', [2023, 2, 26, 3, 0, 0], 1679792400],
  ['Europe/Helsinki', [2023, 2, 26, 3, 30, 0], 1679794200],
  ['Europe/Helsinki', [2023, 2, 26, 3, 59, 60], 1679796000],
  ['Europe/Helsinki', [2023, 2, 26, 2, 59, 60], 1679792400],
  ['Europe/Helsinki', [2023, 2, 26, 4, 0, 0], 1679792400],
  ['Europe/Helsinki', [2023, 9, 29, 2, 59, 59], 1698537599],
  ['Europe/Helsinki', [2023, 9, 29, 3, 0, 0], 1698541200],
  ['Europe/Helsinki', [2023, 9, 29, 3, 30, 0], 1698543000],
  ['Europe/Helsinki', [2023, 9, 29, 3, 59, 59], 1698544799],
  ['Europe/Helsinki', [2023, 9, 29, 4, 0, 0], 1698544800],
  ['America/New_York', [1901, 10, 9, 22, 33, 52], -2150396768],
  ['America/New_York', [1970, 0, 1, 0, 0, 0], 18000],
  ['America/New_York', [2040, 6, 9, 22, 33, 52], 2225500432],
  ['America/New_York', [9999, 6, 4, 12, 0, 0], 253386720000],
  ['America/New_York', [2023, 2, 12, 1, 59, 59], 1678604399],
  ['America/New_York', [2023, 2, 12, 2, 0, 0], 1678604400],
  ['America/New_York', [2023, 2, 12, 2, 30, 0], 1678606200],
  ['America/New_York', [2023, 2, 12, 3, 0, 0], 1678604400],
  ['America/New_York', [2023, 10, 5, 0, 59, 59], 1699160399],
  ['America/New_York', [2023, 10, 5, 1, 0, 0], 1699160400],
  ['America/New_York', [2023, 10, 5, 1, 30, 0], 1699162200],
  ['America/New_York', [2023, 10, 5, 2, 0, 0], 1699167600],
  ['America/New_York', [2006, 3, 2, 2, 30, 0], 1143963000],
  ['Australia/Lord_Howe', [1970, 0, 1, 0, 0, 0], -36000],
  ['Australia/Lord_Howe', [2040, 0, 9, 22, 33, 52], 2209721632],
  ['Australia/Lord_Howe', [9999, 0, 1, 0, 0, 0], 253370725200],
  ['Australia/Lord_Howe', [2023, 9, 1, 1, 59, 59], 1696087799],
  ['Australia/Lord_Howe', [2023, 9, 1, 2, 0, 0], 1696087800],
  ['Australia/Lord_Howe', [2023, 9, 1, 2, 15, 0], 1696088700],
  ['Australia/Lord_Howe', [2023, 9, 1, 2, 30, 0], 1696087800],
  ['Australia/Lord_Howe', [2023, 3, 2, 1, 29, 59], 1680359399],
  ['Australia/Lord_Howe', [2023, 3, 2, 1, 30, 0], 1680361200],
  ['Australia/Lord_Howe', [2023, 3, 2, 1, 45, 0], 1680362100],
  ['Australia/Lord_Howe', [2023, 3, 2, 2, 0, 0], 1680363000],
  ['Asia/Kolkata', [1901, 10, 9, 22, 33, 52], -2150434038],
  ['Asia/Kolkata', [1942, 8, 1, 12, 0, 0], -862597800],
  ['Asia/Kolkata', [1970, 0, 1, 5, 30, 0], 0],
  ['Asia/Kolkata', [2040, 6, 9, 22, 33, 52], 2225466232],
  ['Asia/Kolkata', [9999, 11, 31, 23, 59, 59], 253402280999],
  ['UTC', [1970, 0, 1, 0, 0, 0], 0],
  ['UTC', [2000, 1, 29, 23, 59, 60], 951868800],
  ['UTC', [1, 0, 1, 0, 0, 0], -62135596800],
];

function zoneOf(name: string): Zone {
  const result = createZone(name);
  if (!result.ok) throw new Error(result.reason);
  return result.zone;
}

function civil([year, month, day, hour, minute, second]: readonly number[]) {
  return {
    year: year ?? 0,
    month: month ?? 0,
    day: day ?? 0,
    hour: hour ?? 0,
    minute: minute ?? 0,
    second: second ?? 0,
  };
}

describe('createZone', () => {
  it('keeps the name it was given', () => {
    expect(zoneOf('Asia/Kolkata').name).toBe('Asia/Kolkata');
  });

  it.each(['', 'Europe/Atlantis', 'a\nb'])('refuses %j', (name) => {
    expect(createZone(name)).toEqual({ ok: false, reason: expect.stringContaining(JSON.stringify(name)) });
  });
});

describe('toEpoch', () => {
  it.each(MKTIME)('%s %j is %d, as for mktime', (name, fields, epoch) => {
    expect(zoneOf(name).toEpoch(civil(fields))).toBe(epoch);
  });

  it('needs no zone where the text names an offset', () => {
    const moment = civil([2001, 10, 9, 22, 33, 52]);
    for (const zone of [zoneOf('UTC'), zoneOf('Europe/Helsinki')]) {
      expect(zone.toEpoch({ ...moment, offset: 10800 })).toBe(1005334432);
      expect(zone.toEpoch({ ...moment, offset: -18000 })).toBe(1005363232);
      expect(zone.toEpoch({ ...civil([2001, 10, 99, 88, 77, 66]), offset: 0 })).toBe(1013361486);
    }
  });

  it('counts days as Date does, fields out of range included', () => {
    const utc = zoneOf('UTC');
    const field = fc.integer({ min: -200, max: 200 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }),
        fc.array(field, { minLength: 5, maxLength: 5 }),
        (year, rest) => {
          const fields = civil([year, ...rest]);
          const date = new Date(0);
          date.setUTCFullYear(year, fields.month, fields.day);
          date.setUTCHours(fields.hour, fields.minute, fields.second);
          expect(utc.toEpoch({ ...fields, offset: 0 })).toBe(date.getTime() / 1000);
          expect(utc.toEpoch(fields)).toBe(date.getTime() / 1000);
        },
      ),
    );
  });

  it('finds a moment that the clock of the zone shows so, in any order of calls', () => {
    const names = [
      'Europe/Helsinki',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
      'Africa/Casablanca',
    ];
    const zones = names.map(zoneOf);
    const second = fc.integer({ min: -2_200_000_000, max: 4_000_000_000 });
    fc.assert(
      fc.property(fc.nat({ max: zones.length - 1 }), second, (at, epoch) => {
        const zone = zones[at] ?? zoneOf('UTC');
        const shown = show(zone.name, epoch);
        const found = zone.toEpoch(civil(shown));
        expect(show(zone.name, found)).toEqual(shown);
        // Only an hour that occurs twice has two answers.
        expect(Math.abs(found - epoch)).toBeLessThanOrEqual(3600);
        expect(zoneOf(zone.name).toEpoch(civil(shown))).toBe(found);
      }),
      { numRuns: 300 },
    );
  });

  it('never throws, whatever the fields', () => {
    const zone = zoneOf('Europe/Helsinki');
    const any = fc.oneof(fc.integer(), fc.double());
    fc.assert(
      fc.property(fc.array(any, { minLength: 6, maxLength: 6 }), (fields) => {
        expect(zone.toEpoch(civil(fields))).toBeTypeOf('number');
      }),
    );
  });

  it('stays right when more stretches of time are asked for than are kept', () => {
    const zone = zoneOf('Europe/Helsinki');
    const first = civil([2001, 6, 9, 22, 33, 52]);
    const before = zone.toEpoch(first);
    for (let year = 2002; year < 2090; year++) {
      for (let day = 1; day < 366; day += 6) zone.toEpoch(civil([year, 0, day, 12, 0, 0]));
    }
    expect(zone.toEpoch(first)).toBe(before);
    expect(before).toBe(994707232);
  });
});

/** What a clock in the zone shows, by a way of its own: the text of one locale. */
function show(timeZone: string, epoch: number): number[] {
  const text = new Date(epoch * 1000).toLocaleString('sv-SE', { timeZone });
  const [year = 0, month = 0, ...rest] = (text.match(/\d+/g) ?? []).map(Number);
  return [year, month - 1, ...rest];
}
