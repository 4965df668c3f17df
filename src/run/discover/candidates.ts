import type { ConfValue } from '../../codec/config/dovecot-conf.ts';
import { SpoolsyncError } from '../../core/errors.ts';
import { printable } from '../../io/names.ts';
import type { Tree } from '../../io/tree.ts';
import { escaped } from './homes.ts';
import { type OldConfig, placeOf } from './old-config.ts';
import { type OldUser, SPOOLS } from './old-users.ts';
import type { Candidate } from './placing.ts';

/** Where a user's mail may be: what is configured or, where nothing is, what is usual, the likeliest first. */
export class Candidates {
  readonly #tree: Tree;
  readonly #config: OldConfig;
  readonly #spool: string;

  constructor(tree: Tree, config: OldConfig) {
    this.#tree = tree;
    this.#config = config;
    const there = SPOOLS.find((path) => isDir(tree, path));
    this.#spool = this.#postfix('mail_spool_directory')?.value ?? there ?? '/var/mail';
  }

  of(user: OldUser): Candidate[] {
    if (user.mapped !== undefined) return this.#mapped(user.mapped);
    if (user.location !== undefined) return [this.#written(user.location)];
    return [...this.#homeMailbox(), { text: 'maildir:~/Maildir', reason: GUESSED }, this.#mbox(user)];
  }

  /** Directories of spools. */
  spools(): string[] {
    return [...new Set([this.#spool, ...SPOOLS])].filter((path) => path.startsWith('/'));
  }

  #written({ value, place }: ConfValue): Candidate {
    return { text: value, reason: `${printable(value)}: ${placeOf(this.#tree, place)}` };
  }

  #homeMailbox(): Candidate[] {
    const setting = this.#postfix('home_mailbox');
    if (setting === undefined || !setting.value.endsWith('/')) return [];
    const { value, place } = setting;
    const reason = `home_mailbox = ${printable(value)}: ${placeOf(this.#tree, place)}`;
    return [{ text: `maildir:~/${escaped(value.replace(/\/+$/, ''))}`, reason }];
  }

  /** INBOX in the spool directory or, where Postfix says so, in the home; the rest in `~/mail` or `~/Mail`. */
  #mbox({ home, name }: OldUser): Candidate {
    const homeMailbox = this.#postfix('home_mailbox');
    const [spool, place] = [this.#spool, this.#postfix('mail_spool_directory')?.place];
    const ownHome = home?.replace(/%[un]$/, () => name);
    const folders =
      ownHome !== undefined && isDir(this.#tree, `${ownHome}/Mail`) && !isDir(this.#tree, `${ownHome}/mail`)
        ? 'Mail'
        : 'mail';
    const root = home === undefined ? `${escaped(spool)}/.mail-of-%u` : `~/${folders}`;
    if (homeMailbox !== undefined && !homeMailbox.value.endsWith('/') && homeMailbox.value !== '') {
      const reason = `home_mailbox = ${printable(homeMailbox.value)}: ${placeOf(this.#tree, homeMailbox.place)}`;
      return { text: `mbox:${root}:INBOX=~/${escaped(homeMailbox.value)}`, reason };
    }
    const from = place === undefined ? GUESSED : `mail_spool_directory: ${placeOf(this.#tree, place)}`;
    const path = escaped(spool.replace(/\/+$/, ''));
    if (spool.endsWith('/')) return { text: `maildir:${path}/%u`, reason: from };
    return { text: `mbox:${root}:INBOX=${path}/%u`, reason: from };
  }

  /** A file has no further mailboxes beside it: the root is one that does not exist. */
  #mapped({ name, path, place }: NonNullable<OldUser['mapped']>): Candidate[] {
    const base = this.#postfix('virtual_mailbox_base')?.value ?? '';
    const full = escaped(`${base}/${path}`.replace(/\/+/g, '/'));
    const alike = likeOthers(full, name);
    const reason = `virtual_mailbox_maps: ${printable(this.#tree.onHost(place.file))}`;
    if (full.endsWith('/')) return [{ text: `maildir:${alike.slice(0, -1)}`, reason }];
    return [{ text: `mbox:${alike}.folders:INBOX=${alike}`, reason }];
  }

  #postfix(name: string): ConfValue | undefined {
    const setting = this.#config.postfix.get(name);
    return setting === undefined || setting.value === '' ? undefined : setting;
  }
}

const GUESSED = 'found on the disk, where no configuration says otherwise';

/** Parts of a path that are the user's name or domain, as variables. */
function likeOthers(path: string, name: string): string {
  const at = name.indexOf('@');
  const words = new Map([[escaped(name), '%u']]);
  if (at > 0) {
    words.set(escaped(name.slice(at + 1)), '%d');
    words.set(escaped(name.slice(0, at)), '%n');
  }
  return path
    .split('/')
    .map((part) => words.get(part) ?? part)
    .join('/');
}

function isDir(tree: Tree, path: string): boolean {
  try {
    return tree.look(path)?.stat.kind === 'dir';
  } catch (error) {
    if (error instanceof SpoolsyncError && error.code !== 'INTERNAL') return false;
    throw error;
  }
}
