/** A host written by hand: it starts a worker, and says and hears frames. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode as decodeOne, encode } from '@msgpack/msgpack';

export const TRANSPORTS = ['fd:3', 'stdio'];
export const END = 1;
export const ERROR = 2;
export const EMPTY = 4;
/** How long anything may take on a busy machine. */
const PATIENCE = 20_000;

export const worker = (name) => fileURLToPath(new URL(`workers/${name}.mjs`, import.meta.url));
export const example = fileURLToPath(new URL('../../../examples/node-worker/worker.mjs', import.meta.url));

/** Makes a pipe, which Node itself has no way to. */
function pipe() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'kinwire-'));
  const name = path.join(dir, 'pipe');
  execFileSync('mkfifo', [name]);
  const { O_RDONLY, O_NONBLOCK } = fs.constants;
  const reader = fs.openSync(name, O_RDONLY | O_NONBLOCK);
  const writer = fs.openSync(name, 'w');
  fs.rmSync(dir, { recursive: true });
  return { reader, writer };
}

/** A worker process and what it has said so far. */
export class Parent {
  frames = [];
  stderr = '';
  exit;
  #waiters = new Set();
  #rest = Buffer.alloc(0);

  constructor(program, { transport = 'fd:3', args = [], env = {} } = {}) {
    const options = { env: { ...process.env, KINWIRE_TRANSPORT: transport, ...env } };
    if (transport === 'stdio') {
      const [input, output, errors] = [pipe(), pipe(), pipe()];
      const stdio = [input.reader, output.writer, errors.writer];
      this.child = spawn(process.execPath, [...args, program], { ...options, stdio });
      stdio.forEach(fs.closeSync);
      this.stderrSource = new net.Socket({ fd: errors.reader, readable: true, writable: false });
      this.sink = new net.Socket({ fd: input.writer, readable: false, writable: true });
      this.source = new net.Socket({ fd: output.reader, readable: true, writable: false });
    } else {
      this.child = spawn(process.execPath, [...args, program], { ...options, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
      this.sink = this.source = this.child.stdio[3];
      this.stdout = '';
      this.child.stdout.on('data', (d) => {
        this.stdout += d;
        this.#changed();
      });
    }
    this.sink.on('error', () => {});
    this.source.on('error', () => {});
    this.source.on('data', (d) => this.#read(d));
    this.stderrSource ??= this.child.stderr;
    this.stderrSource.on('data', (d) => {
      this.stderr += d;
      this.#changed();
    });
    this.child.on('exit', (code, signal) => {
      const over = () => {
        this.exit = { code, signal };
        this.source.destroy();
        this.#changed();
      };
      this.stderrSource.destroyed ? over() : this.stderrSource.on('close', over);
    });
  }

  #read(chunk) {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 4) {
      const n = this.#rest.readUInt32BE(0);
      assert.ok(n >= 1 && n <= 16 << 20, `a frame of ${n} bytes`);
      if (this.#rest.length < 4 + n) {
        break;
      }
      const message = decodeOne(this.#rest.subarray(4, 4 + n), { useBigInt64: false });
      message.size = n;
      this.frames.push(message);
      this.#rest = this.#rest.subarray(4 + n);
    }
    this.#changed();
  }

  #changed() {
    for (const check of this.#waiters) {
      check();
    }
  }

  /** Waits until f returns something. */
  until(what, f) {
    return new Promise((resolve, reject) => {
      const check = () => {
        const result = f();
        if (result) {
          clearTimeout(timer);
          this.#waiters.delete(check);
          resolve(result);
        } else if (this.exit) {
          fail(`but the exit ${JSON.stringify(this.exit)}`);
        }
      };
      const fail = (why) => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        reject(new Error(`${what} did not come, ${why}; frames: ${JSON.stringify(this.frames).slice(-2000)}; stderr: ${this.stderr}`));
      };
      const timer = setTimeout(fail, PATIENCE, 'and the time is up');
      this.#waiters.add(check);
      check();
    });
  }

  bytes(b) {
    this.sink.write(b);
  }

  send(...message) {
    const body = encode(message);
    const frame = Buffer.alloc(4 + body.length);
    frame.writeUInt32BE(body.length);
    frame.set(body, 4);
    this.bytes(frame);
  }

  /** Says Initialize and waits for Initialized. */
  async greet(more = {}) {
    this.send(1, { versions: [1], features: ['credit', 'cancel', 'log', 'host-call'], log_level: 'debug', ...more });
    const [, map] = await this.heard('Initialized', (m) => m[0] === 2);
    return map;
  }

  /** Waits for a frame and takes it, with what came before it. */
  heard(what, f) {
    return this.until(what, () => {
      const i = this.frames.findIndex(f);
      return i >= 0 && this.frames.splice(i, 1)[0];
    });
  }

  open(id, method, value, { flags = END, meta = null } = {}) {
    this.send(5, id, flags, method, meta, value);
  }

  /** Calls and resolves to the value of an answer of one frame, or rejects with its error map. */
  async call(id, method, value, meta = null) {
    this.open(id, method, value, { meta });
    const outputs = [];
    for (;;) {
      const [, , flags, , payload] = await this.heard(`the end of ${id}`, (m) => m[0] === 6 && m[1] === id);
      if (flags & ERROR) {
        throw Object.assign(new Error(payload.message), payload);
      }
      if (!(flags & EMPTY)) {
        outputs.push(payload);
      }
      if (flags & END) {
        return outputs.length > 1 ? outputs : outputs[0];
      }
    }
  }

  async pong(seq) {
    this.send(3, seq);
    const [, , status] = await this.heard(`Pong ${seq}`, (m) => m[0] === 4 && m[1] === seq);
    return status;
  }

  exited() {
    return this.until('the exit', () => this.exit);
  }

  async shutdown() {
    this.send(10, 5000, 'the test is over');
    await this.heard('ShutdownAck', (m) => m[0] === 11);
    await this.heard('Exiting', (m) => m[0] === 12);
    assert.deepEqual(await this.exited(), { code: 0, signal: null });
  }

  kill() {
    this.child.kill('SIGKILL');
  }
}

/** Runs f with a worker that has said hello, and kills what is left of it. */
export async function withWorker(program, options, f) {
  const p = new Parent(program, options);
  try {
    p.initialized = await p.greet(options.initialize);
    await f(p);
  } finally {
    p.kill();
  }
}
