/** One run of a worker: from Initialize to the exit of the process. */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker as Thread } from 'node:worker_threads';
import { type Batch, Field, type LinkData, type Notice, type Order, unpack } from './batch.js';
import { now } from './clock.js';
import { ExitCode, KinwireError, stackOf, textOf, toAnswer, Violation } from './errors.js';
import { cut } from './frames.js';
import { Calls, type Host } from './host.js';
import type { Logger, LogSink } from './log.js';
import { decode } from './msgpack/decode.js';
import { Outbox } from './outbox.js';
import { FEATURES, type Hello, TERM_GRACE_MS, Type, VERSION } from './protocol.js';
import { Served, type Surroundings } from './served.js';
import { Shared, Word } from './shared.js';
import { Transmitter } from './transmit.js';
import { SDK } from './version.js';
import type { Definition } from './worker.js';

/** How long handlers may go on once the grace is over, or the host is gone. */
const AFTER_GRACE_MS = 250;
/** How long hooks may go on then, even if handlers have taken longer. */
const HOOKS_MS = 450;
/** How long a worker that ends of its own and has nothing to do waits for the host's word. */
const HEARING_MS = 1000;
/** How long the last frame may take to be written. */
const FAREWELL_MS = 150;
/** For how many milliseconds an exit waits for who looks into this thread. */
const PATIENCE = 100;
/** How much of a reason is told, and of an error of init. */
const MAX_REASON = 1024;
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
  /** Aborts when the worker is to end. */
  readonly #ending = new AbortController();
  /** The batch at hand has one frame. */
  #alone = false;
  #greeted = false;
  #initialized = false;
  /** Initialized is on its way, whatever it says. */
  #announced = false;
  #leaving = false;
  /** When the grace ends, once there is one. */
  #graceTimer: NodeJS.Timeout | undefined;
  #graceUntil = Infinity;
  #reason: string | undefined;
  /** SIGTERM has come, and the host has not answered it. */
  #hearing = false;
  #hearingTimer: NodeJS.Timeout | undefined;

  constructor(worker: Definition, link: { readFd: number; writeFd: number }) {
    this.#worker = worker;
    this.ourWindow = worker.window;
    this.shared = new Shared(worker.concurrency);
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
    const thread = new Thread(new URL('./link/thread.js', import.meta.url), {
      name: 'kinwire',
      workerData: data,
      transferList: [port2],
      execArgv: [],
      env: {},
    });
    thread.on('error', (error) => this.#exit(ExitCode.failure, `kinwire failed: ${stackOf(error)}`));
    thread.on('exit', () => this.#exit(ExitCode.orphaned, 'kinwire failed: the thread of the link has ended'));
    this.#listen(order);
  }

  /** Listens to what may end the process behind this package's back. */
  #listen(order: (o: Order) => void): void {
    process.on('uncaughtExceptionMonitor', (error) => {
      if (process.listenerCount('uncaughtException') === 0) {
        this.log.error('the worker crashes: %s', stackOf(error));
        this.#sayLast(ExitCode.failure, `uncaught exception: ${textOf(error)}`);
      }
    });
    process.on('exit', (code) => this.#sayLast(code, `the worker has called process.exit(${code})`));
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
        this.#exit(ExitCode.violation, notice.message);
        break;
      case 'gone':
        void this.#orphaned(notice.why, notice.at);
        break;
      case 'ended':
        this.#open.get(notice.id)?.lost(new KinwireError(notice.code, notice.message));
        break;
      case 'drained':
        this.outbox.drained();
        break;
      case 'terminate':
        this.#terminate(notice.until);
        break;
      default:
    }
  }

  // The handshake.

  async #start(hello: Hello): Promise<void> {
    this.#greeted = true;
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
    if (this.#leaving) {
      return;
    }
    if (failure !== undefined || this.#ending.signal.aborted) {
      return this.#refuse(failure ?? toAnswer(this.#ending.signal.reason));
    }
    this.#initialized = true;
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
    this.#announced = true;
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
    const message = cut(error.message, MAX_INIT_ERROR >> 2);
    const code = cut(error.code, 100);
    try {
      this.#announce({ error: { code, message, ...(error.data === undefined ? {} : { data: error.data }) } });
    } catch {
      this.#announce({ error: { code, message: cut(message, 256) } });
    }
    await this.#leave(ExitCode.failure, message, `the worker could not be initialised: ${error.code}: ${message}`);
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
            this.#exit(ExitCode.violation, new Violation('credit', `an Output of ${id} without credit`).message);
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
          this.#shutdown(at(Field.number), text(b, index, i));
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
    if (this.#reason !== undefined && this.#open.size === 0) {
      setImmediate(() => this.#idle());
    }
  }

  // The end.

  #shutdown(until: number, reason: string): void {
    this.#hearing = false;
    this.#reason ??= reason;
    this.#grace(until);
    this.#idle();
  }

  #terminate(until: number): void {
    const error = new KinwireError('canceled', 'the worker was told to end: SIGTERM');
    if (!this.#initialized) {
      this.#ending.abort(error);
      if (!this.#greeted) {
        this.#exit(ExitCode.shutdown);
      }
      return;
    }
    this.#hearing = this.#reason === undefined;
    this.#reason ??= 'SIGTERM';
    this.#grace(until);
    this.#idle();
  }

  /** Sets the grace anew. */
  #grace(until: number): void {
    clearTimeout(this.#graceTimer);
    this.#graceUntil = until;
    this.#graceTimer = setTimeout(() => void this.#end(), Math.min(Math.max(0, until - now()), 2 ** 31 - 1));
  }

  /** Ends once nothing is open: at once, or when the host has had time to say so. */
  #idle(): void {
    if (this.#open.size > 0 || this.#leaving) {
      return;
    }
    clearTimeout(this.#hearingTimer);
    if (this.#hearing) {
      this.#hearingTimer = setTimeout(() => {
        this.#hearing = false;
        this.#idle();
      }, HEARING_MS);
    } else {
      void this.#end();
    }
  }

  /** Ends what is open, runs the hooks, and says goodbye. */
  async #end(): Promise<void> {
    if (this.#leaving) {
      return;
    }
    this.#leaving = true;
    const reason = this.#reason ?? '';
    const error = new KinwireError('canceled', reasonOf('the worker is shutting down', reason));
    await this.#cancelAll(error, Math.min(this.#graceUntil, now()));
    await this.#runHooks(reason, this.#graceUntil);
    await this.#leave(ExitCode.shutdown, reason);
  }

  /** Tells all handlers to stop, and gives them a moment. */
  async #cancelAll(error: KinwireError, since: number): Promise<void> {
    this.#ending.abort(error);
    for (const served of this.#open.values()) {
      served.cancel(error);
    }
    await this.#until(() => this.#open.size === 0, since + AFTER_GRACE_MS);
    for (const served of this.#open.values()) {
      served.giveUp();
    }
  }

  async #until(condition: () => boolean, end: number): Promise<void> {
    while (!condition() && now() < end) {
      await sleep(5);
    }
  }

  /** Runs the hooks, which may go on for a moment after the grace. */
  async #runHooks(reason: string, over: number): Promise<void> {
    const hooks = this.#worker.hooks.map(async (hook) => {
      try {
        await hook(reason);
      } catch (error) {
        this.log.error('a shutdown hook has failed: %s', stackOf(error));
      }
    });
    await Promise.race([Promise.all(hooks), sleep(over + HOOKS_MS - now())]);
  }

  /** The link has ended: nobody is left to tell. */
  async #orphaned(why: string, since: number): Promise<void> {
    const gone = new KinwireError('host_gone', `the host is gone: ${why}`);
    const wasLeaving = this.#leaving;
    this.#leaving = true;
    this.#calls.end(gone);
    this.outbox.drained();
    for (const served of this.#open.values()) {
      served.lost(gone);
    }
    this.#ending.abort(gone);
    if (!wasLeaving && this.#initialized) {
      await this.#until(() => this.#open.size === 0, since + AFTER_GRACE_MS);
      await this.#runHooks(gone.message, since);
    }
    this.#exit(ExitCode.orphaned, gone.message);
  }

  /** Says goodbye, waits until that is written, and exits. */
  async #leave(code: number, reason: string, line?: string): Promise<void> {
    this.#leaving = true;
    this.#sayLast(code, reason);
    await this.#until(() => this.outbox.waiting === 0, now() + FAREWELL_MS);
    if (this.outbox.waiting > 0) {
      this.#exit(ExitCode.orphaned, 'the host is gone: it does not read');
    } else {
      this.#exit(code, line);
    }
  }

  /** Sends Exiting, behind all else, unless it was sent. */
  #sayLast(code: number, reason: string): void {
    if (this.shared.get(Word.last) === 1) {
      return;
    }
    if (this.#announced) {
      this.outbox.message(Type.exiting, code, cut(reason, MAX_REASON));
      this.outbox.flush('last');
    } else {
      this.shared.set(Word.last, 1);
    }
  }

  /** Exits, once nobody looks into this thread: Node would wait for that, and say so. */
  #exit(code: number, line?: string, patience = PATIENCE): void {
    this.shared.set(Word.last, 1);
    if (line !== undefined) {
      process.stderr.write(`${line}\n`);
    }
    if (this.shared.get(Word.inspected) === 1 && patience > 0) {
      setTimeout(() => this.#exit(code, undefined, patience - 1), 1);
    } else {
      // The thread learns that its session is over when the loop has turned once more.
      setTimeout(() => process.exit(code), patience < PATIENCE ? 5 : 0);
    }
  }
}

/** Returns the str of a record. */
function text(b: Buffer, index: Float64Array, i: number): string {
  const start = index[i + Field.textStart] as number;
  return start < 0 ? '' : b.toString('utf8', start, index[i + Field.textEnd] as number);
}

function reasonOf(what: string, reason: string): string {
  return reason === '' ? what : `${what}: ${cut(reason, MAX_REASON)}`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
