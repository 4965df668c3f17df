import { expect, test } from 'vitest';
import { parseDovecotConf } from '../../../../src/codec/config/dovecot-conf.ts';
import { dovecotMail } from '../../../../src/codec/config/dovecot-mail.ts';

const read = (text: string) => dovecotMail(parseDovecotConf({ file: '/d', text }, () => []).top);

test('the location of INBOX: its namespace, else that of all', () => {
  expect(read('mail_location = mbox:~/m').location).toEqual({
    value: 'mbox:~/m',
    place: { file: '/d', line: 1 },
  });
  expect(read('default_mail_env = mbox:~/m').location?.value).toBe('mbox:~/m');
  expect(read('mail_location =').location).toBeUndefined();
  const two = read(
    'mail_location = mbox:~/m\nnamespace private {\n prefix = a/\n location = mbox:~/a\n}\nnamespace private {\n inbox = yes\n location = mbox:~/b\n}',
  );
  expect(two.location?.value).toBe('mbox:~/b');
  expect(two.others).toMatchObject([{ prefix: 'a/', type: 'private', location: { value: 'mbox:~/a' } }]);
});

test('locations of a protocol are told apart', () => {
  const { location, filtered } = read(
    'mail_location = mbox:~/m\nprotocol lda {\n mail_location = mbox:~/x\n}',
  );
  expect(location?.value).toBe('mbox:~/m');
  expect(filtered).toEqual([{ value: 'mbox:~/x', place: { file: '/d', line: 3 } }]);
});

test('a namespace in two files is one', () => {
  const { location, prefix } = read(
    'namespace inbox {\n inbox = yes\n prefix = x.\n}\nnamespace inbox {\n location = maildir:~/M\n}',
  );
  expect(location?.value).toBe('maildir:~/M');
  expect(prefix?.value).toBe('x.');
});

test('2.4 says a location in several settings, some of which a namespace has from the top', () => {
  const text =
    'mail_driver = maildir\nmail_path = ~/M\nmail_index_path = /i/%{user}\nmailbox_list_layout = fs\n';
  expect(read(text).location?.value).toBe('maildir:~/M:INDEX=/i/%{user}:LAYOUT=fs');
  const { others } = read(`${text}namespace pub {\n type = public\n mail_path = /p\n}`);
  expect(others).toMatchObject([
    { type: 'public', location: { value: 'maildir:/p:INDEX=/i/%{user}:LAYOUT=fs' } },
  ]);
});

test('user databases of 1.x, 2.x and 2.4', () => {
  const { userdbs, passwordFiles } = read(
    `auth default {
  passdb passwd-file {
    args = scheme=CRYPT /etc/pw
  }
  userdb static {
    args = uid=1 home=/v/%d/%n mail=maildir:~/M
  }
}
userdb {
  driver = passwd-file
  args = username_format=%n /etc/users
  default_fields = home=/h/%u
}
userdb ldap {
  fields {
    home = /l/%{user}
  }
}
userdb mine {
  driver = passwd-file
  passwd_file_path = /etc/others
}`,
  );
  expect(userdbs).toMatchObject([
    { driver: 'passwd-file', file: '/etc/users', home: '/h/%u' },
    { driver: 'ldap', home: '/l/%{user}' },
    { driver: 'passwd-file', file: '/etc/others' },
    { driver: 'static', home: '/v/%d/%n', mail: 'maildir:~/M' },
  ]);
  expect(passwordFiles).toEqual([{ value: '/etc/pw', place: { file: '/d', line: 3 } }]);
});
