import type { ConfSection, ConfValue, Place } from './dovecot-conf.ts';

/** What a configuration of Dovecot says about where mail is and who its users are. Texts are as written, latin1. */
export interface DovecotMail {
  /** The location of INBOX and whatever stands beside it; `undefined`: Dovecot looks for it by itself. */
  readonly location: ConfValue | undefined;
  /** In front of the names of these mailboxes, where it is not empty. */
  readonly prefix: ConfValue | undefined;
  /** Further namespaces with mail of their own. */
  readonly others: readonly OtherNamespace[];
  /** Locations that hold only for some protocol or address. */
  readonly filtered: readonly ConfValue[];
  /** Homes of users to whom no user database gives one. */
  readonly home: ConfValue | undefined;
  /** In the order in which Dovecot asks them. */
  readonly userdbs: readonly UserDb[];
  /** passwd-files of passwords: with a static user database they alone name the users. */
  readonly passwordFiles: readonly ConfValue[];
}

export interface OtherNamespace {
  readonly prefix: string;
  /** `private`, `shared` or `public`. */
  readonly type: string;
  readonly location: ConfValue;
}

export interface UserDb {
  /** `passwd`, `passwd-file`, `static`; any other is not read. */
  readonly driver: string;
  readonly place: Place;
  /** Of a passwd-file. */
  readonly file?: string;
  /** For all its users, or those without one of their own. */
  readonly home?: string;
  readonly mail?: string;
}

/** Types of namespaces that Dovecot 1.x writes as their names: they say nothing about which is which. */
const TYPES = ['private', 'shared', 'public'];

const FILTERS = ['protocol', 'local', 'remote', 'local_name'];

export function dovecotMail(top: ConfSection): DovecotMail {
  const general = locationIn(top, top);
  const namespaces = merged(top.sections.filter(({ kind }) => kind === 'namespace'));
  const isInbox = (section: ConfSection) => isYes(section.settings.get('inbox')?.value);
  const inbox = namespaces.find(isInbox);
  const others = namespaces.flatMap((section) => {
    const location = section === inbox ? undefined : locationIn(section, top);
    if (location === undefined) return [];
    const type = section.settings.get('type')?.value ?? (TYPES.includes(section.name) ? section.name : '');
    return [{ prefix: section.settings.get('prefix')?.value ?? '', type: type || 'private', location }];
  });
  const prefix = inbox?.settings.get('prefix');
  const auth = [top, ...top.sections.filter(({ kind }) => kind === 'auth')].flatMap((one) => one.sections);
  return {
    location: (inbox === undefined ? undefined : locationIn(inbox, top)) ?? general,
    prefix: prefix?.value === '' ? undefined : prefix,
    others,
    filtered: top.sections
      .filter(({ kind }) => FILTERS.includes(kind))
      .flatMap((one) => locationIn(one, top) ?? []),
    home: top.settings.get('mail_home'),
    userdbs: auth.filter(({ kind }) => kind === 'userdb').map(readUserDb),
    passwordFiles: auth.flatMap((section) => (section.kind === 'passdb' ? passwdFile(section) : [])),
  };
}

/** Sections of one name are one section; later values count. */
function merged(sections: readonly ConfSection[]): ConfSection[] {
  const result: ConfSection[] = [];
  for (const section of sections) {
    const { name } = section;
    const isNamed = name !== '' && !TYPES.includes(name);
    const at = isNamed ? result.findIndex((other) => other.name === name) : -1;
    const before = result[at];
    if (before === undefined) result.push(section);
    else
      result[at] = {
        ...before,
        settings: new Map([...before.settings, ...section.settings]),
        sections: [...before.sections, ...section.sections],
      };
  }
  return result;
}

function isYes(value: string | undefined): boolean {
  return /^(?:yes|true|1|y)$/i.test(value ?? '');
}

/** The location in a namespace or at the top: one text up to 2.3, several settings in 2.4. */
function locationIn(section: ConfSection, top: ConfSection): ConfValue | undefined {
  const old = section.kind === 'namespace' ? ['location'] : ['mail_location', 'default_mail_env'];
  for (const key of old) {
    const value = section.settings.get(key);
    if (value !== undefined && value.value !== '') return value;
  }
  const own = (key: string) => section.settings.get(key);
  const path = own('mail_path');
  if (path === undefined || path.value === '') return undefined;
  const driver = own('mail_driver') ?? top.settings.get('mail_driver');
  const options = [
    ['INBOX', 'mail_inbox_path'],
    ['INDEX', 'mail_index_path'],
    ['CONTROL', 'mail_control_path'],
  ].flatMap(([option = '', key = '']) => {
    const value = (own(key) ?? top.settings.get(key))?.value ?? '';
    return value === '' ? [] : [`:${option}=${value}`];
  });
  const layout = (own('mailbox_list_layout') ?? top.settings.get('mailbox_list_layout'))?.value;
  const shown = layout === undefined ? [] : [`:LAYOUT=${layout}`];
  const value = `${driver?.value ?? ''}:${path.value}${[...options, ...shown].join('')}`;
  return { value, place: path.place };
}

function driverOf(section: ConfSection): string {
  return section.settings.get('driver')?.value ?? section.name;
}

function readUserDb(section: ConfSection): UserDb {
  const driver = driverOf(section);
  const fields = fieldsOf(section);
  const [file] = passwdFile(section);
  return {
    driver,
    place: section.place,
    ...(file !== undefined && { file: file.value }),
    ...(fields.has('home') && { home: fields.get('home') ?? '' }),
    ...(fields.has('mail') && { mail: fields.get('mail') ?? '' }),
  };
}

/** `home=… mail=…`, of a static database from its arguments. */
function fieldsOf(section: ConfSection): Map<string, string> {
  const setting = (key: string) => section.settings.get(key)?.value ?? '';
  const args = driverOf(section) === 'static' ? setting('args') : '';
  const words = `${setting('default_fields')} ${args} ${setting('override_fields')}`.split(/\s+/);
  const fields = new Map(
    words.flatMap((word): [string, string][] => {
      const [, key, value] = /^(\w+)=(.*)$/s.exec(word) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
  for (const { kind, settings } of section.sections)
    if (kind === 'fields') for (const [key, { value }] of settings) fields.set(key, value);
  return fields;
}

/** The file of a passwd-file database; options such as `scheme=` stand before it. */
function passwdFile(section: ConfSection): ConfValue[] {
  if (driverOf(section) !== 'passwd-file') return [];
  const path = section.settings.get('passwd_file_path');
  if (path !== undefined) return [path];
  const args = section.settings.get('args');
  const file = args?.value.split(/\s+/).find((word) => word !== '' && !/^\w+=/.test(word));
  return args === undefined || file === undefined ? [] : [{ value: file, place: args.place }];
}
