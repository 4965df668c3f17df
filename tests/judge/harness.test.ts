import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { copyTree, type Dovecot, type DovecotOptions, openDovecot, workDir } from '../helpers/dovecot.ts';
import { ImapError } from '../helpers/imap-client.ts';
import type { JudgedMessage } from '../helpers/imap-view.ts';
import { findDovecot } from '../helpers/install.ts';
import { generateMbox, type MboxStyle, quirksOf } from '../helpers/mbox-generator.ts';

/** Proves the judge before it judges: it must read known mailboxes as they are known to be. */

// Installing may take longer than a test may.
beforeAll(() => {
  findDovecot();
});

function open(options: DovecotOptions): Dovecot {
  const dovecot = openDovecot(options);
  onTestFinished(() => dovecot.close());
  return dovecot;
}

function file(bytes: string | Uint8Array): string {
  const path = join(workDir(), 'mbox');
  writeFileSync(path, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return path;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What is known of a message, in short. */
function brief(message: JudgedMessage): unknown[] {
  const { uid, flags, keywords, recent, internalDate, body } = message;
  return [uid, flags, keywords, recent, internalDate, body?.toString('latin1')];
}

const THREE = [
  'From alice@example.org Thu Nov  9 22:33:52 2001\nSubject: one\nX-IMAPbase: 1000 0000000010 kwA $Forwarded\n',
  'X-UID: 3\nStatus: RO\nX-Keywords: kwa\n\nbody one\n\n',
  'From bob@example.org Thu Nov  9 22:33:52 2001 +0300\nSubject: two\nX-UID: 7\nX-Status: AF\n\nbody\0two\n',
  'From carol@example.org Thu Jul 12 22:33:52 2001\nSubject: three\nX-UID: 9\nX-Status: DT\n',
  'X-Keywords: $Forwarded kwA\n\n>From here\n\n',
].join('');

describe('mbox', () => {
  test('three messages are read exactly', async () => {
    const inbox = file(THREE);
    const dovecot = open({ format: 'mbox', inbox, tz: 'Europe/Helsinki' });
    const mailbox = await dovecot.readMailbox('INBOX', { keepBodies: true });
    expect([mailbox.uidValidity, mailbox.uidNext]).toEqual([1000, 11]);
    expect(mailbox.messages.map(brief)).toEqual([
      // Local time, so two hours east of UTC in November and three in July.
      [
        3,
        ['\\Seen'],
        ['kwA'],
        false,
        Date.UTC(2001, 10, 9, 20, 33, 52) / 1000,
        'Subject: one\r\n\r\nbody one\r\n',
      ],
      // The line end before a From_ line is the separator's; NUL travels as 0x80.
      [
        7,
        ['\\Answered', '\\Flagged'],
        [],
        true,
        Date.UTC(2001, 10, 9, 19, 33, 52) / 1000,
        'Subject: two\r\n\r\nbody\x80two',
      ],
      [
        9,
        ['\\Deleted', '\\Draft'],
        ['$Forwarded', 'kwA'],
        true,
        Date.UTC(2001, 6, 12, 19, 33, 52) / 1000,
        'Subject: three\r\n\r\n>From here\r\n',
      ],
    ]);
    for (const { size, bodySize, body, sha256: hash } of mailbox.messages) {
      expect([size, hash]).toEqual([bodySize, sha256(body ?? Buffer.alloc(0))]);
    }
    expect(dovecot.complaints()).toEqual([]);
    expect(readFileSync(inbox, 'latin1')).toBe(THREE);
  });

  test('Dovecot writes to its copy only if that is asked for', async () => {
    const inbox = file('From a@b Thu Nov  9 22:33:52 2001\nSubject: new\n\nbody\n');
    for (const writable of [false, true]) {
      const dovecot = open({ format: 'mbox', inbox, writable });
      const { messages } = await dovecot.readMailbox('INBOX', { select: true });
      expect(messages.map(({ uid }) => uid)).toEqual([1]);
      expect(readFileSync(dovecot.inbox, 'latin1').includes('X-UID: 1')).toBe(writable);
      expect(dovecot.complaints()).toEqual([]);
    }
  });

  test('bodies are hashed but not kept by default, however large', async () => {
    const text = `${'0123456789'.repeat(8)}\n`.repeat(200_000);
    const inbox = file(`From a@b Thu Nov  9 22:33:52 2001\nSubject: large\n\n${text}\n`);
    const { messages } = await open({ format: 'mbox', inbox }).readMailbox('INBOX');
    const wire = Buffer.from(`Subject: large\n\n${text}`.replaceAll('\n', '\r\n'), 'latin1');
    expect(messages).toEqual([
      expect.objectContaining({
        size: wire.length,
        bodySize: wire.length,
        sha256: sha256(wire),
        body: undefined,
      }),
    ]);
  });

  test('mailboxes, folders and subscriptions are listed by their names on the wire', async () => {
    const root = join(workDir(), 'mail');
    mkdirSync(join(root, 'Archive'), { recursive: true });
    for (const name of ['Sent', 'Archive/2001', 'Entw&APw-rfe', 'a "b" c', 'with.dot'])
      writeFileSync(join(root, name), THREE);
    writeFileSync(join(root, '.subscriptions'), 'Sent\nGone\nEntw&APw-rfe\n');
    const dovecot = open({ format: 'mbox', root });
    expect((await dovecot.mailboxes()).map(({ name }) => name)).toEqual([
      'Archive',
      'Archive/2001',
      'Entw&APw-rfe',
      'INBOX',
      'Sent',
      'a "b" c',
      'with.dot',
    ]);
    expect((await dovecot.mailboxes())[0]?.attributes).toContain('\\Noselect');
    expect(await dovecot.subscriptions()).toEqual(['Entw&APw-rfe', 'Gone', 'Sent']);
    expect((await dovecot.readMailbox('INBOX')).messages).toEqual([]);
    for (const name of ['Archive/2001', 'a "b" c']) {
      expect((await dovecot.readMailbox(name)).messages.map(({ uid }) => uid)).toEqual([3, 7, 9]);
    }
    expect(dovecot.complaints()).toEqual([]);
  });

  test('a refused file and a missing mailbox are errors, and the log tells', async () => {
    const dovecot = open({ format: 'mbox', inbox: file('no mbox\n') });
    await expect(dovecot.readMailbox('INBOX')).rejects.toThrow(ImapError);
    expect(dovecot.complaints().join()).toContain("isn't a valid mbox file");
    await expect(dovecot.readMailbox('Nowhere')).rejects.toThrow(ImapError);
  });
});

/** A Maildir with two messages and a folder, as a converter might write it. */
function maildir(): string {
  const root = join(workDir(), 'Maildir');
  for (const folder of ['', '.Sent.2001']) {
    for (const sub of ['cur', 'new', 'tmp']) mkdirSync(join(root, folder, sub), { recursive: true });
  }
  const cur = join(root, 'cur', '1.M1.example:2,FSa');
  writeFileSync(cur, 'Subject: one\n\nbody\0one\n');
  utimesSync(cur, 1_000_000_000, 1_000_000_000);
  writeFileSync(join(root, 'new', '2.M2.example'), 'Subject: two\n\nno line end');
  writeFileSync(join(root, 'dovecot-keywords'), '0 kwA\n');
  writeFileSync(
    join(root, 'dovecot-uidlist'),
    '3 V1000 N15 G0123456789abcdef0123456789abcdef\n11 :1.M1.example\n12 :2.M2.example\n',
  );
  writeFileSync(join(root, 'subscriptions'), 'V\t2\n\nSent\t2001\n');
  return root;
}

describe('Maildir', () => {
  test('flags, keywords, UIDs, dates, folders and subscriptions are read exactly', async () => {
    const dovecot = open({ format: 'maildir', root: maildir() });
    const mailbox = await dovecot.readMailbox('INBOX', { keepBodies: true });
    expect([mailbox.uidValidity, mailbox.uidNext]).toEqual([1000, 15]);
    expect(mailbox.messages.map(brief)).toEqual([
      [11, ['\\Flagged', '\\Seen'], ['kwA'], false, 1_000_000_000, 'Subject: one\r\n\r\nbody\x80one\r\n'],
      [12, [], [], true, expect.any(Number), 'Subject: two\r\n\r\nno line end'],
    ]);
    expect((await dovecot.mailboxes()).map(({ name }) => name)).toEqual(['INBOX', 'Sent', 'Sent/2001']);
    expect(await dovecot.subscriptions()).toEqual(['Sent/2001']);
    expect(dovecot.complaints()).toEqual([]);
  });

  test('an unordered uidlist is complained about', async () => {
    const root = maildir();
    writeFileSync(join(root, 'dovecot-uidlist'), '3 V1000 N15\n12 :1.M1.example\n11 :2.M2.example\n');
    const dovecot = open({ format: 'maildir', root });
    await dovecot.readMailbox('INBOX');
    expect(dovecot.complaints().join('\n')).toContain('not ordered');
  });

  test('opened in place, Dovecot works on the Maildir itself; otherwise on a copy', async () => {
    const root = maildir();
    const copy = open({ format: 'maildir', root });
    await copy.readMailbox('INBOX', { select: true });
    expect(existsSync(join(root, 'dovecot.index.log'))).toBe(false);
    expect(existsSync(join(copy.root, 'dovecot.index.log'))).toBe(true);

    const session = await open({ format: 'maildir', root, inPlace: true }).imap();
    await session.command('SELECT INBOX');
    await session.command('UID STORE 12 +FLAGS (\\Answered)');
    await session.logout();
    expect(existsSync(join(root, 'cur', '2.M2.example:2,R'))).toBe(true);
  });

  test('a copied Maildir keeps its times', async () => {
    const copy = join(workDir(), 'copy');
    copyTree(maildir(), copy);
    const { messages } = await open({ format: 'maildir', root: copy }).readMailbox('INBOX');
    expect(messages[0]?.internalDate).toBe(1_000_000_000);
  });
});

describe('generated mboxes', () => {
  const seeds = Array.from({ length: 200 }, (_, seed) => seed);

  test.each<MboxStyle>(['dovecot', 'uw'])('200 seeds of style %s show every oddity', (style) => {
    const seen = new Set(seeds.flatMap((seed) => [...generateMbox(seed, style).quirks]));
    expect([...seen].sort()).toEqual([...quirksOf(style)].sort());
  });

  test('a seed always gives the same file, another seed another', () => {
    const hashes = seeds.map((seed) => sha256(generateMbox(seed, 'dovecot').bytes));
    expect(hashes).toEqual(seeds.map((seed) => sha256(generateMbox(seed, 'dovecot').bytes)));
    const full = seeds.filter((seed) => generateMbox(seed, 'dovecot').bytes.length > 0);
    expect(new Set(full.map((seed) => hashes[seed])).size).toBe(full.length);
    // The bytes of a reported seed must not change with the machine or with Node; a change of the generator shows here.
    expect(sha256(Buffer.from(hashes.join('')))).toBe(
      'c3d772d667cfaa14bb0588b5124ffb4c5a3492122afae8a7da26b9ca88cd86ac',
    );
  });

  test('Dovecot reads files of its style without trouble', async () => {
    for (const seed of seeds.slice(0, 60)) {
      const { bytes, quirks } = generateMbox(seed, 'dovecot');
      const dovecot = openDovecot({ format: 'mbox', inbox: file(bytes) });
      await expect(dovecot.readMailbox('INBOX'), `seed ${seed}`).resolves.toBeDefined();
      const renumbers = quirks.has('base-at-maximum');
      expect(
        dovecot.complaints().filter((line) => !renumbers || !line.includes('Out of UIDs')),
        `seed ${seed}`,
      ).toEqual([]);
      dovecot.close();
    }
  });
});

interface KnownMessage {
  readonly uid: number;
  /** Separated by spaces. */
  readonly flags: string;
  readonly internaldate: string;
  /** With CR LF turned to LF. */
  readonly size_lf: number;
  readonly sha256_lf: string;
}

interface KnownMailbox {
  /** Message count; absent for a Maildir. */
  readonly dovecot?: number;
  /** Why Dovecot refuses the file. */
  readonly dovecot_error: string | null;
  readonly dovecot_messages: readonly KnownMessage[];
}

/** What the corpus tells of a message, from what the judge saw. */
function asKnown(message: JudgedMessage): KnownMessage {
  const flags = [...message.flags, ...message.keywords, ...(message.recent ? ['\\Recent'] : [])];
  const body = Buffer.from(
    (message.body ?? Buffer.alloc(0)).toString('latin1').replaceAll('\r\n', '\n'),
    'latin1',
  );
  return {
    uid: message.uid,
    flags: flags.sort().join(' '),
    internaldate: new Date(message.internalDate * 1000).toISOString(),
    size_lf: body.length,
    sha256_lf: sha256(body),
  };
}

const { SPOOLSYNC_CORPUS: corpus } = process.env;

describe.skipIf(corpus === undefined)('corpus (set SPOOLSYNC_CORPUS to run)', () => {
  const expected = join(corpus ?? '', 'EXPECTED.json');
  const known: Record<string, KnownMailbox> =
    corpus === undefined ? {} : JSON.parse(readFileSync(expected, 'utf8'));
  // What is compressed by bzip2 has no decompressor in Node.
  const names = Object.keys(known).filter(
    (name) => known[name]?.dovecot !== undefined && !name.endsWith('.bz2'),
  );

  test('has mailboxes', () => {
    expect(names.length).toBeGreaterThan(100);
  });

  test.each(names)('%s', async (name) => {
    const { dovecot_messages: messages, dovecot_error: refusal } = known[name] as KnownMailbox;
    const bytes = readFileSync(join(corpus ?? '', name));
    const inbox = file(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
    // The reference readings were taken from mboxes that Dovecot had written its numbers into.
    const dovecot = open({ format: 'mbox', inbox, writable: true });
    if (refusal !== null) {
      await expect(dovecot.readMailbox('INBOX')).rejects.toThrow("isn't a valid mbox file");
      return;
    }
    const mailbox = await dovecot.readMailbox('INBOX', { keepBodies: true });
    expect(mailbox.messages.map(asKnown)).toEqual(
      messages.map(({ uid, flags, internaldate, size_lf, sha256_lf }) => ({
        uid,
        flags: flags.split(' ').sort().join(' '),
        internaldate: isoDate(internaldate),
        size_lf,
        sha256_lf,
      })),
    );
    expect(dovecot.complaints()).toEqual([]);
  });
});

/** `01-Jan-0000 00:00:00 +0000` in ISO; the year is set apart, because the parser takes 0 to 99 for the 20th century. */
function isoDate(internaldate: string): string {
  const [, rest = '', year = '', clock = ''] = /^(\d\d-\w{3}-)(\d{4})(.*)$/.exec(internaldate) ?? [];
  const date = new Date(`${rest.replaceAll('-', ' ')}2000${clock}`);
  date.setUTCFullYear(date.getUTCFullYear() - 2000 + Number(year));
  return date.toISOString();
}
