/** A worker with what the tests need. */

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { KinwireError, Worker } from 'kinwire';

console.log('printed before the worker runs');
const worker = new Worker({ name: 'tricks', build: '7', concurrency: 4, window: 4096 });
let state = {};
worker.init(async (config, { log }) => {
  if (config?.fail) {
    throw new Error(config.fail);
  }
  if (config?.spin) {
    for (;;);
  }
  log.info('init with %j', config, { n: 1 });
});
worker.onShutdown(async (reason) => {
  fs.writeSync(2, `hook: ${reason}\n`);
});
worker.method('spin', (ms) => {
  for (const end = Date.now() + ms; Date.now() < end; );
  return 'spun';
});
worker.method('microtasks', async () => {
  for (;;) {
    await null;
  }
});
worker.method('wait', (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))));
worker.method('spin-at-abort', (_, { signal }) => {
  signal.addEventListener('abort', () => {
    for (;;);
  });
  return new Promise(() => {});
});
worker.method('never', () => new Promise(() => {}));
worker.method('count', async function* (n) {
  state = { yielded: 0, returned: false };
  try {
    for (let i = 0; i < n; i++) {
      state.yielded++;
      yield new Uint8Array(1000);
    }
  } finally {
    state.returned = true;
  }
});
worker.method('state', () => state);
worker.duplex('sum', async (values) => {
  let sum = 0;
  for await (const v of values) {
    sum += v.length;
  }
  return sum;
});
worker.duplex('first', async (values) => (await values.next()).value);
worker.duplex('echo', (values) => values);
worker.duplex('unread', () => new Promise(() => {}));
worker.method('id', (v) => v);
worker.method('kind', (v) => Object.prototype.toString.call(v));
worker.method('context', (_, { method, deadline, meta }) => ({ method, deadline: deadline?.getTime(), meta }));
worker.method('throw', () => {
  throw new TypeError('thrown');
});
worker.method('reject', async () => {
  throw 'rejected';
});
worker.method('throw-object', () => {
  throw { code: 'ENOENT', path: '/x' };
});
worker.method('throw-caused', () => {
  throw new Error('outer', { cause: new RangeError('inner') });
});
worker.method('throw-number', () => {
  throw new KinwireError(404, 'not found');
});
worker.method('throw-empty', () => {
  throw new KinwireError('', 'no code');
});
worker.method('throw-data', () => {
  throw new KinwireError('mine', 'm', { data: { f: () => {} } });
});
worker.method('this', function () {
  return this === undefined;
});
worker.method('unsendable', () => ({ a: [{ f: () => {} }] }));
worker.method('thenable', () => ({
  // biome-ignore lint/suspicious/noThenProperty: what a handler may return by mistake
  get then() {
    throw new Error('no then');
  },
}));
worker.method('getter', () => ({
  get a() {
    throw new Error('no a');
  },
}));
worker.method('promise', () => ({ a: Promise.resolve() }));
worker.method('large', (n) => new Uint8Array(n));
worker.method('host', (input, { host }) => host.call('m', input, { timeout: 30_000, meta: { 'a.b': 1 } }));
worker.method('host-mistakes', async (_, { host }) => {
  const calls = [
    () => host.call(),
    () => host.call('m', 1, { timeout: Number.NaN }),
    () => host.call('m', () => {}),
    () => host.duplex('d', 5).next(),
  ];
  const messages = [];
  for (const call of calls) {
    messages.push(await call().catch((error) => error.message));
  }
  return messages;
});
worker.method('host-many', async (n, { host }) => {
  const answers = await Promise.all(Array.from({ length: n }, (_, i) => host.call('m', i)));
  return answers;
});
worker.method('host-stream', async (_, { host }) => {
  const values = [];
  for await (const v of host.stream('s')) {
    values.push(v);
    if (v === 'stop') {
      break;
    }
  }
  return values;
});
worker.method('host-duplex', async (_, { host }) => {
  const values = [];
  for await (const v of host.duplex('d', ['a', 'b'])) {
    values.push(v);
  }
  return values;
});
worker.method('host-late', (_, { host }) => host.call('m', null, { timeout: 50 }));
worker.method('flood-log', (n, { log }) => {
  for (let i = 0; i < n; i++) {
    log.info('x'.repeat(1000));
  }
});
worker.method('log', (_, { log }) => {
  log.debug('d');
  log.with({ bound: 1 }).warn('%s and %d', 'a', 2, { error: new Error('e'), f: () => {}, big: 2n ** 70n });
  log.error('no fields', [1]);
});
worker.method('print', () => {
  console.log('hello from JavaScript');
  process.stdout.write('hello again\n');
  spawnSync('echo', ['hello from a child'], { stdio: 'inherit' });
  return process.env.KINWIRE_TRANSPORT ?? 'removed';
});
worker.method('crash', () => {
  setTimeout(() => {
    throw new Error('out of nowhere');
  });
  return new Promise(() => {});
});
worker.method('unhandled', () => {
  Promise.reject(new Error('nobody cares'));
  return new Promise(() => {});
});
worker.method('proto', (v) => ({ keys: Object.keys(v), polluted: {}.polluted === undefined }));
await worker.run();
