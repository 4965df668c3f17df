import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { NOWHERE } from '../../../src/codec/mbox/message-scanner.ts';
import { createZone } from '../../../src/codec/time-zone.ts';
import type { RunEvent } from '../../../src/core/events.ts';
import { toNameBytes } from '../../../src/io/names.ts';
import { readArchive } from '../../../src/run/read-archive.ts';
import { ArchiveAccount } from '../../../src/source/archive/account.ts';
import { expand, parseLocation } from '../../../src/source/location.ts';
import { scratchDir } from '../../helpers/convert.ts';

/** Archives that change while they are read. */

function post(n: number): string {
  return `From a at example.org  Thu Jul  1 09:00:${String(n).padStart(2, '0')} 2004\nSubject: post ${n}\n\ntext\n\n`;
}

/** Reads an archive of one month beside another; `meanwhile` is called whenever bytes have been read. */
async function readWhile(meanwhile: (file: string, times: number) => void) {
  const dir = scratchDir();
  const file = path.join(dir, '2004-July.txt');
  fs.writeFileSync(file, post(1) + post(2));
  fs.writeFileSync(path.join(dir, '2004-August.txt'), post(3));
  const zone = createZone('UTC');
  if (!zone.ok) throw new Error(zone.reason);
  const places = expand(parseLocation(`archive:${toNameBytes(dir)}`), 'talk', () => undefined);
  const account = ArchiveAccount.open({ user: 'talk', places });
  const [events, remarks]: [RunEvent[], string[]] = [[], []];
  let times = 0;
  const context = {
    version: 'test',
    reading: { rules: 'auto', zone: zone.zone, unquote: 'none' },
    emit: (event: RunEvent) => events.push(event),
    took: () => meanwhile(file, ++times),
    checkSignal: () => undefined,
  } as const;
  const how = {
    store: NOWHERE,
    known: undefined,
    remark: (_severity: string, code: string) => remarks.push(code),
  };
  const read = await readArchive(context, how, { account, user: 'talk', mailbox: 'INBOX' });
  const { whole, settled } = read;
  const found = [...read.messages.records()].map(({ uid, date }) => [uid, date % 60]);
  read.messages.close();
  account.close();
  const failures = events.flatMap((event) => (event.event === 'failure' ? [event.code] : []));
  return { found, whole, settled, failures, remarks };
}

test('a file that grew once is read again', async () => {
  const read = await readWhile((file, times) => {
    if (times === 1) fs.appendFileSync(file, post(4));
  });
  expect(read).toMatchObject({ whole: true, failures: [], remarks: [] });
  expect(read.found).toEqual([1, 2, 3, 4].map((second) => [0, second]));
});

test('one that keeps growing is taken up to its last message but one', async () => {
  const read = await readWhile((file, times) => {
    fs.appendFileSync(file, post(10 + times));
  });
  expect(read).toMatchObject({ whole: false, settled: false, failures: [], remarks: ['SOURCE_MOVED'] });
  // Two attempts saw the file grow by one each; at the third it held four.
  expect(read.found).toEqual([1, 2, 3, 11].map((second) => [0, second]));
});

test('one that is made anew again and again is not taken, the others are', async () => {
  const read = await readWhile((file, times) => {
    fs.rmSync(file);
    fs.writeFileSync(file, post(2) + post(10 + times));
  });
  expect(read).toMatchObject({ whole: false, failures: ['SOURCE_MOVED'], remarks: [] });
  expect(read.found).toEqual([[0, 3]]);
});

test('one that vanishes is told', async () => {
  const read = await readWhile((file) => fs.rmSync(file, { force: true }));
  expect(read).toMatchObject({ whole: false, failures: ['SOURCE_MOVED'] });
  expect(read.found).toEqual([[0, 3]]);
});
