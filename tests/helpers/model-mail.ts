import type { Random } from './random.ts';

/** Mail for the model test: bodies and headers that a reader of mbox may stumble over, but that all servers take. */

const FIELDS = [
  'Subject: hello',
  'Subject: Gr\xfc\xdfe',
  'Received: from a.example by b.example\n\twith SMTP; Thu, 9 Nov 2023 22:33:52 +0200',
  'Message-ID: <same@example.org>',
  'X-Empty:',
] as const;

const LINES = [
  'The quick brown fox jumps over the lazy dog.',
  '',
  'From here on it is text.',
  'From alice@example.org Thu Nov  9 22:33:52 2023',
  '>From alice@example.org Thu Nov  9 22:33:52 2023',
  'X-UID: 77',
  'Status: RO',
  '\xe2\x82\xac \xff\x80',
  '0123456789'.repeat(300),
] as const;

/** Fields with which a sender tries, or a list archive happens, to look like the server's own. */
const FORGED = [
  'Status: RO',
  'X-Status: AF',
  'X-UID: 2',
  'X-UID: 4000',
  'X-Keywords: Work',
  'X-IMAPbase: 1 0000000007 Forged',
  'Content-Length: 5',
] as const;

/** A message, latin1 with line ends LF; `label` is in its header, so that no two are alike unless they are meant to be. */
export function drawMail(random: Random, label: string): string {
  const fields = [`Subject: ${label}`, ...Array.from({ length: random.below(3) }, () => random.pick(FIELDS))];
  const lines = Array.from({ length: random.below(5) }, () => random.pick(LINES));
  const end = random.chance(0.9) ? '\n' : '';
  return `${fields.join('\n')}\n\n${lines.join('\n')}${lines.length > 0 ? end : ''}`;
}

/** What a delivery agent writes at the end of an mbox, which quotes its From_ lines or counts its bytes. */
export function asDelivered(random: Random, mail: string): string {
  const split = mail.indexOf('\n\n');
  const [header, body] = [mail.slice(0, split), mail.slice(split + 2)];
  const ended = body === '' || body.endsWith('\n') ? body : `${body}\n`;
  const quoted = random.chance(0.7) ? ended.replace(/^From /gm, '>From ') : ended;
  const forged = random.chance(0.15) ? `${random.pick(FORGED)}\n` : '';
  const length = random.chance(0.3) ? `Content-Length: ${quoted.length}\n` : '';
  return `From sender@example.org ${drawFromDate(random)}\n${header}\n${length}${forged}\n${quoted}\n`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

function drawFromDate(random: Random): string {
  const date = drawDate(random);
  const [day, month] = [DAYS[date.getUTCDay()], MONTHS[date.getUTCMonth()]];
  const zone = random.chance(0.3) ? ' +0200' : '';
  return `${day} ${month} ${String(date.getUTCDate()).padStart(2)} ${clock(date)} ${date.getUTCFullYear()}${zone}`;
}

/** For APPEND, in quotes. */
export function drawInternalDate(random: Random): string {
  const date = drawDate(random);
  const day = String(date.getUTCDate()).padStart(2);
  return `"${day}-${MONTHS[date.getUTCMonth()]}-${date.getUTCFullYear()} ${clock(date)} ${random.pick(['+0000', '+0300', '-0730'])}"`;
}

/** Days 1 to 20: no clock repeats an hour in them. */
function drawDate(random: Random): Date {
  const at = [
    random.below(12),
    1 + random.below(20),
    random.below(24),
    random.below(60),
    random.below(60),
  ] as const;
  return new Date(Date.UTC(1995 + random.below(30), ...at));
}

function clock(date: Date): string {
  return date.toISOString().slice(11, 19);
}
