import { afterEach, expect, test } from 'vitest';
import { Spill } from '../../../src/state/spill.ts';
import { plain, record } from '../plan/model.ts';

const open: Spill[] = [];
afterEach(() => {
  for (const spill of open.splice(0)) spill.close();
});

function spillOf(count: number): Spill {
  const spill = new Spill();
  open.push(spill);
  for (let i = 0; i < count; i++) spill.add(record(i + 1, 'a', i % 32, ['k']), i % 2 === 0);
  return spill;
}

test('gives back what was put in, in order, with ordinals', () => {
  const found = [...spillOf(3).records()];
  expect(found.map(({ ordinal, staged }) => [ordinal, staged])).toEqual([
    [0, true],
    [1, false],
    [2, true],
  ]);
  expect(found.map(plain)).toEqual([0, 1, 2].map((i) => record(i + 1, 'a', i, ['k'])));
});

test('can be read again, in part, and between additions', () => {
  const spill = spillOf(2000);
  expect([...spill.records(5)]).toHaveLength(5);
  expect([...spill.records(0)]).toEqual([]);
  expect(spill.count).toBe(2000);
  spill.add(record(2001, 'b'), true);
  expect([...spill.records()]).toHaveLength(2001);
  const [a, b] = [spill.records(), spill.records()];
  a.next();
  expect(b.next().value?.uid).toBe(1);
  expect(a.next().value?.uid).toBe(2);
});

test('is empty at first', () => {
  expect([...spillOf(0).records()]).toEqual([]);
});
