/** Stands in for the driver's worker: opens, answers reads, and dies in the middle of a commit, with an error when the key says so. */
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ id, kind, packed }) => {
  if (kind !== 'commit') parentPort.postMessage({ id });
  else if (packed.includes('throw'.charCodeAt(0))) throw new Error('the worker failed');
  else process.exit(1);
});
parentPort.postMessage({ id: 0 });
