import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { workAccounts } from '../run/work-accounts.ts';
import type { WorkerBirth } from '../run/worker-protocol.ts';

/** Where a worker thread begins (run/workers.ts). */
await workAccounts(parentPort as MessagePort, workerData as WorkerBirth);
