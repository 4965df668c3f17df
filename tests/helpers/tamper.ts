import fs from 'node:fs';
import path from 'node:path';
import type { DifferenceEvent } from '../../src/core/events.ts';
import { STEADY } from './model-steps.ts';
import type { Random } from './random.ts';

/** What may happen to a target behind our back, one kind at a time, so that a test can ask whether it is noticed. */

type Sign = DifferenceEvent['sign'];

interface Place {
  /** A folder with two messages of ours at least. */
  readonly folder: string;
  /** File names in its `cur/`, drawn. */
  readonly files: readonly [string, string];
  /** The Maildir. */
  readonly root: string;
}

/** Each does its work and has a sign that `verify` must then show. */
const KINDS = {
  'a flipped bit in a message': ['*', flipBit],
  'a message cut short': ['*', cutShort],
  'a message grown': [
    '*',
    ({ folder, files }) => fs.appendFileSync(path.join(folder, 'cur', files[0]), 'more\n'),
  ],
  'a message removed': ['-', ({ folder, files }) => fs.rmSync(path.join(folder, 'cur', files[0]))],
  'a second copy of a message': ['+', addCopy],
  'a changed flag': ['*', ({ folder, files: [name] }) => renameIn(folder, name, toggle(name, 'F'))],
  'a keyword more': ['*', ({ folder, files: [name] }) => renameIn(folder, name, toggle(name, 'z'))],
  'a keyword with another name': [
    '*',
    ({ root }) => edit(path.join(root, `.${STEADY}`, 'dovecot-keywords'), /Work/i, 'Play'),
  ],
  'another INTERNALDATE': ['*', changeTime],
  'two UIDs exchanged': ['*', exchangeUids],
  'another UIDVALIDITY': [
    '*',
    ({ folder }) => edit(uidlist(folder), / V(\d+)/, (_, old) => ` V${Number(old) + 1}`),
  ],
  'a message without UID': ['-', ({ folder }) => edit(uidlist(folder), /\n\d+ [^\n]*\.spoolsync,[^\n]*/, '')],
  'no uidlist': ['!', ({ folder }) => fs.rmSync(uidlist(folder))],
  'a folder removed': ['-', ({ root }) => fs.rmSync(path.join(root, `.${STEADY}`), { recursive: true })],
  'a folder more': [
    '+',
    ({ root }) => fs.cpSync(path.join(root, `.${STEADY}`), path.join(root, '.More'), { recursive: true }),
  ],
  'a subscription more': ['*', ({ root }) => fs.appendFileSync(path.join(root, 'subscriptions'), 'More\n')],
  'no subscriptions': ['-', ({ root }) => fs.rmSync(path.join(root, 'subscriptions'))],
} as const satisfies Record<string, readonly [Sign, (place: Place, random: Random) => void]>;

export type TamperKind = keyof typeof KINDS;
export const TAMPER_KINDS = Object.keys(KINDS) as readonly TamperKind[];

/** Does harm to the Maildir `root`; the sign that `verify` must show. */
export function tamper(kind: TamperKind, root: string, random: Random): Sign {
  const folders = fs
    .readdirSync(root)
    .filter((name) => /^\../.test(name))
    .map((name) => path.join(root, name));
  const fit = [root, ...folders].filter((folder) => ownFiles(folder).length > 1);
  const steady = path.join(root, `.${STEADY}`);
  const folder = random.pick([steady, ...fit]);
  const files = ownFiles(folder);
  const first = random.below(files.length - 1);
  const [sign, act] = KINDS[kind];
  act({ root, folder, files: [files[first] as string, files[first + 1] as string] }, random);
  return sign;
}

/** Message files of ours that the folder's uidlist names. */
function ownFiles(folder: string): string[] {
  const cur = path.join(folder, 'cur');
  return fs.existsSync(cur)
    ? fs
        .readdirSync(cur)
        .filter((name) => name.includes('.spoolsync,'))
        .sort()
    : [];
}

function uidlist(folder: string): string {
  return path.join(folder, 'dovecot-uidlist');
}

function edit(file: string, what: RegExp, by: string | ((...match: string[]) => string)): void {
  const before = fs.readFileSync(file, 'latin1');
  const after = typeof by === 'string' ? before.replace(what, by) : before.replace(what, by);
  if (after === before) throw new Error(`${file} has nothing like ${what}`);
  fs.writeFileSync(file, after, 'latin1');
}

/** Changes a message's bytes and keeps its time. */
function change(file: string, by: (bytes: Buffer) => Buffer): void {
  const { atime, mtime } = fs.statSync(file);
  fs.writeFileSync(file, by(fs.readFileSync(file)));
  fs.utimesSync(file, atime, mtime);
}

function flipBit({ folder, files }: Place, random: Random): void {
  change(path.join(folder, 'cur', files[0]), (bytes) => {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
    return bytes;
  });
}

function cutShort({ folder, files }: Place): void {
  change(path.join(folder, 'cur', files[0]), (bytes) => bytes.subarray(0, -1));
}

function toggle(name: string, letter: string): string {
  const [base = '', letters = ''] = name.split(':2,');
  const all = letters.includes(letter) ? letters.replace(letter, '') : [...letters, letter].sort().join('');
  return `${base}:2,${all}`;
}

function renameIn(folder: string, from: string, to: string): void {
  fs.renameSync(path.join(folder, 'cur', from), path.join(folder, 'cur', to));
}

function addCopy({ folder, files: [name] }: Place): void {
  const [from, to] = [name, toggle(name, 'F')].map((one) => path.join(folder, 'cur', one)) as [
    string,
    string,
  ];
  fs.copyFileSync(from, to);
  const { atime, mtime } = fs.statSync(from);
  fs.utimesSync(to, atime, mtime);
}

function changeTime({ folder, files }: Place): void {
  const file = path.join(folder, 'cur', files[0]);
  const { mtimeMs } = fs.statSync(file);
  fs.utimesSync(file, mtimeMs / 1000 + 60, mtimeMs / 1000 + 60);
}

function exchangeUids({ folder, files }: Place): void {
  const [a, b] = files.map((name) => name.split(':')[0] as string) as [string, string];
  const text = fs.readFileSync(uidlist(folder), 'latin1');
  if (!text.includes(a) || !text.includes(b)) throw new Error(`${folder} has no UIDs for ${a} and ${b}`);
  fs.writeFileSync(
    uidlist(folder),
    text.replace(/ :(.*)$/gm, (line, base) => (base === a ? ` :${b}` : base === b ? ` :${a}` : line)),
    'latin1',
  );
}
