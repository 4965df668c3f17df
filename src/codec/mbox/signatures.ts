import { latin1, startsWith } from '../../core/bytes.ts';

/**
 * First bytes of files that lie among spools and are no mbox. Each row is sure enough that the search for mail in such
 * a file would do harm: it would find the text of mails inside a container that says more about them.
 */

interface Signature {
  readonly what: string;
  /** ASCII or latin1 bytes at offset 0. */
  readonly bytes: string;
}

const SIGNATURES: readonly Signature[] = [
  { what: 'a UW mbx mailbox (*mbx*)', bytes: '*mbx*\r\n' },
  { what: 'a Foxmail box', bytes: '\x10\x10\x10\x10\x10\x10\x10\x11\x11\x11\x11\x11\x11S' },
  { what: 'an Outlook PST file', bytes: '!BDN' },
  { what: 'an Outlook Express DBX file', bytes: '\xcf\xad\x12\xfe' },
  { what: 'an OLE file (Outlook MSG)', bytes: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' },
  { what: 'an SQLite database', bytes: 'SQLite format 3\0' },
  { what: 'a Mozilla Mork index (.msf)', bytes: '// <!-- <mdb:mork:z' },
  { what: 'an Emacs Babyl file (RMAIL)', bytes: 'BABYL OPTIONS:' },
  { what: 'a zip archive', bytes: 'PK\x03\x04' },
  { what: 'a bzip2 file', bytes: 'BZh' },
  { what: 'an xz file', bytes: '\xfd7zXZ\0' },
  { what: 'a zstd file', bytes: '\x28\xb5\x2f\xfd' },
  { what: 'a compress (.Z) file', bytes: '\x1f\x9d' },
  { what: 'a PDF document', bytes: '%PDF-' },
  { what: 'an ELF program', bytes: '\x7fELF' },
  { what: 'text in UTF-16', bytes: '\xff\xfe' },
  { what: 'text in UTF-16', bytes: '\xfe\xff' },
];

/** `2 M<hex> C<hex>`: version, size of the message header, time of creation. */
const DBOX = /^2 M[0-9a-f]{1,8} C[0-9a-f]{1,16}\n/;
/** Date, size and flags before each message. */
const MTX = /^[ \d]\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d [+-]\d{4},\d+;[0-9a-f]{12}(?:-[0-9a-f]{8})?\r?\n/i;
/** Length of the message that follows. */
const EMLX = /^\d{1,10} *\n[!-9;-~]+:/;

/** A line of `=` before each mail. */
const LISTSERV = /^={40,}\r?\n[!-9;-~]+:/;

/**
 * Eudora's index for Windows: a header of 104 bytes that begins with a version, `0` or `1` and NUL; the mailbox's name at
 * 8, in 32 bytes, ends with NUL; its kind, 0 to 5, at 40.
 */
const TOC = { header: 104, versions: [0x30, 0x31], name: 8, kind: 40, kinds: 5 } as const;

/** Names a file by its first bytes; `undefined` where they are those of no known container. */
export function namedBySignature(head: Uint8Array): string | undefined {
  for (const { what, bytes } of SIGNATURES) if (startsWith(head, 0, head.length, bytes)) return what;
  if (startsWith(head, 257, head.length, 'ustar')) return 'a tar archive';
  const text = latin1(head, 0, Math.min(head.length, 128));
  if (DBOX.test(text)) return 'a Dovecot dbox file';
  if (MTX.test(text)) return 'a UW mtx or tenex mailbox';
  if (EMLX.test(text)) return 'an Apple Mail emlx file';
  if (LISTSERV.test(text)) return 'a LISTSERV log';
  if (isEudoraToc(head, text)) return 'a Eudora table of contents (.toc)';
  return undefined;
}

function isEudoraToc(head: Uint8Array, text: string): boolean {
  const [version, nul, kind, high] = [head[0], head[1], head[TOC.kind], head[TOC.kind + 1]];
  if (head.length < TOC.header || nul !== 0 || high !== 0) return false;
  if (!TOC.versions.some((known) => known === version) || (kind ?? 255) > TOC.kinds) return false;
  return /^[\x20-\xff]+\0/.test(text.slice(TOC.name, TOC.kind));
}
