import fc from 'fast-check';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { parseMainCf } from '../../../../src/codec/config/main-cf.ts';
import { readOldLocation, toOurVariables } from '../../../../src/codec/config/old-location.ts';
import { tomlComment, tomlString } from '../../../../src/codec/config/toml-text.ts';
import { parsePasswd, parseVirtualMap } from '../../../../src/codec/config/user-tables.ts';

test('main.cf: continued lines, comments between them, parameters within others', () => {
  const text = `# home_mailbox = no/
home_mailbox = Maildir/
maps = hash:/a,
# between
   hash:$base/b
base = /srv
base = \${root}/mail
loop = $loop
unknown = $nothing
root=/r
`;
  const values = Object.fromEntries([...parseMainCf(text, '/m')].map(([key, { value }]) => [key, value]));
  expect(values).toEqual({
    home_mailbox: 'Maildir/',
    maps: 'hash:/a, hash:/r/mail/b',
    base: '/r/mail',
    loop: '$loop',
    unknown: '$nothing',
    root: '/r',
  });
  expect(parseMainCf(text, '/m').get('base')?.place).toEqual({ file: '/m', line: 7 });
});

test.each([
  ['mbox:~/mail:INBOX=/var/mail/%u', 'mbox:~/mail:INBOX=/var/mail/%u'],
  ['mbox:%h/mail:INBOX=/var/mail/%Lu', 'mbox:~/mail:INBOX=/var/mail/%u'],
  ['maildir:/v/%{domain}/%{username}', 'maildir:/v/%d/%n'],
  ['maildir:/v/%{user | domain}/%{user|username|lower}', 'maildir:/v/%d/%n'],
  ['maildir:%{home}/M:LISTINDEX=x:INDEX=MEMORY', 'maildir:~/M:INDEX=MEMORY'],
  ['maildir:/a%%b:LAYOUT=fs', 'maildir:/a%%b:LAYOUT=fs'],
])('the location %s', (text, location) => {
  expect(readOldLocation(text)).toMatchObject({ ok: true, location });
});

test.each([
  ['mdbox:~/mdbox', 'is mdbox'],
  ['mbox:', 'has no path'],
  ['maildir:/v/%1n/%n', 'the variable %1n'],
  ['maildir:/v/%2.256Nu', 'the variable %2.256N'],
  ['maildir:/v/%{user | sha1}', 'the variable %{user | sha1}'],
  ['maildir:/v/%{constructor}', 'the variable %{constructor}'],
  ['mbox:~bob/mail', 'another user'],
  ['mbox:~/mail:DIRNAME=x', 'the option :DIRNAME=x'],
])('the location %s is not understood', (text, reason) => {
  expect(readOldLocation(text)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
});

test('lower case is told', () => {
  expect(toOurVariables('/%Ln')).toMatchObject({
    text: '/%n',
    remarks: [expect.stringContaining('lower case')],
  });
});

test('tables of users', () => {
  const users = parsePasswd(
    '# c\nalice:secret:1000:1000:A:/home/alice:/bin/sh\nbob:{X}y::::::userdb_home=/h/b userdb_mail=maildir:/m x\nalice:::::/no\n+::::::\nshort\n',
    '/p',
  );
  expect(users).toEqual([
    { name: 'alice', home: '/home/alice', mail: undefined, uid: 1000, place: { file: '/p', line: 2 } },
    { name: 'bob', home: '/h/b', mail: 'maildir:/m', uid: undefined, place: { file: '/p', line: 3 } },
    { name: 'short', home: undefined, mail: undefined, uid: undefined, place: { file: '/p', line: 6 } },
  ]);
  expect(JSON.stringify(users)).not.toContain('secret');
  expect(parseVirtualMap('#x y\na@b  b/a/ \n@b all\na@b again\nlonely\n', '/v')).toEqual([
    { name: 'a@b', path: 'b/a/', place: { file: '/v', line: 2 } },
  ]);
});

const anyName = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text, 'utf8').toString('latin1'));

test('a name as TOML is the name again, and harmless to look at', () => {
  fc.assert(
    fc.property(anyName, (name) => {
      const quoted = tomlString(name) ?? '';
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(quoted).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e]/);
      const value = String(parse(`a = ${quoted}`)['a']);
      expect(Buffer.from(value, 'utf8').toString('latin1')).toBe(name);
    }),
  );
  expect(tomlString('\xff')).toBeUndefined();
});

test('a comment stays one, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const lines = tomlComment(text, 20);
      expect(lines.every((line) => line.startsWith('#') && !/[\r\n]/.test(line))).toBe(true);
      expect(parse(lines.join('\n'))).toEqual({});
    }),
  );
  expect(tomlComment('one two three', 9)).toEqual(['# one two', '#   three']);
});
