import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { base, makeAccount, numbered } from '../helpers/account.ts';
import { cli, failures, mailboxes, type Result, remarks } from '../helpers/cli.ts';
import { mail, makeMaildir, put } from '../helpers/maildir-account.ts';

const LIST = '3 V77 N30 G0123456789abcdef0123456789abcdef\n';

/** `P` and `O` of each message of a folder in the target. */
function fieldsIn(target: string, folder = ''): string[] {
  const lines = fs
    .readFileSync(path.join(target, folder, 'dovecot-uidlist'), 'latin1')
    .trimEnd()
    .split('\n');
  return lines.slice(1).map((line) => (line.match(/ [PO]\S*/g) ?? []).join('').trim());
}

function codes(result: Result): string[] {
  return remarks(result)
    .map(({ code }) => code)
    .filter((code) => code.startsWith('UIDL_'));
}

describe('is refused with 64, and before anything is written', () => {
  test.each([
    ['%q', 'unknown variable'],
    ['plain', 'names no server'],
    ['%f', 'no file name'],
    ['courier', 'not mbox'],
    ['qmail', 'not mbox'],
  ])('mbox, %s', (format, words) => {
    const account = makeAccount(base(77, 9) + numbered(1));
    for (const command of ['convert', 'final', 'verify']) {
      const result = account.run(command, '--pop3-uidl', format);
      expect(result.status).toBe(64);
      expect(failures(result)).toMatchObject([{ code: 'USAGE', message: expect.stringContaining(words) }]);
    }
    expect(fs.existsSync(account.target)).toBe(false);
  });

  test('Maildir, %m', () => {
    const account = makeMaildir({ 'cur/1.M1P1.h:2,': mail(1) });
    const result = account.convert('--pop3-uidl', '%m');
    expect(result.status).toBe(64);
    expect(failures(result)).toMatchObject([{ code: 'USAGE', advice: expect.stringContaining('%g') }]);
  });
});

describe('mbox', () => {
  const INBOX = [1, 2, 4]
    .map((uid) => numbered(uid, 'O', { headers: uid === 1 ? base(77, 9) : '' }))
    .join('');

  it('is written for INBOX alone, and applied, changed and taken away by the next pass', () => {
    const account = makeAccount(INBOX, { other: INBOX });
    const convert = (...options: string[]) => account.run('convert', ...options);
    expect(convert().status).toBe(0);
    expect(fieldsIn(account.target)).toEqual(['', '', '']);
    const asked = convert('--pop3-uidl', '%u.%v');
    expect(asked.status).toBe(0);
    expect(mailboxes(asked)['other']?.reflagged).toBe(0);
    expect(fieldsIn(account.target)).toEqual(['P1.77', 'P2.77', 'P4.77']);
    expect(fieldsIn(account.target, '.other')).toEqual(['', '', '']);
    expect(convert('--pop3-uidl', 'uw').status).toBe(0);
    expect(fieldsIn(account.target)).toEqual(['P0000004d00000001', 'P0000004d00000002', 'P0000004d00000004']);
    const again = convert('--pop3-uidl', 'uw');
    expect(mailboxes(again)['INBOX']).toMatchObject({ reflagged: 0, added: 0 });
    expect(account.run('verify', '--pop3-uidl', '%u.%v').status).toBe(3);
    expect(account.run('verify', '--pop3-uidl', 'uw').status).toBe(0);
    // To forget the option must not cost them all.
    const forgotten = convert();
    expect(forgotten.status).toBe(64);
    expect(failures(forgotten)).toMatchObject([
      { code: 'USAGE', mailbox: 'INBOX', advice: expect.stringContaining("--pop3-uidl 'uw'") as string },
    ]);
    expect(fieldsIn(account.target)).toEqual(['P0000004d00000001', 'P0000004d00000002', 'P0000004d00000004']);
    expect(convert('--pop3-uidl', 'dovecot').status).toBe(0);
    expect(fieldsIn(account.target)).toEqual(['', '', '']);
    expect(convert().status).toBe(0);
  });

  it('stays where a pass reads only what is new', () => {
    const long = numbered(1, 'O', { headers: base(77, 9), body: 'x'.repeat(300_000) });
    const account = makeAccount(long + numbered(2, 'O', { headers: 'X-UIDL: two\n' }) + long);
    fs.writeFileSync(
      account.inbox,
      long + numbered(2, 'O', { headers: 'X-UIDL: two\n', body: 'y'.repeat(300_000) }),
    );
    const convert = () => account.run('convert', '--pop3-uidl', 'x-uidl');
    expect(convert().status).toBe(0);
    for (const uid of [3, 5]) {
      fs.appendFileSync(account.inbox, numbered(uid, 'O', { headers: `X-UIDL: n${uid}\n` }));
      expect(convert().status).toBe(0);
    }
    expect(fieldsIn(account.target)).toEqual(['', 'Ptwo', 'Pn3', 'Pn5']);
    expect(account.run('verify', '--pop3-uidl', 'x-uidl').status).toBe(0);
  });

  it('says what cannot be kept, is odd, or is there twice, and says so again', () => {
    const uidls = ['a b', 'same', 'same', `${'x'.repeat(71)}`, '', 'good'];
    const inbox = uidls.map((uidl, i) =>
      numbered(i + 1, 'O', { headers: `${i === 0 ? base(77, 9) : ''}X-UIDL: ${uidl}\n` }),
    );
    const account = makeAccount(inbox.join(''));
    const convert = () => account.run('convert', '--pop3-uidl', 'x-uidl');
    const first = convert();
    expect(first.status).toBe(3);
    expect(codes(first)).toEqual(['UIDL_UNUSABLE', 'UIDL_EQUAL', 'UIDL_ODD']);
    expect(remarks(first).map(({ message }) => message.replace(/ had .*/, ''))).toEqual([
      '2 messages (the first has UID 1)',
      '1 message (the first has UID 3)',
      '1 message (the first has UID 4)',
    ]);
    expect(fieldsIn(account.target)).toEqual(['', 'Psame', 'Psame', `P${'x'.repeat(71)}`, '', 'Pgood']);
    expect(codes(convert())).toEqual(codes(first));
    fs.appendFileSync(account.inbox, numbered(7));
    expect(codes(convert())).toEqual(codes(first));
  });

  it('writes no numbers that no server has given', () => {
    const account = makeAccount('From a@b Thu Nov  9 22:00:00 2023\nSubject: x\nX-UIDL: own\n\nx\n');
    const result = account.run('convert', '--pop3-uidl', '%u');
    expect(result.status).toBe(3);
    expect(codes(result)).toEqual(['UIDL_UNKNOWN']);
    expect(fieldsIn(account.target)).toEqual(['']);
    expect(account.run('convert', '--pop3-uidl', 'x-uidl').status).toBe(0);
    expect(fieldsIn(account.target)).toEqual(['Pown']);
  });

  it('keeps a header that is not read to its end out of the MD5', () => {
    const received = `Received: ${'x'.repeat(70_000)}\n`;
    const account = makeAccount(numbered(1, 'O', { headers: base(77, 9) + received }));
    const result = account.run('convert', '--pop3-uidl', '%m');
    expect(remarks(result).map(({ code }) => code)).toContain('HEADER_TOO_LONG');
    expect(fieldsIn(account.target)).toEqual(['']);
  });
});

describe('Maildir', () => {
  it('keeps fields of the source, and gives an empty P the name that it stands for', () => {
    const account = makeMaildir({
      'dovecot-uidlist': `${LIST}3 P :1.M1P1.h\n5 Pown O2 :2.M1P1.h\n6 :3.M1P1.h\n`,
      'cur/1.M1P1.h:2,': mail(1),
      'cur/2.M1P1.h:2,': mail(2),
      'cur/3.M1P1.h:2,': mail(3),
    });
    expect(account.convert().status).toBe(0);
    expect(fieldsIn(account.target)).toEqual(['P1.M1P1.h', 'Pown O2', '']);
    expect(account.convert('--pop3-uidl', 'qmail').status).toBe(0);
    expect(fieldsIn(account.target)).toEqual(['P1.M1P1.h', 'Pown O2', 'P3.M1P1.h']);
  });

  it('gives an order to no more messages than need one', () => {
    const account = makeMaildir({});
    for (const [name, seconds] of [
      ['1.M1P1.h', 20],
      ['2.M1P1.h', 10],
      ['3.M1P1.h', 30],
      ['4.M1P1.h', 40],
    ] as const)
      put(account.mail, `new/${name}`, mail(1), seconds);
    expect(account.convert('--pop3-uidl', 'qmail').status).toBe(0);
    expect(fieldsIn(account.target)).toEqual(['P1.M1P1.h O2', 'P2.M1P1.h O1', 'P3.M1P1.h', 'P4.M1P1.h']);
    const again = account.convert('--pop3-uidl', 'qmail');
    expect(mailboxes(again)['INBOX']).toMatchObject({ read: 0, reflagged: 0, added: 0 });
  });

  it('says where Courier’s POP3 server left no list', () => {
    const account = makeMaildir({
      'cur/1.M1P1.h:2,': mail(1),
      courierpop3dsizelist: '/1 5\n1.M1P1.h 22 1\n',
    });
    const result = account.convert('--pop3-uidl', 'courier');
    expect(result.status).toBe(3);
    expect(codes(result)).toEqual(['UIDL_UNKNOWN']);
    put(account.mail, 'courierpop3dsizelist', '/3 5 99\n1.M1P1.h:2, 22 4:99:0\n');
    expect(account.convert('--pop3-uidl', 'courier').status).toBe(0);
    expect(fieldsIn(account.target)).toEqual(['PUID4-99']);
  });
});

it('is known to the threads that work on accounts', () => {
  const account = makeAccount(base(77, 9) + numbered(1));
  const spools = path.join(account.at, 'many');
  fs.mkdirSync(spools);
  for (const user of ['ann', 'ben'])
    fs.writeFileSync(path.join(spools, user), numbered(1, 'O', { headers: base(77, 9) }));
  const places = ['--from', `mbox:${account.mail}/%u:INBOX=${spools}/%u`, '--to', `maildir:${account.at}/%u`];
  const options = ['--state', account.state, '--jobs', '2', '--pop3-uidl', '%u-%v', '--json'];
  expect(cli(['convert', ...places, ...options]).status).toBe(0);
  for (const user of ['ann', 'ben']) expect(fieldsIn(path.join(account.at, user))).toEqual(['P1-77']);
});
