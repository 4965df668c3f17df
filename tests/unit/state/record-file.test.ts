import { expect, test } from 'vitest';
import { RecordFile } from '../../../src/state/record-file.ts';
import { record } from '../plan/model.ts';

test('gives records by number, in any order and between additions', () => {
  const file = new RecordFile();
  try {
    const made = Array.from({ length: 3000 }, (_, i) =>
      record(i + 1, 'a', i % 32, i % 7 === 0 ? ['k\xe9'] : []),
    );
    for (const one of made.slice(0, 1500)) file.add(one);
    expect(file.at(1499)).toEqual(made[1499]);
    for (const one of made.slice(1500)) file.add(one);
    for (const number of [0, 7, 1023, 1024, 1500, 2999]) expect(file.at(number)).toEqual(made[number]);
  } finally {
    file.close();
  }
});
