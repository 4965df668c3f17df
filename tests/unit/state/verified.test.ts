import fs from 'node:fs';
import { expect, test } from 'vitest';
import type { Dir } from '../../../src/io/dir.ts';
import { type Manifest, openManifest } from '../../../src/state/manifest.ts';
import { ManifestWriter } from '../../../src/state/manifest-writer.ts';
import { forgetVerified, markVerified, openVerified } from '../../../src/state/verified.ts';
import { open, tempDir } from '../io/support.ts';
import { record } from '../plan/model.ts';
import { headerFor } from './manifest-header.ts';

/** Puts a manifest of one message in place, as a pass does, and opens it. */
function writeManifest(state: Dir, uid: number, name = 'INBOX'): Manifest {
  const writer = new ManifestWriter(state, name, { ...headerFor(1), targetNext: 100 + uid });
  writer.add(record(uid, 'a'));
  writer.commit();
  const manifest = openManifest(state, name);
  if (manifest === undefined) throw new Error('no manifest');
  return manifest;
}

/** UIDs that are marked as verified. */
function verified(state: Dir, name = 'INBOX'): number[] | undefined {
  const mark = openVerified(state, name);
  const uids = mark && [...mark.records()].map(({ uid }) => uid);
  mark?.close();
  return uids;
}

test('a mark keeps what was compared while passes go on, until the next mark', () => {
  const dir = tempDir();
  const state = open(dir);
  expect(verified(state)).toBeUndefined();
  expect(markVerified(state, 'INBOX', writeManifest(state, 1))).toBe(true);
  expect(verified(state)).toEqual([1]);
  const second = writeManifest(state, 2);
  expect(verified(state)).toEqual([1]);
  expect(markVerified(state, 'INBOX', second)).toBe(true);
  expect(verified(state)).toEqual([2]);
  expect(markVerified(state, 'INBOX', second)).toBe(true);
  expect(verified(state)).toEqual([2]);
  expect(fs.readdirSync(dir).sort()).toEqual(['.INBOX.verified', 'INBOX']);
});

test('another manifest that came meanwhile is not marked', () => {
  const dir = tempDir();
  const state = open(dir);
  const compared = writeManifest(state, 1);
  writeManifest(state, 2).close();
  expect(markVerified(state, 'INBOX', compared)).toBe(false);
  expect(verified(state)).toBeUndefined();
  expect(fs.readdirSync(dir)).toEqual(['INBOX']);
});

test('what is damaged, of another version, or forgotten counts as not verified', () => {
  const dir = tempDir();
  const state = open(dir);
  const mark = `${dir}/.INBOX.verified`;
  markVerified(state, 'INBOX', writeManifest(state, 1));
  forgetVerified(state, 'INBOX');
  expect(verified(state)).toBeUndefined();
  expect(fs.existsSync(`${dir}/INBOX`)).toBe(true);
  for (const bytes of ['', 'x', fs.readFileSync(`${dir}/INBOX`, 'latin1').replace('alice', 'eve')]) {
    fs.writeFileSync(mark, bytes, 'latin1');
    expect(verified(state)).toBeUndefined();
  }
});

test('where no mark can be made there is none, and that is no error', () => {
  const dir = tempDir();
  const state = open(dir);
  const manifest = writeManifest(state, 1);
  fs.mkdirSync(`${dir}/.INBOX.verifying`);
  expect(markVerified(state, 'INBOX', manifest)).toBe(false);
  expect(verified(state)).toBeUndefined();
  fs.rmSync(`${dir}/INBOX`);
  fs.rmdirSync(`${dir}/.INBOX.verifying`);
  expect(markVerified(state, 'INBOX', manifest)).toBe(false);
});
