import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failures } from '../helpers/cli.ts';
import { type ImageKind, withImage } from '../helpers/image-fs.ts';
import { makeMaildir, put } from '../helpers/maildir-account.ts';

/** Blocks that are really shared, on file systems that can. */

const KINDS: readonly ImageKind[] = [
  { type: 'btrfs', tools: 'btrfs-progs' },
  { type: 'xfs', tools: 'xfsprogs' },
];

const MESSAGES = 20;
/** Bytes of a message: no file system keeps so many beside the inode. */
const SIZE = 1 << 20;

/** Flags of a file's extents, as filefrag(8) of e2fsprogs prints them. */
function extents(file: string): string[] {
  const printed = execFileSync('filefrag', ['-v', '-s', file], { encoding: 'utf8' });
  return [...printed.matchAll(/^ +\d+: .*: +([a-z,_]*)$/gm)].map(([, flags = '']) => flags);
}

function usedBytes(at: string): number {
  execFileSync('sync', ['-f', at]);
  const { blocks, bfree, bsize } = fs.statfsSync(at);
  return (blocks - bfree) * bsize;
}

function names(dir: string): string[] {
  return fs.readdirSync(dir).map((name) => path.join(dir, name));
}

for (const kind of KINDS)
  test(`${kind.type}: messages share the blocks of the source, and stay when it changes`, ({ skip }) => {
    const a = makeMaildir({});
    const at = path.join(a.at, 'disk');
    withImage(kind, at, skip, () => {
      const [mail, target] = [path.join(at, 'old'), path.join(at, 'Maildir')];
      for (let n = 1; n <= MESSAGES; n++)
        put(
          mail,
          `cur/${n}.M1P1.h:2,S`,
          `Subject: ${n}\n\n${`${String(n).padStart(71)}\n`.repeat(SIZE / 72)}`,
        );
      const before = usedBytes(at);
      const run = a.run('convert', '--from', `maildir:${mail}`, '--to', `maildir:${target}`);
      expect(failures(run)).toEqual([]);
      const made = names(`${target}/cur`);
      expect(made).toHaveLength(MESSAGES);
      expect(usedBytes(at) - before).toBeLessThan((MESSAGES * SIZE) / 4);
      for (const file of made) {
        expect(extents(file).length).toBeGreaterThan(0);
        expect(extents(file).filter((flags) => !flags.includes('shared'))).toEqual([]);
        expect(fs.statSync(file).nlink).toBe(1);
      }
      // A copy is none: the look at extents can tell.
      fs.writeFileSync(`${at}/copy`, fs.readFileSync(made[0] as string));
      execFileSync('sync', ['-f', at]);
      expect(extents(`${at}/copy`).filter((flags) => flags.includes('shared'))).toEqual([]);
      const bytes = made.map((file) => fs.readFileSync(file));
      for (const file of names(`${mail}/cur`)) fs.writeFileSync(file, 'x'.repeat(SIZE), { flag: 'r+' });
      expect(made.every((file, i) => fs.readFileSync(file).equals(bytes[i] as Buffer))).toBe(true);
    });
  });
