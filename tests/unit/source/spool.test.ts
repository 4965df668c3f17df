import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { SpoolsyncError } from '../../../src/core/errors.ts';
import { Spool } from '../../../src/source/spool.ts';
import { open, tempDir } from '../io/support.ts';

const MAIL = 'From a@b.c Thu Nov  9 22:33:52 2023\nSubject: x\n\nbody\n';

async function spoolOf(bytes: string | Uint8Array): Promise<{ spool: Spool; path: string }> {
  const at = tempDir();
  fs.writeFileSync(`${at}/s`, bytes, 'latin1');
  const file = open(at, 'source').openFile('s');
  if (file === undefined) throw new Error('the file is gone');
  return { spool: await Spool.open(file), path: `${at}/s` };
}

async function all(spool: Spool): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of spool.stream()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

const sync = (spool: Spool, start: number, end: number) =>
  [...spool.chunksSync(start, end)].map((chunk) => Buffer.from(chunk).toString('latin1')).join('');

test.each([
  ['mbox', MAIL, MAIL],
  ['empty', '', ''],
  ['mbox', gzipSync(MAIL), MAIL],
  ['cr-only', MAIL.replaceAll('\n', '\r'), MAIL],
])('reads a spool of kind %s the same way by all three ways', async (kind, bytes, expected) => {
  const { spool } = await spoolOf(bytes);
  expect(spool.kind).toBe(kind);
  expect(spool.size).toBe(expected.length);
  expect(await all(spool)).toBe(expected);
  expect(sync(spool, 0, spool.size)).toBe(expected);
  expect(sync(spool, 5, 12)).toBe(expected.slice(5, 12));
  expect(Buffer.from(spool.peek(3, 1000)).toString('latin1')).toBe(expected.slice(3));
  expect(spool.peek(spool.size + 5, 10)).toHaveLength(0);
  spool.close();
});

test.each([
  ['a cut .gz', gzipSync(MAIL.repeat(100)).subarray(0, 60), 'SOURCE_DAMAGED'],
  ['a .gz with a flipped bit in its checksum', flipped(gzipSync(MAIL), -6), 'SOURCE_DAMAGED'],
  ['a .gz in a .gz', gzipSync(gzipSync(MAIL)), 'SOURCE_NOT_MBOX'],
  ['no mail', 'hello\n'.repeat(9), 'SOURCE_NOT_MBOX'],
])('refuses %s', async (_name, bytes, code) => {
  const error = await spoolOf(bytes).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(SpoolsyncError);
  expect(error).toMatchObject({ code });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length + at] = (copy.at(at) ?? 0) ^ 1;
  return copy;
}

test.each<['no' | 'grew' | 'changed', (path: string) => void]>([
  ['no', () => undefined],
  ['grew', (path) => fs.appendFileSync(path, MAIL)],
  ['changed', (path) => fs.truncateSync(path, 10)],
  ['changed', (path) => fs.utimesSync(path, 5, 5)],
])('notices what happens meanwhile: %s', async (expected, disturb) => {
  const { spool, path } = await spoolOf(MAIL);
  const before = spool.fingerprint;
  disturb(path);
  expect(spool.moved()).toBe(expected);
  expect(spool.fingerprint).toEqual(before);
  spool.close();
});

test('what is read ends where the file ended when it was opened', async () => {
  const { spool, path } = await spoolOf(MAIL);
  fs.appendFileSync(path, MAIL);
  expect(await all(spool)).toBe(MAIL);
  spool.close();
});
