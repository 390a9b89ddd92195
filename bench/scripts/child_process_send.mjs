// Measures echoes through child_process.send, from one Node process to another and back.
//
// The arguments are the serialization ("json": payloads are strings; "advanced": Buffers), the
// bytes of a payload, the calls in flight, and the nanoseconds to warm up and to measure. It
// prints the wall time, and the latencies, counted by their first three digits.

import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

if (process.argv[2] === 'echo') {
  process.on('message', (message) => process.send(message));
} else {
  await main(...process.argv.slice(2));
}

async function main(serialization, size, inFlight, warmUp, duration) {
  const child = fork(fileURLToPath(import.meta.url), ['echo'], { serialization });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.on('exit', (code) => {
    if (code !== 0) throw new Error(`the child exited with ${code}`);
  });
  const payloads = serialization === 'json' ? strings(Number(size)) : buffers(Number(size));
  await echoes(child, payloads, Number(inFlight), Number(warmUp));
  const { wall, latencies } = await echoes(child, payloads, Number(inFlight), Number(duration));
  child.disconnect();
  await ended;
  const counts = {};
  for (const latency of latencies) {
    const digits = Number(latency.toPrecision(3));
    counts[digits] = (counts[digits] ?? 0) + 1;
  }
  console.log(JSON.stringify({ wall_ns: Math.round(wall), latencies: counts }));
}

function strings(size) {
  const rest = randomBytes(size)
    .toString('base64')
    .slice(0, size - 8);
  return {
    make: (call) => String(call).padStart(8, '0') + rest,
    same: (a, b) => a === b,
  };
}

function buffers(size) {
  const first = randomBytes(size);
  return {
    make: (call) => {
      const payload = Buffer.from(first);
      payload.writeDoubleBE(call);
      return payload;
    },
    same: (a, b) => Buffer.compare(a, b) === 0,
  };
}

// Keeps so many calls in flight for so many nanoseconds, until all of them are back.
function echoes(child, payloads, inFlight, nanoseconds) {
  return new Promise((resolve) => {
    const sent = new Map();
    const latencies = [];
    const now = () => performance.now() * 1e6;
    let calls = 0;
    const call = () => {
      const id = calls++;
      const payload = payloads.make(id);
      sent.set(id, { payload, at: now() });
      child.send({ id, payload });
    };
    const began = now();
    const onMessage = ({ id, payload }) => {
      const at = now();
      const call_ = sent.get(id);
      if (!call_ || !payloads.same(payload, call_.payload)) throw new Error('wrong echo');
      sent.delete(id);
      latencies.push(at - call_.at);
      if (at - began < nanoseconds) {
        call();
      } else if (sent.size === 0) {
        child.off('message', onMessage);
        resolve({ wall: at - began, latencies });
      }
    };
    child.on('message', onMessage);
    for (let i = 0; i < inFlight; i++) call();
  });
}
