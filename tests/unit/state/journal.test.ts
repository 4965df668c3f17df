import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { hasJournal, openJournal, removeJournal, writeJournal } from '../../../src/state/journal.ts';
import { open, tempDir } from '../io/support.ts';
import { record } from '../plan/model.ts';

test('a journal is about one generation of the manifest, and says nothing beside another', () => {
  const state = open(tempDir());
  const next = record(7, 'z');
  writeJournal(state, 'm', 3, [
    [1, 'removed'],
    [2, next],
  ]);
  const journal = openJournal(state, 'm', 3);
  expect([1, 2, 3].map((uid) => journal?.of(uid))).toEqual([['removed'], [next], []]);
  expect(openJournal(state, 'm', 4)).toBeUndefined();
  expect(openJournal(state, 'm', 0)).toBeUndefined();
  expect(hasJournal(state, 'm')).toBe(true);
  removeJournal(state, 'm');
  expect(hasJournal(state, 'm')).toBe(false);
});

test('a pass that follows on a cut-off one adds to its journal; one of the next generation begins anew', () => {
  const state = open(tempDir());
  writeJournal(state, 'm', 3, [[1, 'removed']]);
  writeJournal(state, 'm', 3, [[2, 'removed']]);
  expect([1, 2].map((uid) => openJournal(state, 'm', 3)?.of(uid))).toEqual([['removed'], ['removed']]);
  writeJournal(state, 'm', 4, [[2, 'removed']]);
  expect([1, 2].map((uid) => openJournal(state, 'm', 4)?.of(uid))).toEqual([[], ['removed']]);
});

test('an empty mark, as version 0.1 left it, says that a pass was cut off', () => {
  const dir = tempDir();
  fs.writeFileSync(path.join(dir, '.m.begun'), '');
  expect(openJournal(open(dir), 'm', 0)?.of(1)).toEqual([]);
});
