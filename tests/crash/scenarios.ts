import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { base, message, numbered } from '../helpers/account.ts';
import { linesOf } from './end-state.ts';
import { type Call, type Ended, failuresOf, makeStage, Slot } from './stage.ts';
import type { Tree } from './tree.ts';

/** A pass that is cut off in the tests, over a small account. */
export interface Scenario {
  readonly name: string;
  /** What is done to the source, step by step: all but the last state of it is converted in peace. */
  readonly sources: readonly SourceStep[];
  readonly command: readonly string[];
  /** Where the source is, unless it is mboxes: a location with `SOURCE` for its directory. */
  readonly from?: string;
  /** Where a message lies in the target, before the pass and after it, that its user removes when the pass was killed. */
  readonly userRemoves?: RegExp;
  /** The pass takes more calls that change something. */
  readonly floor: number;
}

/** Paths are below the source. */
interface SourceStep {
  readonly renamed?: readonly (readonly [from: string, to: string])[];
  readonly removed?: readonly string[];
  /** Written in place, so that a file keeps its inode. */
  readonly files: Readonly<Record<string, string>>;
}

const keywords = (names: string) => ({ headers: `X-Keywords: ${names}\n` });

/** A numbered mailbox: what stands in the file of its server. */
function mailbox(
  validity: number,
  last: number,
  names: string,
  messages: readonly [number, string, string?][],
): string {
  return messages
    .map(([uid, status, tags = ''], index) => {
      const { headers } = tags === '' ? { headers: '' } : keywords(tags);
      return numbered(uid, status, {
        headers: `${index === 0 ? base(validity, last, names) : ''}${headers}`,
      });
    })
    .join('');
}

const FIRST: SourceStep['files'] = {
  'spool/alice': mailbox(1234, 3, 'work $Forwarded', [
    [1, 'RO', 'work'],
    [2, 'O'],
    [3, 'RO\nX-Status: F', '$Forwarded'],
  ]),
  'mail/Archive/2001': mailbox(77, 8, 'old', [
    [5, 'RO'],
    [8, 'RO', 'old'],
  ]),
  // No server has numbered this one.
  'mail/Plain': message(1) + message(2),
  'mail/.subscriptions': 'Archive/2001\n',
};

const SECOND: SourceStep['files'] = {
  'spool/alice': mailbox(1234, 5, 'work $Forwarded later', [
    [1, 'RO\nX-Status: A', 'work'],
    [3, 'RO', '$Forwarded work'],
    [4, 'O', 'later'],
    [5, 'RO'],
  ]),
  'mail/Plain': message(1) + message(2) + message(3),
  'mail/Sent': mailbox(99, 2, '', [
    [1, 'RO'],
    [2, 'RO'],
  ]),
  'mail/.subscriptions': 'Archive/2001\nSent\n',
};

/** Mailboxes of which one will go, one will be called otherwise, and one will have other numbers. */
const THIRD: SourceStep['files'] = {
  'spool/alice': mailbox(1234, 1, '', [[1, 'RO']]),
  'mail/Gone': mailbox(55, 2, 'old', [
    [1, 'RO', 'old'],
    [2, 'O'],
  ]),
  'mail/Name': mailbox(66, 2, '', [
    [1, 'RO'],
    [2, 'O'],
  ]),
  'mail/Rebuilt': mailbox(77, 3, '', [
    [1, 'RO'],
    [2, 'O'],
    [3, 'RO\nX-Status: A'],
  ]),
};

function withoutFirst(mbox: string): string {
  return mbox.slice(mbox.indexOf('\nFrom ') + 1);
}

const FOURTH: SourceStep = {
  renamed: [['mail/Name', 'mail/Other']],
  removed: ['mail/Gone'],
  files: {
    'mail/Other': mailbox(66, 2, '', [
      [1, 'RO\nX-Status: F'],
      [2, 'O'],
    ]),
    // Without its first message, and counted anew.
    'mail/Rebuilt': withoutFirst(THIRD['mail/Rebuilt'] ?? '')
      .replace('X-UID: 2\n', `${base(78, 2)}X-UID: 1\n`)
      .replace('X-UID: 3\n', 'X-UID: 2\n'),
  },
};

const MAILDIR: SourceStep['files'] = {
  'Maildir/dovecot-uidlist':
    '3 V1234 N9 G0123456789abcdef0123456789abcdef\n3 Pone O2 :3.M3P1.h\n5 :5.M5P1.h\n',
  'Maildir/dovecot-keywords': '0 work\n',
  'Maildir/cur/3.M3P1.h:2,Sa': 'Subject: 3\n\nthree\n',
  'Maildir/cur/5.M5P1.h:2,FP': 'Subject: 5\n\nfive\n',
  'Maildir/new/7.M7P1.h': 'Subject: 7\n\nseven\n',
  'Maildir/dovecot-acl': 'user=bob lr\n',
  'Maildir/subscriptions': 'V\t2\n\nSent\n',
  // No server has numbered this one.
  'Maildir/.Sent/cur/1.M1P1.h:2,S': 'Subject: 1\n\none\n',
  'Maildir/.Gone/cur/1.M1P1.h:2,S': 'Subject: 1\n\none\n',
};

/** Flags, fields, rights and UIDs that changed, mail that came and went, a folder that is gone. */
const MAILDIR_LATER: SourceStep = {
  renamed: [
    ['Maildir/cur/3.M3P1.h:2,Sa', 'Maildir/cur/3.M3P1.h:2,FSa'],
    ['Maildir/new/7.M7P1.h', 'Maildir/cur/7.M7P1.h:2,S'],
  ],
  removed: ['Maildir/cur/5.M5P1.h:2,FP', 'Maildir/.Gone/cur/1.M1P1.h:2,S', 'Maildir/.Gone'],
  files: {
    'Maildir/dovecot-uidlist':
      '3 V1234 N9 G0123456789abcdef0123456789abcdef\n3 Ptwo O2 :3.M3P1.h\n9 :6.M6P1.h\n10 :7.M7P1.h\n',
    'Maildir/new/6.M6P1.h': 'Subject: 6\n\nsix\n',
    'Maildir/dovecot-acl': 'user=carol lr\n',
    'Maildir/.Sent/new/0.M1P1.h': 'Subject: 0\n\nnull\n',
  },
};

/** A post of a list; `second` tells when it came. */
function post(n: number, second: number, hour = '09'): string {
  return `From a at example.org  Thu Jul  1 ${hour}:00:${second} 2004\nSubject: post ${n}\n\ntext ${n}\n\n`;
}

/** A list's archive: a month whose order is not that of its dates, and a packed one. */
const ARCHIVE: SourceStep['files'] = {
  'talk/2004-July.txt': post(1, 30) + post(2, 20) + post(2, 20),
  'talk/2004-June.txt.gz': gzipSync(post(3, 10)).toString('latin1'),
};

/** The month was made anew and packed, a post of it is gone, the next month came. */
const ARCHIVE_LATER: SourceStep = {
  removed: ['talk/2004-July.txt'],
  files: {
    'talk/2004-July.txt.gz': gzipSync(post(2, 20, '17') + post(1, 30, '17')).toString('latin1'),
    'talk/2004-August.txt': post(5, 50) + post(4, 40),
  },
};

export const SCENARIOS: readonly Scenario[] = [
  { name: 'the first convert', sources: [{ files: FIRST }], command: ['convert'], floor: 130 },
  {
    name: 'a delta',
    sources: [{ files: FIRST }, { files: SECOND }],
    command: ['convert'],
    userRemoves: /^Maildir\/cur\/\d+\.U1X/,
    floor: 110,
  },
  {
    name: 'a delta of whole mailboxes',
    sources: [{ files: THIRD }, FOURTH],
    command: ['convert'],
    // The message that is 2 before and 1 after.
    userRemoves: /^Maildir\/\.Rebuilt\/cur\/1699567202\./,
    floor: 100,
  },
  // Passes of the tests run side by side over one source, and each sees that others have it open.
  {
    name: 'the final pass',
    sources: [{ files: FIRST }, { files: SECOND }],
    command: ['final', '--force-quiet'],
    floor: 130,
  },
  {
    name: 'the first convert of a Maildir',
    sources: [{ files: MAILDIR }],
    command: ['convert'],
    from: 'maildir:SOURCE/Maildir',
    floor: 100,
  },
  {
    name: 'a delta of a Maildir',
    sources: [{ files: MAILDIR }, MAILDIR_LATER],
    command: ['convert'],
    from: 'maildir:SOURCE/Maildir',
    userRemoves: /^Maildir\/cur\/\d+\.U3X/,
    floor: 100,
  },
  {
    name: 'a delta of a list’s archive',
    sources: [{ files: ARCHIVE }, ARCHIVE_LATER],
    command: ['convert'],
    from: 'archive:SOURCE/talk',
    userRemoves: /^Maildir\/cur\/\d+\.U4X/,
    floor: 30,
  },
];

/** More than 16 messages in a mailbox: they are flushed by one syncfs(2). */
export const MANY: Scenario = {
  name: 'a first convert of twenty messages',
  sources: [
    {
      files: {
        'spool/alice': mailbox(
          1234,
          20,
          '',
          Array.from({ length: 20 }, (_, i) => [i + 1, 'RO']),
        ),
      },
    },
  ],
  command: ['convert'],
  floor: 90,
};

/** A scenario at the moment before its pass, in some places at once. */
export interface Prepared {
  readonly scenario: Scenario;
  readonly slots: readonly PreparedSlot[];
}

/** One place, with what lies there before the pass, and what the pass makes of it when nothing disturbs it. */
export interface PreparedSlot {
  readonly slot: Slot;
  readonly before: Tree;
  readonly after: Tree;
  /** The end state that a disturbed pass must come to as well. */
  readonly wanted: readonly string[];
  readonly exit: number;
  /** The calls of the undisturbed pass that change something. */
  readonly changes: readonly Call[];
  /** All its calls. */
  readonly calls: readonly Call[];
}

const SLOTS = 2;

export async function prepare(scenario: Scenario): Promise<Prepared> {
  const stage = makeStage();
  const source = path.join(stage, 'source');
  const { from = 'mbox:SOURCE/mail:INBOX=SOURCE/spool/alice' } = scenario;
  const slots = Array.from({ length: SLOTS }, (_, i) => new Slot(path.join(stage, `slot${i}`), source, from));
  for (const [i, step] of scenario.sources.entries()) {
    await putSource(source, step);
    if (i === scenario.sources.length - 1) break;
    for (const slot of slots) undisturbed(await slot.run(['convert']));
  }
  return { scenario, slots: await Promise.all(slots.map((slot) => prepareSlot(scenario, slot))) };
}

async function prepareSlot({ command }: Scenario, slot: Slot): Promise<PreparedSlot> {
  const before = slot.state();
  slot.restore(before);
  const exit = undisturbed(await slot.run(command, { count: 'changes' }));
  const changes = slot.calls().filter(({ change }) => change);
  const after = slot.state();
  slot.restore(before);
  undisturbed(await slot.run(command, { count: 'calls' }));
  const calls = slot.calls();
  return { slot, before, after, wanted: linesOf(after), exit, changes, calls };
}

/** Fails for a pass that did not go as it should; the exit status otherwise. */
function undisturbed(ended: Ended): number {
  if (failuresOf(ended).length > 0 || ended.status < 0 || ended.stderr !== '')
    throw new Error(`undisturbed, and yet: ${JSON.stringify(ended)}`);
  return ended.status;
}

/** Spools written by now are old when this returns: a pass looks closer at those that may still be changing. */
async function putSource(at: string, { renamed = [], removed = [], files }: SourceStep): Promise<void> {
  for (const [from, to] of renamed) fs.renameSync(path.join(at, from), path.join(at, to));
  for (const name of removed) fs.rmSync(path.join(at, name), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(at, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, 'latin1');
    // INTERNALDATE of a message that is a file.
    if (/\/(cur|new)\//.test(name)) fs.utimesSync(file, 1_600_000_000, 1_600_000_000);
  }
  await sleep(2500);
}
