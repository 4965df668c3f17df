import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../../src/core/limits.ts';
import type { Remembered } from '../../../../src/core/message.ts';
import type { Dir } from '../../../../src/io/dir.ts';
import { openParts, type SourceFolder } from '../../../../src/source/maildir/folder.ts';
import { type Entries, listFolder, listOnce } from '../../../../src/source/maildir/listing.ts';
import { isEntry, orderEntries } from '../../../../src/source/maildir/order.ts';
import { open, tempDir } from '../../io/support.ts';

function folder(names: readonly string[]): { readonly at: string; readonly folder: SourceFolder } {
  const at = tempDir();
  for (const part of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(at, part));
  for (const name of names) fs.writeFileSync(path.join(at, name), name);
  const dir = open(at, 'source');
  return { at, folder: openParts(dir, dir.reopen(), dir.stat.uid) };
}

/** The folder, but for `cur/`, in which each listing shows another name. */
function restless({ folder: one }: { folder: SourceFolder }): SourceFolder {
  let listings = 0;
  const cur = {
    *entries() {
      yield* ['1.M1P1.h:2,', `${++listings}0.M1P1.h:2,`];
    },
    // It is not the same for two looks, either.
    restat: () => ({
      ...(one.cur as Dir).restat(),
      mtimeNs: BigInt(Date.now()) * 1_000_000n + BigInt(++listings),
    }),
    lstat: () => undefined,
  };
  return { ...one, cur: cur as unknown as Dir };
}

const never = () => undefined;

test('a folder that changed a moment ago is listed twice, and not trusted to stay', async () => {
  const { folder: one } = folder(['cur/1.M1P1.h:2,S', 'new/2.M1P1.h']);
  const listing = await listFolder(one, never);
  expect([...listing.entries.keys()].sort()).toEqual(['1.M1P1.h', '2.M1P1.h']);
  expect([listing.agreed, listing.settled]).toEqual([true, false]);
});

test('a folder in which mail keeps arriving is taken as what the last two listings show', async () => {
  const listing = await listFolder(restless(folder([])), never);
  expect([listing.agreed, listing.settled]).toEqual([false, false]);
  expect(listing.entries.size).toBe(3);
  expect(listing.entries.has('1.M1P1.h')).toBe(true);
  expect(LIMITS.relistings).toBeGreaterThan(2);
});

test('a name met in both directories while it moved is one message', () => {
  const { folder: one, at } = folder(['cur/1.M1P1.h:2,S']);
  const moving = { ...one, new: { entries: () => ['1.M1P1.h'], lstat: () => undefined } as unknown as Dir };
  const { entries, problems } = listOnce(moving);
  expect([...entries.values()]).toMatchObject([{ name: '1.M1P1.h:2,S', fresh: false, second: false }]);
  expect(problems).toEqual([]);
  fs.linkSync(path.join(at, 'cur/1.M1P1.h:2,S'), path.join(at, 'new/1.M1P1.h'));
  const linked = listOnce(one);
  expect([...linked.entries.keys()]).toEqual(['1.M1P1.h']);
  expect(linked.problems.map(({ code }) => code)).toEqual(['DUPLICATE_FILE']);
});

test('of two files with one name in cur/ the one with the lower inode is the message, whatever its flags', () => {
  const { folder: one, at } = folder(['cur/1.M1P1.h:2,S', 'cur/1.M1P1.h:2,F']);
  const inode = (name: string) => fs.statSync(path.join(at, 'cur', name)).ino;
  const [low, high] = ['1.M1P1.h:2,S', '1.M1P1.h:2,F'].sort((a, b) => inode(a) - inode(b)) as [
    string,
    string,
  ];
  const { entries } = listOnce(one);
  expect(entries.get('1.M1P1.h')).toMatchObject({ name: low, second: false });
  expect(entries.get(`1.M1P1.h:${inode(high)}`)).toMatchObject({ name: high, second: true });
});

function record(key: string, uid: number, sourceUid?: number): Remembered {
  const content = { flags: 0, keywords: [], date: 0, size: 1, vsize: 1, digest: '0', start: 0, end: 1 };
  const file = { key, ino: '1', mtimeNs: '1' };
  return { ...content, uid, file, ...(sourceUid !== undefined && { sourceUid }) };
}

const entriesOf = (uids: Readonly<Record<string, number>>): Entries =>
  new Map(
    Object.entries(uids).map(([key, uid]) => [
      key,
      { key, base: key, name: key, fresh: false, info: '', second: false, uid, fields: [] },
    ]),
  );

function ordered(order: ReturnType<typeof orderEntries>): [string, number][] {
  return order.messages.map(({ uid, entry }) => [
    isEntry(entry) ? entry.key : `${entry.file?.key} kept`,
    uid,
  ]);
}

test('numbered: listed ones by UID, remembered ones while their UID is free, new ones as they arrived', () => {
  const entries = entriesOf({ '9.a': 4, '8.b': 2, '7.c': 0, '6.d': 0, '5.e': 0, '4.f': 0 });
  const known = [record('8.b', 2), record('6.d', 3), record('7.c', 6), record('9.a', 9)];
  const order = orderEntries(entries, { rules: 'maildir-dovecot', uidValidity: 1, uidNext: 5 }, known, true);
  expect(ordered(order)).toEqual([
    ['8.b', 2],
    ['9.a', 4],
    ['7.c', 6],
    ['4.f', 0],
    ['5.e', 0],
    ['6.d', 0],
  ]);
  // Their contents are known all the same.
  expect([...order.moved.keys()].sort()).toEqual(['6.d', '9.a']);
});

test('bare: remembered ones by their UID, whatever the order of their names', () => {
  const order = orderEntries(
    entriesOf({ '1.a': 0, '2.b': 0, '3.c': 0 }),
    { rules: 'maildir-bare', uidValidity: undefined, uidNext: 1 },
    [record('3.c', 1), record('2.b', 7)],
    true,
  );
  expect(ordered(order)).toEqual([
    ['3.c', 1],
    ['2.b', 7],
    ['1.a', 0],
  ]);
});

test('new ones in the order of the server that will number them', () => {
  const entries = entriesOf({ '9.M30.x': 0, '9.M4.x': 0, '9.M4.x,S=1': 0 });
  const order = (rules: 'maildir-courier' | 'maildir-dovecot') =>
    ordered(orderEntries(entries, { rules, uidValidity: 1, uidNext: 5 }, [], true)).map(([key]) => key);
  expect(order('maildir-courier')).toEqual(['9.M30.x', '9.M4.x', '9.M4.x,S=1']);
  expect(order('maildir-dovecot')).toEqual(['9.M4.x', '9.M4.x,S=1', '9.M30.x']);
});

test('what a listing may only have missed stays, unless the server gave its UID away', () => {
  const known = [record('1.a', 1), record('2.b', 2), record('3.c', 9, 3)];
  const order = orderEntries(
    entriesOf({ '5.x': 2 }),
    { rules: 'maildir-dovecot', uidValidity: 1, uidNext: 5 },
    known,
    false,
  );
  expect(ordered(order)).toEqual([
    ['1.a kept', 1],
    ['5.x', 2],
    ['3.c kept', 3],
  ]);
});
