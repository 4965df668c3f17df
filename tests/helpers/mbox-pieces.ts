/** What generated mboxes are made of: every oddity has a name, so that a test can tell whether it occurred. */

/** From_ lines that separate for Dovecot (behind `From `), by the oddity they show. docs/formats.md, "From_ line". */
export const VALID_FROM = {
  'from-plain': 'alice@example.org Thu Nov  9 22:33:52 2001',
  'from-one-digit-day': 'alice@example.org Thu Nov 9 22:33:52 2001',
  'from-zero-padded-day': 'alice@example.org Thu Nov 09 22:33:52 2001',
  'from-no-seconds': 'alice@example.org Thu Nov  9 22:33 2001',
  'from-offset': 'alice@example.org Thu Nov  9 22:33:52 2001 +0300',
  'from-offset-half-hour': 'alice@example.org Thu Nov  9 22:33:52 2001 -0330',
  'from-offset-before-year': 'alice@example.org Thu Nov  9 22:33:52 +0300 2001',
  'from-zone-before-year': 'alice@example.org Thu Nov  9 22:33:52 EST 2001',
  'from-zone-after-year': 'alice@example.org Thu Nov  9 22:33:52 2001 EST',
  'from-zone-and-offset': 'alice@example.org Thu Nov  9 22:33:52 EST 2001 +0200',
  'from-zone-rule': 'alice@example.org Thu Nov  9 22:33:52 MEZ-1MESZ 2001',
  'from-comma-date': 'alice@example.org Thu, 9 Nov 2001 22:33:52 +0200',
  'from-comma-date-no-seconds': 'alice@example.org Thu, 09 Nov 2001 22:33 -0500 remote from example',
  'from-remote': 'alice@example.org Thu Nov  9 22:33:52 2001 remote from example.org',
  'from-trailing-spaces': 'alice@example.org Thu Nov  9 22:33:52 2001   ',
  'from-trailing-garbage': 'alice@example.org Thu Nov  9 22:33:52 2001garbage 1 2 3',
  // From 8 KiB on Dovecot 2.3.19 and 2.4.1 take the line, too, but die when they are asked for the message.
  'from-long': `alice@example.org Thu Nov  9 22:33:52 2001 ${'garbage '.repeat(500)}`,
  'from-two-spaces': 'alice@example.org  Thu Nov  9 22:33:52 2001',
  'from-dash-sender': '- Thu Nov  9 22:33:52 2001',
  'from-bare-sender': 'MAILER-DAEMON Fri Jul  8 12:08:34 2011',
  'from-empty-sender': ' Thu Nov  9 22:33:52 2001',
  'from-quoted-sender': '"alice in chains"@example.org Thu Nov  9 22:33:52 2001',
  'from-odd-weekday': 'alice@example.org Xyz nov  9 22:33:52 2001',
  'from-unknown-month': 'alice@example.org Thu ???  9 22:33:52 2001',
  'from-out-of-range': 'alice@example.org Thu Nov 99 88:77:66 2001',
  'from-day-zero': 'alice@example.org Thu Nov  0 22:33:52 2001',
  'from-summer': 'alice@example.org Sun Mar 31 03:30:00 2002',
  'from-year-1969': 'alice@example.org Wed Dec 31 22:33:52 1969',
  'from-year-2040': 'alice@example.org Fri Nov  9 22:33:52 2040',
} as const;

/** Lines that begin like a From_ line and are text for Dovecot. */
export const INVALID_FROM = {
  'text-prose': 'From what I have seen this is no separator',
  'text-prose-date': 'From here on Thu Nov  9 it rained',
  'text-two-zones': 'From alice@example.org Thu Nov  9 22:33:52 PST DST 2001',
  'text-no-sender': 'From Thu Nov  9 22:33:52 2001',
  'text-space-in-sender': 'From alice at example.org Thu Nov  9 22:33:52 2001',
  'text-one-digit-hour': 'From alice@example.org Thu Nov  9 2:33:52 2001',
  'text-dotted-time': 'From alice@example.org Thu Nov  9 22.33.52 2001',
  'text-two-digit-year': 'From alice@example.org Thu Nov  9 22:33:52 01',
  'text-iso-date': 'From alice@example.org 2001-11-09 22:33:52 +0000',
  'text-tab': 'From alice@example.org\tThu Nov  9 22:33:52 2001',
  'text-no-date': 'From alice@example.org',
  'text-lower-case': 'from alice@example.org Thu Nov  9 22:33:52 2001',
  'text-quoted': '>From alice@example.org Thu Nov  9 22:33:52 2001',
  'text-quoted-twice': '>>From alice@example.org Thu Nov  9 22:33:52 2001',
  'text-bare': 'From ',
} as const;

/** Lines of bodies. */
export const BODY_LINES = {
  'body-plain': 'The quick brown fox jumps over the lazy dog.',
  'body-blank-line': '',
  'body-bare-cr': 'one\rtwo\r\rthree',
  'body-cr-at-end': 'carriage return here\r',
  'body-nul': 'nul \0 nul\0\0',
  'body-eight-bit': 'Gr\xfc\xdfe \xe2\x82\xac \xff\x80',
  'body-like-metadata': 'X-UID: 77\nX-IMAPbase: 5 0000000099 body\nStatus: RO\nContent-Length: 1',
} as const;

/** Header fields that a client sees as they are. */
export const PLAIN_HEADERS = {
  'header-plain': 'Subject: hello',
  'header-folded': 'Received: from a.example by b.example\n\twith SMTP;\n  Thu, 9 Nov 2001 22:33:52 +0200',
  'header-upper-case': 'MESSAGE-ID: <UPPER@EXAMPLE.ORG>',
  'header-lower-case': 'to: bob@example.org',
  'header-space-before-colon': 'Comments : odd',
  'header-no-field': 'this line is no header field',
  'header-quoted-from': '>From alice@example.org Thu Nov  9 22:33:52 2001',
  'header-prose-from': 'From nobody in particular',
  'header-empty-value': 'X-Empty:',
  'header-eight-bit': 'Subject: Gr\xfc\xdfe',
  'header-nul': 'X-Nul: a\0b',
  'header-uidl': 'X-UIDL: abc.123',
} as const;

/** 70 KB each: longer than the buffers of readers. Rare, or every generated file would be large. */
export const LONG_LINES = {
  'header-long': `X-Long: ${'abcdefghi '.repeat(7000)}end`,
  'body-long-line': `${'0123456789'.repeat(7000)}end`,
} as const;

/** Status, X-Status, X-Keywords in all shapes; `kwA $Forwarded Junk` are the keywords of the mailbox. */
export const FLAG_HEADERS = {
  'status-ordinary': 'Status: RO',
  'status-old': 'Status: O',
  'status-reversed': 'Status: OR',
  'status-other-letters': 'Status: NUR',
  'status-all-letters': 'Status: RFATDO',
  'status-lower-case': 'Status: ro',
  'status-duplicate': 'Status: O\nSubject: between\nStatus: R',
  'status-empty': 'Status: ',
  'status-padded': 'Status: RO      ',
  'status-folded': 'Status: R\n O',
  'status-name-case': 'STATUS: RO',
  'x-status-ordinary': 'X-Status: AF',
  'x-status-all': 'X-Status: DTFA',
  'x-status-spaces': 'X-Status: A F\tT',
  'x-status-lower-case': 'X-Status: aftd',
  'x-status-duplicate': 'X-Status: A\nX-Status: D',
  'x-status-name-case': 'x-status: F',
  'keywords-known': 'X-Keywords: kwA $Forwarded',
  'keywords-unknown': 'X-Keywords: kwA stranger Junk',
  'keywords-case': 'X-Keywords: KWa junk',
  'keywords-folded': 'X-Keywords: kwA\n\t$Forwarded',
  'keywords-padded': 'X-Keywords:   kwA    Junk            ',
  'keywords-repeated': 'X-Keywords: kwA kwA',
  'keywords-duplicate': 'X-Keywords: kwA\nX-Keywords: Junk',
  'keywords-empty': 'X-Keywords: ',
  'keywords-name-case': 'x-keywords: Junk',
} as const;

/** X-IMAPbase as the first message may have it: UIDVALIDITY 1000, last UID 10, unless the oddity says otherwise. */
export const BASE_HEADERS = {
  'base-valid': 'X-IMAPbase: 1000 0000000010 kwA $Forwarded Junk',
  'base-unpadded': 'X-IMAPbase: 1000 10 kwA $Forwarded Junk',
  'base-low': 'X-IMAPbase: 1000 0000000003 kwA $Forwarded Junk',
  'base-no-keywords': 'X-IMAPbase: 1000 0000000010',
  'base-trailing-spaces': 'X-IMAPbase: 1000 0000000010 kwA $Forwarded Junk       ',
  'base-more-spaces': 'X-IMAPbase:   1000   0000000010   kwA   Junk',
  'base-folded': 'X-IMAPbase: 1000 0000000010 kwA\n $Forwarded\n\tJunk',
  'base-name-case': 'x-imapBASE: 1000 0000000010 kwA $Forwarded Junk',
  'base-repeated-keyword': 'X-IMAPbase: 1000 0000000010 kwA KWA Junk',
  'base-duplicate': 'X-IMAPbase: 1000 0000000010 kwA\nX-IMAPbase: 2000 0000000020 Junk',
  'base-at-maximum': 'X-IMAPbase: 1000 4294967294 kwA',
  'base-zero-validity': 'X-IMAPbase: 0 0000000010 kwA',
  'base-no-last': 'X-IMAPbase: 1000',
  'base-letters': 'X-IMAPbase: 1000x 0000000010 kwA',
  'base-last-letters': 'X-IMAPbase: 1000 10kwA Junk',
  'base-too-large': 'X-IMAPbase: 42949672960 0000000010 kwA',
  'base-empty': 'X-IMAPbase: ',
} as const;

/** X-UID values that are no plain number. */
export const ODD_UIDS = {
  'uid-padded': 'X-UID: 4                    ',
  'uid-letters': 'X-UID: 4x',
  'uid-negative': 'X-UID: -4',
  'uid-zero': 'X-UID: 0',
  'uid-leading-zeros': 'X-UID: 0000000004',
  'uid-empty': 'X-UID: ',
  'uid-two-values': 'X-UID: 4 5',
  'uid-duplicate-header': 'X-UID: 4\nX-UID: 6',
  'uid-folded': 'X-UID:\n 4',
  'uid-name-case': 'x-uid: 4',
} as const;
