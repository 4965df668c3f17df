import type { Place } from './dovecot-conf.ts';

/** Users as the tables of an old server name them. All texts are latin1. */

export interface TableUser {
  readonly name: string;
  readonly home: string | undefined;
  /** A mail location of his own, as Dovecot writes locations. */
  readonly mail: string | undefined;
  /** Without, where the table has none. */
  readonly uid: number | undefined;
  readonly place: Place;
}

/**
 * Lines of passwd(5), which Dovecot's passwd-file shares: `name:password:uid:gid:gecos:home:shell:extra`. Behind the shell
 * `userdb_home=` and `userdb_mail=` (also without `userdb_`) may follow, between blanks. The password is not handed on. A
 * line without a name, a comment, and `+` lines of NIS are no users. Of two lines with one name the first counts.
 */
export function parsePasswd(text: string, file: string): TableUser[] {
  const users = new Map<string, TableUser>();
  for (const [i, line] of text.split('\n').entries()) {
    const fields = line.replace(/\r$/, '').split(':');
    const [name = '', , uid = '', , , home = '', , ...rest] = fields;
    if (/^\s*#/.test(line) || name === '' || /^[+-]/.test(name) || users.has(name)) continue;
    const extra = rest.join(':');
    const ofExtra = (key: string) => new RegExp(`(?:^|\\s)(?:userdb_)?${key}=(\\S+)`).exec(extra)?.[1];
    users.set(name, {
      name,
      home: ofExtra('home') ?? (home === '' ? undefined : home),
      mail: ofExtra('mail'),
      uid: /^\d{1,10}$/.test(uid) ? Number(uid) : undefined,
      place: { file, line: i + 1 },
    });
  }
  return [...users.values()];
}

/** A mailbox of a virtual user: a Maildir where `path` ends with a slash, else an mbox file (virtual(8)). */
export interface MappedMailbox {
  readonly name: string;
  readonly path: string;
  readonly place: Place;
}

/** `virtual_mailbox_maps` of Postfix as text (postmap(1)): `user@domain path`. Catch-alls of a domain are left out. */
export function parseVirtualMap(text: string, file: string): MappedMailbox[] {
  const boxes = new Map<string, MappedMailbox>();
  for (const [i, line] of text.split('\n').entries()) {
    const [, name = '', path = ''] = /^([^\s#]\S*)\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (name === '' || name.startsWith('@') || boxes.has(name)) continue;
    boxes.set(name, { name, path, place: { file, line: i + 1 } });
  }
  return [...boxes.values()];
}
