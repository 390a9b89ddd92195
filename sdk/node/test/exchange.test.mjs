/** Calls of the host, as their caller sees them. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { EMPTY, END, ERROR, example, TRANSPORTS, withWorker, worker } from './parent.mjs';

const tricks = worker('tricks');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isEnd = (id) => (m) => m[0] === 6 && m[1] === id && (m[2] & (END | ERROR)) !== 0;

for (const transport of TRANSPORTS) {
  test(`${transport}: large frames in both directions, while nobody reads for a while`, () =>
    withWorker(tricks, { transport }, async (p) => {
      p.source.pause();
      const big = new Uint8Array(3 << 20).fill(7);
      for (const id of [1, 3, 5]) {
        p.open(id, 'id', big);
      }
      p.send(3, 9);
      await sleep(300);
      p.source.resume();
      for (const id of [1, 3, 5]) {
        const [, , flags, , payload] = await p.heard(`the answer ${id}`, isEnd(id));
        assert.equal(flags, END);
        assert.deepEqual(Buffer.compare(payload, big), 0);
      }
      assert.equal((await p.pong(10)).in_flight, 0);
      await p.shutdown();
    }));
}

test('a generator is not run ahead of credit, and is returned when its caller gives up', () =>
  withWorker(tricks, { initialize: { window: 5000 } }, async (p) => {
    p.open(1, 'count', 1_000_000);
    await p.heard('an output', (m) => m[0] === 6 && m[1] === 1);
    await sleep(200);
    assert.deepEqual(await p.call(3, 'state', null), { yielded: 5, returned: false });
    const outputs = () => p.frames.filter((m) => m[0] === 6 && m[1] === 1).length;
    assert.equal(outputs(), 4);
    p.send(8, 1, 1100);
    await p.until('a sixth output', () => outputs() === 5 || outputs() === 6);
    p.send(7, 1, 'enough');
    const [, , , , error] = await p.heard('the end', isEnd(1));
    assert.equal(error.code, 'canceled');
    assert.match(error.message, /enough/);
    assert.equal((await p.call(5, 'state', null)).returned, true);
    await p.shutdown();
  }));

test('inputs are granted as they are consumed, and more than granted is fatal', () =>
  withWorker(tricks, {}, async (p) => {
    const chunk = new Uint8Array(1000);
    p.open(1, 'sum', null, { flags: EMPTY });
    let granted = 4096;
    const credit = async () => {
      while (granted <= 0) {
        granted += (await p.heard('credit', (m) => m[0] === 8 && m[1] === 1))[2];
      }
    };
    for (let i = 0; i < 20; i++) {
      await credit();
      p.send(5, 1, 0, null, null, chunk);
      granted -= 1010;
    }
    await credit();
    p.send(5, 1, END | EMPTY, null, null, null);
    assert.equal((await p.heard('the end', isEnd(1)))[4], 20_000);
    p.open(3, 'unread', null, { flags: EMPTY });
    for (let i = 0; i < 10; i++) {
      p.send(5, 3, 0, null, null, chunk);
    }
    assert.equal((await p.exited()).code, 65);
    assert.match(p.stderr, /^the host broke the rule credit of the kinwire protocol: .*$/m);
    assert.doesNotMatch(p.stderr, /\n {4}at /);
  }));

test('an answer of the host beyond its credit is fatal, and told once', () =>
  withWorker(tricks, {}, async (p) => {
    p.open(1, 'host', null);
    const [, id] = await p.heard('the call', (m) => m[0] === 5);
    p.open(3, 'spin', 500); // so that it finds all of this at once
    for (let i = 0; i < 20; i++) {
      p.send(6, id, 0, null, new Uint8Array(200_000)); // more than one read takes
    }
    assert.equal((await p.exited()).code, 65);
    assert.match(p.stderr, /^the host broke the rule credit of the kinwire protocol: [^\n]*\n$/);
  }));

test('a reader that stops early gives back what it does not read', () =>
  withWorker(tricks, {}, async (p) => {
    p.open(1, 'first', 'one', { flags: 0 });
    const [, , , , value] = await p.heard('the end', isEnd(1));
    assert.equal(value, 'one');
    p.open(3, 'echo', 'x', { flags: ERROR | END });
    assert.equal((await p.heard('the end', isEnd(3)))[4].code, 'failed');
    p.open(5, 'id', { code: 'mine', message: 'm' }, { flags: ERROR });
    assert.deepEqual({ ...(await p.heard('the end', isEnd(5)))[4] }, { code: 'mine', message: 'm' });
    p.send(10, 600_000, 'nothing is open any more');
    await p.heard('Exiting', (m) => m[0] === 12);
  }));

test('deadlines end calls, whatever their handlers do', () =>
  withWorker(tricks, {}, async (p) => {
    for (const [id, method] of [
      [1, 'never'],
      [3, 'wait'],
      [5, 'spin'],
    ]) {
      p.open(id, method, 3000, { meta: { timeout_ms: 100 } });
      const [, , flags, , error] = await p.heard(`the end of ${method}`, isEnd(id));
      assert.deepEqual([flags, error.code], [END | ERROR, 'deadline_exceeded'], method);
    }
    await p.heard('nothing after the end', () => true).catch(() => {});
    await assert.rejects(p.call(7, 'id', 1, { timeout_ms: 0 }), { code: 'deadline_exceeded' });
    const { deadline, meta, method } = await p.call(9, 'context', null, { timeout_ms: 60_000, 'a.b': 1, traceparent: 't' });
    assert.ok(deadline > Date.now() && deadline < Date.now() + 61_000);
    assert.deepEqual([method, meta], ['context', { timeout_ms: 60_000, 'a.b': 1, traceparent: 't' }]);
    await p.shutdown();
    assert.equal(p.frames.filter(isEnd(5)).length, 0);
  }));

test('errors say what went wrong, and the stack goes to the log', () =>
  withWorker(tricks, {}, async (p) => {
    await assert.rejects(p.call(1, 'throw', null), { code: 'failed', message: 'thrown' });
    const [, level, , message] = await p.heard('a line', (m) => m[0] === 9 && m[1] === 'error');
    assert.equal(level, 'error');
    assert.match(message, /the method "throw" has failed: TypeError: thrown\n {4}at .*tricks\.mjs/);
    assert.doesNotMatch(message, /sdk\/node\/dist/);
    await assert.rejects(p.call(3, 'reject', null), { code: 'failed', message: 'rejected' });
    await assert.rejects(p.call(17, 'throw-object', null), { code: 'failed', message: "{ code: 'ENOENT', path: '/x' }" });
    await assert.rejects(p.call(19, 'throw-number', null), { code: '404', message: 'not found' });
    await assert.rejects(p.call(21, 'throw-empty', null), { code: 'failed', message: 'no code' });
    await assert.rejects(p.call(23, 'throw-data', null), { code: 'mine', message: 'm' });
    await p.heard(
      'a line',
      (m) => m[0] === 9 && m[3] === `the data of the error "mine" can't be sent: value.data.f is a function, which can't be sent`,
    );
    await assert.rejects(p.call(25, 'throw-caused', null), { code: 'failed', message: 'outer' });
    const [, , , caused] = await p.heard('a line', (m) => m[0] === 9 && m[3].includes('outer'));
    assert.match(caused, /Error: outer\n {4}at .*tricks\.mjs\S* \{\n {2}\[cause\]: RangeError: inner\n {6}at .*tricks\.mjs\S*\n\}$/);
    assert.equal(await p.call(27, 'this', null), true);
    await assert.rejects(p.call(5, 'unsendable', null), { code: 'failed', message: "value.a[0].f is a function, which can't be sent" });
    for (const [id, method, text] of [
      [13, 'thenable', 'no then'],
      [15, 'getter', 'no a'],
    ]) {
      await assert.rejects(p.call(id, method, null), { code: 'failed', message: text });
      const [, , , line] = await p.heard('a line', (m) => m[0] === 9 && m[3].includes(text));
      assert.match(line, /tricks\.mjs/);
    }
    await assert.rejects(p.call(7, 'promise', null), { code: 'failed', message: /value\.a is a Promise/ });
    await assert.rejects(p.call(9, 'large', 17 << 20), { code: 'too_large' });
    await assert.rejects(p.call(11, 'nope', null), { code: 'unknown_method', message: 'there is no method "nope"' });
    await p.shutdown();
  }));

test('calls beyond the concurrency are refused', () =>
  withWorker(tricks, {}, async (p) => {
    for (const id of [1, 3, 5, 7]) {
      p.open(id, 'wait', null);
    }
    await assert.rejects(p.call(9, 'id', 1), { code: 'overloaded' });
    assert.equal((await p.pong(1)).in_flight, 4);
    p.send(7, 3, '');
    await p.heard('the end', isEnd(3));
    assert.equal(await p.call(11, 'id', 1), 1);
  }));

test('the host is called, with what is left of the time', () =>
  withWorker(tricks, { initialize: { concurrency: 2 } }, async (p) => {
    const opening = (m) => m[0] === 5 && typeof m[3] === 'string';
    p.open(1, 'host', { a: 1 }, { meta: { timeout_ms: 10_000 } });
    const [, id, flags, method, meta, payload] = await p.heard('the call', opening);
    assert.deepEqual([id % 2, flags, method, payload], [0, END, 'm', { a: 1 }]);
    assert.ok(meta.timeout_ms <= 10_000 && meta.timeout_ms > 1000 && meta['a.b'] === 1);
    p.send(6, id, ERROR, null, { code: 'mine', message: 'no', data: [1] });
    const [, , , , error] = await p.heard('the end', isEnd(1));
    assert.deepEqual(error, { code: 'mine', message: 'no', data: [1] });

    p.open(3, 'host-many', 5);
    const calls = [await p.heard('a call', opening), await p.heard('a call', opening)];
    await p.pong(1);
    assert.equal(p.frames.some(opening), false);
    for (let i = 0; i < 5; i++) {
      const [, id, , , , n] = calls.shift();
      p.send(6, id, END, null, n * 10);
      if (i < 3) {
        calls.push(await p.heard('a call', opening));
      }
    }
    assert.deepEqual((await p.heard('the end', isEnd(3)))[4], [0, 10, 20, 30, 40]);

    p.open(5, 'host-late', null);
    const late = await p.heard('a call', opening);
    assert.equal((await p.heard('the end', isEnd(5)))[4].code, 'deadline_exceeded');
    await p.heard('a cancel', (m) => m[0] === 7 && m[1] === late[1]);

    p.open(7, 'host', null);
    const pending = await p.heard('a call', opening);
    p.send(7, 7, 'no more');
    await p.heard('a cancel', (m) => m[0] === 7 && m[1] === pending[1]);
    assert.equal((await p.heard('the end', isEnd(7)))[4].code, 'canceled');
  }));

test('mistakes in calls of the host fail the call, and reach no host', () =>
  withWorker(tricks, {}, async (p) => {
    assert.deepEqual(await p.call(1, 'host-mistakes', null), [
      'the method of a call is a string, and not undefined',
      'the timeout of a call is a number of milliseconds, and not NaN',
      "the value is a function, which can't be sent",
      'many values are an iterable, and not 5',
    ]);
    const inputs = p.frames.filter((m) => m[0] === 5);
    assert.deepEqual(
      inputs.map((m) => m[3]),
      ['d'],
    );
    await p.heard('a cancel', (m) => m[0] === 7 && m[1] === inputs[0][1]);
    await p.shutdown();
  }));

test('streams of the host', () =>
  withWorker(tricks, {}, async (p) => {
    const opening = (m) => m[0] === 5 && typeof m[3] === 'string';
    p.open(1, 'host-stream', null);
    const [, s] = await p.heard('a call', opening);
    for (const v of [1, 'two', [3]]) {
      p.send(6, s, 0, null, v);
    }
    p.send(6, s, END | EMPTY, null, null);
    assert.deepEqual((await p.heard('the end', isEnd(1)))[4], [1, 'two', [3]]);

    p.open(3, 'host-stream', null);
    const [, t] = await p.heard('a call', opening);
    p.send(6, t, 0, null, 'stop');
    await p.heard('a cancel', (m) => m[0] === 7 && m[1] === t);
    assert.deepEqual((await p.heard('the end', isEnd(3)))[4], ['stop']);
    p.send(6, t, 0, null, new Uint8Array(3000));
    await p.heard('credit for what is discarded', (m) => m[0] === 8 && m[1] === t);
    p.send(6, t, ERROR, null, { code: 'canceled' });

    p.open(5, 'host-duplex', null);
    const [, d, flags] = await p.heard('a call', opening);
    assert.equal(flags & END, 0);
    const more = [
      (await p.heard('an input', (m) => m[0] === 5 && m[1] === d))[5],
      (await p.heard('an input', (m) => m[0] === 5 && m[1] === d))[5],
    ];
    assert.deepEqual(more, ['a', 'b']);
    await p.heard('the end of the inputs', (m) => m[0] === 5 && m[1] === d && m[2] === (END | EMPTY));
    p.send(6, d, END, null, 'x');
    assert.deepEqual((await p.heard('the end', isEnd(5)))[4], ['x']);
    await p.shutdown();
  }));

test('log lines have a level and fields, and a flood is dropped and counted', () =>
  withWorker(tricks, {}, async (p) => {
    await p.call(1, 'log', null);
    const lines = p.frames.filter((m) => m[0] === 9).slice(1);
    assert.deepEqual(
      lines.map((m) => [m[1], m[3]]),
      [
        ['debug', 'd'],
        ['warn', 'a and 2'],
        ['error', 'no fields [ 1 ]'],
      ],
    );
    const { bound, error, f, big } = lines[1][4];
    assert.equal(bound, 1);
    assert.match(error, /^Error: e\n/);
    assert.match(f, /Function/);
    assert.equal(big, '1180591620717411303424n');
    p.source.pause();
    p.open(3, 'flood-log', 20_000);
    await sleep(500);
    p.open(5, 'flood-log', 1);
    await sleep(100);
    p.source.resume();
    await p.heard('the end', isEnd(5));
    p.open(7, 'flood-log', 1);
    const [, , , message] = await p.heard('the count', (m) => m[0] === 9 && m[3].includes('dropped'));
    assert.match(message, /^\d+ log messages were dropped/);
  }));

test('odd payloads', () =>
  withWorker(tricks, {}, async (p) => {
    const send = (...parts) => {
      const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
      p.bytes(Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]));
    };
    // {"__proto__": {"polluted": 1}}
    send([0x96, 5, 1, 1, 0xa5], 'proto', [0xc0, 0x81, 0xa9], '__proto__', [0x81, 0xa8], 'polluted', [1]);
    assert.deepEqual((await p.heard('the end', isEnd(1)))[4], { keys: ['__proto__'], polluted: true });
    // {1: nil, nil: 2}
    send([0x96, 5, 3, 1, 0xa4], 'kind', [0xc0, 0x82, 1, 0xc0, 0xc0, 2]);
    assert.equal((await p.heard('the end', isEnd(3)))[4], '[object Map]');
    await p.shutdown();
  }));

test('broken frames end the worker with one line, also in a busy loop', async () => {
  for (const [hex, rule] of [
    ['00000000', 'frame-length'],
    ['ffffffff91', 'frame-length'],
    ['00000001c0', 'body-array'],
    ['0000000a95060101c0ddffffffff', 'body-cut'],
    ['0000000392c103', 'body-byte'],
    ['0000000492030700', 'body-rest'],
    ['000000039203a1', 'body-cut'],
    ['00000003920407', 'sender'],
    ['00000003920180', 'order'],
    ['000000079605 02 01a0c0c0'.replaceAll(' ', ''), 'exchange-id'],
  ]) {
    for (const busy of rule === 'sender' ? [false, true] : [false]) {
      await withWorker(tricks, {}, async (p) => {
        if (busy) {
          p.open(1, 'spin', 60_000);
          await sleep(200);
        }
        p.bytes(Buffer.from(hex, 'hex'));
        assert.deepEqual(await p.exited(), { code: 65, signal: null }, rule);
        assert.match(p.stderr, new RegExp(`^the host broke the rule ${rule} of the kinwire protocol: [^\\n]*\\n$`));
      });
    }
  }
});

test('the example has the methods of the echo worker', () =>
  withWorker(example, {}, async (p) => {
    assert.deepEqual([...p.initialized.methods].sort(), ['', 'count', 'echo', 'exit', 'fail', 'host', 'log', 'panic', 'print', 'sleep']);
    assert.deepEqual(await p.call(1, 'count', { n: 3 }), [0, 1, 2]);
    await assert.rejects(p.call(3, 'count', 'x'), { code: 'bad_input' });
    await assert.rejects(p.call(5, 'panic', 'boom'), { code: 'panicked', message: 'boom' });
    assert.deepEqual(await p.call(7, 'sleep', { ms: 5 }), { ms: 5 });
    p.open(9, 'exit', { code: 5 });
    assert.deepEqual(await p.exited(), { code: 5, signal: null });
  }));
