import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configFile, type FoundSource } from '../../../src/plan/config-file.ts';
import { parseConfig } from '../../../src/run/config.ts';

const SOURCE: FoundSource = {
  from: 'mbox:/old/home/%u/mail:INBOX=/old/var/mail/%u',
  users: ['alice', 'bob'],
  accounts: new Map([['bob', 'mbox:/old/b']]),
  reasons: ['home: /etc/passwd'],
  files: 3,
  bytes: 4096,
};
const read = (text: string) =>
  parseConfig(Buffer.from(text), 'f', () => []).then((plans) =>
    plans.map(({ from, to, users, accounts }) => ({ from, to, users, accounts: [...accounts.keys()] })),
  );

test('a file that a run accepts, with counts, reasons and remarks', async () => {
  const remark = {
    event: 'remark',
    severity: 'finding',
    code: 'MAIL_NOT_PLACED',
    message: 'an mbox',
  } as const;
  const text = configFile({ root: '/old', sources: [SOURCE], remarks: [{ ...remark, place: '/old/x' }] });
  expect(text).toContain('# Users: 2; 3 files, 4096 bytes.\n# - home: /etc/passwd\n[[source]]\n');
  expect(text).toContain('# Not in the sources above, or not clear:\n# - MAIL_NOT_PLACED: /old/x: an mbox\n');
  expect(text).not.toContain('Also found');
  expect(await read(text)).toEqual([
    {
      from: SOURCE.from,
      to: 'maildir:/srv/vmail/%u/Maildir',
      users: [{ user: 'alice' }, { user: 'bob' }],
      accounts: ['bob'],
    },
  ]);
});

test('lists get a place of their own, and a new name where it is taken', async () => {
  const lists: FoundSource = {
    from: 'archive:/old/private/%u',
    users: ['alice', 'talk'],
    accounts: new Map(),
    renames: new Map([['alice', 'alice-list']]),
    areLists: true,
    reasons: [],
    files: 2,
    bytes: 10,
  };
  const text = configFile({ root: '/old', sources: [SOURCE, lists], remarks: [] });
  expect(text).toContain('# Mailing lists: 2; 2 files, 10 bytes.');
  expect((await parseConfig(Buffer.from(text), 'f', () => []))[1]).toMatchObject({
    from: lists.from,
    to: 'maildir:/srv/vmail-lists/%u/Maildir',
    renames: lists.renames,
  });
});

test('the target is proposed where no source lies', () => {
  const inTarget = { ...SOURCE, from: 'mbox:/srv/vmail/%u' };
  const asInbox = { ...SOURCE, from: 'mbox:/x/%u:INBOX=/srv/vmail-new/%u' };
  const to = (...sources: FoundSource[]) =>
    /^to = "maildir:(.*)\/%u/m.exec(configFile({ root: '/', sources, remarks: [] }))?.[1];
  expect(to(SOURCE)).toBe('/srv/vmail');
  expect(to(inTarget)).toBe('/srv/vmail-new');
  expect(to(inTarget, asInbox)).toBe('/srv/spoolsync');
});

test('many users, any remark: still the same file', async () => {
  const users = Array.from({ length: 500 }, (_, i) => `user"${i}\\`);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (message) => {
      const remark = { event: 'remark', severity: 'note', code: 'X', message, place: message } as const;
      const source = { ...SOURCE, users, accounts: new Map(), reasons: [message] };
      const [plan] = await read(configFile({ root: message, sources: [source], remarks: [remark] }));
      expect(plan?.users?.map(({ user }) => user)).toEqual(users);
    }),
    { numRuns: 20 },
  );
});
