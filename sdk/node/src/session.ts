/** One run of a worker on its link: the handshake, and what comes after it. */

import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { LinkData, Notice, Order } from './batch.js';
import { Calls } from './calls.js';
import { Ending } from './ending.js';
import { ExitCode, KinwireError, stackOf, textOf, tidy, Violation } from './errors.js';
import { Exchanges } from './exchanges.js';
import { type Host, hostWithin } from './host.js';
import { initialise } from './initialise.js';
import { Shared, Word } from './memory.js';
import { decode } from './msgpack/decode.js';
import { Outbox } from './outbox.js';
import { FEATURES, type Feature, type Hello, type Terms, Type, VERSION } from './protocol.js';
import { startThread } from './start-thread.js';
import { cut } from './text.js';
import { Transmitter } from './transmit.js';
import { SDK } from './version.js';
import type { Definition } from './worker.js';

/** How much of an error of init is told. */
const MAX_INIT_ERROR = 16 << 10;
/** How many batches are dealt with in one turn of the loop. */
const TURN = 8;

/** Session is the main thread's side. All of it runs on the main thread. */
export class Session {
  readonly host: Host;
  readonly #worker: Definition;
  readonly #shared: Shared;
  readonly #port: MessagePort;
  readonly #outbox: Outbox;
  readonly #calls: Calls;
  readonly #exchanges: Exchanges;
  readonly #ending: Ending;

  constructor(worker: Definition, link: { readFd: number; writeFd: number }) {
    this.#worker = worker;
    this.#shared = new Shared(worker.concurrency, 'main');
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const order = (o: Order) => port1.postMessage(o);
    const transmitter = new Transmitter(
      this.#shared,
      link.writeFd,
      (rest) => port1.postMessage({ kind: 'rest', bytes: rest } satisfies Order, [rest.buffer as ArrayBuffer]),
      (error) => order({ kind: 'failed', why: textOf(error) }),
    );
    this.#outbox = new Outbox(this.#shared, transmitter);
    this.#calls = new Calls(this.#outbox);
    this.#exchanges = new Exchanges({
      shared: this.#shared,
      outbox: this.#outbox,
      log: worker.log,
      calls: this.#calls,
      methods: worker.methods,
      idle: () => this.#ending.idle(),
      shutdown: (until, reason) => this.#ending.shutdown(until, reason),
    });
    this.#ending = new Ending(this.#exchanges, this.#calls, this.#exchanges.open, worker.hooks);
    this.host = hostWithin(this.#calls, { signal: undefined, until: Infinity });
    port1.on('message', (message: ArrayBuffer | Notice) => this.#receive(message));
    const data: LinkData = {
      ...link,
      port: port2,
      shared: this.#shared.buffer,
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
        this.#worker.log.error('the worker crashes: %s', stackOf(error));
        this.#ending.sayLast(ExitCode.failure, `uncaught exception: ${textOf(error)}`);
      }
    });
    process.on('exit', (code) => {
      this.#shared.set(Word.exits, 1);
      this.#ending.sayLast(code, `the worker has called process.exit(${code})`);
    });
    process.on('SIGTERM', () => {
      if (this.#shared.get(Word.signals) === 0) {
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
    this.#outbox.flush();
  }

  #deal(message: ArrayBuffer | Notice): void {
    try {
      if (this.#ending.exits) {
        return;
      }
      if (message instanceof ArrayBuffer) {
        this.#exchanges.take(message);
      } else {
        this.#notice(message);
      }
    } catch (error) {
      if (!(error instanceof Violation)) {
        throw error;
      }
      this.#ending.exit(ExitCode.violation, error.message);
    } finally {
      this.#shared.add(Word.seen, 1);
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
        this.#exchanges.open.get(notice.id)?.lost(new KinwireError(notice.code, notice.message));
        break;
      case 'drained':
        this.#outbox.drained();
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
    this.#outbox.limit = hello.maxFrame;
    const features = FEATURES.filter((f) => hello.features.includes(f));
    this.#worker.sink.level = hello.logLevel;
    if (features.includes('log')) {
      this.#worker.sink.outbox = this.#outbox;
    }
    if (!hello.versions.includes(VERSION)) {
      const message = `the host speaks version ${hello.versions.join(', ') || 'none'} of the protocol, this worker version ${VERSION}`;
      return this.#refuse(new KinwireError('unsupported_version', message));
    }
    const config = hello.config === undefined ? null : decode(Buffer.from(hello.config), 0, 'own');
    const { signal } = this.#ending;
    const failure = await initialise(this.#worker.inits, config, { signal, host: this.host, log: this.#worker.log });
    if (this.#ending.leaving) {
      return;
    }
    if (failure !== undefined) {
      return this.#refuse(failure);
    }
    this.#establish(hello, features);
  }

  /** Says that the worker is ready. */
  #establish(hello: Hello, features: Feature[]): void {
    const { methods, window: ourWindow, concurrency, maxFrame } = this.#worker;
    this.#ending.state = 'serving';
    const terms: Terms = {
      credit: features.includes('credit'),
      cancel: features.includes('cancel'),
      hostCall: features.includes('host-call'),
      ourWindow,
      theirWindow: hello.window,
      concurrency: hello.concurrency,
    };
    this.#exchanges.terms = terms;
    this.#calls.establish(terms);
    const names = [...methods.keys()];
    this.#port.postMessage({ kind: 'establish', methods: names, features } satisfies Order);
    this.#shared.set(Word.established, 1);
    this.#announce({ methods: names, features, concurrency, max_frame: maxFrame, window: ourWindow });
    this.#outbox.flush();
  }

  #announce(more: Record<string, unknown>): void {
    const { name, build } = this.#worker;
    this.#outbox.message(Type.initialized, { version: VERSION, name, build, sdk: SDK, pid: process.pid, ...more });
  }

  /** Tells the host why there will be no worker. */
  async #refuse(error: KinwireError): Promise<void> {
    this.#ending.state = 'refused';
    const message = cut(error.message, MAX_INIT_ERROR);
    const code = cut(error.code, 100);
    try {
      this.#announce({ error: { code, message, ...(error.data === undefined ? {} : { data: error.data }) } });
    } catch {
      this.#announce({ error: { code, message: cut(message, 256) } });
    }
    await this.#ending.leave(ExitCode.failure, message, `the worker could not be initialised: ${error.code}: ${message}`);
  }
}
