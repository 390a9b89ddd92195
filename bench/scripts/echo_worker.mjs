// Echoes one value at a time: what `bench` measures the Node SDK with.

import { Worker } from 'kinwire';

const worker = new Worker({ name: 'kinwire-node' });
worker.method('echo', (value) => value);
await worker.run();
