/** The life of a worker: start, pings, shutdown, end of file, signals, crashes. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { Worker } from 'kinwire';
import { startThread } from '../dist/start-thread.js';
import { Parent, TRANSPORTS, withWorker, worker } from './parent.mjs';

const tricks = worker('tricks');
/** In Node 18 nothing but SIGKILL ends an endless loop of microtasks. */
const UNSTOPPABLE_MICROTASKS = Number.parseInt(process.versions.node, 10) < 20;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

for (const transport of TRANSPORTS) {
  test(`${transport}: says what it is, and shuts down with a hook`, () =>
    withWorker(tricks, { transport, initialize: { config: { a: 1 } } }, async (p) => {
      const { version, name, build, sdk, pid, concurrency, features, methods } = p.initialized;
      assert.deepEqual(
        { version, name, build, pid, concurrency },
        { version: 1, name: 'tricks', build: '7', pid: p.child.pid, concurrency: 4 },
      );
      assert.match(sdk, /^kinwire-node\//);
      assert.deepEqual(features, ['credit', 'cancel', 'log', 'host-call']);
      assert.ok(methods.includes('spin'));
      const [, level, , message, fields] = await p.heard('a line of init', (m) => m[0] === 9);
      assert.deepEqual([level, message, fields], ['info', 'init with {"a":1}', { n: 1 }]);
      await p.shutdown();
      assert.match(p.stderr, /hook: the test is over/);
    }));

  test(`${transport}: nothing that is printed reaches the link`, () =>
    withWorker(tricks, { transport }, async (p) => {
      assert.equal(await p.call(1, 'print', null), 'removed');
      const all = () => p.stderr + (p.stdout ?? '');
      for (const line of ['printed before the worker runs', 'hello from JavaScript', 'hello again', 'hello from a child']) {
        await p.until(line, () => all().includes(line));
      }
      await p.shutdown();
    }));

  for (const [state, prepare] of Object.entries({
    idle: () => {},
    'a call': (p) => p.open(1, 'wait', null),
    'a deaf call': (p) => p.open(1, 'never', null),
    'a busy loop': (p) => p.open(1, 'spin', 60_000),
    microtasks: (p) => p.open(1, 'microtasks', null),
    'a cut frame': (p) => p.bytes(Buffer.from([0, 0, 0, 9, 0x92])),
    shutdown: (p) => {
      p.open(1, 'spin', 60_000);
      p.send(10, 60_000, '');
    },
  })) {
    test(`${transport}: is out after end of file, during ${state}`, () =>
      withWorker(tricks, { transport }, async (p) => {
        await prepare(p);
        await sleep(200);
        const begun = Date.now();
        p.sink.destroy();
        const exit = await p.exited();
        const took = Date.now() - begun;
        if (exit.signal !== 'SIGKILL' || took < 850) {
          // A machine that is too busy for an exit in order may make it a kill.
          assert.deepEqual(exit, { code: 69, signal: null });
        }
        assert.ok(took < 5000, `after ${took} ms`);
        assert.match(p.stderr, /^the host is gone: end of file$/m);
        assert.doesNotMatch(p.stderr, /Waiting for the debugger/);
      }));
  }
}

test('the end of an orphan is not lost with the code in which it was stopped', async () => {
  const exits = [];
  for (let i = 0; i < 5 && exits.at(-1) !== 69; i++) {
    // A machine that is too busy for an exit in order makes it a kill.
    await withWorker(tricks, {}, async (p) => {
      p.open(1, 'spin-at-abort', null);
      await p.pong(1);
      await sleep(200);
      p.sink.destroy();
      exits.push((await p.exited()).code);
    });
  }
  assert.equal(exits.at(-1), 69, `${exits}`);
});

test('is out after end of file before Initialize, and while init is busy', async () => {
  const p = new Parent(tricks);
  await p.until('a line', () => p.stdout.includes('printed'));
  p.sink.destroy();
  assert.deepEqual(await p.exited(), { code: 69, signal: null });
  const q = new Parent(tricks);
  q.send(1, { versions: [1], config: { spin: true } });
  await sleep(700);
  q.sink.destroy();
  assert.deepEqual(await q.exited(), { code: 69, signal: null });
});

test('answers pings in a busy loop, and says how long it is stuck', () =>
  withWorker(tricks, {}, async (p) => {
    p.open(1, 'spin', 1500);
    await sleep(600);
    const status = await p.pong(1);
    assert.equal(status.in_flight, 1);
    assert.ok(status.stuck_ms >= 300, `${status.stuck_ms}`);
    const [, , , , payload] = await p.heard('the answer', (m) => m[0] === 6);
    assert.equal(payload, 'spun');
    await p.until('a calm worker', () => true);
    assert.ok((await p.pong(2)).stuck_ms < 300);
    await p.shutdown();
  }));

test('shows the stack of what is stuck for long, once', () =>
  withWorker(tricks, {}, async (p) => {
    p.open(1, 'spin', 7000);
    const [, level, , message, fields] = await p.heard('a warning', (m) => m[0] === 9 && m[3].includes('stuck'));
    assert.equal(level, 'warn');
    assert.match(message, /the main thread is stuck for 5\.\d s/);
    assert.match(fields.stack, /tricks\.mjs:\d+:\d+/);
    await p.heard('the answer', (m) => m[0] === 6 && m[4] === 'spun');
    assert.equal(
      p.frames.some((m) => m[0] === 9 && m[3].includes('stuck')),
      false,
    );
  }));

test('ends with Exiting at the end of the grace, whatever a handler does', async () => {
  for (const method of ['spin', 'microtasks', 'never', 'wait']) {
    await withWorker(tricks, {}, async (p) => {
      p.open(1, method, 60_000);
      await sleep(200);
      p.send(10, 300, 'recycled');
      assert.deepEqual([...(await p.heard('the acknowledgement', (m) => m[0] === 11))], [11, 1]);
      p.open(3, 'id', 1);
      const [, , , , refused] = await p.heard('the refusal', (m) => m[0] === 6 && m[1] === 3);
      assert.equal(refused.code, 'shutting_down');
      const [, , flags, , end] = await p.heard('the end', (m) => m[0] === 6 && m[1] === 1);
      assert.deepEqual([flags, end.code], [3, 'canceled'], method);
      const [, said] = await p.heard('Exiting', (m) => m[0] === 12);
      const exit = await p.exited();
      if (method === 'microtasks' && UNSTOPPABLE_MICROTASKS) {
        assert.deepEqual([said, exit.signal], [137, 'SIGKILL']);
      } else {
        assert.deepEqual([said, exit], [0, { code: 0, signal: null }], method);
      }
    });
  }
});

test('a second Shutdown replaces the grace', () =>
  withWorker(tricks, {}, async (p) => {
    p.open(1, 'wait', null);
    p.send(10, 60_000, 'first');
    await p.heard('the acknowledgement', (m) => m[0] === 11);
    p.send(10, 10, 'second');
    await p.heard('the acknowledgement', (m) => m[0] === 11);
    await p.heard('Exiting', (m) => m[0] === 12);
    assert.equal((await p.exited()).code, 0);
  }));

test('SIGTERM is a shutdown of its own, also in a busy loop', async () => {
  await withWorker(tricks, {}, async (p) => {
    p.child.kill('SIGTERM');
    await p.heard('the acknowledgement', (m) => m[0] === 11);
    p.open(1, 'id', 1);
    const [, , , , refused] = await p.heard('the refusal', (m) => m[0] === 6);
    assert.equal(refused.code, 'shutting_down');
    p.send(10, 1000, '');
    await p.heard('Exiting', (m) => m[0] === 12);
    assert.equal((await p.exited()).code, 0);
  });
  await withWorker(tricks, {}, async (p) => {
    p.open(1, 'spin', 60_000);
    await sleep(200);
    p.child.kill('SIGTERM');
    assert.deepEqual([...(await p.heard('the acknowledgement', (m) => m[0] === 11))], [11, 1]);
    await p.heard('Exiting', (m) => m[0] === 12);
    assert.equal((await p.exited()).code, 0);
  });
});

test('SIGINT is ignored', () =>
  withWorker(tricks, {}, async (p) => {
    p.child.kill('SIGINT');
    assert.equal(await p.call(1, 'id', 5), 5);
    await p.shutdown();
  }));

test('SIGABRT shows the stack, and kills', () =>
  withWorker(tricks, {}, async (p) => {
    p.open(1, 'spin', 60_000);
    await sleep(300);
    p.child.kill('SIGABRT');
    assert.equal((await p.exited()).signal, 'SIGABRT');
    assert.match(p.stderr, /SIGABRT: the main thread is at\n {4}at .*tricks\.mjs/);
    assert.doesNotMatch(p.stderr, /KINWIRE|PATH=/);
  }));

test('what is thrown outside of handlers ends the worker, which says so', async () => {
  for (const [method, what] of [
    ['crash', /out of nowhere/],
    ['unhandled', /nobody cares/],
  ]) {
    await withWorker(tricks, {}, async (p) => {
      p.open(1, method, null);
      const [, level, , message] = await p.heard('a line', (m) => m[0] === 9 && what.test(m[3]));
      assert.equal(level, 'error');
      assert.match(message, /tricks\.mjs/);
      assert.doesNotMatch(message, /node\/dist/);
      const [, code, reason] = await p.heard('Exiting', (m) => m[0] === 12);
      assert.equal(code, 1);
      assert.match(reason, what);
      assert.equal((await p.exited()).code, 1);
      assert.match(p.stderr, what);
      assert.doesNotMatch(p.stderr, /node\/dist/);
    });
  }
});

/** Runs a program that ends of its own, as a host that says nothing would. */
function runAlone(program) {
  const env = { ...process.env, KINWIRE_TRANSPORT: 'fd:3' };
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  return spawnSync(process.execPath, ['--input-type=module', '-e', `import { Worker } from 'kinwire'; ${program}`], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
}

test('a worker that is never run says so', () => {
  const { status, stderr } = runAlone("new Worker().method('', (v) => v);");
  assert.deepEqual([status, stderr], [0, 'the worker was never run: is `await worker.run()` missing?\n']);
});

test('a process has one worker, which runs once', () => {
  for (const [program, why] of [
    ['new Worker().run(); new Worker().run();', 'another worker of this process runs already'],
    ['const w = new Worker(); w.run(); w.run();', 'the worker runs already'],
  ]) {
    const { status, stderr } = runAlone(program);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^Error: ${why}$`, 'm'));
  }
});

test('mistakes in what is said of a worker are found at once', () => {
  assert.throws(() => new Worker('hello'), /new Worker\(\{ name: "hello" \}\)/);
  assert.throws(() => new Worker({ name: 5 }), { message: 'name is 5, and not a string' });
  assert.throws(() => new Worker({ concurrency: '8' }), { message: "concurrency is '8', and not an integer from 1 to 65536" });
  const worker = new Worker();
  assert.throws(() => worker.method('f'), /a method has a name and a handler/);
  assert.throws(() => worker.method('f', () => {}).method('f', () => {}), { message: 'the method "f" is there already' });
  assert.throws(() => worker.init({}), { message: 'worker.init takes a function' });
  assert.throws(() => worker.onShutdown(), { message: 'worker.onShutdown takes a function' });
});

test('the thread starts as well in a Node that does not know its flags', async () => {
  const { port1, port2 } = new MessageChannel();
  const program = new URL(
    "data:text/javascript,import { workerData } from 'node:worker_threads'; workerData.postMessage(process.execArgv)",
  );
  const said = once(port1, 'message');
  startThread(program, { workerData: port2, transferList: [port2] }, ['--no-such-flag']);
  assert.deepEqual((await said)[0], []);
  port1.close();
});

test('a failed init fails the start', async () => {
  const p = new Parent(tricks);
  const map = await p.greet({ config: { fail: 'no model' } });
  assert.deepEqual(map.error, { code: 'failed', message: 'no model' });
  const [, code, reason] = await p.heard('Exiting', (m) => m[0] === 12);
  assert.deepEqual([code, reason], [1, 'no model']);
  assert.equal((await p.exited()).code, 1);
});

test('another version fails the start', async () => {
  const p = new Parent(tricks);
  const map = await p.greet({ versions: [7, 9] });
  assert.equal(map.error.code, 'unsupported_version');
  assert.match(map.error.message, /7, 9.*1/);
  assert.equal((await p.exited()).code, 1);
});

test('without a host it says how it is started', () => {
  for (const value of [undefined, 'fd:1', 'fd:99', 'fd:x', 'pipe', 'stdio']) {
    const env = { ...process.env };
    delete env.KINWIRE_TRANSPORT;
    if (value !== undefined) {
      env.KINWIRE_TRANSPORT = value;
    }
    const { status, stderr } = spawnSync(process.execPath, [tricks], { env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    assert.equal(status, 64, value);
    assert.match(stderr, /^this is a kinwire worker.*kinwire run -- node .*tricks\.mjs.*\n$/m);
    assert.equal(
      stderr
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('printed')).length,
      1,
      stderr,
    );
  }
});
