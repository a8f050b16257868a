/** Entry of a worker thread. */
import { isMainThread, workerData } from 'node:worker_threads';
import { WorkerHost } from './host.ts';
import type { WorkerSettings } from './messages.ts';

if (isMainThread) throw new Error('engine/worker/entry runs in worker threads only');

await new WorkerHost(workerData as WorkerSettings).run();
