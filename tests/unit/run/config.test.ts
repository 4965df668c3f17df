import fs from 'node:fs';
import { expect, test } from 'vitest';
import { SpoolsyncError } from '../../../src/core/errors.ts';
import { parseConfig, readConfig } from '../../../src/run/config.ts';
import { tempDir } from '../io/support.ts';

const DOC = fs.readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8');
const EXAMPLE = /```toml\n([\s\S]*?)```/.exec(DOC)?.[1] ?? '';
/** Users who need not exist where the tests run. */
const REAL = EXAMPLE.replaceAll('vmail:vmail', 'root:daemon').replaceAll('ada:mail', 'daemon:mail');

const read = (text: string) =>
  parseConfig(Buffer.from(text), 'c.toml', (name) => [{ user: `from-${name}`, target: 'x' }]);

/** The error with which reading ends. */
async function refusal(reading: Promise<unknown>): Promise<SpoolsyncError> {
  const error: unknown = await reading.then(() => undefined).catch((reason: unknown) => reason);
  if (error instanceof SpoolsyncError) return error;
  throw error ?? new Error('nothing was refused');
}

test('the example of docs/config.md', async () => {
  const [main, branch, lab, ...more] = await read(REAL);
  expect(more).toEqual([]);
  expect(main).toEqual({
    from: 'mbox:/old/mail/home/%u/mail:INBOX=/old/mail/var/mail/%u',
    to: 'maildir:/srv/vmail/%d/%n/Maildir',
    users: undefined,
    renames: new Map([
      ['mjones', 'mary.jones'],
      ['postmaster', 'admin@example.net'],
    ]),
    domain: 'example.org',
    excludeUsers: ['test*', 'backup'],
    excludeFolders: ['Trash', 'Trash/*'],
    owner: 'root:daemon',
    uidMin: undefined,
    accounts: new Map([
      [
        'bob',
        {
          from: 'mbox:/old/mail/home2/bob/mail:INBOX=/old/mail/var/mail/bob',
          to: undefined,
          owner: undefined,
          excludeFolders: ['lists/*'],
        },
      ],
    ]),
    place: 'c.toml ([[source]] 1)',
  });
  expect(branch).toMatchObject({
    to: 'maildir:~/Maildir',
    owner: 'account',
    domain: undefined,
    users: undefined,
    uidMin: 500,
  });
  expect(lab).toMatchObject({ users: [{ user: 'ada' }, { user: 'grace' }], domain: 'lab.example.org' });
  expect(lab?.accounts.get('ada')).toMatchObject({ to: 'maildir:/srv/ada/Maildir', owner: 'daemon:mail' });
});

test('the document has a row for every key, the example shows each, and no other is known', async () => {
  const rows = [...DOC.matchAll(/^\| `([\w-]+)` +\| ([\w, ]+?) +\|/gm)].map(([, key = '', where = '']) => ({
    key,
    where,
  }));
  expect(rows.length).toBeGreaterThan(8);
  const known = async (text: string) => {
    const { advice } = await refusal(read(text));
    return advice.replace('known here are: ', '').split(', ').sort();
  };
  const documented = (where: string) => rows.filter((row) => row.where.includes(where)).map(({ key }) => key);
  const head = '[[source]]\nfrom = "mbox:/a"\n';
  expect(await known('x = 1\n')).toEqual(['source', ...documented('top')].sort());
  expect(await known(`${head}x = 1\n`)).toEqual(documented('source').sort());
  expect(await known(`${head}[source.accounts.a]\nx = 1\n`)).toEqual(documented('account').sort());
  for (const { key } of rows) expect(EXAMPLE).toContain(key);
});

const SOURCE = '[[source]]\nfrom = "mbox:/a/%u"\nto = "maildir:/b/%u"\n';

test.each([
  ['', 'c.toml', 'has no source', '[[source]]'],
  ['source = 1', 'c.toml', 'must be a list of tables', '[[source]]'],
  ['[source]\nfrom = "mbox:/a"', 'c.toml', 'must be a list of tables', '[[source]]'],
  ['[[source]]\nto = "maildir:/b"', 'c.toml ([[source]] 1)', 'has no "from"', 'from = '],
  ['[[source]]\nfrom = "mbox:/a"', 'c.toml ([[source]] 1)', 'has no "to"', 'to = '],
  ['to = "maildir:/b\n', 'c.toml:1', '', 'TOML'],
  [`${SOURCE}[[source]]\nfrom = = 1`, 'c.toml:5', 'invalid value', 'TOML'],
  [`${SOURCE}from = "mbox:/c"`, 'c.toml:4', '', 'TOML'],
  [`form = "x"\n${SOURCE}`, 'c.toml', 'unknown key "form"', 'known here are: source, to'],
  [`${SOURCE}form = "x"`, 'c.toml ([[source]] 1)', 'unknown key "form"', 'known here are: from, to'],
  [`${SOURCE}users = "a"`, 'c.toml ([[source]] 1)', '"users" must be a list of texts', '["one", "two"]'],
  [`${SOURCE}users = ["a", 1]`, 'c.toml ([[source]] 1)', '"users" must be', '["one", "two"]'],
  [`${SOURCE}users = ["a", "a"]`, 'c.toml ([[source]] 1)', '"users" has a twice', 'remove'],
  [`${SOURCE}users = ["../a"]`, 'c.toml ([[source]] 1)', 'no user name', 'slash'],
  [`${SOURCE}users = ["a"]\nusers-file = "f"`, 'c.toml ([[source]] 1)', '"users" and "users-file"', 'one'],
  [`${SOURCE}owner = ""`, 'c.toml ([[source]] 1)', '"owner" must be a text that is not empty', '"text"'],
  [`${SOURCE}owner = "no-such-user"`, 'c.toml ([[source]] 1)', 'owner = no-such-user names', 'getent'],
  [`${SOURCE}uid-min = "500"`, 'c.toml ([[source]] 1)', '"uid-min" must be a whole number', '1000'],
  [`${SOURCE}uid-min = -1`, 'c.toml ([[source]] 1)', '"uid-min" must be a whole number', '1000'],
  [`${SOURCE}uid-min = 1.5`, 'c.toml ([[source]] 1)', '"uid-min" must be a whole number', '1000'],
  [`${SOURCE}domain = "a@b"`, 'c.toml ([[source]] 1)', '"domain" is none', 'example.org'],
  [`${SOURCE}domain = "a/b"`, 'c.toml ([[source]] 1)', '"domain" is none', 'example.org'],
  [`${SOURCE}renames = "a"`, 'c.toml ([[source]] 1)', '"renames" must be a table', '[table]'],
  [`${SOURCE}[source.renames]\na = 1`, 'c.toml ([[source]] 1)', 'no user name for a', '"old" = "new"'],
  [`${SOURCE}[source.renames]\na = "b/c"`, 'c.toml ([[source]] 1)', 'no user name for a', '"old" = "new"'],
  [`${SOURCE}[source.accounts]\na = 1`, 'c.toml ([[source]] 1), accounts.a', 'it is no table', '[table]'],
  [
    `${SOURCE}[source.accounts.a]\nform = 1`,
    'c.toml ([[source]] 1), accounts.a',
    'unknown key',
    'from, to, owner',
  ],
  [`${SOURCE}[source.accounts.a]\nto = "mbox:/x"`, 'c.toml ([[source]] 1), accounts.a', 'maildir:', '--to'],
  [`${SOURCE}[source.accounts."a/b"]`, 'c.toml ([[source]] 1)', 'which is no user name', 'slash'],
  [
    `${SOURCE}users = ["a"]\n[source.renames]\nb = "c"`,
    'c.toml ([[source]] 1)',
    'not among the users',
    'add',
  ],
  [`${SOURCE}users = ["a"]\n[source.accounts.b]`, 'c.toml ([[source]] 1)', 'not among the users', 'add'],
  [`${SOURCE}exclude-users = ["b*"]\n[source.accounts.bob]`, 'c.toml ([[source]] 1)', 'excluded', 'remove'],
  [
    `${SOURCE}users-file = "f"\n[source.renames]\nfrom-f = "c"`,
    'c.toml ([[source]] 1)',
    'renames, too',
    'remove',
  ],
  [
    '[[source]]\nfrom = "mbx:/a"\nto = "maildir:/b"',
    'c.toml ([[source]] 1)',
    'does not begin with mbox:',
    'mbox:',
  ],
])('%j is refused', async (text, place, words, advice) => {
  const error = await refusal(read(text));
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', exitStatus: 78, place });
  expect(error.message).toContain(words);
  expect(error.advice).toContain(advice);
});

test('names in a table may be what JavaScript takes for something else', async () => {
  const [plan] = await read(`${SOURCE}[source.renames]\n__proto__ = "p"\nconstructor = "c"\n`);
  expect([...(plan?.renames ?? [])]).toEqual([
    ['__proto__', 'p'],
    ['constructor', 'c'],
  ]);
});

test('files: bytes that are no UTF-8, none at all, a list beside the configuration', async () => {
  const at = tempDir();
  const file = `${at}/c.toml`;
  expect(await refusal(readConfig(file))).toMatchObject({
    code: 'CONFIG_MISSING',
    exitStatus: 66,
    place: file,
  });
  fs.writeFileSync(file, Buffer.from(`# caf\xe9\n${SOURCE}`, 'latin1'));
  expect((await refusal(readConfig(file))).message).toContain('no UTF-8');
  fs.writeFileSync(file, `${SOURCE}users-file = "people"\n`);
  expect(await refusal(readConfig(file))).toMatchObject({ code: 'CONFIG_MISSING', place: `${at}/people` });
  fs.writeFileSync(`${at}/people`, Buffer.from('caf\xe9 = c\n', 'latin1'));
  expect((await readConfig(file))[0]?.users).toEqual([{ user: 'caf\xe9', target: 'c' }]);
  fs.writeFileSync(`${at}/people`, 'a b\n');
  expect(await refusal(readConfig(file))).toMatchObject({ code: 'CONFIG_INVALID', place: `${at}/people:1` });
});

test('a list is named by a path, from the configuration on', async () => {
  const [plan] = await read(`${SOURCE}users-file = "people"\n`);
  expect(plan?.users).toEqual([{ user: 'from-people', target: 'x' }]);
});
