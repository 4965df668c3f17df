import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Remembered } from '../../../src/core/message.ts';
import { isStretch } from '../../../src/core/stretch.ts';
import { type Manifest, openManifest } from '../../../src/state/manifest.ts';
import { ManifestWriter } from '../../../src/state/manifest-writer.ts';
import { Spill } from '../../../src/state/spill.ts';
import { StretchSum } from '../../../src/state/stretch-line.ts';
import { open, tempDir } from '../io/support.ts';
import { plain, record } from '../plan/model.ts';
import { headerFor } from './manifest-header.ts';

/** A message at its place in a spool of messages of 100 bytes. */
function at(uid: number, more: Partial<Remembered> = {}): Remembered {
  const keywords = uid % 100 === 0 ? ['hundred'] : [];
  return { ...record(uid, 'a', uid % 32, keywords), start: 100 * uid, end: 100 * uid + 90, ...more };
}

const messages = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => at(from + i));

function manifestOf(count: number, write: (writer: ManifestWriter) => void): Manifest {
  const state = open(tempDir());
  const writer = new ManifestWriter(state, 'm', headerFor(count));
  write(writer);
  writer.commit();
  const manifest = openManifest(state, 'm');
  if (manifest === undefined) throw new Error('no manifest');
  return manifest;
}

function written(records: readonly Remembered[]): Manifest {
  return manifestOf(records.length, (writer) => {
    for (const one of records) writer.add(one);
  });
}

test('a manifest is a row of stretches, the first message alone', () => {
  const records = messages(1, 1000);
  const manifest = written(records);
  const stretches = [...manifest.stretches()];
  expect(stretches.map(({ count }) => count)).toEqual([1, 128, 128, 128, 128, 128, 128, 128, 103]);
  expect(stretches.flatMap((stretch) => [...stretch.records()])).toEqual(records);
  expect([...manifest.records()]).toEqual(records);
  expect(stretches[1]).toMatchObject({
    firstUid: 2,
    lastUid: 129,
    start: 200,
    lastStart: 12_900,
    end: 12_990,
    keywords: ['hundred'],
    plain: true,
  });
  const again = manifest.stretch(JSON.parse(JSON.stringify(stretches[2])) as (typeof stretches)[number]);
  expect([...again.records()]).toEqual(records.slice(129, 257));
  expect([...written([]).stretches()]).toEqual([]);
});

test.each<[string, readonly Remembered[]]>([
  ['a UID that is not the message’s own claim', [at(1), at(2, { claim: 'none' })]],
  ['another UID in the source', [at(1, { sourceUid: 7 })]],
  ['a message that its user removed', [at(1), at(2, { gone: true }), at(3)]],
  ['flags that its user changed', [at(1, { target: { flags: 1, keywords: [] } })]],
  ['messages in another order than in the source', [at(1), at(2, { start: 10, end: 50 })]],
  ['two in one place', [at(1), at(2, { start: 190, end: 250 }), at(3, { start: 250, end: 300 })]],
  ['more keywords than a line should hold', [at(1, { keywords: ['x'.repeat(5000), 'y'.repeat(5000)] })]],
])('%s: each message must be looked at', (_, records) => {
  const sum = new StretchSum();
  for (const one of records)
    sum.add(one, (one.claim ?? one.sourceUid ?? one.gone ?? one.target) === undefined);
  expect(sum.summary).toMatchObject({ plain: false, keywords: [], count: records.length });
});

test('stretches that are taken over stay few, however many passes there are', () => {
  let manifest = written(messages(1, 3000));
  let records = [...manifest.records()];
  const random = fc.sample(fc.integer({ min: 1, max: 2900 }), { numRuns: 60, seed: 7 });
  for (const [pass, place] of random.entries()) {
    // One message goes, twenty come; what holds the one is taken apart, the rest taken over.
    const going = records[place % records.length];
    const coming = messages(10_000 + 20 * pass, 10_019 + 20 * pass);
    records = [...records.filter((one) => one !== going), ...coming];
    const before = manifest;
    manifest = manifestOf(records.length, (writer) => {
      for (const stretch of before.stretches()) {
        const inside = [...stretch.records()];
        if (!inside.some(({ uid }) => uid === going?.uid)) writer.addStretch(stretch);
        else for (const one of inside) if (one.uid !== going?.uid) writer.add(one);
      }
      for (const one of coming) writer.add(one);
    });
    before.close();
    records = [...manifest.records()];
    expect(records).toHaveLength(3000 + 19 * (pass + 1));
  }
  const counts = [...manifest.stretches()].map(({ count }) => count);
  expect(Math.max(...counts)).toBeLessThanOrEqual(256);
  expect(counts.length).toBeLessThan((2 * records.length) / 64);
  expect([...manifest.stretches()].flatMap((stretch) => [...stretch.records()])).toEqual(records);
});

test('a spill gives stretches back as one or message by message, and up to a limit', () => {
  const manifest = written(messages(1, 600));
  const [, second, third] = [...manifest.stretches()];
  if (second === undefined || third === undefined) throw new Error('too few stretches');
  const spill = new Spill(manifest);
  spill.add(at(1), true);
  spill.addStretch(second);
  spill.addStretch(third);
  spill.add(at(700), false);
  expect(spill.count).toBe(258);
  const all = [...spill.records()];
  expect(all.map(plain)).toEqual([...messages(1, 257), at(700)]);
  expect(all.map(({ ordinal }) => ordinal)).toEqual(all.map((_, i) => i));
  expect(all.filter(({ staged }) => staged)).toHaveLength(1);
  const kinds = (limit?: number) =>
    [...spill.items(limit)].map((item) => (isStretch(item) ? item.count : 'one'));
  expect(kinds()).toEqual(['one', 128, 128, 'one']);
  expect(kinds(129)).toEqual(['one', 128]);
  expect(kinds(131)).toEqual(['one', 128, 'one', 'one']);
  expect([...spill.items(131)].at(-1)).toMatchObject({ uid: 131, ordinal: 130 });
  expect([...spill.records(130)]).toHaveLength(130);
  spill.close();
  manifest.close();
});
