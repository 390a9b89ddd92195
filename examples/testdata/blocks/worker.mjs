// Handlers that keep the main loop from turning.

import { Worker } from 'kinwire';

const worker = new Worker({ name: 'blocks' });

worker.method('echo', (value) => value);

const spin = (ms) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return true;
};
worker.method('spin', spin);

worker.method('block', (ms) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return true;
});

await worker.run();
