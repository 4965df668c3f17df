import { expect, test } from 'vitest';
import { createZone } from '../../../src/codec/time-zone.ts';
import type { RunEvent } from '../../../src/core/events.ts';
import { forEachAccount } from '../../../src/run/accounts.ts';
import type { RunContext } from '../../../src/run/context.ts';
import { StopFlag } from '../../../src/run/stop-flag.ts';

/** Threads that run this instead of spoolsync's own worker. */
function contextWith(script: string): { context: RunContext; events: RunEvent[]; stop: StopFlag } {
  const zone = createZone('UTC');
  if (!zone.ok) throw new Error('no UTC');
  const events: RunEvent[] = [];
  const stop = new StopFlag();
  const entry = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const context: RunContext = {
    version: '0',
    reading: { rules: 'auto', zone: zone.zone, unquote: 'none' },
    emit: (event) => void events.push(event),
    took: () => undefined,
    checkSignal: () => stop.check(),
    threads: { count: 2, entry, stop: stop.shared },
  };
  return { context, events, stop };
}

const places = {
  kind: 'mbox',
  layout: 'fs',
  inbox: undefined,
  index: undefined,
  control: undefined,
} as const;
const pair = (user: string) => ({
  account: { user, places: { ...places, root: `/nowhere/${user}` } },
  target: `/nowhere/${user}/Maildir`,
});
const TASK = { kind: 'verify', state: '/nowhere' } as const;

test('a thread that dies takes its account with it, and no other', async () => {
  const { context, events } = contextWith(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ account: { user } }) => {
      if (user === 'exits') process.exit(3);
      if (user === 'throws') throw new Error('what the thread threw');
      parentPort.postMessage({ event: { event: 'did', user } });
      parentPort.postMessage({ done: {} });
    });`);
  const users = ['a', 'exits', 'b', 'throws', 'c', 'd'];
  const done = await forEachAccount(context, TASK, users.map(pair));
  expect(done).toEqual(users.map(() => ({})));
  const failed = events.filter((event) => event.event === 'failure');
  expect(failed.map(({ user, code }) => [user, code])).toEqual(
    expect.arrayContaining([
      ['exits', 'INTERNAL'],
      ['throws', 'INTERNAL'],
    ]),
  );
  expect(failed).toHaveLength(2);
  expect(failed.find(({ user }) => user === 'throws')?.message).toContain('what the thread threw');
  const did = events.flatMap((event) =>
    (event.event as string) === 'did' ? [(event as { user: string }).user] : [],
  );
  expect(did.sort()).toEqual(['a', 'b', 'c', 'd']);
});

test('never more accounts at once than threads, and a signal reaches them', async () => {
  const { context, events, stop } = contextWith(`
    import { parentPort, threadId, workerData } from 'node:worker_threads';
    const flag = new Int32Array(workerData.stop);
    parentPort.on('message', ({ account: { user } }) => {
      parentPort.postMessage({ event: { event: 'did', user, thread: threadId } });
      const wait = () => {
        if (user !== 'waits') return parentPort.postMessage({ done: {} });
        if (Atomics.load(flag, 0) === 0) return setTimeout(wait, 5);
        const failed = { code: 'INTERRUPTED', message: 'stopped', place: undefined, advice: 'again' };
        parentPort.postMessage({ failed });
      };
      wait();
    });`);
  const run = forEachAccount(context, TASK, ['a', 'b', 'waits', 'c', 'd'].map(pair));
  await expect.poll(() => events.length).toBe(5);
  stop.raise('SIGINT');
  await expect(run).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(new Set(events.map((event) => (event as unknown as { thread: number }).thread)).size).toBe(2);
});
