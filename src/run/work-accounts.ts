import type { MessagePort } from 'node:worker_threads';
import { createZone } from '../codec/time-zone.ts';
import { assert, SpoolsyncError } from '../core/errors.ts';
import { type AccountTask, workOf } from './account-task.ts';
import type { RunContext } from './context.ts';
import { StopFlag } from './stop-flag.ts';
import type { Failed, FromWorker, ToWorker, WorkerBirth } from './worker-protocol.ts';

/** The life of a worker thread: accounts come in one by one, what happens to them goes out. */
export async function workAccounts(port: MessagePort, birth: WorkerBirth): Promise<void> {
  const say = (message: FromWorker) => port.postMessage(message);
  const work = await workOf(contextOf(birth, say), taskOf(birth));
  const one = async (pair: ToWorker) => {
    try {
      say({ done: await work(pair) });
    } catch (error) {
      // Anything else is a bug: it ends this thread, and the main thread says so.
      if (!(error instanceof SpoolsyncError)) throw error;
      say({ failed: asData(error) });
    }
  };
  port.on('message', (pair: ToWorker) => void one(pair));
}

function contextOf(
  { version, rules, zone, unquote, uidls, stop }: WorkerBirth,
  say: (message: FromWorker) => void,
): RunContext {
  const made = createZone(zone);
  assert(made.ok, `the time zone ${zone} was known to the main thread`);
  const flag = new StopFlag(stop);
  return {
    version,
    reading: { rules, zone: made.zone, unquote, uidls },
    emit: (event) => say({ event }),
    took: (bytes) => say({ took: bytes }),
    checkSignal: () => flag.check(),
  };
}

function taskOf({ task }: WorkerBirth): AccountTask {
  if (task.kind === 'verify') return task;
  const now = () => new Date();
  if (task.kind === 'convert') return { kind: task.kind, settings: { ...task.settings, now } };
  return { kind: task.kind, settings: { ...task.settings, now } };
}

function asData({ code, message, place, advice }: SpoolsyncError): Failed {
  return { code, message, place, advice };
}
