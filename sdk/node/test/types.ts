/** A worker in TypeScript, as its author has it: this is compiled, and never run. */

import { type Context, EncodeError, ExtData, type Handler, KinwireError, type Logger, Worker } from 'kinwire';

interface Request {
  n: number;
  tags?: string[];
}

const worker = new Worker({ name: 'typed', build: '1.0' });
worker.init<{ model: string }>(async ({ model }, { log, signal }) => {
  log.info('loading %s', model, { aborted: signal.aborted });
});
worker.method('greet', (name: string) => `Hello, ${name}!`);
worker.method<Request>('count', async function* ({ n }, { signal }) {
  for (let i = 0; i < n && !signal.aborted; i++) {
    yield i;
  }
});
worker.method('sync', function* ({ tags = [] }: Request) {
  yield* tags;
});
worker.duplex<number>('sum', async (values) => {
  let sum = 0;
  for await (const value of values) {
    sum += value;
  }
  return sum;
});
worker.method('ask', async (_: null, { host, deadline, meta, log }: Context) => {
  const { x } = await host.call<{ x: number }>('m', deadline?.getTime(), { timeout: 100 });
  for await (const row of host.stream<string>('rows')) {
    log.info(row.toUpperCase(), { tenant: meta['app.tenant'] });
  }
  return x;
});
const upper: Handler<string> = (value, { method }) => value.toUpperCase() + method;
worker.method('upper', upper).onShutdown((reason) => worker.log.info(reason));
worker.method('fail', () => {
  throw new KinwireError('mine', 'no', { data: new ExtData(5, new Uint8Array([1])) });
});
const { host }: { host: Worker['host'] } = worker;
const log: Logger = worker.log.with({ part: 'types' });
try {
  await host.duplex<number>('d', [1, 2]).next();
} catch (error) {
  if (error instanceof KinwireError && error.code === 'canceled') {
    log.warn('canceled', { data: error.data });
  } else if (error instanceof EncodeError) {
    log.error(error.message);
  }
}
// @ts-expect-error a handler is a function
worker.method('no handler', 5);
const never: never = await worker.run();
export default never;
