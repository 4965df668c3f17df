import { describe, expect, test } from 'vitest';
import type { ScanTotals } from '../../../src/codec/mbox/message-scanner.ts';
import { MAX_UID } from '../../../src/core/limits.ts';
import { baseOf } from '../../../src/maildir/base-of.ts';
import { mailboxGuid, numberedByName, numbersOf, withUids } from '../../../src/run/numbers.ts';
import { plain, record, scanned } from '../plan/model.ts';

function totals(uidValidity: number | undefined, uidNext: number, renumbered = false): ScanTotals {
  return { uidValidity, uidNext, keywords: ['k'], renumbered, messages: 0, leading: 0, unquoted: 0 };
}

describe('numbersOf', () => {
  const keywords = ['k'];
  test.each([
    ['the source’s count', totals(5, 8), undefined, { uidValidity: 5, numbered: true, uidNext: 8, keywords }],
    [
      'UIDNEXT never falls',
      totals(5, 8),
      { uidValidity: 5, uidNext: 20 },
      { uidValidity: 5, numbered: true, uidNext: 20, keywords },
    ],
    [
      'but starts anew under another UIDVALIDITY',
      totals(6, 8),
      { uidValidity: 5, uidNext: 20 },
      { uidValidity: 6, numbered: true, uidNext: 8, keywords },
    ],
    [
      'none anywhere: now',
      totals(undefined, 8),
      undefined,
      { uidValidity: 99, numbered: false, uidNext: 1, keywords },
    ],
    [
      'none in the source: as before',
      totals(undefined, 8),
      { uidValidity: 5, uidNext: 20 },
      { uidValidity: 5, numbered: false, uidNext: 20, keywords },
    ],
    [
      'renumbered ones do not count',
      totals(5, 8, true),
      { uidValidity: 4, uidNext: 20 },
      { uidValidity: 4, numbered: false, uidNext: 20, keywords },
    ],
  ])('%s', (_name, scan, old, expected) => {
    expect(numbersOf(scan, old, 99)).toEqual(expected);
  });
});

describe('withUids', () => {
  const scan = (letters: string) => [...letters].map((letter, i) => scanned(record(i + 1, letter), i));
  const facts = { uidValidity: 5, numbered: false, uidNext: 1, keywords: [] };
  const uids = (...args: Parameters<typeof withUids>) => [...withUids(...args)].map(({ uid }) => uid);

  test('numbered sources keep their numbers', () => {
    const now = [scanned(record(7, 'a')), scanned(record(9, 'b'))];
    const before = { records: () => [record(1, 'a')] };
    expect(uids({ ...facts, numbered: true }, before, now)).toEqual([7, 9]);
  });

  test('others get those they had, then UIDNEXT', () => {
    const before = { records: () => [record(1, 'a'), record(2, 'b')] };
    expect(uids({ ...facts, uidNext: 10 }, before, scan('bc'))).toEqual([2, 10]);
  });

  test('no UID is given twice, even if UIDNEXT was lost', () => {
    const before = { records: () => [record(1, 'a'), record(6, 'b')] };
    expect(uids(facts, before, scan('bc'))).toEqual([6, 7]);
  });

  test('file names tell the UIDs of a lost manifest', () => {
    const old = [record(3, 'c'), record(1, 'a'), record(2, 'b')];
    const before = numberedByName([...old.map(baseOf), '123.M1P2.host,S=5']);
    expect([...before.records()].map(({ uid }) => uid)).toEqual([1, 2, 3]);
    expect([...withUids(facts, before, scan('bcx'))].map(plain).map(({ uid }) => uid)).toEqual([2, 3, 4]);
  });
});

test('a mailbox GUID is a function of what names the mailbox', () => {
  const guid = mailboxGuid('alice', '/y', '.Sent');
  expect(guid).toMatch(/^[0-9a-f]{32}$/);
  expect(mailboxGuid('alice', '/y', '.Sent')).toBe(guid);
  const others = [
    mailboxGuid('alice', '/z', '.Sent'),
    mailboxGuid('alice', '/y', '.sent'),
    mailboxGuid('bob', '/y', '.Sent'),
  ];
  expect(new Set([guid, ...others]).size).toBe(4);
});

test('UIDNEXT ends where UIDs do', () => {
  const totals = {
    uidValidity: 1000,
    uidNext: MAX_UID + 1,
    keywords: [],
    renumbered: false,
    messages: 0,
    leading: 0,
    unquoted: 0,
  };
  expect(numbersOf(totals, undefined, 1).uidNext).toBe(MAX_UID);
});
