/** Entry of a worker thread. */
import { isMainThread, workerData } from 'node:worker_threads';
import { setSystemProperties } from '../../base/system-properties.ts';
import { setGate } from '../../memory/gate.ts';
import { WorkerHost } from './host.ts';
import type { WorkerSettings } from './messages.ts';

if (isMainThread) throw new Error('engine/worker/entry runs in worker threads only');

const settings = workerData as WorkerSettings;
setSystemProperties(settings.systemProperties);
setGate(settings.gate);
await new WorkerHost(settings).run();
