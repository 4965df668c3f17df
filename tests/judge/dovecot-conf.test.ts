import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { parseDovecotConf } from '../../src/codec/config/dovecot-conf.ts';
import { dovecotMail } from '../../src/codec/config/dovecot-mail.ts';
import { makeAccount } from '../helpers/account.ts';
import { findDovecot } from '../helpers/install.ts';

/**
 * What doveconf makes of a configuration, and what the parser does. 2.4 refuses configurations of old versions, so there is
 * nothing to judge by; an old server's Dovecot is the one that matters.
 */

const { version, chroot } = findDovecot();

const SETTINGS = [
  'mail_location = mbox:~/mail:INBOX=/var/mail/%u # comment',
  'mail_location=mbox:~/mail',
  'mail_location = "mbox:~/my mail # 1"  # 2',
  "mail_location = 'mbox:~/mail'",
  'mail_location = "mbox:~/a\\"b"',
  'mail_location = mbox:~/mail#comment',
  'mail_location = "mbox:~/mail',
  'mail_location = mbox:~/mail \\\n   :INBOX=/x',
  'mail_location = mbox:~/a\nmail_location = mbox:~/b',
  '   mail_location   =   mbox:~/mail   ',
  'mail_location =',
  '!include conf.d/*.conf\n!include_try none.conf',
  'mail_location = mbox:~/before\n!include conf.d/1.conf',
];

test.runIf(version === '2.3' && chroot === undefined).each(SETTINGS)('%j', (text) => {
  const { at } = makeAccount(undefined);
  fs.mkdirSync(`${at}/conf.d`);
  fs.writeFileSync(`${at}/conf.d/1.conf`, 'mail_location = mbox:~/one\n');
  fs.writeFileSync(`${at}/conf.d/2.conf`, 'mail_location = mbox:~/two\n');
  fs.writeFileSync(`${at}/conf.d/.3.conf`, 'mail_location = mbox:~/hidden\n');
  fs.writeFileSync(`${at}/dovecot.conf`, `${text}\n`);
  const args = ['-c', `${at}/dovecot.conf`, '-h', 'mail_location'];
  const judged = execFileSync('doveconf', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const { top } = parseDovecotConf({ file: `${at}/dovecot.conf`, text }, (pattern) => {
    const names = pattern === 'conf.d/*.conf' ? ['conf.d/1.conf', 'conf.d/2.conf'] : [pattern];
    return names.flatMap((name) => {
      const file = `${at}/${name}`;
      return fs.existsSync(file) ? [{ file, text: fs.readFileSync(file, 'latin1') }] : [];
    });
  });
  expect(dovecotMail(top).location?.value ?? '').toBe(judged.trim());
});
