import { describe, expect, test } from 'vitest';
import { fitCost, spread } from '../../../src/plan/fit.ts';

const exact = (x: number, y: number) => ({ x, y, seconds: 2 * x + 3 * y });

describe('costs', () => {
  test('are found where work tells the two apart', () => {
    const { x, y } = fitCost([exact(1, 10), exact(5, 2), exact(7, 7)]);
    expect([x, y]).toEqual([expect.closeTo(2, 9), expect.closeTo(3, 9)]);
  });

  test('that cannot be told apart are shared, and give back what was measured', () => {
    const { x, y } = fitCost([exact(10, 20)]);
    expect(x * 10 + y * 20).toBeCloseTo(80, 9);
    expect(x * 10).toBeCloseTo(40, 9);
  });

  test('are never negative', () => {
    const samples = [
      { x: 1, y: 10, seconds: 10 },
      { x: 10, y: 10, seconds: 1 },
    ];
    const { x, y } = fitCost(samples);
    expect(x).toBeGreaterThanOrEqual(0);
    expect(y).toBeGreaterThan(0);
    const turned = fitCost(samples.map((one) => ({ ...one, x: one.y, y: one.x })));
    expect(turned.y).toBeGreaterThanOrEqual(0);
    expect(turned.x).toBeGreaterThan(0);
  });

  test('of one kind of work alone', () => {
    expect(fitCost([{ x: 4, y: 0, seconds: 2 }])).toMatchObject({ x: 0.5, y: 0 });
    expect(fitCost([{ x: 0, y: 4, seconds: 2 }])).toMatchObject({ x: 0, y: 0.5 });
    expect(fitCost([])).toEqual({ x: 0, y: 0, low: 1, high: 1 });
    expect(fitCost([{ x: 0, y: 0, seconds: 9 }])).toEqual({ x: 0, y: 0, low: 1, high: 1 });
  });

  test('are those of the middle sample, whatever one of them took', () => {
    const samples = Array.from({ length: 9 }, () => ({ x: 1, y: 0, seconds: 1 }));
    const { x, high } = fitCost([...samples, { x: 1, y: 0, seconds: 1000 }]);
    expect(x).toBeCloseTo(1, 9);
    expect(high).toBeGreaterThan(1.1);
  });

  test('of work that took no time are nothing', () => {
    expect(fitCost([{ x: 1, y: 1, seconds: 0 }])).toMatchObject({ x: 0, y: 0 });
    // Nor of work that took less than can be recorded: the smallest of all numbers has no ratios.
    const tiny = { x: 1, y: 0, seconds: Number.MIN_VALUE };
    expect(fitCost([tiny, { x: 1, y: 887_700, seconds: 0 }])).toEqual({ x: 0, y: 0, low: 1, high: 1 });
  });
});

describe('spread', () => {
  test('is as wide as the ratios, without their ends', () => {
    const ratios = [0.01, 0.5, ...Array.from({ length: 17 }, () => 1), 2, 100];
    expect(spread(ratios)).toEqual({
      low: expect.closeTo(1 / (1 + 1 / 21), 9),
      high: expect.closeTo(22 / 21, 9),
    });
    expect(spread([0.5, 0.5, 0.5, 1, 1, 1, 3, 3, 3])).toEqual({ low: 0.5, high: 3 });
  });

  test('of few ratios is wide, however equal they are', () => {
    expect(spread([1])).toEqual({ low: 0.5, high: 2 });
    expect(spread([1, 1, 1, 1])).toEqual({ low: 0.8, high: 1.25 });
  });
});
