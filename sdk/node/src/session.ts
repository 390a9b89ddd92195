/** One run of a worker on its link: the handshake, and what comes after it. */

import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Batch, Field, type LinkData, type Notice, type Order, unpack } from './batch.js';
import { Ending, reasonOf } from './ending.js';
import { ExitCode, KinwireError, stackOf, textOf, tidy, toAnswer, Violation } from './errors.js';
import { Calls, type Host } from './host.js';
import type { Logger, LogSink } from './log.js';
import { Shared, Word } from './memory.js';
import { decode } from './msgpack/decode.js';
import { Outbox } from './outbox.js';
import { FEATURES, type Hello, TERM_GRACE_MS, Type, VERSION } from './protocol.js';
import { Served, type Surroundings } from './served.js';
import { startThread } from './start-thread.js';
import { cut } from './text.js';
import { Transmitter } from './transmit.js';
import { SDK } from './version.js';
import type { Definition } from './worker.js';

/** How much of an error of init is told. */
const MAX_INIT_ERROR = 64 << 10;
/** How many batches are dealt with in one turn of the loop. */
const TURN = 8;
/** A payload alone in its batch, of which it has more than half, is used where it was read. */
const SHARE = 0.5;

/** Session is the main thread's side. All of it runs on the main thread. */
export class Session implements Surroundings {
  readonly shared: Shared;
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly host: Host;
  credit = false;
  readonly ourWindow: number;
  theirWindow = 0;
  readonly #worker: Definition;
  readonly #port: MessagePort;
  readonly #calls: Calls;
  readonly #sink: LogSink;
  readonly #open = new Map<number, Served>();
  readonly #ending: Ending;
  /** The batch at hand has one frame. */
  #alone = false;

  constructor(worker: Definition, link: { readFd: number; writeFd: number }) {
    this.#worker = worker;
    this.ourWindow = worker.window;
    this.shared = new Shared(worker.concurrency, 'main');
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const order = (o: Order) => port1.postMessage(o);
    const transmitter = new Transmitter(
      this.shared,
      link.writeFd,
      (rest) => port1.postMessage({ kind: 'rest', bytes: rest } satisfies Order, [rest.buffer as ArrayBuffer]),
      (error) => order({ kind: 'failed', why: textOf(error) }),
    );
    this.outbox = new Outbox(this.shared, transmitter);
    this.outbox.wasTaken = (id) => {
      const served = this.#open.get(id);
      return served !== undefined && !served.ended && !this.shared.isOpen(served.opening.slot, served.opening.tag);
    };
    this.#sink = worker.sink;
    this.log = worker.log;
    this.#calls = new Calls(this.outbox);
    this.#ending = new Ending(this, this.#calls, this.#open, worker.hooks);
    this.host = this.#calls.within({ signal: undefined, until: Infinity });
    port1.on('message', (message: ArrayBuffer | Notice) => this.#receive(message));
    const data: LinkData = {
      ...link,
      port: port2,
      shared: this.shared.buffer,
      capacity: worker.concurrency,
      maxFrame: worker.maxFrame,
      window: worker.window,
    };
    const thread = startThread(new URL('./link/thread.js', import.meta.url), {
      name: 'kinwire',
      workerData: data,
      transferList: [port2],
      env: {},
    });
    thread.on('error', (error) => this.#ending.exit(ExitCode.failure, `kinwire failed: ${stackOf(error)}`));
    thread.on('exit', () => this.#ending.exit(ExitCode.orphaned, 'kinwire failed: the thread of the link has ended'));
    this.#listen(order);
  }

  /** Listens to what may end the process behind this package's back. */
  #listen(order: (o: Order) => void): void {
    process.on('uncaughtExceptionMonitor', (error) => {
      if (process.listenerCount('uncaughtException') === 0) {
        tidy(error); // before Node prints it
        this.log.error('the worker crashes: %s', stackOf(error));
        this.#ending.sayLast(ExitCode.failure, `uncaught exception: ${textOf(error)}`);
      }
    });
    process.on('exit', (code) => {
      this.shared.set(Word.exits, 1);
      this.#ending.sayLast(code, `the worker has called process.exit(${code})`);
    });
    process.on('SIGTERM', () => {
      if (this.shared.get(Word.signals) === 0) {
        order({ kind: 'terminate' });
      }
    });
  }

  /** Deals with what has come by now, and writes what comes of it at once. */
  #receive(first: ArrayBuffer | Notice): void {
    this.#deal(first);
    for (let turn = 1; turn < TURN; turn++) {
      const more = receiveMessageOnPort(this.#port);
      if (more === undefined) {
        break;
      }
      this.#deal(more.message);
    }
    this.outbox.flush();
  }

  #deal(message: ArrayBuffer | Notice): void {
    try {
      if (this.#ending.exits) {
        return;
      }
      if (message instanceof ArrayBuffer) {
        this.#batch(unpack(message));
      } else {
        this.#notice(message);
      }
    } finally {
      this.shared.add(Word.seen, 1);
    }
  }

  #notice(notice: Notice): void {
    switch (notice.kind) {
      case 'hello':
        void this.#start(notice.hello);
        break;
      case 'violation':
        this.#ending.exit(ExitCode.violation, notice.message);
        break;
      case 'gone':
        void this.#ending.orphaned(notice.why, notice.at);
        break;
      case 'ended':
        this.#open.get(notice.id)?.lost(new KinwireError(notice.code, notice.message));
        break;
      case 'drained':
        this.outbox.drained();
        break;
      case 'terminate':
        this.#ending.terminate(notice.until);
        break;
      default:
    }
  }

  // The handshake.

  async #start(hello: Hello): Promise<void> {
    this.#ending.state = 'greeted';
    this.outbox.limit = hello.maxFrame;
    const features = FEATURES.filter((f) => hello.features.includes(f));
    this.#sink.level = hello.logLevel;
    if (features.includes('log')) {
      this.#sink.outbox = this.outbox;
    }
    if (!hello.versions.includes(VERSION)) {
      const message = `the host speaks version ${hello.versions.join(', ') || 'none'} of the protocol, this worker version ${VERSION}`;
      return this.#refuse(new KinwireError('unsupported_version', message));
    }
    const config = hello.config === undefined ? null : decode(Buffer.from(hello.config), 0, 'own');
    const failure = await this.#init(config);
    if (this.#ending.leaving) {
      return;
    }
    if (failure !== undefined || this.#ending.signal.aborted) {
      return this.#refuse(failure ?? toAnswer(this.#ending.signal.reason));
    }
    this.#ending.state = 'serving';
    const has = (f: (typeof FEATURES)[number]) => features.includes(f);
    this.credit = has('credit');
    this.theirWindow = hello.window;
    const { ourWindow, theirWindow } = this;
    const { concurrency } = hello;
    this.#calls.establish({
      credit: has('credit'),
      cancel: has('cancel'),
      hostCall: has('host-call'),
      ourWindow,
      theirWindow,
      concurrency,
    });
    const methods = [...this.#worker.methods.keys()];
    this.#port.postMessage({ kind: 'establish', methods, features } satisfies Order);
    this.shared.set(Word.established, 1);
    this.#announce({ methods, features, concurrency: this.#worker.concurrency, max_frame: this.#worker.maxFrame, window: ourWindow });
    this.outbox.flush();
  }

  #announce(more: Record<string, unknown>): void {
    const { name, build } = this.#worker;
    this.outbox.message(Type.initialized, { version: VERSION, name, build, sdk: SDK, pid: process.pid, ...more });
  }

  /** Runs init, and returns why there will be no worker. */
  async #init(config: unknown): Promise<KinwireError | undefined> {
    const { signal } = this.#ending;
    const { host, log } = this;
    const run = async () => {
      for (const init of this.#worker.inits) {
        await init(config, { signal, host, log });
      }
    };
    try {
      await Promise.race([run(), this.#stopped()]);
      return undefined;
    } catch (error) {
      if (!(error instanceof KinwireError)) {
        this.log.error('init has failed: %s', stackOf(error));
      }
      return toAnswer(error);
    }
  }

  /** Rejects some time after the worker was told to end. */
  #stopped(): Promise<never> {
    return new Promise((_, reject) => {
      const { signal } = this.#ending;
      signal.addEventListener('abort', () => setTimeout(reject, TERM_GRACE_MS, signal.reason).unref());
    });
  }

  /** Tells the host why there will be no worker. */
  async #refuse(error: KinwireError): Promise<void> {
    this.#ending.state = 'refused';
    const message = cut(error.message, MAX_INIT_ERROR >> 2);
    const code = cut(error.code, 100);
    try {
      this.#announce({ error: { code, message, ...(error.data === undefined ? {} : { data: error.data }) } });
    } catch {
      this.#announce({ error: { code, message: cut(message, 256) } });
    }
    await this.#ending.leave(ExitCode.failure, message, `the worker could not be initialised: ${error.code}: ${message}`);
  }

  // Exchanges.

  #batch({ bytes: b, index }: Batch): void {
    this.#alone = index.length === Field.count;
    for (let i = 0; i < index.length; i += Field.count) {
      const at = (field: number) => index[i + field] as number;
      const id = at(Field.id);
      switch (at(Field.type)) {
        case Type.input:
          this.#input(b, index, i);
          break;
        case Type.output: {
          const payload = () => this.payload(b, at(Field.payloadStart), at(Field.payloadEnd));
          if (!this.#calls.output(id, at(Field.flags), payload, at(Field.length))) {
            this.#ending.exit(ExitCode.violation, new Violation('credit', `an Output of ${id} without credit`).message);
            return;
          }
          break;
        }
        case Type.cancel:
          this.#open.get(id)?.cancel(new KinwireError('canceled', reasonOf('the caller has given up', text(b, index, i))));
          break;
        case Type.credit:
          if (id % 2 === 0) {
            this.#calls.credit(id, at(Field.number));
          } else {
            this.#open.get(id)?.credit(at(Field.number));
          }
          break;
        default:
          this.#ending.shutdown(at(Field.number), text(b, index, i));
      }
    }
  }

  #input(b: Buffer, index: Float64Array, i: number): void {
    const id = index[i + Field.id] as number;
    const flags = index[i + Field.flags] as number;
    const start = index[i + Field.payloadStart] as number;
    const end = index[i + Field.payloadEnd] as number;
    if ((index[i + Field.textStart] as number) < 0) {
      this.#open.get(id)?.input(flags, b, start, end, index[i + Field.length] as number);
      return;
    }
    const name = text(b, index, i);
    const method = this.#worker.methods.get(name);
    if (method === undefined) {
      return; // the link thread has answered
    }
    const metaStart = index[i + Field.metaStart] as number;
    const served = new Served(this, method, {
      id,
      slot: index[i + Field.slot] as number,
      tag: index[i + Field.tag] as number,
      method: name,
      timeoutMs: index[i + Field.number] as number,
      metaBytes: metaStart < 0 ? undefined : b,
      metaStart,
    });
    this.#open.set(id, served);
    served.start();
    served.input(flags, b, start, end, 0);
  }

  payload(b: Buffer, start: number, end: number): unknown {
    if (start < 0) {
      return null;
    }
    return decode(b, start, this.#alone && end - start > SHARE * b.length ? 'shared' : 'own');
  }

  meta(b: Buffer, start: number): Record<string, unknown> {
    return decode(b, start, 'own') as Record<string, unknown>;
  }

  hostFor(served: Served): Host {
    return this.#calls.within(served);
  }

  over(served: Served): void {
    if (this.#open.get(served.opening.id) === served) {
      this.#open.delete(served.opening.id);
    }
    if (this.#open.size === 0) {
      this.#ending.idle();
    }
  }
}

/** Returns the str of a record. */
function text(b: Buffer, index: Float64Array, i: number): string {
  const start = index[i + Field.textStart] as number;
  return start < 0 ? '' : b.toString('utf8', start, index[i + Field.textEnd] as number);
}
