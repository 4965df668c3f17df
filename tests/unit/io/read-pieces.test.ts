import fs from 'node:fs';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import type { OpenFile } from '../../../src/io/file.ts';
import { readPieces } from '../../../src/io/read-stream.ts';
import { open, tempDir } from './support.ts';

/** Bytes of which no two pieces of the read size are equal. */
const BYTES = Buffer.from(Uint32Array.from({ length: LIMITS.readChunk }, (_, i) => i * 2_654_435_761).buffer);

function fileOf(bytes: Uint8Array): OpenFile {
  const at = tempDir();
  fs.writeFileSync(`${at}/f`, bytes);
  const file = open(at, 'source').openFile('f');
  if (file === undefined) throw new Error('the file is gone');
  return file;
}

async function collect(file: OpenFile, start: number, end: number): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of readPieces(file, start, end)) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

test.each([
  ['nothing', 0, 0],
  ['less than a piece', 10, 1000],
  ['one piece', 0, LIMITS.readChunk],
  ['a piece and a byte', 7, LIMITS.readChunk + 8],
  ['all', 0, BYTES.length],
])('gives the bytes of the file: %s', async (_what, start, end) => {
  const file = fileOf(BYTES);
  expect((await collect(file, start, end)).equals(BYTES.subarray(start, end))).toBe(true);
  file.close();
});

test('ends where the file ends, also when it was longer once', async () => {
  const file = fileOf(BYTES);
  fs.truncateSync(file.path, LIMITS.readChunk + 100);
  const read = await collect(file, 0, BYTES.length);
  expect(read.equals(BYTES.subarray(0, LIMITS.readChunk + 100))).toBe(true);
  file.close();
});

test('a piece stays as it is while the next is read', async () => {
  const file = fileOf(BYTES);
  let at = 0;
  for await (const piece of readPieces(file, 0, BYTES.length)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(Buffer.from(piece).equals(BYTES.subarray(at, at + piece.length))).toBe(true);
    at += piece.length;
  }
  expect(at).toBe(BYTES.length);
  file.close();
});

test('uses two buffers, however long the file is', async () => {
  const file = fileOf(BYTES);
  const buffers = new Set<ArrayBufferLike>();
  for await (const piece of readPieces(file, 0, BYTES.length)) buffers.add(piece.buffer);
  expect(buffers.size).toBe(2);
  file.close();
});

test('ends early without an error, and the file can be closed then', async () => {
  const file = fileOf(BYTES);
  for await (const piece of readPieces(file, 0, BYTES.length)) {
    expect(piece).toHaveLength(LIMITS.readChunk);
    break;
  }
  file.close();
  await expect(collect(file, 0, 10)).rejects.toMatchObject({ code: 'IO' });
});
