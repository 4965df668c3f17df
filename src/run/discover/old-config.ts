import {
  type ConfValue,
  type IncludedFile,
  type Place,
  parseDovecotConf,
} from '../../codec/config/dovecot-conf.ts';
import { type DovecotMail, dovecotMail } from '../../codec/config/dovecot-mail.ts';
import { parseMainCf } from '../../codec/config/main-cf.ts';
import { LIMITS } from '../../core/limits.ts';
import { printable, splitPath } from '../../io/names.ts';
import type { Tree } from '../../io/tree.ts';
import { passedOver } from '../../source/rejected.ts';
import type { Mentions } from './mentions.ts';

/** What an old server's configurations say. */
export interface OldConfig {
  /** Absent, where there is no Dovecot. */
  readonly dovecot: DovecotMail | undefined;
  /** Parameters of Postfix; none, where there is no Postfix. */
  readonly postfix: ReadonlyMap<string, ConfValue>;
}

/** Where Dovecot is configured: by its own default, of 1.x, and where it was installed from source. */
const DOVECOT = ['/etc/dovecot/dovecot.conf', '/etc/dovecot.conf', '/usr/local/etc/dovecot/dovecot.conf'];
const DOVECOT_OLD = '/usr/local/etc/dovecot.conf';
const POSTFIX = ['/etc/postfix/main.cf', '/usr/local/etc/postfix/main.cf'];
/** Files of one configuration; guards against one that includes everything. */
const MAX_FILES = 500;

export function readOldConfig(tree: Tree, mentions: Mentions): OldConfig {
  const reader = new Reader(tree, mentions);
  const main = reader.first([...DOVECOT, DOVECOT_OLD]);
  const postfix = reader.first(POSTFIX);
  return {
    dovecot: main && readDovecot(reader, main, mentions),
    postfix: postfix === undefined ? new Map() : parseMainCf(postfix.text, postfix.file),
  };
}

function readDovecot(reader: Reader, main: IncludedFile, mentions: Mentions): DovecotMail {
  const { top, unclear } = parseDovecotConf(main, (pattern, from) => reader.included(pattern, from));
  for (const place of unclear) mentions.unclear('a line that is not understood', placeOf(reader.tree, place));
  return dovecotMail(top);
}

/** `file:line`, printable, as it is on this host. */
export function placeOf(tree: Tree, { file, line }: Place): string {
  return `${printable(tree.onHost(file))}:${line}`;
}

/** Reads small files of the tree; what cannot be read is mentioned, and taken as missing. */
class Reader {
  readonly tree: Tree;
  readonly #mentions: Mentions;
  #files = 0;

  constructor(tree: Tree, mentions: Mentions) {
    this.tree = tree;
    this.#mentions = mentions;
  }

  first(paths: readonly string[]): IncludedFile | undefined {
    for (const file of paths) {
      const text = this.#text(file);
      if (text !== undefined) return { file, text };
    }
    return undefined;
  }

  /** Files of an `!include`, relative to the one that has it; patterns only in the last part. */
  included(pattern: string, from: Place): IncludedFile[] {
    const path = pattern.startsWith('/') ? pattern : `${from.file.replace(/[^/]*$/, '')}${pattern}`;
    const { dir, name: last } = splitPath(path);
    const names = /[*?]/.test(last) ? this.#matching(dir, last) : [last];
    return names.flatMap((name) => {
      const file = dir === '/' ? `/${name}` : `${dir}/${name}`;
      if (++this.#files > MAX_FILES) return [];
      const text = this.#text(file);
      return text === undefined ? [] : [{ file, text }];
    });
  }

  /** As glob(3) has it: sorted, and no hidden files. */
  #matching(path: string, pattern: string): string[] {
    const source = pattern
      .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    const fits = new RegExp(`^${source}$`, 's');
    return (
      this.#try(path, () => {
        const dir = this.tree.openDir(path);
        try {
          return [...(dir?.entries() ?? [])]
            .filter((name) => !name.startsWith('.') && fits.test(name))
            .sort();
        } finally {
          dir?.close();
        }
      }) ?? []
    );
  }

  #text(path: string): string | undefined {
    return this.#try(path, () => this.tree.readFile(path, LIMITS.smallFile)?.toString('latin1'));
  }

  #try<T>(path: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#mentions.rejected([passedOver(error, this.tree.onHost(path))]);
      return undefined;
    }
  }
}
