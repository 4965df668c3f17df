import {
  BASE_HEADERS,
  BODY_LINES,
  FLAG_HEADERS,
  INVALID_FROM,
  LONG_LINES,
  ODD_UIDS,
  PLAIN_HEADERS,
  VALID_FROM,
} from './mbox-pieces.ts';
import { Random } from './random.ts';

/**
 * Seeded random mboxes that mix everything that is odd about mbox. The same seed and style give the same bytes, for
 * ever and everywhere.
 */

type LengthMaker = (size: number, separator: number) => { value: number; field?: string };

/** Content-Length fields for a body of `size` bytes before a separator whose line end has `separator` bytes. */
const LENGTHS = {
  'length-right': (size) => ({ value: size }),
  'length-name-case': (size) => ({ value: size, field: `CONTENT-length:${size}` }),
  'length-too-small': (size) => ({ value: Math.max(size - 7, 0) }),
  'length-too-large': (size) => ({ value: size + 1000 }),
  'length-with-separator': (size, separator) => ({ value: size + Math.max(separator, 1) }),
  'length-no-number': (size) => ({ value: size, field: `Content-Length: ${size}x` }),
  'length-duplicate': (size) => ({
    value: size,
    field: `Content-Length: ${size}\nContent-Length: ${size + 5}`,
  }),
  'length-folded': (size) => ({ value: size, field: `Content-Length:\n ${size}` }),
} satisfies Record<string, LengthMaker>;
const LENGTH_KINDS = Object.keys(LENGTHS) as (keyof typeof LENGTHS)[];

/** Oddities of the arrangement, as opposed to those of single lines. */
const ARRANGEMENTS = [
  'file-empty',
  'file-crlf',
  'file-mixed-line-ends',
  'file-ends-in-body',
  'file-ends-in-line-end',
  'file-ends-in-blank-line',
  'file-ends-in-nul',
  'message-duplicate',
  'message-without-headers',
  'message-header-only',
  'message-header-only-tight',
  'message-empty-body',
  'message-from-line-only',
  'message-from-in-headers',
  'message-inner-from',
  'blank-line-missing',
  'blank-line-extra',
  'length-over-from',
  'length-to-file-end',
  'base-in-second-message',
  'base-behind-uid',
  'uid-ascending',
  'uid-next',
  'uid-too-large',
  'uid-repeated',
  'uid-backward',
  'uid-missing',
  'uid-without-base',
  'pseudo-message',
  'pseudo-message-invalid',
] as const;

/** Only generated with style `uw`: Dovecot refuses such a file as a whole, c-client skips the line ends. */
const UW_ARRANGEMENTS = ['file-leading-line-ends'] as const;

export type Quirk =
  | (typeof ARRANGEMENTS)[number]
  | (typeof UW_ARRANGEMENTS)[number]
  | keyof typeof LENGTHS
  | keyof typeof VALID_FROM
  | keyof typeof INVALID_FROM
  | keyof typeof BODY_LINES
  | keyof typeof PLAIN_HEADERS
  | keyof typeof FLAG_HEADERS
  | keyof typeof BASE_HEADERS
  | keyof typeof ODD_UIDS
  | keyof typeof LONG_LINES;

/** `dovecot`: the file is empty or begins with a line that Dovecot takes for a From_ line, so Dovecot opens it. */
export type MboxStyle = 'dovecot' | 'uw';

export interface GeneratedMbox {
  readonly bytes: Buffer;
  /** What is odd about this file; at least what was drawn, a reader may see more in it. */
  readonly quirks: ReadonlySet<Quirk>;
}

/** Every oddity that files of the style can show. */
export function quirksOf(style: MboxStyle): readonly Quirk[] {
  const lines = [
    VALID_FROM,
    INVALID_FROM,
    BODY_LINES,
    PLAIN_HEADERS,
    FLAG_HEADERS,
    BASE_HEADERS,
    ODD_UIDS,
    LONG_LINES,
  ];
  const named = lines.flatMap((table) => Object.keys(table) as Quirk[]);
  return [...named, ...ARRANGEMENTS, ...LENGTH_KINDS, ...(style === 'uw' ? UW_ARRANGEMENTS : [])];
}

/** The mbox of a seed (any 32-bit integer): 0 to 12 drawn messages; a reader may find more or fewer. */
export function generateMbox(seed: number, style: MboxStyle): GeneratedMbox {
  const draw = new Draw(seed);
  const count = draw.below(13);
  if (count === 0) {
    draw.quirks.add('file-empty');
    return { bytes: Buffer.alloc(0), quirks: draw.quirks };
  }
  const lineEnds = drawLineEnds(draw);
  const numbers = new Numbers(draw);
  const pieces: string[] = [];
  if (style === 'uw' && draw.chance(0.1, 'file-leading-line-ends')) pieces.push(lineEnds('\n\n'));
  if (draw.chance(style === 'uw' ? 0.4 : 0.15, 'pseudo-message'))
    pieces.push(lineEnds(pseudoMessage(draw, numbers)));
  for (let i = 0; i < count; i++) {
    const repeat = i > 0 && draw.chance(0.05, 'message-duplicate');
    const position = { numbers, ordinal: i, last: i === count - 1 };
    pieces.push(repeat ? (pieces.at(-1) ?? '') : drawMessage(draw, lineEnds, position));
  }
  return { bytes: Buffer.from(pieces.join(''), 'latin1'), quirks: draw.quirks };
}

/** Random numbers that keep a record of the oddities they led to. */
class Draw extends Random {
  readonly quirks = new Set<Quirk>();

  /** True with probability `p`, and then `quirk` is noted. */
  override chance(p: number, quirk?: Quirk): boolean {
    const hit = super.chance(p);
    if (hit && quirk !== undefined) this.quirks.add(quirk);
    return hit;
  }

  /** One of the table's lines, its oddity noted. */
  from<K extends Quirk>(table: Readonly<Record<K, string>>): string {
    const keys = Object.keys(table) as K[];
    const key = keys[this.below(keys.length)] as K;
    this.quirks.add(key);
    return table[key];
  }
}

/** Turns LF into the line ends of this file. */
type LineEnds = (text: string) => string;

function drawLineEnds(draw: Draw): LineEnds {
  if (draw.chance(0.12, 'file-crlf')) return (text) => text.replace(/\r?\n/g, '\r\n');
  if (draw.chance(0.08, 'file-mixed-line-ends')) {
    return (text) => text.replace(/\r?\n/g, () => (draw.chance(0.3) ? '\r\n' : '\n'));
  }
  return (text) => text;
}

/** Draws X-UIDs around the last UID 10 that most X-IMAPbase headers state. */
class Numbers {
  readonly #draw: Draw;
  /** Half of all files are orderly, so that the whole way to the last message is walked. */
  readonly #orderly: boolean;
  #uid = 0;
  #next = 11;

  constructor(draw: Draw) {
    this.#draw = draw;
    this.#orderly = draw.chance(0.5);
  }

  /** X-UID line with its LF, or nothing. */
  line(): string {
    const kind = this.#orderly ? 3 + this.#draw.below(4) : this.#draw.below(8);
    if (kind === 0) return this.#note('uid-too-large', this.#next + 40);
    if (kind === 1) return this.#note('uid-repeated', this.#uid);
    if (kind === 2) return this.#note('uid-backward', Math.max(this.#uid - 1, 1));
    if (kind === 6 && this.#draw.chance(0.5)) {
      this.#uid = this.#next++;
      return this.#note('uid-next', this.#uid);
    }
    if (kind === 7) {
      this.#draw.quirks.add('uid-missing');
      return this.#draw.chance(0.3) ? '' : `${this.#draw.from(ODD_UIDS)}\n`;
    }
    this.#uid += 1 + this.#draw.below(2);
    this.#next = Math.max(this.#next, this.#uid + 1);
    return this.#note('uid-ascending', this.#uid);
  }

  #note(quirk: Quirk, uid: number): string {
    this.#draw.quirks.add(quirk);
    return `X-UID: ${uid}\n`;
  }
}

function pseudoMessage(draw: Draw, numbers: Numbers): string {
  const base = draw.chance(0.2, 'pseudo-message-invalid')
    ? 'X-IMAP: none'
    : 'X-IMAP: 1000 0000000010 kwA Junk';
  const uid = draw.chance(0.1) ? numbers.line() : '';
  return [
    'From MAILER-DAEMON Mon Nov 23 17:16:24 2020\nDate: 23 Nov 2020 17:16:24 +0000',
    'From: Mail System Internal Data <MAILER-DAEMON@example.org>',
    "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA",
    `Message-ID: <1606151784@example.org>\n${base}\n${uid}Status: RO\n`,
    'This text is part of the internal format of your mail folder.\n\n',
  ].join('\n');
}

interface Position {
  readonly numbers: Numbers;
  /** Of the message in the file, from 0, the pseudo message not counted. */
  readonly ordinal: number;
  readonly last: boolean;
}

/** A whole message with its From_ line and the line end that belongs to the next separator. */
function drawMessage(draw: Draw, lineEnds: LineEnds, position: Position): string {
  const from = lineEnds(`From ${draw.from(VALID_FROM)}\n`);
  if (draw.chance(0.02, 'message-from-line-only')) return from;
  if (draw.chance(0.03, 'message-without-headers')) return `${from}${lineEnds('\nbody alone\n\n')}`;
  const headers = lineEnds(drawHeaders(draw, position));
  if (draw.chance(0.03, 'message-header-only')) return `${from}${headers}${lineEnds('\n')}`;
  if (draw.chance(0.03, 'message-header-only-tight')) return `${from}${headers}`;
  const end = position.last ? drawFileEnd(draw) : { body: undefined, separator: '\n' };
  const inner = draw.chance(0.12, 'message-inner-from');
  const body = lineEnds(drawBody(draw, inner, end.body));
  const separator = lineEnds(end.separator);
  const length = draw.chance(0.4) ? lineEnds(drawLength(draw, { body, separator, inner })) : '';
  return `${from}${headers}${length}${lineEnds('\n')}${body}${separator}`;
}

/** How the last body and with it the file ends; `body` undefined means as any body does. */
function drawFileEnd(draw: Draw): { body: string | undefined; separator: string } {
  if (draw.chance(0.2, 'file-ends-in-body')) return { body: '', separator: '' };
  if (draw.chance(0.2, 'file-ends-in-line-end')) return { body: '\n', separator: '' };
  if (draw.chance(0.05, 'file-ends-in-nul')) return { body: '\n', separator: '\n\0\0' };
  draw.quirks.add('file-ends-in-blank-line');
  return { body: '\n', separator: '\n' };
}

function drawHeaders(draw: Draw, position: Position): string {
  const fields: string[] = [];
  for (let left = 1 + draw.below(4); left > 0; left--) fields.push(draw.from(PLAIN_HEADERS));
  if (draw.chance(0.01, 'header-long')) fields.push(LONG_LINES['header-long']);
  if (draw.chance(0.02, 'message-from-in-headers')) fields.push(`From ${draw.from(VALID_FROM)}`);
  for (let left = draw.below(4); left > 0; left--) {
    fields.splice(draw.below(fields.length + 1), 0, draw.from(FLAG_HEADERS));
  }
  return `${fields.join('\n')}\n${drawNumbers(draw, position)}`;
}

/** X-IMAPbase and X-UID, in either order. */
function drawNumbers(draw: Draw, { numbers, ordinal }: Position): string {
  const uid = numbers.line();
  if (ordinal === 1 && draw.chance(0.1, 'base-in-second-message'))
    return `${BASE_HEADERS['base-valid']}\n${uid}`;
  if (ordinal !== 0) return uid;
  if (draw.chance(0.15, 'uid-without-base')) return uid;
  const base = draw.chance(0.35, 'base-valid') ? BASE_HEADERS['base-valid'] : draw.from(BASE_HEADERS);
  return draw.chance(0.15, 'base-behind-uid') ? `${uid}${base}\n` : `${base}\n${uid}`;
}

/** Body without the line end that belongs to the next separator; `end` is what closes its last line. */
function drawBody(draw: Draw, inner: boolean, end: string | undefined): string {
  if (!inner && draw.chance(0.06, 'message-empty-body')) return '';
  const lines: string[] = [];
  for (let left = 1 + draw.below(6); left > 0; left--) {
    lines.push(draw.chance(0.3) ? draw.from(INVALID_FROM) : draw.from(BODY_LINES));
  }
  if (draw.chance(0.01, 'body-long-line')) lines.push(LONG_LINES['body-long-line']);
  if (inner) lines.push('', `From ${draw.from(VALID_FROM)}`, 'Subject: inner', '', 'inner body');
  // Dovecot 2.3.19 and 2.4.1 cannot read the last message of a file that ends in the five bytes of `From `.
  if (end === '' && lines.at(-1) === INVALID_FROM['text-bare']) lines.push('end');
  if (end !== undefined) return `${lines.join('\n')}${end}`;
  if (draw.chance(0.12, 'blank-line-missing')) return lines.join('\n');
  return `${lines.join('\n')}\n${draw.chance(0.1, 'blank-line-extra') ? '\n\n' : ''}`;
}

/** Content-Length for a body that is followed by `separator`, with its LF; `inner` says that the body holds a From_ line. */
function drawLength(draw: Draw, around: { body: string; separator: string; inner: boolean }): string {
  const { body, separator, inner } = around;
  const right = draw.chance(inner ? 0.7 : 0.4);
  const kind = right ? 'length-right' : (LENGTH_KINDS[draw.below(LENGTH_KINDS.length)] ?? 'length-right');
  const make: LengthMaker = LENGTHS[kind];
  const { value, field = `Content-Length: ${value}` } = make(body.length, separator.length);
  // Dovecot 2.3.19 and 2.4.1 take a length that ends between CR and LF, and then fail to read the message.
  if (`${body}${separator}`.slice(value - 1, value + 1) === '\r\n') return '';
  draw.quirks.add(kind);
  if (kind === 'length-right' && inner) draw.quirks.add('length-over-from');
  if (kind === 'length-right' && separator === '') draw.quirks.add('length-to-file-end');
  return `${field}\n`;
}
