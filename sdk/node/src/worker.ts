/** What a worker program writes: its methods, and what happens before and after them. */

import { inspect } from 'node:util';
import { claim } from './claim.js';
import type { Any, DuplexHandler, Handler, Method } from './context.js';
import { ExitCode } from './errors.js';
import type { Host } from './host.js';
import { type Logger, LogSink, newLogger } from './log.js';
import { DEFAULT_MAX_FRAME, LEAST_MAX_FRAME, MAX_INT31 } from './protocol.js';
import { Session } from './session.js';

/** What may be said of a worker. Nothing has to. */
export interface WorkerOptions {
  /** What the worker calls itself. If left out, the name of its program. */
  name?: string;
  /** The build of the worker, for the host to see. */
  build?: string;
  /** How many calls the host may have open at a time, 65536 at the most. If left out, 1024. */
  concurrency?: number;
  /** How many bytes of a stream the host may send ahead of the handler that reads it. If left out, 128 KiB. */
  window?: number;
  /** The largest frame accepted, in bytes, 4096 at the least. If left out, 16 MiB. */
  maxFrame?: number;
}

/** What {@link Worker.init} functions are given besides the configuration. */
export interface InitContext {
  /** Aborts when the host is gone, and when the worker is to end. */
  readonly signal: AbortSignal;
  /** The host's methods; it takes calls once the worker is ready. */
  readonly host: Host;
  readonly log: Logger;
}

export type Init<Config = Any> = (config: Config, context: InitContext) => unknown;

/** The one worker of this process that has the link. */
let running: Worker | undefined;

/** A worker as its session needs it. */
export interface Definition {
  readonly name: string;
  readonly build: string;
  readonly concurrency: number;
  readonly window: number;
  readonly maxFrame: number;
  readonly methods: ReadonlyMap<string, Method>;
  readonly inits: readonly Init[];
  readonly sink: LogSink;
  readonly log: Logger;
  readonly hooks: readonly ((reason: string) => unknown)[];
}

/**
 * A worker program: methods by their name, and the rest is done for it.
 *
 * ```js
 * import { Worker } from 'kinwire';
 *
 * const worker = new Worker({ name: 'hello' });
 * worker.method('greet', (name) => `Hello, ${name}!`);
 * await worker.run();
 * ```
 *
 * Handlers run on the main thread, as in any server. What they throw fails their call and
 * nothing else. What is thrown outside of them, or a rejection that nobody handles, ends the
 * process with 1 as in any Node program, once the host has been told; a listener of
 * `uncaughtException` changes that, also as in any.
 */
export class Worker {
  readonly #options: Required<WorkerOptions>;
  readonly #methods = new Map<string, Method>();
  readonly #inits: Init[] = [];
  readonly #hooks: ((reason: string) => unknown)[] = [];
  readonly #sink = new LogSink();
  readonly #log = newLogger(this.#sink);
  #session: Session | undefined;

  constructor(options: WorkerOptions = {}) {
    if (typeof options !== 'object' || options === null) {
      throw new TypeError('a worker takes an object of options: new Worker({ name: "hello" })');
    }
    const program = process.argv[1]?.split(/[\\/]/).at(-1) ?? 'worker';
    this.#options = {
      name: text('name', options.name ?? program),
      build: text('build', options.build ?? ''),
      concurrency: inRange('concurrency', options.concurrency ?? 1024, 1, 65536),
      window: inRange('window', options.window ?? 128 << 10, 1, MAX_INT31),
      maxFrame: inRange('maxFrame', options.maxFrame ?? DEFAULT_MAX_FRAME, LEAST_MAX_FRAME, MAX_INT31),
    };
    process.on('exit', (code) => {
      if (code === 0 && running === undefined && !('problem' in claim)) {
        process.stderr.write('the worker was never run: is `await worker.run()` missing?\n');
      }
    });
  }

  /**
   * Adds a method that takes one value. It answers with what the handler returns, or resolves
   * to; a generator or another async iterable answers with many values, and is not asked for
   * more than the caller is ready to take. `""` is the method that `kinwire run` calls if it
   * is given none.
   *
   * @throws {Error} if there is such a method, or the worker runs
   */
  method<In = Any>(name: string, handler: Handler<In>): this {
    return this.#add(name, { kind: 'value', handler });
  }

  /**
   * Adds a method that takes many values, as they come: the handler is given an async
   * iterable. It answers as that of {@link method} does.
   *
   * @throws {Error} if there is such a method, or the worker runs
   */
  duplex<In = Any>(name: string, handler: DuplexHandler<In>): this {
    return this.#add(name, { kind: 'values', handler });
  }

  /**
   * Runs f once before the first call, with the configuration that the host has for this
   * worker: null if it has none. If it throws there will be no worker, and the host is told why.
   */
  init<Config = Any>(f: Init<Config>): this {
    this.#inits.push(callable('init', f));
    return this;
  }

  /**
   * Runs f when the worker ends in order, or because its host is gone: once no handler runs any
   * more, or those that do have had their time. It has what is left of the grace, 0.3 s at the
   * least.
   */
  onShutdown(f: (reason: string) => unknown): this {
    this.#hooks.push(callable('onShutdown', f));
    return this;
  }

  /** The worker's log: standard error before the host has said hello, and if it wants none. */
  get log(): Logger {
    return this.#log;
  }

  /**
   * The host's methods, for calls that belong to no handler.
   *
   * @throws {Error} before the worker runs
   */
  get host(): Host {
    if (this.#session === undefined) {
      throw new Error('worker.host is there once worker.run() was called');
    }
    return this.#session.host;
  }

  /**
   * Serves the host that has started this process, and ends the process with
   *
   * | code | when |
   * |---|---|
   * | 0 | after a shutdown, the host's or that of SIGTERM |
   * | 1 | init failed, no version is common, or something was thrown outside of a handler |
   * | 64 | no host has started it |
   * | 65 | the host broke the protocol |
   * | 69 | the host is gone |
   */
  run(): Promise<never> {
    if (running !== undefined) {
      throw new Error(running === this ? 'the worker runs already' : 'another worker of this process runs already');
    }
    if ('problem' in claim) {
      const program = process.argv[1] === undefined ? 'worker.mjs' : process.argv[1];
      process.stderr.write(
        `this is a kinwire worker, and is started by a host: try \`kinwire run -- node ${program}\` (${claim.problem})\n`,
      );
      process.exit(ExitCode.usage);
    }
    running = this;
    this.#session = new Session(
      {
        ...this.#options,
        methods: this.#methods,
        inits: this.#inits,
        hooks: this.#hooks,
        sink: this.#sink,
        log: this.#log,
      },
      claim,
    );
    return new Promise(() => {});
  }

  #add(name: string, method: Method): this {
    if (typeof name !== 'string' || typeof method.handler !== 'function') {
      throw new TypeError('a method has a name and a handler: worker.method("greet", (name) => ...)');
    }
    if (this.#methods.has(name)) {
      throw new Error(`the method ${JSON.stringify(name)} is there already`);
    }
    if (this.#session !== undefined) {
      throw new Error(`the worker runs: the method ${JSON.stringify(name)} comes too late`);
    }
    if (name.startsWith('kinwire.')) {
      throw new Error(`the method ${JSON.stringify(name)}: names that begin with "kinwire." are the protocol's`);
    }
    this.#methods.set(name, method);
    return this;
  }
}

function text(name: string, value: string): string {
  if (typeof value !== 'string') {
    throw new TypeError(`${name} is ${inspect(value)}, and not a string`);
  }
  return value;
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} is ${inspect(value)}, and not an integer from ${least} to ${most}`);
  }
  return value;
}

function callable<F>(name: string, f: F): F {
  if (typeof f !== 'function') {
    throw new TypeError(`worker.${name} takes a function`);
  }
  return f;
}
