/** The thread that owns the link: it reads all, answers pings, and hands over what the main thread has to deal with. */

import { writeSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Batch, type LinkData, type Notice, type Order, pack } from '../batch.js';
import { now } from '../clock.js';
import { textOf, Violation } from '../errors.js';
import { frame } from '../frames.js';
import { Shared, Word } from '../memory.js';
import { DEFAULT_MAX_FRAME, Type } from '../protocol.js';
import { Transmitter } from '../transmit.js';
import { Gate } from './gate.js';
import { Guard } from './guard.js';
import { Pulse } from './pulse.js';
import { Splitter } from './splitter.js';

const data = workerData as LinkData;
const { port } = data;
const shared = new Shared(data.capacity, 'link', data.shared);
const pulse = new Pulse(shared);
const splitter = new Splitter(DEFAULT_MAX_FRAME);

/** How much is read at once. */
const READ_BYTES = 256 << 10;

let over = false;
let logs = false;
/** What the main thread has asked for, and was not done yet. */
const orders: Order[] = [];

// All reads go into the same memory.
const onread = {
  buffer: Buffer.allocUnsafeSlow(READ_BYTES),
  callback(n: number, buffer: Uint8Array): boolean {
    read(Buffer.from(buffer.buffer, buffer.byteOffset, n));
    return true;
  },
};
const options = { fd: data.readFd, readable: true, writable: data.writeFd === data.readFd, onread };
const link = new Socket(options as SocketConstructorOpts);
const sink = data.writeFd === data.readFd ? link : new Socket({ fd: data.writeFd, readable: false, writable: true });

// What the main thread could not write comes first. Since it is posted with the lock held, it has come.
const defer = (rest: Uint8Array) => {
  collect();
  write(rest);
};
const transmitter = new Transmitter(shared, data.writeFd, defer, (error) => setImmediate(end, textOf(error)));

const gate: Gate = new Gate(shared, data.window, {
  stuckMs: () => pulse.stuckMs(now()),
  hello(hello) {
    logs = hello.features.includes('log');
    notify({ kind: 'hello', hello });
  },
  shutdown: (graceMs) => guard.shutdown(graceMs),
});

const guard: Guard = new Guard(shared, gate.slots, pulse, {
  send,
  terminate,
  probe: () => notify({ kind: 'probe' }),
  ended: ({ id, code }, message) => notify({ kind: 'ended', id, code, message }),
  warn(message, stack) {
    if (logs) {
      send(frame(Type.log, 'warn', Date.now(), message, { stack }));
    } else {
      writeSync(2, `${message}\n${stack}\n`);
    }
  },
});

/** Sends whole frames, behind what is on its way. */
function send(frames: Uint8Array, last?: 'last'): void {
  if (!transmitter.send(frames, last)) {
    setTimeout(send, 10, frames, last);
  }
}

/** Writes what the link did not take at once; the lock is held, or it is a rest. */
function write(rest: Uint8Array): void {
  sink.write(rest, () => {
    if (shared.add(Word.backlog, -rest.length) === 0) {
      notify({ kind: 'drained' });
    }
  });
}

/** Tells the main thread. */
function notify(notice: Notice): void {
  pulse.post(now());
  port.postMessage(notice);
}

/** Hands frames over. */
function deliver(batch: Batch): void {
  pulse.post(now());
  const packed = pack(batch);
  port.postMessage(packed, [packed]);
}

function read(chunk: Buffer): void {
  if (over) {
    return;
  }
  try {
    const frames = splitter.push(chunk);
    if (frames === undefined) {
      return;
    }
    obey();
    const { batch, replies } = gate.take(frames);
    if (replies) {
      send(replies); // the main thread may end the process at once
    }
    if (batch) {
      deliver(batch);
      guard.watch();
    }
  } catch (error) {
    over = true;
    const message = error instanceof Violation ? error.message : `kinwire failed: ${textOf(error)}`;
    guard.violated(message, () => notify({ kind: 'violation', message }));
  }
}

/** The link has ended, so that the process does. */
function end(why: string): void {
  if (!over) {
    over = true;
    const at = now();
    guard.orphaned(`the host is gone: ${why}`, () => notify({ kind: 'gone', why, at }));
  }
}

/** SIGTERM has come. */
function terminate(): void {
  let until = now();
  if (shared.get(Word.established) === 1) {
    if (!gate.refusing) {
      gate.refusing = true;
      send(frame(Type.shutdownAck, shared.get(Word.open)));
    }
    until = guard.terminate();
  }
  notify({ kind: 'terminate', until });
}

/** Takes an order of the main thread: what is to be written at once, all else for later. */
function take(order: Order): void {
  if (order.kind === 'rest') {
    write(order.bytes);
  } else {
    orders.push(order);
  }
}

/** Takes what the main thread has sent by now. */
function collect(): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    take(next.message as Order);
  }
}

/** Does what the main thread has asked for by now. */
function obey(): void {
  collect();
  for (let order = orders.shift(); order !== undefined; order = orders.shift()) {
    follow(order);
  }
}

function receive(order: Order): void {
  take(order);
  obey();
}

function follow(order: Order): void {
  switch (order.kind) {
    case 'establish':
      gate.establish(order.methods, order.features);
      splitter.limit = data.maxFrame;
      break;
    case 'failed':
      end(order.why);
      break;
    default:
      terminate();
  }
}

port.on('message', receive);
link.on('end', () => end('end of file'));
for (const socket of new Set([link, sink])) {
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('the link was closed'));
}
shared.set(Word.signals, guard.listen() ? 1 : 0);
