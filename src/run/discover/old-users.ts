import type { ConfValue, Place } from '../../codec/config/dovecot-conf.ts';
import type { UserDb } from '../../codec/config/dovecot-mail.ts';
import { toOurVariables } from '../../codec/config/old-location.ts';
import {
  type MappedMailbox,
  parsePasswd,
  parseVirtualMap,
  type TableUser,
} from '../../codec/config/user-tables.ts';
import { LIMITS } from '../../core/limits.ts';
import { printable } from '../../io/names.ts';
import type { Tree } from '../../io/tree.ts';
import { parseUidMin } from '../../io/users.ts';
import { usersOfTemplate } from '../../source/discover/template-users.ts';
import { passedOver } from '../../source/rejected.ts';
import { asTemplate, cleanHome, escaped } from './homes.ts';
import type { Mentions } from './mentions.ts';
import { type OldConfig, placeOf } from './old-config.ts';

/** Somebody who may have mail on the old server. Texts are latin1, paths those of the tree. */
export interface OldUser {
  readonly name: string;
  /** With `%u`, `%n`, `%d` where it is like that of others. */
  readonly home: string | undefined;
  /** What a home rests on that no table gives, ready for display. */
  readonly homes: readonly string[];
  /** As it was written: a location of his own, or that of all. */
  readonly location: ConfValue | undefined;
  /** What says that there is this user, for people. */
  readonly source: string;
  readonly isSystem: boolean;
  /** What a table of Postfix says: where this mail is, to the exclusion of anything else. */
  readonly mapped?: MappedMailbox;
}

/** Where programs deliver when nothing else is said. */
export const SPOOLS = ['/var/mail', '/var/spool/mail'];

/** What a user is made of. */
interface Named {
  readonly name: string;
  readonly location: ConfValue | undefined;
  readonly source: string;
  /** His own, as his table has it; with variables. */
  readonly home?: string | undefined;
  /** That of all who have none of their own. */
  readonly shared?: ConfValue | undefined;
  readonly place: Place;
  readonly isSystem?: boolean;
}

/** uids that stand for nobody. */
const NOBODY = [65_534, 65_535, 0xffff_fffe, 0xffff_ffff];

/** Everybody whom the old server's own user databases name; never those of this host. */
export function findOldUsers(tree: Tree, config: OldConfig, mentions: Mentions): OldUser[] {
  const finder = new Finder(tree, config, mentions);
  finder.find();
  return [...finder.users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

class Finder {
  readonly users = new Map<string, OldUser>();
  readonly #tree: Tree;
  readonly #config: OldConfig;
  readonly #mentions: Mentions;

  constructor(tree: Tree, config: OldConfig, mentions: Mentions) {
    this.#tree = tree;
    this.#config = config;
    this.#mentions = mentions;
  }

  find(): void {
    const { dovecot } = this.#config;
    if (dovecot === undefined) this.#system(undefined);
    else {
      const passwd: UserDb = { driver: 'passwd', place: { file: '/etc/passwd', line: 1 } };
      for (const db of dovecot.userdbs.length === 0 ? [passwd] : dovecot.userdbs) this.#database(db);
      // System users get mail whether or not Dovecot serves them.
      if (!dovecot.userdbs.some(({ driver }) => driver === 'passwd')) this.#system(undefined);
    }
    this.#mappedUsers();
    if (this.users.size === 0 && this.#text('/etc/passwd') === undefined) this.#ofSpools();
  }

  /** Of a disk that holds mail only: users are called like their spools, homes like their users. */
  #ofSpools(): void {
    for (const spools of SPOOLS) {
      const { names, rejected } = usersOfTemplate(this.#tree, `${spools}/%u`);
      this.#mentions.rejected(rejected);
      const source = `files in ${printable(this.#tree.onHost(spools))}, since there is no etc/passwd; homes are a guess`;
      const place = { file: spools, line: 1 };
      for (const name of names) this.#add({ name, home: '/home/%u', place, source, location: undefined });
    }
  }

  #database(db: UserDb): void {
    if (db.driver === 'passwd') this.#system(db);
    else if (db.driver === 'passwd-file') this.#table(db, db.file, db.place);
    else if (db.driver === 'static' || db.driver === 'prefetch') this.#without(db);
    else {
      const message = `users are looked up by ${printable(db.driver)}, which is not asked; those with a place on the disk are taken`;
      this.#mentions.unclear(message, placeOf(this.#tree, db.place));
      this.#onDisk(db);
    }
  }

  /** Users of etc/passwd; without `db` they are not Dovecot's. */
  #system(db: UserDb | undefined): void {
    const file = '/etc/passwd';
    const minimum = parseUidMin(this.#text('/etc/login.defs') ?? '');
    for (const user of parsePasswd(this.#text(file) ?? '', file)) {
      const uid = user.uid ?? 0;
      const location = db === undefined ? undefined : this.#locationOf(user, db);
      const isSystem = uid < minimum || NOBODY.includes(uid);
      // What stands in passwd has no variables.
      const own = user.home === undefined || db?.home !== undefined ? undefined : escaped(user.home);
      const source = printable(this.#tree.onHost(file));
      this.#add({ ...user, home: own, shared: db && this.#homeOf(db), source, location, isSystem });
    }
  }

  #table(db: UserDb, file: string | undefined, { file: at, line }: UserDb['place']): void {
    const place = placeOf(this.#tree, { file: at, line });
    const text = file?.startsWith('/') && !file.includes('%') ? this.#text(file) : undefined;
    if (text === undefined || file === undefined) {
      // `/etc/%d/users` would be a file for each domain.
      this.#mentions.unclear(
        `the file of users "${printable(file ?? '')}" is not there, or has variables`,
        place,
      );
      return;
    }
    const source = printable(this.#tree.onHost(file));
    for (const user of parsePasswd(text, file))
      this.#add({ ...user, shared: this.#homeOf(db), source, location: this.#locationOf(user, db) });
  }

  /** A database that names nobody: who there is tell the passwords, or the tables of Postfix, or the disk. */
  #without(db: UserDb): void {
    const files = this.#config.dovecot?.passwordFiles ?? [];
    for (const { value, place } of files) this.#table(db, value, place);
    if (files.length > 0) return;
    const mapped = this.#maps();
    for (const { name, place } of mapped) {
      const source = printable(this.#tree.onHost(place.file));
      const location = this.#locationOf({ mail: undefined, place }, db);
      this.#add({ name, shared: this.#homeOf(db), place, source, location });
    }
    if (mapped.length === 0) this.#onDisk(db);
  }

  #onDisk(db: UserDb): void {
    const shared = this.#homeOf(db);
    const home = this.#variables(shared?.value, shared ?? db);
    const location = this.#locationOf({ mail: undefined, place: db.place }, db);
    const [, path = '~/Maildir'] = location?.value.split(':') ?? [];
    const template = this.#variables(path, db)?.replace(/^~(?=\/|$)/, () => home ?? '~');
    if (template === undefined) return;
    if (!template.startsWith('/')) {
      const message = 'users cannot be found on the disk, since nothing says where their homes are';
      this.#mentions.unclear(message, placeOf(this.#tree, db.place));
      return;
    }
    const { names, rejected } = usersOfTemplate(this.#tree, template);
    this.#mentions.rejected(rejected);
    const source = `found on the disk at ${printable(this.#tree.onHost(template))}`;
    for (const name of names) this.#add({ name, shared, place: db.place, source, location });
  }

  /** Virtual users of Postfix whom nobody else names. */
  #mappedUsers(): void {
    for (const box of this.#maps()) {
      if (this.users.has(box.name)) continue;
      const source = printable(this.#tree.onHost(box.place.file));
      const user = {
        name: box.name,
        home: undefined,
        homes: [],
        location: undefined,
        source,
        isSystem: false,
      };
      this.users.set(box.name, { ...user, mapped: box });
    }
  }

  /** Tables of Postfix whose text is at hand. */
  #maps(): MappedMailbox[] {
    const maps = this.#config.postfix.get('virtual_mailbox_maps');
    return (maps?.value ?? '').split(/[\s,]+/).flatMap((map) => {
      if (map === '' || maps === undefined) return [];
      const [, type = '', file = ''] = /^(?:proxy:)?(\w+):(\/.*)$/s.exec(map) ?? [];
      const text = /^(?:hash|btree|texthash|lmdb|cdb|dbm|sdbm)$/.test(type) ? this.#text(file) : undefined;
      if (text !== undefined) return parseVirtualMap(text, file);
      this.#mentions.unclear(`the table ${printable(map)} is not read`, placeOf(this.#tree, maps.place));
      return [];
    });
  }

  #locationOf({ mail, place }: Pick<TableUser, 'mail' | 'place'>, db: UserDb): ConfValue | undefined {
    if (mail !== undefined) return { value: mail, place };
    if (db.mail !== undefined) return { value: db.mail, place: db.place };
    return this.#config.dovecot?.location;
  }

  #homeOf(db: UserDb): ConfValue | undefined {
    return db.home === undefined ? this.#config.dovecot?.home : { value: db.home, place: db.place };
  }

  #add({ name, home: own, shared, place, source, location, isSystem = false }: Named): void {
    if (this.users.has(name)) return;
    const home = own === undefined ? shared : { value: own, place };
    const text = this.#variables(home?.value, home ?? { place });
    const path = text === undefined ? undefined : cleanHome(text);
    const homes = own !== undefined || shared === undefined ? [] : this.#describe(shared);
    this.users.set(name, { name, home: path && asTemplate(path, name), homes, location, source, isSystem });
  }

  #describe({ value, place }: ConfValue): string[] {
    const read = toOurVariables(value);
    const remarks = read.ok ? read.remarks.map(printable) : [];
    return [`homes ${printable(value)}: ${placeOf(this.#tree, place)}`, ...remarks];
  }

  /** In our words; what is not understood is mentioned. */
  #variables(text: string | undefined, { place }: Pick<UserDb, 'place'>): string | undefined {
    const read = text === undefined ? undefined : toOurVariables(text);
    if (read === undefined || read.ok) return read?.text;
    this.#mentions.unclear(
      `the path "${printable(text ?? '')}" ${printable(read.reason)}`,
      placeOf(this.#tree, place),
    );
    return undefined;
  }

  #text(path: string): string | undefined {
    try {
      return this.#tree.readFile(path, LIMITS.smallFile)?.toString('latin1');
    } catch (error) {
      this.#mentions.rejected([passedOver(error, this.#tree.onHost(path))]);
      return undefined;
    }
  }
}
