import { Worker } from 'node:worker_threads';
import { SpoolsyncError } from '../core/errors.ts';
import type { AccountDone, AccountTask } from './account-task.ts';
import type { RunContext, Threads } from './context.ts';
import type { AccountPair } from './convert-account.ts';
import type { FromWorker, WorkerBirth } from './worker-protocol.ts';

/**
 * Worker threads, each of which works on one account at a time. What they say is emitted here, in the order in which
 * each says it. A thread that dies takes its account with it, as a failure, and no other.
 */
export class Workers {
  readonly #context: RunContext;
  readonly #entry: URL;
  readonly #birth: WorkerBirth;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();

  constructor(context: RunContext, { entry, stop }: Threads, task: AccountTask) {
    const { version, reading } = context;
    const { rules, zone, unquote, uidls } = reading;
    this.#context = context;
    this.#entry = entry;
    this.#birth = { version, rules, zone: zone.name, unquote, uidls, task: withoutFunctions(task), stop };
  }

  /** Works on an account in a thread that has nothing else to do. */
  async run(pair: AccountPair): Promise<AccountDone> {
    const worker = this.#idle.pop() ?? this.#make();
    const done = await this.#follow(worker, pair);
    this.#idle.push(worker);
    return done;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #make(): Worker {
    const worker = new Worker(this.#entry, { workerData: this.#birth });
    this.#all.add(worker);
    worker.on('exit', () => this.#all.delete(worker));
    return worker;
  }

  #follow(worker: Worker, pair: AccountPair): Promise<AccountDone> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
        end();
      };
      const onMessage = (message: FromWorker) => {
        if ('event' in message) this.#context.emit(message.event);
        else if ('took' in message) this.#context.took(message.took);
        else if ('done' in message) settle(() => resolve(message.done));
        else {
          const { code, message: text, ...details } = message.failed;
          // The thread itself is sound.
          this.#idle.push(worker);
          settle(() => reject(new SpoolsyncError(code, text, details)));
        }
      };
      const onError = (error: unknown) => settle(() => reject(error));
      const onExit = () => settle(() => reject(died()));
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.on('exit', onExit);
      worker.postMessage(pair);
    });
  }
}

/** The clock and the gate's doubles stay behind: a worker has its own. */
function withoutFunctions(task: AccountTask): WorkerBirth['task'] {
  if (task.kind === 'verify') return task;
  if (task.kind === 'convert') {
    const { now: _now, ...settings } = task.settings;
    return { kind: task.kind, settings };
  }
  const { now: _now, gate: _gate, ...settings } = task.settings;
  return { kind: task.kind, settings };
}

function died(): SpoolsyncError {
  return new SpoolsyncError('INTERNAL', 'the thread that worked on this account died', {
    advice: 'run the same command again; if it happens again, report it with the command line',
  });
}
