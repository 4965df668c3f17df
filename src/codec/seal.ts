import { createHash } from 'node:crypto';
import { isStorable } from '../core/limits.ts';
import type { Fingerprint, Marks } from '../core/message.ts';

/**
 * The seal: what a final pass proved, as a document that needs neither source nor state to be checked (docs/seal.md).
 * Pure: text in, text out. Names in it are latin1, one char per byte, and the text is ASCII.
 */

const FORMAT = 'spoolsync seal';
const VERSION = 1;

/** How much of a mailbox was compared before it was sealed. */
export type Verified = 'all' | 'changed' | 'sample';

export interface SealedMailbox {
  /** Name in the source, for people. */
  readonly mailbox: string;
  /** Directory below the target, latin1; empty for INBOX. */
  readonly folder: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  /** Messages that spoolsync put there, and their bytes as stored. */
  readonly messages: number;
  readonly bytes: number;
  /** Messages of others in the folder; they are in no digest. */
  readonly foreign: number;
  readonly source: Fingerprint;
  /** SHA-256 of the manifest. */
  readonly manifest: string;
  /** See `ContentsDigest`. */
  readonly contents: string;
  readonly verified: Verified;
  /** How many findings of each code the spool has. */
  readonly findings: Readonly<Record<string, number>>;
}

export interface SealedAccount {
  readonly user: string;
  /** Path of the Maildir. */
  readonly target: string;
  readonly mailboxes: readonly SealedMailbox[];
  /** Folders (latin1) of mailboxes that earlier passes brought over and that are left out by now: they are not sealed. */
  readonly kept?: readonly string[];
  /** SHA-256 of the `subscriptions` file, where there is one. */
  readonly subscriptions?: string;
}

/** What is sealed. Times are ISO 8601. */
export interface Sealed {
  /** Version of spoolsync. */
  readonly spoolsync: string;
  readonly begun: string;
  readonly sealed: string;
  /** What `--force-quiet` overrode, for people. */
  readonly forced: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly accounts: readonly SealedAccount[];
}

export type ParsedSeal =
  | { readonly ok: true; readonly seal: Sealed; readonly root: string }
  | {
      readonly ok: false;
      readonly why: 'no-seal' | 'newer' | 'damaged';
      /** In words for an administrator. */
      readonly reason: string;
    };

/** Writes the document; returns its text, with a line end, and its root. */
export function formatSeal(sealed: Sealed): { readonly text: string; readonly root: string } {
  const body = { format: FORMAT, version: VERSION, ...sealed };
  const root = rootOf(body);
  return { text: `${ascii(JSON.stringify({ ...body, root }, undefined, 1))}\n`, root };
}

/** Reads the document; one that was changed anywhere but in its white space is `damaged`. */
export function parseSeal(text: string): ParsedSeal {
  const value = parseJson(text);
  if (!isObject(value)) return { ok: false, why: 'no-seal', reason: 'it is no JSON object' };
  const { root, ...body } = value;
  if (body['format'] !== FORMAT) return { ok: false, why: 'no-seal', reason: `it is no "${FORMAT}"` };
  if (Number(body['version']) > VERSION) {
    const reason = `it has version ${String(body['version'])}, and this spoolsync knows ${VERSION}`;
    return { ok: false, why: 'newer', reason };
  }
  if (typeof root !== 'string' || rootOf(body) !== root)
    return { ok: false, why: 'damaged', reason: 'its root digest does not fit: it was changed or cut short' };
  if (body['version'] !== VERSION || !isSealed(body))
    return { ok: false, why: 'damaged', reason: 'fields are missing, or are not what they should be' };
  return { ok: true, seal: body, root };
}

/** SHA-256 over the canonical JSON of a document without its root: keys sorted, no blanks, ASCII. */
function rootOf(body: object): string {
  return sha256(canonicalJson(body));
}

/** JSON of plain data in exactly one spelling: keys sorted by their UTF-16 units, no blanks, ASCII. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return ascii(JSON.stringify(value));
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${ascii(JSON.stringify(key))}:${canonicalJson(value[key])}`);
  return `{${fields.join(',')}}`;
}

/** What the digest of a folder's contents knows of a message. */
export interface SealedMessage extends Marks {
  readonly uid: number;
  /** INTERNALDATE, seconds since 1970. */
  readonly date: number;
  readonly size: number;
  readonly vsize: number;
  /** XXH64 of the stored bytes. */
  readonly digest: string;
}

/**
 * SHA-256 over one line for each message of ours in a folder, in UID order: everything that a client sees of it. Flags
 * are the sum of `FLAG`; keyword names are in lower case, since they compare without case, and sorted.
 */
export class ContentsDigest {
  readonly #hash = createHash('sha256');
  #messages = 0;
  #bytes = 0;

  add({ uid, flags, keywords, date, size, vsize, digest }: SealedMessage): void {
    const names = keywords.map((name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())).sort();
    const list = ascii(JSON.stringify([...new Set(names)]));
    // What the file system could not store is another time in the target, and in each copy of it.
    const time = isStorable(date) ? String(date) : 'beyond';
    this.#hash.update(`${uid} ${flags} ${list} ${time} ${size} ${vsize} ${digest}\n`);
    this.#messages++;
    this.#bytes += size;
  }

  /** The digest of all messages so far, and what they come to. */
  finish(): { readonly contents: string; readonly messages: number; readonly bytes: number } {
    return { contents: this.#hash.copy().digest('hex'), messages: this.#messages, bytes: this.#bytes };
  }
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isDigest: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
/** A directory of a Maildir: it is opened, so it must not lead elsewhere. */
const isFolder: Check = (value) =>
  value === '' ||
  (typeof value === 'string' && /^\.(?!\.?$)[^/\u0100-\uffff]+$/s.test(value) && !value.includes('\0'));
const isList =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const orMissing =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const hasFields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(checks).every(([key, check]) => check(value[key]));

const isMailbox = hasFields({
  mailbox: isText,
  folder: isFolder,
  uidValidity: isCount,
  uidNext: isCount,
  messages: isCount,
  bytes: isCount,
  foreign: isCount,
  source: isObject,
  manifest: isDigest,
  contents: isDigest,
  verified: (value) => ['all', 'changed', 'sample'].includes(value as Verified),
  findings: isObject,
});

const isAccount = hasFields({
  user: isText,
  target: isText,
  mailboxes: isList(isMailbox),
  kept: orMissing(isList(isFolder)),
  subscriptions: orMissing(isDigest),
});

const hasSealedFields = hasFields({
  spoolsync: isText,
  begun: isText,
  sealed: isText,
  forced: isList(isText),
  from: isText,
  to: isText,
  accounts: isList(isAccount),
});

function isSealed(value: unknown): value is Sealed {
  return hasSealedFields(value);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
