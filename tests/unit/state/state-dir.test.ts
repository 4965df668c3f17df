import fs from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/codec/digest.ts';
import {
  findAccountState,
  openAccountState,
  rememberSubscriptions,
  stateName,
  wroteSubscriptions,
} from '../../../src/state/state-dir.ts';
import { tempDir, thrown } from '../io/support.ts';

describe('stateName', () => {
  test.each([
    ['alice', 'alice'],
    ['alice@example.org', 'alice@example.org'],
    ['.Sent', '%2eSent'],
    ['.A.B', '%2eA.B'],
    ['.', '%2e'],
    ['..', '%2e.'],
    ['a/b', 'a%2fb'],
    ['a%2fb', 'a%252fb'],
    ['a~b', 'a%7eb'],
    ['\u00e9\n', '%e9%0a'],
  ])('%s', (name, expected) => {
    expect(stateName(name)).toBe(expected);
  });

  const names = fc.string({
    unit: fc.oneof(
      fc.constantFrom('.', '%', '~', '/', 'a', 'A', '2', 'e', '7'),
      fc.nat({ max: 255 }).map((n) => String.fromCharCode(n)),
    ),
    minLength: 1,
    maxLength: 300,
  });

  test('is one safe file name', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(stateName(name)).toMatch(/^[\w@+=&%-][\w.@+=&%~-]{0,199}$/);
      }),
      { numRuns: 1000 },
    );
  });

  test('is another for another name', () => {
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(stateName(a) === stateName(b)).toBe(a === b);
      }),
      { numRuns: 1000 },
    );
  });

  test('no name can be made to look like the shortened one of another', () => {
    const long = 'x'.repeat(250);
    const forged = `${'x'.repeat(180)}~${digestOf(Buffer.from(long))}`;
    expect(stateName(long)).toBe(forged);
    expect(stateName(forged)).not.toBe(forged);
  });
});

describe('account state', () => {
  test('is made for its owner alone, and found again', () => {
    const root = `${tempDir()}/deep/state`;
    expect(findAccountState(root, 'alice', '/y')).toBeUndefined();
    openAccountState(root, 'alice', '/x', '/y').close();
    for (const path of ['', '/alice', '/alice/mailboxes'])
      expect((fs.statSync(root + path).mode & 0o777).toString(8), path).toBe('700');
    expect((fs.statSync(`${root}/alice/account.json`).mode & 0o777).toString(8)).toBe('600');
    const found = findAccountState(root, 'alice', '/y');
    expect(found).toBeDefined();
    found?.close();
    openAccountState(root, 'alice', '/x', '/y').close();
  });

  test('made for another target is refused, and not found', () => {
    const root = tempDir();
    openAccountState(root, 'alice', '/x', '/y').close();
    expect(thrown(() => openAccountState(root, 'alice', '/x', '/z'))).toMatchObject({
      code: 'STATE_FOREIGN',
      message: expect.stringContaining('/y') as string,
    });
    expect(findAccountState(root, 'alice', '/z')).toBeUndefined();
  });

  test('made for another source is refused', () => {
    const root = tempDir();
    openAccountState(root, 'alice', '/x', '/y').close();
    expect(thrown(() => openAccountState(root, 'alice', '/w', '/y'))).toMatchObject({
      code: 'STATE_FOREIGN',
      message: expect.stringContaining('source /x') as string,
    });
  });

  test.each([
    ['junk', 'STATE_DAMAGED'],
    ['{"format":"spoolsync account","version":1}', 'STATE_DAMAGED'],
    ['{"format":"spoolsync account","version":2,"target":"/y"}', 'STATE_NEWER'],
  ])('account.json: %s', (text, code) => {
    const root = tempDir();
    openAccountState(root, 'alice', '/x', '/y').close();
    fs.writeFileSync(`${root}/alice/account.json`, text);
    expect(thrown(() => openAccountState(root, 'alice', '/x', '/y')).code).toBe(code);
  });

  test('remembers what subscriptions it wrote', () => {
    const state = openAccountState(tempDir(), 'alice', '/x', '/y');
    expect(wroteSubscriptions(state, '0123')).toBe(false);
    rememberSubscriptions(state, ['0123']);
    expect(wroteSubscriptions(state, '0123')).toBe(true);
    state.close();
  });
});
