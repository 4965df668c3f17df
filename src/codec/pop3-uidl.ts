/**
 * POP3 UIDLs (RFC 1939, section 7) of old servers, and what the new one makes of a message by default
 * (docs/formats.md, "POP3 UIDLs"). Text is latin1, one char per byte.
 */

/** `format`: Dovecot's `pop3_uidl_format`; the others are programs or a header field that no format can name. */
type UidlKind = 'format' | 'courier' | 'qmail' | 'x-uidl';

/** What UIDLs the old server showed. */
export interface OldUidls {
  /** As the administrator wrote it. */
  readonly text: string;
  readonly kind: UidlKind;
  /** Of a format (and of qmail, whose UIDL is the base name): literal text and variables. */
  readonly parts: readonly Part[];
  /** Letters of the variables in it. */
  readonly letters: ReadonlySet<string>;
}

/** `%[skip.][0][width][modifiers]letter`. */
interface Variable {
  readonly letter: 'u' | 'v' | 'g' | 'f' | 'm';
  /** `X` hex, `L` lower case, `U` upper case, in the order in which they are applied. */
  readonly modifiers: string;
  /** Bytes left out at the beginning. */
  readonly skip: number;
  /** 0: all. */
  readonly width: number;
  /** Whether zeros are put before a shorter value; then a longer one stays, while otherwise it is cut. */
  readonly padded: boolean;
}

type Part = string | Variable;

/** What variables stand for; `undefined` where the message has no such thing. */
export interface UidlValues {
  readonly u: number;
  readonly v: number;
  readonly g?: string | undefined;
  readonly f?: string | undefined;
  readonly m?: string | undefined;
}

type ParsedUidls = { readonly ok: true; readonly uidls: OldUidls } | Misfit;

/** Why a format is refused, and what to do instead. */
interface Misfit {
  readonly ok: false;
  readonly reason: string;
  readonly advice: string;
}

const NAMED: Readonly<Record<string, string>> = { dovecot: '%08Xu%08Xv', uw: '%08Xv%08Xu', qmail: '%f' };
const OTHER =
  'let the old server write its UIDLs into its uidlists: pop3_save_uidl=yes, and a login of each user';
const TOKEN = /%(?:%|(?:(\d{1,3})\.)?(0?)(\d{0,3})([XLU]*)([uvgfm]))|[^%]|%/gs;

/** Reads what `--pop3-uidl` says. */
export function parseOldUidls(text: string): ParsedUidls {
  if (text === 'courier' || text === 'x-uidl')
    return { ok: true, uidls: { text, kind: text, parts: [], letters: new Set() } };
  const kind = text === 'qmail' ? 'qmail' : 'format';
  const parts: Part[] = [];
  const letters = new Set<string>();
  for (const token of (NAMED[text] ?? text).matchAll(TOKEN)) {
    const [all, skip = '0', zero, width, modifiers = '', letter] = token;
    if (letter !== undefined) {
      const variable = { letter: letter as Variable['letter'], modifiers, padded: zero === '0' };
      parts.push({ ...variable, skip: Number(skip), width: Number(width) });
      letters.add(letter);
    } else if (all === '%') return unknownVariable(text, token.index);
    else if (/[^!-~]/.test(all))
      return refuse(`"${text}" has a byte that no UIDL can hold`, 'write it without');
    else parts.push(all === '%%' ? '%' : all);
  }
  if (letters.size > 0) return { ok: true, uidls: { text, kind, parts, letters } };
  const known = 'dovecot, uw, courier, qmail, x-uidl, and formats of Dovecot such as %08Xu%08Xv';
  return refuse(`"${text}" names no server and has no variable`, `known are ${known}`);
}

function unknownVariable(text: string, at: number): Misfit {
  const reason = `"${text}" has an unknown variable or modifier at "${text.slice(at, at + 6)}"`;
  const known = 'known are %u %v %g %f %m, with a number (bytes), 0 and a number (zeros in front), X, L, U';
  return refuse(reason, `${known}; for others ${OTHER}`);
}

function refuse(reason: string, advice: string): Misfit {
  return { ok: false, reason, advice };
}

/** Why a kind of source cannot have had such UIDLs: what a Dovecot 2.3.19 refuses, too. */
export function misfitOf({ text, kind, letters }: OldUidls, source: 'mbox' | 'maildir'): Misfit | undefined {
  if (source === 'maildir') {
    if (!letters.has('m')) return undefined;
    return refuse(`"${text}": a Maildir has no header MD5 (%m)`, 'use %g (the GUID) or %f (the base name)');
  }
  if (kind === 'courier' || kind === 'qmail')
    return refuse(`"${text}" serves Maildirs, not mbox`, 'use dovecot, uw, x-uidl or a format such as %m');
  if (!letters.has('f')) return undefined;
  return refuse(
    `"${text}": a message in an mbox has no file name (%f)`,
    'use %m or %g (both the header MD5), or %u and %v',
  );
}

/** The UIDL of a message; `undefined` where it lacks what a variable stands for. */
export function formatUidl({ parts }: OldUidls, values: UidlValues): string | undefined {
  let uidl = '';
  for (const part of parts) {
    const value = typeof part === 'string' ? part : formatVariable(part, values[part.letter]);
    if (value === undefined) return undefined;
    uidl += value;
  }
  return uidl;
}

function formatVariable(
  { modifiers, skip, width, padded }: Variable,
  value: number | string | undefined,
): string | undefined {
  if (value === undefined) return undefined;
  let text = String(value);
  for (const modifier of modifiers) text = modify(modifier, text);
  text = text.slice(skip);
  if (padded) return text.padStart(width, '0');
  return width === 0 ? text : text.slice(0, width);
}

function modify(modifier: string, text: string): string {
  if (modifier === 'X') return toHex(text);
  return text.replace(/[A-Za-z]/g, (char) => (modifier === 'L' ? char.toLowerCase() : char.toUpperCase()));
}

/** What is no number is 0 to Dovecot. */
function toHex(text: string): string {
  const value = /^\d+$/.test(text) ? BigInt(text) : 0n;
  return (value < 1n << 64n ? value : 0n).toString(16);
}

/** What Dovecot shows of a message that has no `P` in the uidlist, unless it is told otherwise: `%08Xu%08Xv`. */
export function defaultUidl(uid: number, uidValidity: number): string {
  return `${eightDigits(uid)}${eightDigits(uidValidity)}`;
}

function eightDigits(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** Whether messages of one mailbox can never share a UIDL of this kind, because their UIDs stand in it, and all else is the same. */
export function isUniqueByUid({ parts, letters }: OldUidls): boolean {
  return (
    letters.has('u') &&
    parts.every((part) => typeof part === 'string' || part.letter === 'v' || isWholeUid(part))
  );
}

function isWholeUid({ letter, modifiers, skip, width, padded }: Variable): boolean {
  return letter === 'u' && skip === 0 && (padded || width === 0) && !/X.*X/.test(modifiers);
}

/**
 * Whether a UIDL is one: `odd` is beyond RFC 1939 (1 to 70 bytes from 0x21 to 0x7E), though servers show it and a uidlist
 * can hold it; `unusable` would break the record of the uidlist, or, empty, mean another.
 */
export function judgeUidl(uidl: string): 'good' | 'odd' | 'unusable' {
  if (!/^[^\0-\x20]+$/.test(uidl)) return 'unusable';
  return /^[!-~]{1,70}$/.test(uidl) ? 'good' : 'odd';
}
