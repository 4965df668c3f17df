import fs from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { pairAccounts } from '../../../src/run/pairs.ts';
import { type AccountPlan, planOf, type SourcePlan } from '../../../src/run/source-plan.ts';
import { fakeUserDatabase } from '../../helpers/user-database.ts';
import { needsRoot, tempDir, thrown } from '../io/support.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A directory with a spool for each user. */
function spools(...users: string[]): string {
  const at = tempDir();
  fs.mkdirSync(`${at}/s`);
  for (const user of users) fs.writeFileSync(`${at}/s/${user}`, '');
  return at;
}

function plan(at: string, more: Partial<SourcePlan> = {}): SourcePlan {
  return { ...planOf(`mbox:${at}/none/%u:INBOX=${at}/s/%u`, 'maildir:/v/%d/%n', undefined), ...more };
}

const flat = (to: string): Partial<SourcePlan> => ({ to });

test('new names and domains fill in the target, old ones the source', () => {
  const at = spools('al', 'bob', 'cy@old.org', 'dee');
  const { pairs, events } = pairAccounts([
    plan(at, {
      domain: 'new.org',
      renames: new Map([
        ['bob', 'robert'],
        ['dee', 'd@else.org'],
      ]),
    }),
  ]);
  expect(events).toEqual([]);
  expect(
    pairs.map(({ account, target }) => [account.user, account.formerly, account.places.inbox, target]),
  ).toEqual([
    ['al@new.org', 'al', `${at}/s/al`, '/v/new.org/al'],
    ['robert@new.org', 'bob', `${at}/s/bob`, '/v/new.org/robert'],
    ['cy@old.org', undefined, `${at}/s/cy@old.org`, '/v/old.org/cy'],
    ['d@else.org', 'dee', `${at}/s/dee`, '/v/else.org/d'],
  ]);
});

test('only some, by their new names', () => {
  const at = spools('al', 'bob');
  const plans = [plan(at, { ...flat('maildir:/v/%u'), renames: new Map([['bob', 'rob']]) })];
  expect(pairAccounts(plans, ['rob', 'rob']).pairs.map(({ account }) => account.user)).toEqual(['rob']);
  expect(thrown(() => pairAccounts(plans, ['bob']))).toMatchObject({ code: 'USAGE' });
});

test('lists, exclusions and exceptions', () => {
  const at = spools('al', 'bob', 'test1');
  const own: AccountPlan = { from: undefined, to: undefined, owner: undefined, excludeFolders: [] };
  const accounts = new Map<string, AccountPlan>([
    ['bob', { ...own, to: 'maildir:/own/%u', excludeFolders: ['b'] }],
    ['zoe', { ...own, from: `mbox:${at}/zoe` }],
    ['ghost', own],
  ]);
  const more = { ...flat('maildir:/v/%u'), excludeUsers: ['test*'], excludeFolders: ['a'], accounts };
  const { pairs, events } = pairAccounts([plan(at, { ...more, renames: new Map([['nobody', 'x']]) })]);
  expect(
    pairs.map(({ account, target }) => [account.user, account.places.root, account.exclude, target]),
  ).toEqual([
    ['al', `${at}/none/al`, ['a'], '/v/al'],
    ['bob', `${at}/none/bob`, ['a', 'b'], '/own/bob'],
    ['zoe', `${at}/zoe`, ['a'], '/v/zoe'],
  ]);
  expect(events).toEqual([
    expect.objectContaining({
      code: 'ACCOUNTS_UNKNOWN',
      severity: 'finding',
      message: expect.stringContaining('nobody, ghost'),
    }),
  ]);
  const named = [{ user: 'bob', target: 'rob' }, { user: 'test1' }, { user: 'new' }];
  expect(
    pairAccounts([plan(at, { ...more, accounts: new Map(), users: named })]).pairs.map(
      ({ target }) => target,
    ),
  ).toEqual(['/v/rob', '/v/new']);
});

test('two accounts with one name or one target are refused, within and across sources', () => {
  const [a, b] = [spools('al', 'bob'), spools('al')];
  const same = (plans: SourcePlan[]) => thrown(() => pairAccounts(plans));
  expect(same([plan(a, flat('maildir:/v/x'))])).toMatchObject({
    code: 'LOCATION_INVALID',
    message: 'al and bob would share the target /v/x',
  });
  expect(same([plan(a, flat('maildir:/v/%u')), plan(b, flat('maildir:/w/%u'))]).message).toBe(
    'two accounts would be called al',
  );
  const renamed = plan(a, { ...flat('maildir:/v/%u'), renames: new Map([['al', 'bob']]) });
  expect(same([renamed]).message).toBe('two accounts would be called bob');
  expect(pairAccounts([plan(a, { domain: 'a' }), plan(b, { domain: 'b' })]).pairs).toHaveLength(3);
});

test('one account that its locations do not fit is a failure among others, unless there is no other', () => {
  const at = spools('al@x.org', 'bob');
  const { pairs, events } = pairAccounts([plan(at)]);
  expect(pairs.map(({ account }) => account.user)).toEqual(['al@x.org']);
  expect(events).toEqual([
    expect.objectContaining({ event: 'failure', user: 'bob', code: 'LOCATION_INVALID' }),
  ]);
  expect(thrown(() => pairAccounts([plan(at, { users: [{ user: 'bob' }] })])).message).toContain(
    'domain of bob',
  );
  expect(thrown(() => pairAccounts([plan(`${at}/none`)]))).toMatchObject({ code: 'SOURCE_MISSING' });
});

test('an owner who does not exist ends the run, and each is looked up once', () => {
  const at = spools('al', 'bob');
  const error = thrown(() => pairAccounts([plan(at, { ...flat('maildir:/v/%u'), owner: 'no-such-user' })]));
  expect(error).toMatchObject({
    code: 'USAGE',
    message: '--owner no-such-user names the unknown user no-such-user',
  });
});

test('with one owner all directories are his; with several, those that name the account', () => {
  const at = spools('al', 'bob');
  const parts = (to: string, owner?: string) =>
    pairAccounts([plan(at, { to, owner, domain: 'x.org' })]).pairs.map(({ ownParts }) => ownParts);
  expect(parts('maildir:/srv/%d/%n/Maildir', 'root:daemon')).toEqual([undefined, undefined]);
  expect(parts('maildir:/srv/%d/%n/Maildir')).toEqual([undefined, undefined]);
  expect(parts('maildir:/srv/%d/%n/Maildir', 'account')).toEqual([2, 2]);
  expect(parts('maildir:/srv/%u', 'account')).toEqual([1, 1]);
  const two = [
    plan(at, { to: 'maildir:/srv/a/%u/M', owner: 'root' }),
    plan(at, { to: 'maildir:/srv/b/%n', owner: 'daemon', domain: 'x.org' }),
  ];
  expect(pairAccounts(two).pairs.map(({ ownParts }) => ownParts)).toEqual([2, 2, 1, 1]);
});

test('homes: of the old name in the source, of the new one in the target', () => {
  needsRoot();
  const at = spools('al');
  for (const user of ['al', 'bea', 'sys']) fs.mkdirSync(`${at}/h/${user}/mail`, { recursive: true });
  const users = [
    { name: 'al', uid: 2001, home: `${at}/h/al` },
    { name: 'bea', uid: 2002, home: `${at}/h/bea` },
    { name: 'sys', uid: 10, home: `${at}/h/sys` },
    { name: 'alfred', uid: 2003, home: '/new/alfred' },
  ];
  for (const { name, uid } of users.slice(0, 3)) fs.chownSync(`${at}/h/${name}/mail`, uid, uid);
  vi.stubEnv('PATH', fakeUserDatabase(`${at}/bin`, users));
  const { pairs, events } = pairAccounts([
    {
      ...planOf('mbox:~/mail', 'maildir:~/Maildir', undefined, 'account'),
      renames: new Map([['al', 'alfred']]),
      domain: 'x.org',
      uidMin: 1000,
    },
  ]);
  expect(pairs).toMatchObject([
    {
      account: { user: 'alfred@x.org', places: { root: `${at}/h/al/mail` } },
      target: '/new/alfred/Maildir',
      ownParts: 2,
    },
    { account: { user: 'bea@x.org' }, target: `${at}/h/bea/Maildir`, ownParts: 2 },
  ]);
  expect(events).toMatchObject([
    {
      code: 'SYSTEM_ACCOUNTS',
      severity: 'note',
      message: expect.stringMatching(/^system accounts \(uid below 1000\) left out: 1, with mail: sys;/),
    },
  ]);
});
