import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ContentsDigest,
  canonicalJson,
  formatSeal,
  parseSeal,
  type Sealed,
  type SealedMailbox,
  type SealedMessage,
} from '../../../src/codec/seal.ts';

const DIGEST = '0123456789abcdef'.repeat(4);

const mailbox = (folder: string): SealedMailbox => ({
  mailbox: 'Sent',
  folder,
  uidValidity: 7,
  uidNext: 12,
  messages: 3,
  bytes: 4711,
  foreign: 0,
  source: { dev: '1', ino: '2', size: 3, mtimeNs: '4', ctimeNs: '5' },
  manifest: DIGEST,
  contents: DIGEST,
  verified: 'all',
  findings: { WEAK_SEPARATOR: 2 },
});

const document = (folder = '.Caf\xe9'): Sealed => ({
  spoolsync: '0.2.0',
  begun: '2026-01-01T00:00:00.000Z',
  sealed: '2026-01-01T00:01:00.000Z',
  forced: ['alice: a spool is open'],
  from: 'mbox:/a',
  to: 'maildir:/b/\u00fc',
  accounts: [
    { user: 'alice', target: '/b', mailboxes: [mailbox(''), mailbox(folder)], subscriptions: DIGEST },
    { user: 'bob', target: '/c', mailboxes: [] },
  ],
});

test('what is written is ASCII, and read back the same', () => {
  const { text, root } = formatSeal(document());
  expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  const parsed = parseSeal(text);
  expect(parsed).toMatchObject({ ok: true, root, seal: document() });
});

test('the root is that of the canonical document, whatever its order and blanks', () => {
  const { text, root } = formatSeal(document());
  const value = JSON.parse(text) as Record<string, unknown>;
  const turned = Object.fromEntries(Object.entries(value).reverse());
  expect(parseSeal(JSON.stringify(turned))).toMatchObject({ ok: true, root });
  const { root: _root, ...body } = value;
  const hex = createHash('sha256').update(canonicalJson(body)).digest('hex');
  expect(root).toBe(hex);
});

test('canonical JSON has one spelling', () => {
  expect(canonicalJson({ b: [1, { z: null, a: true }], a: 'é\n', c: undefined })).toBe(
    '{"a":"\\u00e9\\n","b":[1,{"a":true,"z":null}]}',
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

/** Changes one value deep in a document; returns whether there was one with this number. */
function changeLeaf(value: unknown, wanted: number): boolean {
  let number = 0;
  const visit = (node: Record<string, unknown>): boolean =>
    Object.entries(node).some(([key, leaf]) => {
      if (typeof leaf === 'object' && leaf !== null) return visit(leaf as Record<string, unknown>);
      if (number++ !== wanted) return false;
      node[key] = typeof leaf === 'number' ? leaf + 1 : `${String(leaf)}0`;
      return true;
    });
  return visit(value as Record<string, unknown>);
}

test('no value can be changed unnoticed', () => {
  const { text } = formatSeal(document());
  let changed = 0;
  for (;;) {
    const value: unknown = JSON.parse(text);
    if (!changeLeaf(value, changed)) break;
    expect(parseSeal(JSON.stringify(value))).toMatchObject({ ok: false });
    changed++;
  }
  expect(changed).toBeGreaterThan(40);
});

test.each([
  ['', 'no-seal'],
  ['x', 'no-seal'],
  ['null', 'no-seal'],
  ['[]', 'no-seal'],
  ['{"format":"spoolsync manifest","version":2}', 'no-seal'],
  ['{"format":"spoolsync seal","version":2}', 'newer'],
  ['{"format":"spoolsync seal","version":1}', 'damaged'],
  [formatSeal(document()).text.slice(0, -3), 'no-seal'],
  [formatSeal(document()).text.replace('"bob"', '"eve"'), 'damaged'],
])('no seal: %#', (text, why) => {
  expect(parseSeal(text)).toMatchObject({ ok: false, why, reason: expect.stringMatching(/./) as string });
});

test.each(['.', '..', '../x', '.a/b', 'a', '.a\0', '.\u0101'])(
  'a folder that leads elsewhere is refused: %j',
  (folder) => {
    expect(parseSeal(formatSeal(document(folder)).text)).toMatchObject({ ok: false, why: 'damaged' });
  },
);

test('a document whose fields are not what they should be is refused, though its root fits', () => {
  const wrong = { ...document(), accounts: [{ user: 1 }] } as unknown as Sealed;
  expect(parseSeal(formatSeal(wrong).text)).toMatchObject({ ok: false, why: 'damaged' });
});

const MESSAGE: SealedMessage = {
  uid: 11,
  flags: 8,
  keywords: [],
  date: 1005338032,
  size: 1834,
  vsize: 1879,
  digest: '9f3c0d52a1b84e67',
};

function contentsOf(...messages: SealedMessage[]): string {
  const digest = new ContentsDigest();
  for (const message of messages) digest.add(message);
  return digest.finish().contents;
}

test('the digest of contents is that of the documented lines', () => {
  const lines =
    '11 8 ["$forwarded","work"] 1005338032 1834 1879 9f3c0d52a1b84e67\n12 0 [] -5 1834 1879 9f3c0d52a1b84e67\n';
  const digest = new ContentsDigest();
  digest.add({ ...MESSAGE, keywords: ['Work', '$Forwarded'] });
  digest.add({ ...MESSAGE, uid: 12, flags: 0, date: -5 });
  const contents = createHash('sha256').update(lines).digest('hex');
  expect(digest.finish()).toEqual({ contents, messages: 2, bytes: 3668 });
});

test('keywords count as a set, without case, and names cannot run into each other', () => {
  const of = (...keywords: string[]) => contentsOf({ ...MESSAGE, keywords });
  expect(of('a', 'B')).toBe(of('b', 'A', 'a'));
  expect(of('a', 'b')).not.toBe(of('a b'));
  expect(of('a","b')).not.toBe(of('a', 'b'));
  expect(of('\xe9')).not.toBe(of('\xc9'));
});

test('every field of a message counts', () => {
  const plain = contentsOf(MESSAGE);
  const changes = [
    { uid: 1 },
    { flags: 1 },
    { keywords: ['k'] },
    { date: 1 },
    { size: 1 },
    { vsize: 1 },
    { digest: 'x' },
  ];
  const all = new Set([plain, ...changes.map((change) => contentsOf({ ...MESSAGE, ...change }))]);
  expect(all.size).toBe(changes.length + 1);
});
