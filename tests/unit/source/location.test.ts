import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expand, parseLocation, variablesOf } from '../../../src/source/location.ts';
import { thrown } from '../io/support.ts';

const noHome = () => undefined;
const home = (user: string) => `/home/${user}/`;

test('reads mbox locations', () => {
  expect(parseLocation('mbox:/home/%u/mail:INBOX=/var/mail/%u')).toEqual({
    kind: 'mbox',
    root: '/home/%u/mail',
    inbox: '/var/mail/%u',
    index: undefined,
    control: undefined,
    layout: 'fs',
  });
  expect(parseLocation('mbox:~/mail//:INDEX=/idx/%u/:CONTROL=/ctl/%d/%n:LAYOUT=fs')).toMatchObject({
    root: '~/mail',
    inbox: undefined,
    index: '/idx/%u',
    control: '/ctl/%d/%n',
  });
  expect(parseLocation('mbox:/:INDEX=MEMORY')).toMatchObject({ root: '/', index: 'MEMORY' });
});

test('reads maildir locations', () => {
  expect(parseLocation('maildir:/srv/vmail/%d/%n/Maildir')).toMatchObject({
    kind: 'maildir',
    layout: 'maildir++',
  });
  expect(parseLocation('maildir:%h/Maildir:LAYOUT=fs')).toMatchObject({ root: '%h/Maildir', layout: 'fs' });
});

test('reads archive locations', () => {
  expect(parseLocation('archive:/lists/%u.mbox/%u.mbox/')).toEqual({
    kind: 'archive',
    root: '/lists/%u.mbox/%u.mbox',
    inbox: undefined,
    index: undefined,
    control: undefined,
    layout: 'fs',
  });
  const places = expand(parseLocation('archive:/lists/%u.mbox/%n.mbox'), 'talk', noHome);
  expect(places).toMatchObject({ kind: 'archive', root: '/lists/talk.mbox/talk.mbox', inbox: undefined });
});

test.each([
  ['', 'does not begin with mbox:'],
  ['/var/mail', 'does not begin with mbox:'],
  ['mdbox:/x', 'does not begin with mbox:'],
  ['mbox:', 'not absolute'],
  ['mbox:mail', 'not absolute'],
  ['mbox:~bob/mail', 'not absolute'],
  ['mbox:/x:INBOX=y', 'not absolute'],
  ['mbox:/x:INBOX=', 'unknown option :INBOX='],
  ['mbox:/x:INBOX', 'unknown option :INBOX'],
  ['mbox:/x:inbox=/y', 'unknown option :inbox=/y'],
  ['mbox:/x:UTF-8', 'unknown option :UTF-8'],
  ['mbox:/x::/y', 'unknown option :'],
  ['mbox:/x:INDEX=/a:INDEX=/b', 'two :INDEX='],
  ['mbox:/x:INBOX=MEMORY', 'not absolute'],
  ['mbox:/x/%Lu', 'unknown variable %Lu'],
  ['mbox:/x/%{user}', 'unknown variable %{user}'],
  ['mbox:/x/%', 'unknown variable %'],
  ['mbox:/x/%%%', 'unknown variable %'],
  ['mbox:/x/%h', '%h within a path'],
  ['mbox:/x/../y', 'has ..'],
  ['mbox:/x/%u/..', 'has ..'],
  ['mbox:/x:LAYOUT=maildir++', 'unknown :LAYOUT=maildir++'],
  ['archive:/x:INBOX=/y', 'has the option :INBOX=/y'],
  ['archive:x', 'not absolute'],
  ['maildir:/x:LAYOUT=index', 'unknown :LAYOUT=index'],
  ['maildir:/x:INBOX=y', 'not absolute'],
])('refuses %j: %s', (text, words) => {
  const error = thrown(() => expand(parseLocation(text), 'bob', home));
  expect(error).toMatchObject({ code: 'LOCATION_INVALID', exitStatus: 64 });
  expect(error.message).toContain(words);
  expect(error.advice).not.toBe('');
});

test('fills in variables', () => {
  const location = parseLocation('mbox:/m/%d/%n/%u%%u:INBOX=/var/%u:INDEX=~/i:CONTROL=%h');
  expect(expand(location, 'bob@example.org', home)).toEqual({
    kind: 'mbox',
    root: '/m/example.org/bob/bob@example.org%u',
    inbox: '/var/bob@example.org',
    index: '/home/bob@example.org/i',
    control: '/home/bob@example.org',
    layout: 'fs',
  });
  expect(expand(parseLocation('mbox:~'), 'bob', home)).toMatchObject({
    root: '/home/bob',
    inbox: '/home/bob/inbox',
  });
  expect(expand(parseLocation('mbox:~/mail:INBOX=~/mbox'), 'bob', () => '/')).toMatchObject({
    root: '/mail',
    inbox: '/mbox',
  });
  expect(expand(parseLocation('maildir:/m/%u'), 'bob', noHome)).toMatchObject({
    root: '/m/bob',
    inbox: undefined,
  });
  expect(expand(parseLocation('mbox:/m/%u:INDEX=MEMORY'), 'caf\u00c3\u00a9', noHome)).toMatchObject({
    root: '/m/caf\u00c3\u00a9',
    index: 'MEMORY',
  });
  // A value is not looked at again for variables.
  expect(expand(parseLocation('mbox:/m/%u'), '%d~$&', noHome).root).toBe('/m/%d~$&');
});

test('a doubled percent sign stands before anything', () => {
  const location = parseLocation('mbox:/a/%%/%%home/%%%u/%%%%');
  expect(expand(location, 'bob', noHome).root).toBe('/a/%/%home/%bob/%%');
});

test('a home or domain that the user does not have is an error', () => {
  expect(thrown(() => expand(parseLocation('mbox:~/mail'), 'bob', noHome)).message).toContain(
    'home directory of bob',
  );
  expect(thrown(() => expand(parseLocation('mbox:~/mail'), 'bob', () => 'x')).code).toBe('LOCATION_INVALID');
  expect(thrown(() => expand(parseLocation('mbox:/m/%d/%n'), 'bob', noHome)).message).toContain(
    'domain of bob',
  );
});

test.each([
  '',
  '.',
  '..',
  '/',
  'a/b',
  '../x',
  '@',
  'a@',
  '@b',
  'a@..',
  '..@b',
  'a@.',
  'a\0',
  'a\n',
  '\x1b[2J',
  '\x7f',
])('refuses the user name %j', (user) => {
  expect(thrown(() => expand(parseLocation('mbox:/m/%u'), user, noHome)).code).toBe('USAGE');
});

test('whatever the user name, the path stays in its place or is refused', () => {
  const location = parseLocation('mbox:/base/%d/%n/mail:INBOX=/spool/%u');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.constantFrom('.', '/', '@', 'a', '%', 'u', '\0')).map((a) => a.join('')),
      ),
      (user) => {
        try {
          const { root, inbox } = expand(location, user, noHome);
          const parts = [root.split('/').slice(2, -1), inbox?.split('/').slice(2) ?? []];
          expect([parts[0]?.length, parts[1]?.length]).toEqual([2, 1]);
          for (const part of parts.flat()) expect(['', '.', '..']).not.toContain(part);
        } catch (error) {
          expect(['USAGE', 'LOCATION_INVALID']).toContain((error as { code?: string }).code);
        }
      },
    ),
  );
});

test('names the variables in use', () => {
  expect([...variablesOf('~/%u/%%d')].sort()).toEqual(['h', 'u']);
  expect([...variablesOf('%h/%n%d')].sort()).toEqual(['d', 'h', 'n']);
  expect(variablesOf(undefined).size + variablesOf('/a~/%%n').size).toBe(0);
});
