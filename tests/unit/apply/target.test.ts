import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Staging, stagedName } from '../../../src/apply/staging.ts';
import { folderState, takeInventory } from '../../../src/maildir/inspect.ts';
import { KeywordLetters } from '../../../src/maildir/keyword-letters.ts';
import { discardFolder, ensureFolder, openFolder } from '../../../src/maildir/target-folder.ts';
import { open, tempDir } from '../io/support.ts';

const mode = (path: string) => (fs.statSync(path).mode & 0o7777).toString(8);

/** Older than what the clock's grain may hide. */
const SETTLED_MS = 2100;

describe('what a folder looks like', () => {
  const BELIEVED = { count: 7, sum: 'abc' };

  test('is not listed while it has the stamp of when it was, and listed when it has not', async () => {
    const at = tempDir();
    const folder = ensureFolder(open(at), '.A', undefined);
    fs.writeFileSync(`${at}/.A/cur/1.x:2,S`, '');
    await sleep(SETTLED_MS);
    const { stamp } = folderState(folder);
    expect(stamp).not.toBe('');
    expect(folderState(folder, { listing: BELIEVED, stamp }).listing).toEqual(BELIEVED);
    fs.writeFileSync(`${at}/.A/new/2.x`, '');
    expect(folderState(folder, { listing: BELIEVED, stamp }).listing.count).toBe(2);
    folder.close();
  });

  test('is listed while a change could leave it the same times', () => {
    const at = tempDir();
    const folder = ensureFolder(open(at), '.A', undefined);
    const { stamp, listing } = folderState(folder, { listing: BELIEVED, stamp: '' });
    expect([stamp, listing.count]).toEqual(['', 0]);
    folder.close();
  });
});

describe('folders', () => {
  test('are the mail user’s alone, whatever the umask', () => {
    const at = tempDir();
    const before = process.umask(0);
    try {
      ensureFolder(open(at), '.A.B', undefined).close();
    } finally {
      process.umask(before);
    }
    for (const dir of ['', '/cur', '/new', '/tmp']) expect(mode(`${at}/.A.B${dir}`), dir).toBe('700');
    expect(mode(`${at}/.A.B/maildirfolder`)).toBe('600');
  });

  test('the root has no maildirfolder', () => {
    const at = tempDir();
    ensureFolder(open(at), '', undefined).close();
    expect(fs.readdirSync(at).sort()).toEqual(['cur', 'new', 'tmp']);
  });

  test('one that exists keeps its modes and is not ours to take back', () => {
    const at = tempDir();
    fs.mkdirSync(`${at}/.A/cur`, { recursive: true, mode: 0o755 });
    const root = open(at);
    const folder = ensureFolder(root, '.A', undefined);
    expect(folder.made).toBe(false);
    expect(mode(`${at}/.A/cur`)).toBe('755');
    discardFolder(root, '.A', folder);
    expect(fs.readdirSync(`${at}/.A`).sort()).toEqual(['cur', 'maildirfolder', 'new', 'tmp']);
  });

  test('one that this run made is taken back whole, or not at all', () => {
    const at = tempDir();
    const root = open(at);
    const empty = ensureFolder(root, '.Empty', undefined);
    fs.writeFileSync(`${at}/.Empty/dovecot-keywords`, '0 a\n');
    discardFolder(root, '.Empty', empty);
    const used = ensureFolder(root, '.Used', undefined);
    fs.writeFileSync(`${at}/.Used/cur/1.x`, '');
    discardFolder(root, '.Used', used);
    expect(fs.readdirSync(at)).toEqual(['.Used']);
    expect(fs.readdirSync(`${at}/.Used`).sort()).toEqual(['cur', 'maildirfolder', 'new', 'tmp']);
  });

  test('half a folder is none for reading', () => {
    const at = tempDir();
    fs.mkdirSync(`${at}/.A/cur`, { recursive: true });
    expect(openFolder(open(at), '.A')).toBeUndefined();
    expect(openFolder(open(at), '.B')).toBeUndefined();
    expect(fs.readdirSync(`${at}/.A`)).toEqual(['cur']);
  });
});

describe('staging', () => {
  test('files get time and mode; those not wanted, and dropped ones, leave nothing', () => {
    const at = tempDir();
    const before: string[][] = [];
    const lock = () => void before.push(fs.readdirSync(at));
    const staging = new Staging(open(at), {
      owner: undefined,
      wanted: (ordinal) => ordinal !== 1,
      beforeChange: lock,
    });
    expect([0, 1].map((ordinal) => staging.begin(ordinal))).toEqual([true, false]);
    staging.begin(0);
    staging.data(Buffer.from('a'));
    staging.data(Buffer.from('b'));
    staging.end(-86_400);
    staging.begin(2);
    staging.data(Buffer.from('c'));
    staging.drop();
    // Before each file is made, and at no other time.
    expect(before).toEqual([[], [stagedName(0)]]);
    expect(fs.readdirSync(at)).toEqual([stagedName(0)]);
    expect(fs.readFileSync(`${at}/${stagedName(0)}`, 'latin1')).toBe('ab');
    expect(mode(`${at}/${stagedName(0)}`)).toBe('600');
    expect(fs.statSync(`${at}/${stagedName(0)}`).mtimeMs).toBe(-86_400_000);
  });

  test('clear removes ours, of all runs, and nothing else', () => {
    const at = tempDir();
    for (let i = 0; i < 3000; i++) fs.writeFileSync(`${at}/${stagedName(i)}`, '');
    fs.writeFileSync(`${at}/1.M2.host`, 'a delivery');
    const before: string[][] = [];
    const lock = () => void before.push(fs.readdirSync(at).sort());
    const how = { owner: undefined, wanted: () => true };
    new Staging(open(at), { ...how, beforeChange: lock }).clear();
    expect(fs.readdirSync(at)).toEqual(['1.M2.host']);
    expect(before[0]).toHaveLength(3001);
    expect(before).toHaveLength(3000);
    new Staging(open(at), { ...how, beforeChange: () => expect.unreachable() }).clear();
  });
});

describe('keyword letters', () => {
  const names = Array.from({ length: 28 }, (_, i) => `k${i}`);

  test('those in use come before those merely known; the rest has none', () => {
    const letters = KeywordLetters.read(open(tempDir())).extend(new Set(['k27', 'other']), names);
    expect(letters.infoOf({ flags: 0, keywords: ['other', 'k27'] })).toBe(':2,ab');
    expect(letters.indexesOf(['k0', 'k23', 'k24'])).toEqual({ indexes: [2, 25], missing: ['k24'] });
    expect(letters.infoOf({ flags: 0, keywords: ['k24'] })).toBe(':2,');
  });

  test('letters that a folder has never move', () => {
    const at = tempDir();
    fs.writeFileSync(`${at}/dovecot-keywords`, '0 K5\n1 mine\n');
    const letters = KeywordLetters.read(open(at)).extend(new Set(['k5', 'k6']), names.slice(0, 8));
    expect(letters.infoOf({ flags: 0, keywords: ['k5', 'k6'] })).toBe(':2,ac');
    letters.write(open(at), undefined);
    expect(fs.readFileSync(`${at}/dovecot-keywords`, 'latin1')).toMatch(/^0 K5\n1 mine\n2 k6\n/);
    expect(mode(`${at}/dovecot-keywords`)).toBe('600');
    expect(KeywordLetters.read(open(at)).extend(new Set(['k6']), []).changed).toBe(false);
  });
});

test('an inventory tells ours from others’', () => {
  const at = tempDir();
  const folder = ensureFolder(open(at), '', undefined);
  const ours = '5.U1X0123456789abcdef.spoolsync,S=1,W=1';
  for (const name of [
    `cur/${ours}:2,S`,
    `cur/${ours}:2,`,
    'cur/6.M1.host',
    `new/${ours}`,
    'new/.hidden',
    'cur/.hidden',
  ])
    fs.writeFileSync(`${at}/${name}`, '');
  const { own, others } = takeInventory(folder);
  expect([...own.keys()]).toEqual([ours]);
  expect([...others].sort()).toEqual([
    [ours, 'new'],
    ['6.M1.host', 'cur'],
  ]);
});
