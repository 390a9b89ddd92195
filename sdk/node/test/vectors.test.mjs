/** The vectors that the tests of every language run. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { inspect } from 'node:util';
import { Field } from '../dist/batch.js';
import { Violation } from '../dist/errors.js';
import { frame } from '../dist/frames.js';
import { Gate } from '../dist/link/gate.js';
import { Splitter } from '../dist/link/splitter.js';
import { Shared, Word } from '../dist/memory.js';
import { checkBody } from '../dist/msgpack/check.js';
import { decode } from '../dist/msgpack/decode.js';
import { NOTHING, Outbox } from '../dist/outbox.js';
import { untag, withoutDates } from './values.mjs';

const { vectors } = JSON.parse(fs.readFileSync(new URL('../../../wire/testdata/vectors.json', import.meta.url), 'utf8'));
const TYPES = {
  Initialize: 1,
  Initialized: 2,
  Ping: 3,
  Pong: 4,
  Input: 5,
  Output: 6,
  Cancel: 7,
  Credit: 8,
  Log: 9,
  Shutdown: 10,
  ShutdownAck: 11,
  Exiting: 12,
};

/** Lets a frame through the gate of a worker, which is as far as `vector` needs it to be. */
function receive({ hex, message, fields }) {
  const shared = new Shared(8);
  const got = {};
  const gate = new Gate(shared, 65536, {
    hello: (hello) => {
      got.hello = hello;
    },
    shutdown: (grace) => grace,
    stuckMs: () => 0,
  });
  gate.establish([fields?.method ?? ''], ['credit', 'cancel', 'log', 'host-call']);
  shared.set(Word.established, message === 'Initialize' ? 0 : 1);
  const id = fields?.id;
  if (message !== 'Input' || fields.method === null) {
    if (id % 2 === 1) {
      gate.slots.open(id, 65536);
    }
  }
  const frames = new Splitter(16 << 20).push(Buffer.from(new Uint8Array(Buffer.from(hex, 'hex'))));
  if (frames === undefined) {
    throw new Error('no whole frame');
  }
  return Object.assign(gate.take(frames), got);
}

/** Compares what has come with what a vector says. */
function compare(vector, got) {
  const { fields, message, name } = vector;
  if (message === 'Initialize') {
    const { map } = fields;
    const { versions, features, logLevel, maxFrame, window, concurrency, config } = got.hello;
    assert.deepEqual([versions, features, logLevel], [map.versions ?? [], map.features ?? [], map.log_level], name);
    assert.deepEqual([maxFrame, window, concurrency], [map.max_frame, map.window, map.concurrency], name);
    const value = config === undefined ? null : decode(Buffer.from(config), 0, 'own');
    assert.deepStrictEqual(withoutDates(value), withoutDates(untag(map.config)), name);
    return;
  }
  if (message === 'Ping') {
    assert.equal(decode(Buffer.from(got.replies), 4, 'own')[1], fields.seq, name);
    return;
  }
  const opens = message === 'Input' && fields.method !== null;
  const mine = fields.id % 2 === (message === 'Output' ? 0 : 1) || message === 'Credit' || message === 'Shutdown';
  const timeout = untag(fields.meta)?.timeout_ms;
  if (!mine || (opens && timeout !== undefined && timeout !== null && timeout <= 0)) {
    assert.equal(got.batch, undefined, name); // it is answered, or of no exchange that is open
    return;
  }
  const { bytes: b, index } = got.batch;
  const at = (field) => index[field];
  const text = at(Field.textStart) < 0 ? undefined : b.toString('utf8', at(Field.textStart), at(Field.textEnd));
  assert.equal(at(Field.type), TYPES[message], name);
  switch (message) {
    case 'Input':
    case 'Output': {
      assert.deepEqual([at(Field.id), at(Field.flags) & 7], [fields.id, fields.flags], name);
      if (message === 'Input') {
        assert.equal(text ?? null, fields.method, name);
      }
      const payload = at(Field.payloadStart) < 0 ? null : decode(b, at(Field.payloadStart), 'own');
      assert.deepStrictEqual(
        withoutDates(payload),
        withoutDates(fields.flags & 4 && !(fields.flags & 2) ? null : untag(fields.payload)),
        name,
      );
      if (opens) {
        const meta = at(Field.metaStart) < 0 ? null : decode(b, at(Field.metaStart), 'own');
        assert.deepStrictEqual(withoutDates(meta), withoutDates(untag(fields.meta)), name);
      }
      break;
    }
    case 'Cancel':
      assert.deepEqual([at(Field.id), text ?? ''], [fields.id, fields.reason], name);
      break;
    case 'Credit':
      assert.deepEqual([at(Field.id), at(Field.number)], [fields.id, fields.bytes], name);
      break;
    default:
      assert.deepEqual([at(Field.number), text ?? ''], [fields.grace_ms, fields.reason], name);
  }
}

test('frames to the child are read', () => {
  let count = 0;
  for (const vector of vectors.filter((v) => v.to !== 'parent' && v.verdict === 'ok')) {
    if (vector.message in TYPES && ![2, 4, 9, 11, 12].includes(TYPES[vector.message])) {
      compare(vector, receive(vector));
      count++;
    }
  }
  assert.ok(count > 200, `${count}`);
});

test('frames to the child that break a rule are not', () => {
  let count = 0;
  for (const vector of vectors.filter((v) => v.to !== 'parent' && v.verdict === 'fatal')) {
    try {
      receive({ ...vector, message: vector.name.includes('initialize') || vector.name.startsWith('max-frame') ? 'Initialize' : undefined });
    } catch (error) {
      assert.ok(error instanceof Violation, `${vector.name}: ${error.stack}`);
      assert.ok([...vector.rules, 'order', 'sender'].includes(error.rule), `${vector.name}: ${error.rule}, not ${vector.rules}`);
      count++;
      continue;
    }
    assert.fail(`${vector.name} is let through`);
  }
  assert.ok(count > 250, `${count}`);
});

test('frames that mean nothing are ignored', () => {
  for (const vector of vectors.filter((v) => v.to !== 'parent' && v.verdict === 'ignored')) {
    assert.deepEqual(receive(vector), { batch: undefined, replies: undefined }, vector.name);
  }
});

test('the bodies of frames to the parent are told apart', () => {
  for (const { hex, name, verdict, rules } of vectors) {
    const b = Buffer.from(hex, 'hex');
    if (b.length === 4 || b.length !== 4 + b.readUInt32BE(0)) {
      continue;
    }
    let rule;
    try {
      checkBody(b, 4, b.length);
    } catch (error) {
      ({ rule } = error);
    }
    const ofBody = verdict === 'fatal' && rules.every((r) => r.startsWith('body-'));
    assert.ok(ofBody ? rules.includes(rule) : rule === undefined || rules?.includes(rule), `${name}: ${rule}`);
  }
});

/** What the worker writes of these fields. */
function write(message, fields) {
  const values = Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, k === 'map' || k === 'status' ? v : untag(v)]));
  const { id, flags, method, meta, payload, seq, status, level, unix_ms, code, reason, in_flight, bytes, map } = values;
  switch (message) {
    case 'Input':
    case 'Output': {
      let written;
      const transmitter = {
        send: (take) => {
          written = Buffer.from(take());
          return true;
        },
      };
      const outbox = new Outbox(new Shared(1), transmitter);
      const value = flags & 4 ? NOTHING : payload;
      if (message === 'Output') {
        outbox.output(id, flags, value);
      } else {
        outbox.input(id, flags, method, meta, value);
      }
      outbox.flush();
      return written;
    }
    case 'Initialized':
      return frame(2, map);
    case 'Pong':
      return frame(4, seq, status);
    case 'Cancel':
      return frame(7, id, reason);
    case 'Credit':
      return frame(8, id, bytes);
    case 'Log':
      return frame(9, level, unix_ms, values.message, values.fields);
    case 'ShutdownAck':
      return frame(11, in_flight);
    case 'Exiting':
      return frame(12, code, reason);
    default:
      return undefined;
  }
}

test('frames to the parent are written', () => {
  let count = 0;
  for (const { to, verdict, message, fields, name } of vectors) {
    if (to === 'child' || verdict !== 'ok') {
      continue;
    }
    const written = write(message, fields);
    if (written === undefined) {
      continue;
    }
    const b = Buffer.from(written);
    checkBody(b, 4, b.length);
    const elements = withoutDates(decode(b, 4, 'own'));
    assert.equal(elements[0], TYPES[message], name);
    const { meta, ...rest } = fields;
    const wanted = Object.entries(rest).map(([k, v]) => (k === 'map' || k === 'status' ? v : withoutDates(untag(v))));
    for (const value of fields.flags & 4 && fields.payload === null ? [] : wanted) {
      assert.ok(
        elements.some((e) => same(e, value)),
        `${name}: ${inspect(value)} is missing in ${inspect(elements)}`,
      );
    }
    count++;
  }
  assert.ok(count > 200, `${count}`);
});

/** Tells whether two values are the same; the sign of a zero is lost, as may be a float's kind. */
function same(a, b) {
  if (a === b) {
    return true;
  }
  try {
    assert.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}
