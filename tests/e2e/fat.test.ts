import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { differences, failures, remarks } from '../helpers/cli.ts';
import { type ImageKind, withImage } from '../helpers/image-fs.ts';
import { mail, makeMaildir, put } from '../helpers/maildir-account.ts';

/** Maildirs on file systems whose names cannot hold colons. */

const FAT: ImageKind = { type: 'vfat', tools: 'dosfstools', fuse: 'fusefat' };

test('a source on FAT: flags behind another separator count, and nothing of it changes', ({ skip }) => {
  const a = makeMaildir({});
  const at = path.join(a.at, 'disk');
  withImage(FAT, at, skip, () => {
    const old = path.join(at, 'old');
    put(old, 'cur/1.M1P1.h;2,S', mail(1));
    put(old, 'cur/2.M1P1.h!2,FS', mail(2));
    put(old, 'new/3.M1P1.h', mail(3));
    expect(() => fs.writeFileSync(`${old}/cur/4.M1P1.h:2,S`, '')).toThrow();
    const listed = () => ['cur', 'new'].map((dir) => fs.readdirSync(`${old}/${dir}`).sort());
    const before = listed();
    const run = a.run('convert', '--from', `maildir:${old}`);
    expect(failures(run)).toEqual([]);
    expect(remarks(run).map(({ code }) => code)).toEqual(['SEPARATOR_REPAIRED', 'SEPARATOR_REPAIRED']);
    const flags = fs.readdirSync(`${a.target}/cur`).map((name) => name.replace(/.*:2,/, ''));
    expect(flags.sort()).toEqual(['', 'FS', 'S']);
    const checked = a.run('verify', '--from', `maildir:${old}`);
    expect([...failures(checked), ...differences(checked)]).toEqual([]);
    expect(listed()).toEqual(before);
  });
});

test('a target on FAT: it is refused, and no message is left there', ({ skip }) => {
  const a = makeMaildir({ 'cur/1.M1P1.h:2,S': mail(1) });
  const at = path.join(a.at, 'disk');
  withImage(FAT, at, skip, () => {
    const run = a.run('convert', '--to', `maildir:${at}/Maildir`);
    expect(failures(run)).toHaveLength(1);
    expect(run.status).toBeGreaterThan(64);
    const left = fs.readdirSync(at, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
  });
});
