import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileOf, messageFiles, snapshot } from '../helpers/account.ts';
import { differences, failures, mailboxes, type Result, remarks } from '../helpers/cli.ts';
import { type MaildirTest, mail, makeMaildir, put, TIME } from '../helpers/maildir-account.ts';

/** Maildirs as sources, all files made by hand. */

const GUID = '0123456789abcdef0123456789abcdef';
const DOVECOT = {
  'dovecot-uidlist': `3 V1234 N9 G${GUID} Xodd\n3 Pone O2 Zkept W99 :3.M3P1.h\n5 Gown-guid :5.M5P1.h,S=19,W=22\n7 :7.M7P1.h\n`,
  'dovecot-keywords': '0 Work\n1 $Forwarded\n',
  'cur/3.M3P1.h:2,Sa': mail(3),
  'cur/5.M5P1.h,S=19,W=22:2,FPb': mail(5),
  'new/7.M7P1.h:2,R': mail(7),
  subscriptions: 'V\t2\n\nSent\nA\tB\n',
  '.Sent/dovecot-uidlist': `1 77 4\n2 2.M2P1.h\n`,
  '.Sent/cur/2.M2P1.h:2,S': mail(2),
  '.A.B/new/1.M1P1.h': mail(1),
};

const codes = (result: Result) => remarks(result).map(({ code }) => code);
const rulesOf = (result: Result) =>
  Object.fromEntries(
    result.events.flatMap((event) =>
      event.event === 'rules' ? [[event.mailbox, `${event.rules}: ${event.reason}`]] : [],
    ),
  );

describe('a first pass', () => {
  test('keeps numbers, GUIDs, POP3 fields, unknown fields and letters, flags, keywords, dates and subscriptions', () => {
    const a = makeMaildir(DOVECOT);
    const before = snapshot(a.mail, ['ino', 'mtime', 'ctime', 'atime']);
    const run = a.convert();
    expect([run.status, failures(run), codes(run)]).toEqual([0, [], []]);
    expect(rulesOf(run)).toEqual({
      INBOX: 'maildir-dovecot: dovecot-uidlist, version 3',
      Sent: 'maildir-dovecot: dovecot-uidlist, version 1',
      'A/B': 'maildir-bare: no server has numbered its messages',
    });
    const [header, ...records] = a.uidlist();
    expect(header).toBe(`3 V1234 N9 G${GUID} Xodd`);
    expect(records.map((line) => line.replace(/X\w{16}\./, '.'))).toEqual([
      `3 G3.M3P1.h Pone O2 Zkept :${TIME}.U3.spoolsync,S=19,W=22`,
      `5 Gown-guid :${TIME}.U5.spoolsync,S=19,W=22`,
      `7 G7.M7P1.h :${TIME}.U7.spoolsync,S=19,W=22`,
    ]);
    expect(messageFiles(a.target).map((name) => name.slice(name.indexOf(':')))).toEqual([
      ':2,Sa',
      ':2,FPb',
      ':2,R',
    ]);
    expect(fs.readFileSync(`${a.target}/dovecot-keywords`, 'latin1')).toBe('0 Work\n1 $Forwarded\n');
    expect(fs.readFileSync(`${a.target}/subscriptions`, 'latin1')).toBe('V\t2\n\nSent\nA\tB\n');
    expect(a.uidlist('.Sent')[0]).toMatch(/^3 V77 N4 G/);
    expect(fs.statSync(fileOf(a.target, 3)).mtimeMs).toBe(TIME * 1000);
    expect(a.verify().status).toBe(0);
    // Neither bytes nor any time of the source.
    expect(snapshot(a.mail, ['ino', 'mtime', 'ctime', 'atime'])).toEqual(before);
  });

  test('keeps the keywords and numbers of Courier', () => {
    const a = makeMaildir({
      courierimapuiddb: '1 5000 4\n1 1.M1P1.h\n3 3.M3P1.h\n',
      courierimapsubscribed: 'INBOX\nINBOX.Entw&APw-rfe\n#shared.x\n',
      'courierimapkeywords/:list': 'Work\nLater\n\n1.M1P1.h:1 0\n3.M3P1.h:0\n',
      'courierimapkeywords/.5.3.M3P1.h': 'Later\n',
      'courierimapkeywords/.6.3.M3P1.h': 'New\n',
      'cur/1.M1P1.h:2,S': mail(1),
      'cur/3.M3P1.h:2,': mail(3),
      'new/2.M2P1.h': mail(2),
      '.Entw\xc3\xbcrfe/cur/1.M1P1.h:2,': mail(1),
      courierimapacl: 'owner aceilrstwx\nuser=bob lr\n',
    });
    const run = a.convert();
    expect(failures(run)).toEqual([]);
    expect(codes(run).sort()).toEqual(['ACL_NOT_KEPT', 'FOLDER_NAME_REPAIRED', 'NOT_READ']);
    expect(rulesOf(run)['INBOX']).toBe(
      'maildir-courier: courierimapuiddb, courierimapkeywords, courierimapsubscribed',
    );
    expect(a.uidlist()[0]).toMatch(/^3 V5000 N5 G/);
    expect([a.uids('G1.M'), a.uids('G3.M'), a.uids('G2.M')]).toEqual([[1], [3], [4]]);
    expect(fs.readFileSync(`${a.target}/dovecot-keywords`, 'latin1')).toBe('0 Work\n1 Later\n2 New\n');
    const letters = [1, 3, 4].map((uid) => fileOf(a.target, uid).replace(/.*:2,/, ''));
    expect(letters).toEqual(['Sab', 'c', '']);
    expect(fs.existsSync(`${a.target}/.Entw&APw-rfe/cur`)).toBe(true);
    expect(fs.readFileSync(`${a.target}/subscriptions`, 'latin1')).toBe('V\t2\n\nINBOX\nEntw&APw-rfe\n');
    expect(differences(a.verify())).toEqual([]);
  });

  test('numbers a bare Maildir as Dovecot would', () => {
    const a = makeMaildir({
      'cur/20.M1P1.h:2,S': mail(1),
      'new/3.M9P1.h': mail(2),
      'cur/20.M0P1.h': mail(3),
    });
    expect(a.convert().status).toBe(0);
    expect([a.uids('G3.M9'), a.uids('G20.M0'), a.uids('G20.M1')]).toEqual([[1], [2], [3]]);
    expect(a.verify().status).toBe(0);
  });
});

describe('a second pass', () => {
  test('that finds nothing changed writes nothing', () => {
    const a = makeMaildir(DOVECOT);
    a.convert();
    // But for the lock, which changes the time of the root.
    const before = snapshot(a.target, ['ino', 'mtime', 'ctime']).slice(1);
    const run = a.convert();
    expect([run.status, mailboxes(run)['INBOX']?.read]).toEqual([0, 0]);
    expect(snapshot(a.target, ['ino', 'mtime', 'ctime']).slice(1)).toEqual(before);
  });

  test('takes flags over without reading a message', () => {
    const a = makeMaildir(DOVECOT);
    a.convert();
    fs.renameSync(`${a.mail}/cur/3.M3P1.h:2,Sa`, `${a.mail}/cur/3.M3P1.h:2,FPSb`);
    fs.renameSync(`${a.mail}/new/7.M7P1.h:2,R`, `${a.mail}/cur/7.M7P1.h:2,R`);
    const run = a.convert();
    expect(mailboxes(run)).toMatchObject({ INBOX: { reflagged: 1, added: 0, removed: 0, read: 0 } });
    expect(fileOf(a.target, 3)).toMatch(/:2,FPSb$/);
    expect(a.verify().status).toBe(0);
  });

  test('brings over what arrived, and takes away what is gone', () => {
    const a = makeMaildir(DOVECOT);
    a.convert();
    fs.unlinkSync(`${a.mail}/cur/5.M5P1.h,S=19,W=22:2,FPb`);
    put(a.mail, 'new/8.M8P1.h', mail(8));
    const run = a.convert();
    expect(mailboxes(run)).toMatchObject({ INBOX: { added: 1, removed: 1, read: mail(8).length } });
    expect(a.uids('G8.M')).toEqual([9]);
    expect(a.verify().status).toBe(0);
  });

  test('notices other fields in the uidlist', () => {
    const a = makeMaildir(DOVECOT);
    a.convert();
    const list = `${a.mail}/dovecot-uidlist`;
    fs.writeFileSync(
      list,
      fs.readFileSync(list, 'latin1').replace('Pone O2 ', 'Ptwo ').replace('Xodd', 'Xeven'),
    );
    expect(a.verify().status).toBe(3);
    // What Dovecot itself has added in the target stays.
    const target = `${a.target}/dovecot-uidlist`;
    fs.writeFileSync(target, fs.readFileSync(target, 'latin1').replace('3 G3.M3P1.h', '3 Qnew G3.M3P1.h'));
    const run = a.convert();
    expect(mailboxes(run)).toMatchObject({ INBOX: { reflagged: 1, added: 0 } });
    expect(a.uidlist()[0]).toBe(`3 V1234 N9 G${GUID} Xeven`);
    expect(a.uidlist()[1]).toMatch(/^3 G3.M3P1.h Ptwo Zkept Qnew :/);
    expect(a.verify().status).toBe(0);
  });

  test('follows the UIDs that the old server gives to mail that had none', () => {
    const a = makeMaildir({ ...DOVECOT, 'new/8.M8P1.h': mail(8) });
    a.convert();
    expect(a.uids('G8.M')).toEqual([9]);
    // Older by its name, and yet behind: no server has said otherwise.
    put(a.mail, 'new/4.M4P1.h', mail(4));
    expect(mailboxes(a.convert())).toMatchObject({ INBOX: { added: 1, renumbered: 0 } });
    expect([a.uids('G8.M'), a.uids('G4.M')]).toEqual([[9], [10]]);
    fs.appendFileSync(`${a.mail}/dovecot-uidlist`, '9 :4.M4P1.h\n10 :8.M8P1.h\n');
    expect(mailboxes(a.convert())).toMatchObject({ INBOX: { added: 0, removed: 0, renumbered: 2, read: 0 } });
    expect([a.uids('G4.M'), a.uids('G8.M')]).toEqual([[9], [10]]);
    expect(a.verify().status).toBe(0);
  });

  test('of a bare Maildir keeps the UIDs it gave, also of equal messages', () => {
    const same = mail(1);
    const a = makeMaildir({ 'cur/1.M1P1.h': same, 'cur/2.M1P1.h': same, 'cur/3.M1P1.h': same });
    a.convert();
    const validity = a.uidlist()[0];
    fs.unlinkSync(`${a.mail}/cur/1.M1P1.h`);
    fs.renameSync(`${a.mail}/cur/3.M1P1.h`, `${a.mail}/cur/3.M1P1.h:2,F`);
    put(a.mail, 'new/0.M1P1.h', same);
    const run = a.convert();
    expect(mailboxes(run)).toMatchObject({ INBOX: { added: 0, removed: 0, renumbered: 1, reflagged: 1 } });
    expect(['G0.', 'G2.', 'G3.'].map((part) => a.uids(part))).toEqual([[4], [2], [3]]);
    expect(fileOf(a.target, 3)).toMatch(/:2,F$/);
    expect(a.uidlist()[0]?.slice(0, 12)).toBe(validity?.slice(0, 12));
    expect(a.verify().status).toBe(0);
  });

  test('renames a folder that the source renamed, and removes one that is gone', () => {
    const a = makeMaildir(DOVECOT);
    a.convert();
    const inode = fs.statSync(fileOf(`${a.target}/.Sent`, 2)).ino;
    fs.renameSync(`${a.mail}/.Sent`, `${a.mail}/.Sent.old`);
    fs.rmSync(`${a.mail}/.A.B`, { recursive: true });
    const run = a.convert();
    expect(codes(run)).toContain('MAILBOX_RENAMED');
    expect(fs.statSync(fileOf(`${a.target}/.Sent.old`, 2)).ino).toBe(inode);
    expect(fs.existsSync(`${a.target}/.A.B`)).toBe(false);
    expect(a.verify().status).toBe(0);
  });

  test('without its manifest keeps what is right', () => {
    const a = makeMaildir(DOVECOT);
    a.convert();
    fs.rmSync(a.state, { recursive: true });
    const before = snapshot(`${a.target}/cur`, ['ino']);
    expect(a.convert().status).toBe(0);
    expect(snapshot(`${a.target}/cur`, ['ino'])).toEqual(before);
    expect(a.verify().status).toBe(0);
  });
});

describe('the target in use', () => {
  test('what its user removed does not come back, and flags are merged', () => {
    const a = makeMaildir(DOVECOT);
    a.convert();
    fs.unlinkSync(fileOf(a.target, 5));
    const seen = fileOf(a.target, 7);
    fs.renameSync(seen, seen.replace(':2,R', ':2,RS'));
    fs.renameSync(`${a.mail}/new/7.M7P1.h:2,R`, `${a.mail}/cur/7.M7P1.h:2,FR`);
    const run = a.convert();
    expect(codes(run).sort()).toEqual(['TARGET_FLAGS_DIFFER', 'TARGET_MESSAGE_GONE']);
    expect(fileOf(a.target, 7)).toMatch(/:2,FRS$/);
    expect(messageFiles(a.target)).toHaveLength(2);
    expect(codes(a.convert())).toEqual([]);
    expect(differences(a.verify())).toEqual([]);
  });

  test('a dry run says what a pass would do, and does nothing', () => {
    const a = makeMaildir(DOVECOT);
    const dry = a.convert('--dry-run');
    const actions = (result: Result) =>
      result.events.flatMap((event) => (event.event === 'action' ? [`${event.kind} ${event.mailbox}`] : []));
    expect(actions(dry).filter((action) => action === 'add INBOX')).toHaveLength(3);
    expect(fs.existsSync(a.target) || fs.existsSync(a.state)).toBe(false);
    a.convert();
    const before = snapshot(a.target, ['ino', 'mtime', 'ctime']);
    fs.renameSync(`${a.mail}/cur/3.M3P1.h:2,Sa`, `${a.mail}/cur/3.M3P1.h:2,`);
    expect(actions(a.convert('--dry-run'))).toEqual(['reflag INBOX']);
    expect(snapshot(a.target, ['ino', 'mtime', 'ctime'])).toEqual(before);
  });

  const tampered: readonly (readonly [string, string, (a: MaildirTest) => void])[] = [
    ['a byte', 'other bytes', (a) => fs.writeFileSync(fileOf(a.target, 3), mail(4))],
    [
      'a flag',
      'flags',
      (a) => fs.renameSync(fileOf(a.target, 3), fileOf(a.target, 3).replace(':2,S', ':2,T')),
    ],
    [
      'a letter',
      'letters',
      (a) => fs.renameSync(fileOf(a.target, 5), fileOf(a.target, 5).replace('FP', 'F')),
    ],
    ['a message', 'missing', (a) => fs.unlinkSync(fileOf(a.target, 3))],
    ['a GUID', 'fields', (a) => edit(a, 'Gown-guid', 'Gother')],
    ['a UIDL', 'fields', (a) => edit(a, 'Pone ', '')],
    ['the header', 'header lacks', (a) => edit(a, ' Xodd', '')],
    ['UIDVALIDITY', 'UIDVALIDITY', (a) => edit(a, 'V1234', 'V1235')],
  ];
  test.each(tampered)('verify finds %s that was changed', (_what, words, tamper) => {
    const a = makeMaildir(DOVECOT);
    a.convert();
    tamper(a);
    const found = a.verify();
    expect(found.status).toBe(3);
    expect(
      differences(found)
        .map(({ message }) => message)
        .join('\n'),
    ).toContain(words);
  });
});

function edit(a: MaildirTest, from: string, to: string): void {
  const file = `${a.target}/dovecot-uidlist`;
  fs.writeFileSync(file, fs.readFileSync(file, 'latin1').replace(from, to));
}

describe('repairs', () => {
  const places = (result: Result, mailroot: string) =>
    remarks(result).map(({ code, place }) => `${code} ${place?.replace(mailroot, '')}`);

  test('sizes, separators, doubled names and lists, each with a finding that comes again', () => {
    const a = makeMaildir({
      'dovecot-uidlist': '3 V9 N3\n5 :5.M1P1.h,S=1,W=2\n4 :4.M1P1.h;2,S\nnonsense\n6 :6.M1P1.h',
      'cur/5.M1P1.h,S=1,W=2:2,': mail(5),
      'cur/4.M1P1.h;2,S': mail(4),
      'cur/6.M1P1.h:2,S': mail(6),
      'new/6.M1P1.h': mail(6),
      'cur/7.M1P1.h:2,': mail(7),
      'new/7.M1P1.h': mail(8),
      'cur/8.M1P1.h\nx': mail(9),
    });
    const wanted = [
      'SEPARATOR_REPAIRED /cur/4.M1P1.h;2,S',
      'NAME_UNUSABLE /cur/8.M1P1.h\\x0ax',
      'UIDLIST_LINE /dovecot-uidlist',
      'UIDLIST_UNORDERED /dovecot-uidlist',
      'SIZE_REPAIRED /cur/5.M1P1.h,S=1,W=2:2,',
      'DUPLICATE_FILE /new/6.M1P1.h',
      'DUPLICATE_FILE /new/7.M1P1.h',
    ].sort();
    const run = a.convert();
    expect(run.status).toBe(3);
    expect(places(run, a.mail).sort()).toEqual(wanted);
    expect([a.uids('G5.M1P1.h,S=1,W=2 '), a.uids('G4.M1P1.h '), a.uids('G6.M1P1.h ')]).toEqual([
      [5],
      [4],
      [6],
    ]);
    expect(fileOf(a.target, 4)).toMatch(/:2,S$/);
    // The message in new/ that has another's name: a UID, and no GUID of the other.
    expect(a.uidlist().slice(1)).toHaveLength(5);
    expect(a.uidlist().at(-1)).toMatch(/^8 :/);
    expect(differences(a.verify())).toEqual([]);
    expect(places(a.convert(), a.mail).sort()).toEqual(wanted);
  });

  test('folders without directories, and with names that Dovecot does not read', () => {
    const a = makeMaildir({
      'cur/1.M1P1.h:2,': mail(1),
      '.Bad &name/cur/1.M1P1.h:2,': mail(1),
      '.~x/cur/1.M1P1.h:2,': mail(1),
    });
    fs.rmdirSync(`${a.mail}/new`);
    fs.mkdirSync(`${a.mail}/.Empty`);
    const run = a.convert();
    expect(places(run, a.mail).sort()).toEqual(
      [
        'FOLDER_INCOMPLETE ',
        'FOLDER_INCOMPLETE /.Empty',
        'FOLDER_NAME_REPAIRED /.Bad &name',
        'NAME_MAPPED undefined',
      ].sort(),
    );
    expect(fs.readdirSync(`${a.target}/.Empty`)).toEqual(expect.arrayContaining(['cur', 'new', 'tmp']));
    expect(fs.existsSync(`${a.target}/.Bad &-name/cur`)).toBe(true);
    expect(fs.existsSync(`${a.target}/.=7Ex/cur`)).toBe(true);
    expect(differences(a.verify())).toEqual([]);
  });

  test('a list that cannot be used: new UIDs, and it is said', () => {
    const a = makeMaildir({ 'dovecot-uidlist': 'nonsense\n', 'cur/1.M1P1.h:2,': mail(1) });
    const run = a.convert();
    expect(codes(run)).toEqual(['UIDLIST_UNUSABLE']);
    expect(a.uids('G1.')).toEqual([1]);
  });
});

describe('rights', () => {
  test('are copied, followed, and left where somebody else set them', () => {
    const a = makeMaildir({ 'cur/1.M1P1.h:2,': mail(1), 'dovecot-acl': 'user=bob lr\n' });
    const acl = `${a.target}/dovecot-acl`;
    const first = a.convert();
    expect([first.status, codes(first)]).toEqual([0, ['ACL_COPIED']]);
    expect(fs.readFileSync(acl, 'latin1')).toBe('user=bob lr\n');
    expect(codes(a.convert())).toEqual([]);
    fs.writeFileSync(`${a.mail}/dovecot-acl`, 'user=carol lr\n');
    expect(a.verify().status).toBe(3);
    a.convert();
    expect(fs.readFileSync(acl, 'latin1')).toBe('user=carol lr\n');
    fs.writeFileSync(acl, 'anyone l\n');
    fs.writeFileSync(`${a.mail}/dovecot-acl`, 'user=dave lr\n');
    expect(codes(a.convert())).toEqual(['TARGET_ACL_DIFFERS']);
    expect(fs.readFileSync(acl, 'latin1')).toBe('anyone l\n');
  });
});

describe('what is not done', () => {
  const refused = (from: string, to: string, a: MaildirTest) =>
    failures(a.run('convert', '--from', `maildir:${from}`, '--to', `maildir:${to}`))[0]?.code;

  test('source and target in one place, or within each other', () => {
    const a = makeMaildir(DOVECOT);
    const before = snapshot(a.at);
    expect(refused(a.mail, a.mail, a)).toBe('LOCATIONS_OVERLAP');
    expect(refused(a.mail, `${a.mail}/.Sub`, a)).toBe('LOCATIONS_OVERLAP');
    expect(refused(`${a.mail}/.Sent`, a.mail, a)).toBe('LOCATIONS_OVERLAP');
    expect(snapshot(a.at)).toEqual(before);
  });

  test('links, FIFOs and files of other users are not read, and said', () => {
    const a = makeMaildir({ 'cur/1.M1P1.h:2,': mail(1) });
    fs.symlinkSync('/etc/passwd', `${a.mail}/cur/2.M1P1.h:2,`);
    fs.mkdirSync(`${a.mail}/cur/3.M1P1.h:2,`);
    fs.symlinkSync('/etc', `${a.mail}/.Etc`);
    const run = a.convert();
    expect(codes(run)).toEqual(['NOT_READ', 'NOT_READ', 'NOT_READ']);
    expect(mailboxes(run)).toMatchObject({ INBOX: { messages: 1 } });
    expect(fs.existsSync(`${a.target}/.Etc`)).toBe(false);
  });

  test.runIf(process.getuid?.() === 0)(
    'another user’s file in the account’s own directory is not read',
    () => {
      const a = makeMaildir({ 'cur/1.M1P1.h:2,': mail(1), 'cur/2.M1P1.h:2,': mail(2) });
      for (const name of ['', 'cur', 'new', 'tmp', 'cur/1.M1P1.h:2,'])
        fs.chownSync(path.join(a.mail, name), 65_534, 65_534);
      const run = a.convert();
      expect(remarks(run).map(({ place }) => place)).toEqual([`${a.mail}/cur/2.M1P1.h:2,`]);
      expect(mailboxes(run)).toMatchObject({ INBOX: { messages: 1 } });
    },
  );

  test('compressed messages', () => {
    const a = makeMaildir({
      'cur/1.M1P1.h,S=100:2,': '\x1f\x8b\x08\x00garbage',
      '.Ok/cur/1.M1P1.h:2,': mail(1),
    });
    const run = a.convert();
    expect(failures(run)).toMatchObject([{ code: 'SOURCE_DAMAGED', mailbox: 'INBOX' }]);
    expect(mailboxes(run)).toMatchObject({ Ok: { added: 1 } });
  });
});

describe('--link', () => {
  test('gives files a second name where the owner is the same', () => {
    const a = makeMaildir(DOVECOT);
    const inode = (file: string) => fs.statSync(file).ino;
    const run = a.convert('--link');
    expect([run.status, codes(run)]).toEqual([0, []]);
    expect(inode(fileOf(a.target, 3))).toBe(inode(`${a.mail}/cur/3.M3P1.h:2,Sa`));
    expect(fs.statSync(`${a.mail}/cur/3.M3P1.h:2,Sa`)).toMatchObject({ nlink: 2, mtimeMs: TIME * 1000 });
    expect(fs.readdirSync(`${a.target}/tmp`)).toEqual([]);
    expect(a.verify().status).toBe(0);
    // Flags are names, and so of one side alone.
    fs.renameSync(fileOf(a.target, 3), fileOf(a.target, 3).replace(':2,Sa', ':2,FSa'));
    expect(fs.existsSync(`${a.mail}/cur/3.M3P1.h:2,Sa`)).toBe(true);
    put(a.mail, 'new/8.M8P1.h', mail(8));
    expect(mailboxes(a.convert('--link'))).toMatchObject({ INBOX: { added: 1 } });
    expect(inode(fileOf(a.target, 9))).toBe(inode(`${a.mail}/new/8.M8P1.h`));
  });

  test.runIf(process.getuid?.() === 0)('copies, and says why, where the owner would be another', () => {
    const a = makeMaildir(DOVECOT);
    const run = a.convert('--link', '--owner', '65534:65534');
    expect(failures(run)).toEqual([]);
    expect(codes(run)).toEqual(['NOT_LINKED', 'NOT_LINKED', 'NOT_LINKED']);
    expect(fs.statSync(fileOf(a.target, 3))).toMatchObject({ uid: 65_534, nlink: 1 });
    expect(fs.statSync(`${a.mail}/cur/3.M3P1.h:2,Sa`)).toMatchObject({ uid: 0, nlink: 1 });
    expect(a.verify().status).toBe(0);
  });

  test.runIf(process.getuid?.() === 0)('a later owner does not reach through a link to the source', () => {
    const a = makeMaildir(DOVECOT);
    a.convert('--link');
    put(a.mail, 'new/8.M8P1.h', mail(8));
    a.convert('--owner', '65534:65534');
    expect(fs.statSync(`${a.mail}/cur/3.M3P1.h:2,Sa`).uid).toBe(0);
  });
});

describe('the end', () => {
  test('final seals a Maildir, verify --seal finds what was changed, late mail is merged', () => {
    const a = makeMaildir(DOVECOT);
    expect(a.convert().status).toBe(0);
    put(a.mail, 'new/8.M8P1.h', mail(8));
    const seal = `${a.at}/seal.json`;
    const run = a.run('final', '--force-quiet', '--seal', seal);
    expect(failures(run)).toEqual([]);
    expect(run.events.some((event) => event.event === 'seal')).toBe(true);
    expect(a.uids('G8.M')).toEqual([9]);
    expect(failures(a.convert())).toMatchObject([{ code: 'STATE_SEALED' }]);
    put(a.mail, 'new/6.M6P1.h', mail(6));
    fs.renameSync(`${a.mail}/cur/3.M3P1.h:2,Sa`, `${a.mail}/cur/3.M3P1.h:2,T`);
    const merge = a.run('final', '--merge');
    expect(failures(merge)).toEqual([]);
    expect(mailboxes(merge)).toMatchObject({ INBOX: { added: 1, reflagged: 0 } });
    expect(a.uids('G6.M')).toEqual([10]);
  });
});
