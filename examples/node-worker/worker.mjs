// The echo-worker in JavaScript: one method for each thing that a worker can do, and for each
// that it should not. Try, after `make deps`,
//
//	echo '{"hello":"world"}' | bin/kinwire run -- node examples/node-worker/worker.mjs
//	echo '{"n":3}' | bin/kinwire run --method count -- node examples/node-worker/worker.mjs

import { setTimeout as sleepFor } from 'node:timers/promises';
import { KinwireError, Worker } from 'kinwire';

const worker = new Worker({ name: 'node-worker' });

// echo sends every value back as it came, be it one or many.
const echo = (values) => values;
worker.duplex('', echo);
worker.duplex('echo', echo);

// count streams the numbers from 0 to n-1.
worker.method('count', function* (input) {
  const n = take(input, 'n', 0);
  for (let i = 0; i < n; i++) {
    yield i;
  }
});

// sleep answers after that time, or as soon as the caller gives up.
worker.method('sleep', async (input, { signal }) => {
  const ms = take(input, 'ms', 0);
  await sleepFor(ms, undefined, { signal });
  return { ms };
});

// fail answers with that error.
worker.method('fail', (input) => {
  throw new KinwireError(take(input, 'code', ''), take(input, 'message', ''));
});

// log writes a line to the worker's log.
worker.method('log', (input, { log }) => {
  const level = take(input, 'level', '') || 'info';
  if (!['debug', 'info', 'warn', 'error'].includes(level)) {
    throw new KinwireError('bad_input', `the level is "${level}", and not debug, info, warn or error`);
  }
  log[level](take(input, 'text', ''), { method: 'log' });
  return true;
});

// print prints a line on standard output, where it does no harm.
worker.method('print', (input) => {
  console.log('%s', take(input, 'text', ''));
  return true;
});

// panic fails as a bug would, of which only this call takes harm.
worker.method('panic', (message) => {
  throw new KinwireError('panicked', String(message));
});

// exit ends the worker on the spot, as a crash would.
worker.method('exit', (input) => {
  process.exit(take(input, 'code', 0));
});

// host calls a method of the host and returns the answer.
worker.method('host', (input, { host }) => host.call(take(input, 'method', ''), input?.input));

await worker.run();

// take returns a property of the input, which must have the type of its default.
function take(input, name, byDefault) {
  if (input !== undefined && input !== null && (typeof input !== 'object' || Array.isArray(input))) {
    throw new KinwireError('bad_input', `an object with "${name}" is due`);
  }
  const value = input?.[name] ?? byDefault;
  if (typeof value !== typeof byDefault || (typeof value === 'number' && !Number.isInteger(value))) {
    throw new KinwireError('bad_input', `"${name}" is no ${typeof byDefault === 'number' ? 'integer' : typeof byDefault}`);
  }
  return value;
}
