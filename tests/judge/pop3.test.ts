import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { convert, final, scratchDir, type TestRun, verify } from '../helpers/convert.ts';
import { openDovecot, workDir } from '../helpers/dovecot.ts';
import type { Pop3Listing } from '../helpers/pop3-client.ts';
import { Random } from '../helpers/random.ts';

/** POP3's UIDL and LIST through Dovecot, before and after; the new server has its default settings. */

const MINUTES = 60_000;

/** Fields that the header MD5 is made of, and some that it is not, in forms that mail has. */
const FIELDS: readonly [string, ...string[]] = [
  'Date: Thu, 09 Nov 2001 20:33:52 +0000',
  'date:no blank',
  'DATE:  \t two blanks, and one behind ',
  'Date :blank before the colon',
  'Date:',
  'Date:\n folded at once',
  'Message-ID: <1@example.org>',
  'Message-Id:\n\t<2@example.org>',
  'Received: from a by b\n\twith c;\n   date',
  'Received:from x',
  'Received:\n\tfolded at once',
  'Delivered-To: someone@example.org',
  'X-Delivery-ID: 12345',
  'X-UIDL: ;D*!!-/G"!\'Ao"!P2+"!',
  'X-UIDL:second   ',
  'Subject: umlaut \xe4\xf6',
];

/** An INBOX as Dovecot or UW leaves it, each message with fields of its own in an order of its own. */
function makeMbox(seed: number, messages: number, crlf = false): Buffer {
  const random = new Random(seed);
  let text = '';
  let uid = 0;
  for (let i = 0; i < messages; i++) {
    uid += 1 + random.below(5);
    const fields = Array.from({ length: random.below(7) }, () => random.pick(FIELDS));
    const base = i === 0 ? ['X-IMAPbase: 1005338032 0000009999'] : [];
    const header = [...base, `X-UID: ${uid}`, ...fields, 'Status: O', `Subject: ${i}`];
    text += `From a@example.org Thu Nov  9 20:33:52 2001\n${header.join('\n')}\n\nbody ${i}\n\n`;
  }
  return Buffer.from(crlf ? text.replaceAll('\n', '\r\n') : text, 'latin1');
}

function mboxRun(bytes: Buffer, uidl: string): TestRun & { readonly inbox: string } {
  const base = scratchDir();
  const [root, inbox] = [join(base, 'mail'), join(base, 'inbox')];
  mkdirSync(root);
  writeFileSync(inbox, bytes);
  return { root, inbox, target: join(base, 'Maildir'), state: join(base, 'state'), rules: 'dovecot', uidl };
}

/** Converts, verifies, and lists the target. */
async function carryOver(run: TestRun): Promise<Pop3Listing> {
  const result = await convert(run);
  expect(result.events.filter(({ event }) => event === 'failure')).toEqual([]);
  expect((await verify(run)).events.filter(({ event }) => event === 'difference')).toEqual([]);
  return openDovecot({ format: 'maildir', root: run.target }).pop3();
}

function fieldsIn({ target }: TestRun): string[] {
  const lines = readFileSync(join(target, 'dovecot-uidlist'), 'latin1').trimEnd().split('\n').slice(1);
  return lines.map((line) =>
    line
      .split(' ')
      .filter((field) => /^[PO]/.test(field))
      .join(' '),
  );
}

test.each([
  ['dovecot', '%08Xu%08Xv'],
  ['uw', '%08Xv%08Xu'],
  ['%u.%v', '%u.%v'],
  ['%v-%08Xu', '%v-%08Xu'],
  ['%m', '%m'],
  ['%g', '%g'],
  ['%u:%m', '%u:%m'],
])(
  'mbox, %s',
  async (uidl, format) => {
    for (const [seed, crlf] of [
      [1, false],
      [2, false],
      [3, true],
    ] as const) {
      const run = mboxRun(makeMbox(seed, 40, crlf), uidl);
      const source = { format: 'mbox', root: run.root, inbox: run.inbox } as const;
      const before = openDovecot({ ...source, pop3: { pop3_uidl_format: format } });
      const listed = await before.pop3();
      expect(listed.uidls).toHaveLength(40);
      expect(await carryOver(run)).toEqual(listed);
      if (uidl === 'dovecot') expect(fieldsIn(run).join('')).toBe('');
    }
  },
  MINUTES,
);

test(
  'mbox, x-uidl',
  async () => {
    const run = mboxRun(makeMbox(5, 60), 'x-uidl');
    const source = { format: 'mbox', root: run.root, inbox: run.inbox } as const;
    const before = openDovecot({ ...source, pop3: { pop3_reuse_xuidl: 'yes' } });
    const listed = await before.pop3();
    const after = await carryOver(run);
    // Blanks at the end, which Dovecot shows, are no part of a UIDL.
    expect(after.uidls).toEqual(listed.uidls.map((uidl) => uidl.trimEnd()));
    expect(new Set(listed.uidls)).toContain(';D*!!-/G"!\'Ao"!P2+"!');
    expect(after.sizes).toEqual(listed.sizes);
  },
  MINUTES,
);

interface MaildirSource {
  readonly run: TestRun;
  readonly source: string;
}

/** A Maildir with these messages (name below the folder, time of the file), and further files. */
function maildirSource(
  uidl: string,
  messages: Readonly<Record<string, number>>,
  files: Readonly<Record<string, string>> = {},
): MaildirSource {
  const base = scratchDir();
  const source = join(base, 'old');
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(source, part), { recursive: true });
  for (const [name, seconds] of Object.entries(messages)) putMessage(source, name, seconds);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(source, name), text, 'latin1');
  const [target, state] = [join(base, 'Maildir'), join(base, 'state')];
  return { source, run: { root: source, from: `maildir:${source}`, target, state, uidl } };
}

function putMessage(source: string, name: string, seconds: number, header = ''): void {
  const file = join(source, name);
  writeFileSync(file, `${header}Subject: ${name}\n\n${'x'.repeat(seconds % 50)}\n`);
  utimesSync(file, seconds, seconds);
}

const MESSAGES = {
  'cur/1000000004.M1P1.host:2,S': 1_000_000_004,
  'cur/1000000002.M1P1.host,S=48:2,RS': 1_000_000_002,
  'new/1000000003.M1P1.host': 1_000_000_003,
  'cur/1000000001.M1P1.averyveryveryveryveryverylonghostnamewithmorethanseventy.example.org:2,': 1_000_000_001,
  'cur/1000000005.M1P1.host:2,': 1_000_000_005,
};

const UIDLIST = [
  '3 V1005338032 N15 G0123456789abcdef0123456789abcdef',
  '11 :1000000004.M1P1.host',
  '12 Gmy-guid :1000000002.M1P1.host,S=48',
  '13 :1000000003.M1P1.host',
  '14 :1000000001.M1P1.averyveryveryveryveryverylonghostnamewithmorethanseventy.example.org',
  '15 :1000000005.M1P1.host',
  '',
].join('\n');

test.each([
  ['dovecot', '%08Xu%08Xv'],
  ['uw', '%08Xv%08Xu'],
  ['%u-%v', '%u-%v'],
  ['%f', '%f'],
  ['%g', '%g'],
  ['a%v.%f', 'a%v.%f'],
])('Maildir of Dovecot, %s', async (uidl, format) => {
  const { run, source } = maildirSource(uidl, MESSAGES, { 'dovecot-uidlist': UIDLIST });
  const before = openDovecot({ format: 'maildir', root: source, pop3: { pop3_uidl_format: format } });
  const listed = await before.pop3();
  expect(listed.uidls).toHaveLength(5);
  expect(await carryOver(run)).toEqual(listed);
  if (uidl === 'dovecot') expect(fieldsIn(run).join('')).toBe('');
});

test('Maildir, UIDLs and an order of its own', async () => {
  const own = UIDLIST.replace('11 ', '11 P O7 ').replace('12 ', '12 Pfoo O2 ').replace('13 ', '13 O2 ');
  for (const uidl of [undefined, '%g', 'qmail']) {
    const { run, source } = maildirSource(uidl ?? '', MESSAGES, { 'dovecot-uidlist': own });
    const format = uidl === 'qmail' ? '%f' : (uidl ?? '%08Xu%08Xv');
    const before = openDovecot({ format: 'maildir', root: source, pop3: { pop3_uidl_format: format } });
    const listed = await before.pop3();
    expect(listed.uidls).toContain('1000000004.M1P1.host');
    const { uidl: _uidl, ...without } = run;
    expect(await carryOver(uidl === undefined ? without : run)).toEqual(listed);
  }
});

test('qmail: base names in the order of the files’ times, also after mail came and went', async () => {
  const { run, source } = maildirSource('qmail', MESSAGES);
  const names = (...times: number[]) =>
    times.map((time) =>
      time === 1
        ? '1000000001.M1P1.averyveryveryveryveryverylonghostnamewithmorethanseventy.example.org'
        : `100000000${time}.M1P1.host${time === 2 ? ',S=48' : ''}`,
    );
  expect((await carryOver(run)).uidls).toEqual(names(1, 2, 3, 4, 5));
  // The new server's order is that of the UIDs already.
  expect(fieldsIn(run).some((field) => field.includes('O'))).toBe(false);
  putMessage(source, 'new/1000000009.M1P1.host', 1_000_000_000);
  putMessage(source, 'new/1000000008.M1P1.host', 1_000_000_008);
  expect((await carryOver(run)).uidls).toEqual(['1000000009.M1P1.host', ...names(1, 2, 3, 4, 5, 8)]);
  rmSync(join(source, 'new/1000000009.M1P1.host'));
  expect((await carryOver(run)).uidls).toEqual(names(1, 2, 3, 4, 5, 8));
  expect(fieldsIn(run).some((field) => field.includes('O'))).toBe(false);
});

/** The list of a POP3 server of Courier 1.0.16, and what it showed: written down from a session of its own. */
const COURIER_LIST = [
  '/3 17 77',
  '-5.h:2, 11 8:77:0',
  '0x10.h:2, 11 9:77:0',
  '+7.h:2, 11 10:77:0',
  '0999x.h:2, 11 11:77:0',
  '1000.H:2, 11 12:77:0',
  '1000.h\'q+":2, 11 0:0:0',
  '1000.h,S=3:2, 11 13:77:0',
  '1000.h-2:2,S 11 0:77:0',
  '1000.h:2, 11 5:0:0',
  '1000.sp ace:2, 11 14:77:0',
  '2147483650.h:2, 11 15:77:0',
  '99999999999999999999.h:2, 11 16:77:0',
  '',
].join('\n');

const COURIER_SHOWN = [
  'UID8-77',
  'UID9-77',
  'UID10-77',
  'UID11-77',
  'UID12-77',
  '1000.h+27q+2B+22',
  'UID13-77',
  '1000.h-2',
  'UID5',
  'UID14-77',
  'UID15-77',
  'UID16-77',
];

test('Courier: its UIDLs and its order', async () => {
  const names = COURIER_LIST.split('\n')
    .slice(1, -1)
    .map((line) => line.replace(/ \d+ [\d:]+$/, ''));
  const messages = Object.fromEntries(names.map((name, i) => [`cur/${name}`, 1_000_000_000 + i]));
  const bases = names.map((name) => name.split(':', 1)[0]);
  const uids = ['1 1195543632 50', ...bases.reverse().map((base, i) => `${i + 1} ${base}`), ''].join('\n');
  const lists = { courierpop3dsizelist: COURIER_LIST, courierimapuiddb: uids };
  const { run, source } = maildirSource('courier', messages, lists);
  const listed = await carryOver(run);
  expect(listed.uidls).toEqual(COURIER_SHOWN);
  // Mail that Courier has not shown: where it would, under the UIDL that the new server gives it.
  putMessage(source, 'new/1800000000.M1P1.h', 1_800_000_000);
  const { uidls } = await carryOver(run);
  expect(uidls.filter((uidl) => !/^0000003247428c50$/.test(uidl))).toEqual(COURIER_SHOWN);
});

test('Maildir, x-uidl: also where the option comes with a later pass', async () => {
  const { run, source } = maildirSource('x-uidl', MESSAGES, { 'dovecot-uidlist': UIDLIST });
  putMessage(source, 'cur/1000000004.M1P1.host:2,S', 1_000_000_004, 'X-UIDL: \tone"two  \nx-uidl: no\n');
  putMessage(source, 'cur/1000000005.M1P1.host:2,', 1_000_000_005, 'X-UIDL:\n');
  const before = openDovecot({ format: 'maildir', root: source, pop3: { pop3_reuse_xuidl: 'yes' } });
  const listed = await before.pop3();
  const wanted = listed.uidls.map((uidl) => (uidl === '' ? '0000000f3bec3db0' : uidl.trimEnd()));
  expect(wanted).toContain('one"two');
  const { uidl: _uidl, ...without } = run;
  expect((await carryOver(without)).uidls).not.toEqual(wanted);
  expect((await carryOver(run)).uidls).toEqual(wanted);
  expect((await carryOver(run)).uidls).toEqual(wanted);
  expect((await carryOver({ ...run, uidl: 'dovecot' })).uidls).not.toEqual(wanted);
});

test('mail that came late, and whose UID is taken: no UIDL but its own is ever that of another message', async () => {
  const mbox = makeMbox(9, 4);
  for (const [uidl, format] of [
    ['dovecot', '%08Xu%08Xv'],
    ['uw', '%08Xv%08Xu'],
  ] as const) {
    const { uid, gid } = statSync(workDir());
    const places = { target: join(workDir(), 'Maildir'), state: join(scratchDir(), 'state') };
    const run = { ...mboxRun(mbox, uidl), ...places, owner: { uid, gid } };
    expect((await final(run)).exit).toBe(0);
    const target = openDovecot({ format: 'maildir', root: run.target, inPlace: true });
    await target.deliver('INBOX', Buffer.from('Subject: new server\n\nx\n'));
    const taken = (await target.readMailbox('INBOX')).messages.at(-1)?.uid ?? 0;
    const [delivered] = (await target.pop3()).uidls.slice(-1);
    const late = `From a@example.org Thu Nov  9 20:33:52 2001\nX-UID: ${taken}\nSubject: late\n\nx\n\n`;
    writeFileSync(run.inbox, Buffer.concat([mbox, Buffer.from(late)]));
    const source = { format: 'mbox', root: run.root, inbox: run.inbox } as const;
    const old = openDovecot({ ...source, pop3: { pop3_uidl_format: format } });
    const [known] = (await old.pop3()).uidls.slice(-1);
    for (let pass = 1; pass <= 2; pass++) {
      const result = await final(run, { merge: true });
      expect(result.events.filter(({ event }) => event === 'failure' || event === 'difference')).toEqual([]);
      const [before, added] = (await target.pop3()).uidls.slice(-2);
      expect(before).toBe(delivered);
      if (uidl === 'dovecot') expect(added).not.toBe(delivered);
      else expect(added).toBe(known);
    }
    expect((await verify(run)).events.filter(({ event }) => event === 'difference')).toEqual([]);
  }
});
