import fs from 'node:fs';
import { expect, test } from 'vitest';
import { createZone } from '../../../src/codec/time-zone.ts';
import { SpoolsyncError } from '../../../src/core/errors.ts';
import type { RemarkEvent } from '../../../src/core/events.ts';
import { Gate, type GateSettings, type Passed } from '../../../src/run/gate.ts';
import { MboxAccount } from '../../../src/source/mailboxes.ts';
import { end, opener, otherProcess } from '../io/children.ts';
import { tempDir } from '../io/support.ts';

interface Source {
  readonly at: string;
  readonly inbox: string;
  readonly account: MboxAccount;
}

/** An account with INBOX and two further mailboxes. */
function makeSource(withInbox = true): Source {
  const at = tempDir();
  const inbox = `${at}/inbox.mbox`;
  fs.mkdirSync(`${at}/mail/.imap/Sent`, { recursive: true });
  fs.mkdirSync(`${at}/mail/A/.imap/B`, { recursive: true });
  for (const name of ['Sent', 'A/B', '.imap/Sent/dovecot.index.log'])
    fs.writeFileSync(`${at}/mail/${name}`, 'From y');
  if (withInbox) fs.writeFileSync(inbox, 'From x');
  const places = { kind: 'mbox', root: `${at}/mail`, inbox, layout: 'fs' } as const;
  const account = MboxAccount.open({
    user: 'test',
    places: { ...places, index: undefined, control: undefined },
  });
  return { at, inbox, account };
}

/** A clock that is `ahead` of the files' times (milliseconds) and passes only by sleeping; `tick` is called each time. */
function makeClock(ahead: number, tick: (slept: number) => void = () => undefined) {
  const clock = {
    slept: 0,
    now: () => Date.now() + ahead + clock.slept,
    sleep: (milliseconds: number) => {
      clock.slept += milliseconds;
      tick(clock.slept);
      return Promise.resolve();
    },
  };
  return clock;
}

interface Looked {
  readonly gate: Gate;
  readonly remarks: RemarkEvent[];
}

function makeGate(settings: Partial<GateSettings> = {}, checkSignal = () => undefined): Looked {
  const zone = createZone('UTC');
  if (!zone.ok) throw new Error(zone.reason);
  const remarks: RemarkEvent[] = [];
  const context = {
    version: '0',
    reading: { rules: 'auto', zone: zone.zone, unquote: 'none' },
    emit: (event: { event: string }) => {
      if (event.event === 'remark') remarks.push(event as RemarkEvent);
    },
    took: () => undefined,
    checkSignal,
  } as const;
  const calm = { force: false, clock: makeClock(60_000), services: () => [] };
  return { gate: new Gate(context, { ...calm, ...settings }), remarks };
}

/** The error that stops at the gate. */
async function stopped(passing: Promise<Passed>): Promise<SpoolsyncError> {
  const passed = await passing.catch((error: unknown) => error);
  if (passed instanceof SpoolsyncError) return passed;
  throw new Error(`not stopped: ${String(passed)}`);
}

test('a source on which nobody works is let through, without waiting', async () => {
  const { account, inbox, at } = makeSource();
  const clock = makeClock(60_000);
  const { state, forced } = await makeGate({ clock }).gate.pass(account, 'test');
  expect([...state.spools.keys()].sort()).toEqual([inbox, `${at}/mail/A/B`, `${at}/mail/Sent`].sort());
  expect(forced).toEqual([]);
  expect(clock.slept).toBe(0);
});

test('an account without an INBOX is let through', async () => {
  const { account, inbox } = makeSource(false);
  const { state } = await makeGate().gate.pass(account, 'test');
  expect(state.spools.has(inbox)).toBe(false);
  expect(state.spools.size).toBe(2);
});

test('young spools are waited for', async () => {
  const { account } = makeSource();
  const clock = makeClock(0);
  await makeGate({ clock }).gate.pass(account, 'test');
  expect(clock.slept).toBeGreaterThan(2000);
  expect(clock.slept).toBeLessThan(2500);
});

test('a time in the future does not keep a spool young for ever', async () => {
  const { account, inbox } = makeSource();
  fs.utimesSync(inbox, 4e9, 4e9);
  const clock = makeClock(60_000);
  await makeGate({ clock }).gate.pass(account, 'test');
  expect(clock.slept).toBeGreaterThan(2000);
});

test('a spool that changes once is waited for; one that goes on changing is not quiet', async () => {
  const once = makeSource();
  const clock = makeClock(0, (slept) => {
    if (slept === 1000) fs.appendFileSync(once.inbox, 'more');
  });
  const { state } = await makeGate({ clock }).gate.pass(once.account, 'test');
  expect(state.spools.get(once.inbox)?.size).toBe(10);
  expect(clock.slept).toBeGreaterThan(4000);

  const { account, inbox } = makeSource();
  const grows = makeClock(0, () => fs.appendFileSync(inbox, 'x'));
  const error = await stopped(makeGate({ clock: grows }).gate.pass(account, 'test'));
  expect(error).toMatchObject({ code: 'SOURCE_NOT_QUIET', exitStatus: 75, place: inbox });
  expect(error.message).toContain(`${inbox} grew by 21 bytes`);
  expect(grows.slept).toBeLessThan(7000);
});

test('a signal ends the wait', async () => {
  const { account } = makeSource();
  const interrupted = new SpoolsyncError('INTERRUPTED', 'stop', { advice: '' });
  const clock = makeClock(0);
  const { gate } = makeGate({ clock }, () => {
    if (clock.slept >= 300) throw interrupted;
    return undefined;
  });
  await expect(gate.pass(account, 'test')).rejects.toBe(interrupted);
  expect(clock.slept).toBe(300);
});

test('a process that has a spool open is named, with what it does and how to look at it', async () => {
  const { account, inbox, at } = makeSource();
  const writer = await opener(inbox, 'r+');
  const reader = await opener(`${at}/mail/A/B`, 'r');
  const error = await stopped(makeGate().gate.pass(account, 'test'));
  expect(error.code).toBe('SOURCE_NOT_QUIET');
  expect(error.message).toMatch(new RegExp(`${inbox} is open for writing \\(\\w+, process ${writer.pid}\\)`));
  expect(error.message).toMatch(new RegExp(`/mail/A/B is open \\(\\w+, process ${reader.pid}\\)`));
  expect(error.advice).toContain(`ps -o pid,user,args -p ${writer.pid},${reader.pid}`);
  expect(error.advice).toContain('--force-quiet');
  await end(writer.child);
  await end(reader.child);
  await makeGate().gate.pass(account, 'test');
});

test('a session is seen by Dovecot’s index', async () => {
  const { account, at } = makeSource();
  const { pid } = await opener(`${at}/mail/.imap/Sent/dovecot.index.log`, 'r+');
  const error = await stopped(makeGate().gate.pass(account, 'test'));
  expect(error.message).toContain('/.imap/Sent/dovecot.index.log is open, as during a session');
  expect(error.message).toContain(`process ${pid}`);
});

test('a session of UW’s server is seen by the file it locks', async () => {
  const { account, inbox } = makeSource();
  const { dev, ino } = fs.statSync(inbox, { bigint: true });
  const lock = `/tmp/.${dev.toString(16)}.${ino.toString(16)}`;
  fs.writeFileSync(lock, '');
  try {
    // A file that a session has left behind means nothing.
    await makeGate().gate.pass(account, 'test');
    const { pid } = await opener(lock, 'r+');
    const error = await stopped(makeGate().gate.pass(account, 'test'));
    expect(error.message).toMatch(new RegExp(`${lock} is open, as during a session of UW.*process ${pid}`));
  } finally {
    fs.rmSync(lock);
  }
});

test('a dotlock stops, with its owner; one that is old is a leftover', async () => {
  const { account, inbox, at } = makeSource();
  for (const file of [`${inbox}.lock`, `${at}/mail/A/B.lock`]) fs.writeFileSync(file, '4711:old.example');
  const error = await stopped(makeGate().gate.pass(account, 'test'));
  expect(error.message).toContain(
    `${inbox}.lock is there: the mailbox is locked (process 4711 on old.example)`,
  );
  expect(error.message).toContain(`${at}/mail/A/B.lock is there`);
  const { gate, remarks } = makeGate({ clock: makeClock(600_000) });
  await gate.pass(account, 'test');
  expect(remarks.filter(({ code }) => code === 'DOTLOCK_LEFT').map(({ place }) => place)).toEqual([
    `${inbox}.lock`,
    `${at}/mail/A/B.lock`,
  ]);
});

test('a mail service that is on is named, once for all its sockets', async () => {
  const { account } = makeSource();
  const { pid, said } = await otherProcess(
    `const s=net.createServer().listen(0,'127.0.0.1',()=>say(fs.readlinkSync('/proc/self/fd/'+s._handle.fd)))`,
  );
  const socket = said.replace(/\D/g, '');
  const at = (where: string) => ({ where, socket });
  const services = () => ['0.0.0.0:110', '0.0.0.0:143', '[::]:110', '[::]:143'].map(at);
  const error = await stopped(makeGate({ services }).gate.pass(account, 'test'));
  const all = '0\\.0\\.0\\.0:110, 0\\.0\\.0\\.0:143, \\[::\\]:110 and 1 more';
  expect(error.message).toMatch(
    new RegExp(`this host has a mail service on, at ${all} \\(\\w+, process ${pid}\\)$`),
  );
});

test('with force it goes on, and what was overridden is said and handed on', async () => {
  const { account, inbox } = makeSource();
  fs.writeFileSync(`${inbox}.lock`, '');
  const { gate, remarks } = makeGate({ force: true });
  const { forced, state } = await gate.pass(account, 'test');
  expect(forced).toEqual([`test: ${inbox}.lock is there: the mailbox is locked`]);
  expect(state.spools.size).toBe(3);
  expect(remarks.filter(({ code }) => code === 'QUIET_FORCED')).toMatchObject([
    { severity: 'note', user: 'test', message: `${inbox}.lock is there: the mailbox is locked` },
  ]);
});

test('at the end, whatever changed in the source since is noticed', async () => {
  const { account, inbox, at } = makeSource();
  const { gate } = makeGate();
  const { state } = await gate.pass(account, 'test');
  expect(gate.recheck(account, 'test', state)).toEqual([]);
  fs.appendFileSync(inbox, 'more');
  fs.writeFileSync(`${at}/mail/New`, 'From z');
  fs.renameSync(`${at}/mail/A/B`, `${at}/mail/A/C`);
  fs.writeFileSync(`${at}/mail/Sent.new`, 'From Y');
  fs.renameSync(`${at}/mail/Sent.new`, `${at}/mail/Sent`);
  fs.writeFileSync(`${at}/mail/.subscriptions`, 'New\n');
  const { gate: forcing, remarks } = makeGate({ force: true });
  const changes = forcing.recheck(account, 'test', state).map((text) => text.replace(at, ''));
  expect(changes.sort()).toEqual([
    'test: /inbox.mbox grew by 4 bytes',
    'test: /mail has other subscriptions',
    'test: /mail/A/B vanished',
    'test: /mail/A/C is new',
    'test: /mail/New is new',
    'test: /mail/Sent was replaced by another file',
  ]);
  expect(remarks).toHaveLength(6);
  expect(remarks[0]).toMatchObject({ severity: 'finding', code: 'SOURCE_MOVED' });
  expect(() => gate.recheck(account, 'test', state)).toThrow(
    expect.objectContaining({ code: 'SOURCE_NOT_QUIET' }),
  );
});

test('long lists are cut', async () => {
  const { account, at } = makeSource();
  const { gate } = makeGate();
  const { state } = await gate.pass(account, 'test');
  for (let i = 0; i < 15; i++) fs.writeFileSync(`${at}/mail/n${String(i).padStart(2, '0')}`, 'From z');
  const error = await stopped(Promise.resolve().then(() => gate.recheck(account, 'test', state) as never));
  expect(error.message).toContain('/mail/n09 is new; and 5 more');
  expect(error.message).not.toContain('n10');
});
