import { generateMbox } from './mbox-generator.ts';
import { INVALID_FROM, VALID_FROM } from './mbox-pieces.ts';
import type { Random } from './random.ts';

/** Spools of some hundred kilobytes as servers leave them, and what servers, deliveries and faults make of them. */

const KINDS = ['dovecot', 'dovecot', 'pseudo', 'uw', 'uw', 'lines', 'stray', 'plain'] as const;
type Kind = (typeof KINDS)[number];

/** Lines that take no part in what a client sees, or a special one: each has misled some reader of changes. */
const ODD_FROM = [
  ...Object.values(VALID_FROM),
  ...Object.values(INVALID_FROM).map((line) => line.replace(/^From /, '')),
  'a@example.org Thu Foo  9 22:33:52 2001', // undated for UW
  '-',
  'a@example.org',
  '1234567890123456789012345678901234567890 Mon Sep 17 00:00:00 2001', // a git patch
  `a@example.org Thu Nov  9 22:33:52 2001 ${'long '.repeat(1700)}`,
] as unknown as [string, ...string[]];

const LINE = 'some text that fills the line up to its end\n';
const HEADS: Readonly<Record<Kind, string>> = {
  dovecot: `X-IMAPbase: 1234 0000000900 Work $Forwarded${' '.repeat(70)}\n`,
  uw: `X-IMAPbase: 1234 900 Work $Forwarded${' '.repeat(70)}\n`,
  lines: '',
  stray: '',
  plain: '',
  pseudo: '',
};
const PSEUDO = `From MAILER-DAEMON Mon Nov 23 17:16:24 2020
Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA
X-IMAP: 1234 0000000900 Work $Forwarded
Status: RO

This text is part of the internal format of your mail folder.

`;

/** A spool of 12 to 30 messages; some have odd ones among them. */
export function makeSpool(random: Random): Buffer {
  const kind = random.pick(KINDS as unknown as [Kind, ...Kind[]]);
  const odd = random.chance(0.4);
  const parts: Buffer[] = kind === 'pseudo' ? [Buffer.from(PSEUDO)] : [];
  const count = 12 + random.below(19);
  const numbered = count - random.below(6);
  let uid = 0;
  for (let i = 0; i < count; i++) {
    if (i > 0 && odd && random.chance(0.2)) parts.push(oddMail(random));
    uid += 1 + random.below(2);
    const head = i === 0 ? HEADS[kind] : '';
    const hasNumber = kind !== 'lines' && kind !== 'plain' && i < numbered && !(odd && random.chance(0.1));
    parts.push(
      mail(random, `${head}${hasNumber ? `X-UID: ${uid}\n` : ''}`, fromLine(random, kind, odd && i > 0)),
    );
  }
  return Buffer.concat(parts);
}

function fromLine(random: Random, kind: Kind, odd: boolean): string {
  if (kind === 'plain' && random.chance(0.2)) return 'a at example.org Thu Nov  9 22:33:52 2001';
  if (odd && random.chance(0.08)) return random.pick(ODD_FROM);
  const two = () => String(random.below(60)).padStart(2, '0');
  return `a@example.org Thu Nov  9 22:${two()}:${two()} 2023`;
}

/** A message with its From_ line and the empty line behind it. */
function mail(random: Random, fields: string, from: string): Buffer {
  const status = `Status: ${random.pick(['RO', 'O ', 'R '])}\n`;
  const words = random.chance(0.05) ? 'X-Keywords: Work\n' : '';
  const date = random.chance(0.3) ? 'Date: Thu, 9 Nov 2023 10:00:00 +0100\n' : '';
  const body = LINE.repeat(1 + random.below(300));
  const size = body.length;
  const length = random.chance(0.2)
    ? `Content-Length: ${random.chance(0.8) ? size : random.below(40_000)}\n`
    : '';
  return Buffer.from(
    `From ${from}\nSubject: ${random.below(1000)}\n${fields}${date}${status}${words}${length}\n${body}\n`,
    'latin1',
  );
}

function oddMail(random: Random): Buffer {
  const { bytes } = generateMbox(random.below(1 << 30), random.chance(0.5) ? 'uw' : 'dovecot');
  // What is as long as a message of these, or there is no end of it.
  return bytes.length > 30_000 ? Buffer.alloc(0) : bytes;
}

const splice = (bytes: Buffer, at: number, to: number, put: string | Uint8Array) =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(put as string, 'latin1'), bytes.subarray(to)]);

/** Where lines begin that may be From_ lines. */
function starts(bytes: Buffer): number[] {
  return [...bytes.toString('latin1').matchAll(/^From /gm)].map(({ index }) => index);
}

function someStart(bytes: Buffer, random: Random): number {
  const all = starts(bytes);
  return all[random.below(Math.max(1, all.length))] ?? 0;
}

function lineStart(bytes: Buffer, random: Random): number {
  return bytes.indexOf('\n', random.below(bytes.length)) + 1;
}

/** Overwrites bytes, or what is there of them. */
function poke(bytes: Buffer, at: number, put: string): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(put, Math.max(0, Math.min(at, copy.length - put.length)), 'latin1');
  return copy;
}

/** Replaces the value of the first such field behind `from`. */
function setField(bytes: Buffer, from: number, name: string, value: (old: string) => string): Buffer {
  const at = bytes.indexOf(`\n${name}: `, from);
  if (at < 0) return bytes;
  const start = at + name.length + 3;
  const end = bytes.indexOf('\n', start);
  return splice(bytes, start, end, value(bytes.toString('latin1', start, end)));
}

type Edit = (bytes: Buffer, random: Random, block: number) => Buffer;

const glyph = (random: Random) =>
  String.fromCharCode(random.pick([10, 13, 32, 58, 70, 32 + random.below(90)]));

export const EDITS: Readonly<Record<string, Edit>> = {
  none: (bytes) => bytes,
  append: (bytes, random) =>
    Buffer.concat([
      bytes,
      ...Array.from({ length: 1 + random.below(3) }, () =>
        mail(random, '', fromLine(random, 'lines', false)),
      ),
    ]),
  'append part of a line': (bytes) =>
    Buffer.concat([bytes, Buffer.from('From b@example.org Fri Nov 10 10:0')]),
  'append something odd': (bytes, random) => Buffer.concat([bytes, oddMail(random)]),
  'status in place': (bytes, random) => {
    const at = bytes.indexOf('\nStatus: ', someStart(bytes, random));
    return at < 0 ? bytes : poke(bytes, at + 9, random.pick(['RO', 'O ', 'R ']));
  },
  'status of many in place': (bytes, random) => {
    let now = bytes;
    for (let left = 3; left > 0; left--) now = EDITS['status in place']?.(now, random, 0) ?? now;
    return now;
  },
  'status with another length': (bytes, random) =>
    setField(bytes, someStart(bytes, random), 'Status', () => random.pick(['', 'RO    '])),
  'flip a byte': (bytes, random) => poke(bytes, random.below(bytes.length), glyph(random)),
  'flip bytes': (bytes, random) =>
    [1, 2, 3, 4].reduce((now) => poke(now, random.below(now.length), glyph(random)), bytes),
  'flip a byte in a From_ line': (bytes, random) =>
    poke(bytes, someStart(bytes, random) + random.below(60), glyph(random)),
  'flip a byte near a border': (bytes, random, block) =>
    poke(
      bytes,
      block * (1 + random.below(Math.ceil(bytes.length / block))) - 2 + random.below(4),
      glyph(random),
    ),
  'flip a byte behind a separator': (bytes, random) =>
    poke(bytes, someStart(bytes, random) - 1 - random.below(3), glyph(random)),
  expunge: (bytes, random) => {
    const from = someStart(bytes, random);
    const next = starts(bytes).find((start) => start > from) ?? bytes.length;
    return from === 0 ? bytes : splice(bytes, from, next, '');
  },
  'expunge the first': (bytes) => bytes.subarray(starts(bytes)[1] ?? 0),
  insert: (bytes, random) => {
    const at = someStart(bytes, random);
    return splice(
      bytes,
      at,
      at,
      mail(
        random,
        random.chance(0.5) ? '' : `X-UID: ${random.below(60)}\n`,
        'c@example.org Fri Nov 10 10:00:00 2023',
      ),
    );
  },
  'insert a line': (bytes, random) => {
    const at = lineStart(bytes, random);
    return splice(
      bytes,
      at,
      at,
      `${random.chance(0.5) ? '\n' : ''}From ${random.pick(ODD_FROM)}\n${random.chance(0.5) ? 'Subject: x\n\n' : ''}`,
    );
  },
  'overwrite a line': (bytes, random) => {
    const at = lineStart(bytes, random);
    return poke(bytes, at, `From ${random.pick(ODD_FROM)}\n`.slice(0, 200));
  },
  truncate: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  'truncate at a border': (bytes, random, block) =>
    bytes.subarray(0, block * random.below(Math.ceil(bytes.length / block))),
  'truncate to a message': (bytes, random) => bytes.subarray(0, someStart(bytes, random)),
  'lengthen to a border': (bytes, _random, block) => {
    const more = block - (bytes.length % block);
    return Buffer.concat([bytes, Buffer.from(LINE.repeat(1 + more / LINE.length).slice(0, more))]);
  },
  // Where there is room, as there is behind Dovecot's, no byte behind it moves.
  'rewrite X-IMAPbase': (bytes, random) =>
    setField(bytes, 0, 'X-IMAPbase', (old) =>
      random
        .pick([
          '1234 0000000950 Work $Forwarded',
          '1235 0000000900 Work $Forwarded',
          '1234 0000000003 Work $Forwarded',
          '1234 0000000900 Other',
          '1234 0000000900 Work $Forwarded More',
          `1234 900 ${'w'.repeat(60)} Work $Forwarded`,
          `1234 900 Work ${'w'.repeat(60)} $Forwarded`,
          '0 0',
        ])
        .padEnd(old.length),
    ),
  'another UID': (bytes, random) =>
    setField(bytes, someStart(bytes, random), 'X-UID', (old) =>
      String(random.below(60)).padEnd(random.chance(0.5) ? old.length : 0),
    ),
  'no UID': (bytes, random) => setField(bytes, someStart(bytes, random), 'X-UID', () => ''),
  'another length': (bytes, random) => {
    const at = bytes.indexOf('\n\n', someStart(bytes, random));
    const end = random.pick([someStart(bytes, random), bytes.length, random.below(bytes.length)]);
    const length = Math.max(0, end - at - 3);
    return at < 0 ? bytes : splice(bytes, at, at, `\nContent-Length: ${length}`);
  },
  'a keyword': (bytes, random) => {
    const at = bytes.indexOf('\nStatus: ', someStart(bytes, random));
    return at < 0 ? bytes : splice(bytes, at, at, '\nX-Keywords: Work');
  },
};
