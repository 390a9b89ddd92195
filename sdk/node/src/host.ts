/** Calls from the worker to its host. */

import { KinwireError, toError } from './errors.js';
import { Balance, Consumed } from './flow.js';
import { Inbox } from './inbox.js';
import { NOTHING, type Outbox } from './outbox.js';
import { EMPTY, END, ERROR, Type } from './protocol.js';

/** Bounds a call of the host. */
export interface CallOptions {
  /** Gives up the call. It rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The most milliseconds that the call may take. What its own handler's caller has left bounds it as well. */
  timeout?: number;
  /** Travels with the call; an application's keys have a dot in them. */
  meta?: Record<string, unknown>;
}

/**
 * The host's methods. Calls beyond those that the host lets be open at a time wait for a
 * place. They reject with a `KinwireError`: the host's, or `canceled`, `deadline_exceeded`,
 * or `host_gone` as soon as the link has ended.
 */
export interface Host {
  /** Calls a method and resolves to its answer: the first value, if there are more. */
  call<Out = unknown>(method: string, input?: unknown, options?: CallOptions): Promise<Out>;

  /**
   * Calls a method that answers with many values. The call begins with the first `next()`;
   * ending the loop early gives it up. The host sends no more ahead than the worker's window.
   */
  stream<Out = unknown>(method: string, input?: unknown, options?: CallOptions): AsyncIterableIterator<Out>;

  /**
   * Calls a method with many values, and iterates over the many that it answers with. The
   * inputs are asked for as the host takes them.
   */
  duplex<Out = unknown>(
    method: string,
    inputs: Iterable<unknown> | AsyncIterable<unknown>,
    options?: CallOptions,
  ): AsyncIterableIterator<Out>;
}

/** What ends a call besides itself: that of the handler which makes it. */
export interface Bounds {
  readonly signal: AbortSignal | undefined;
  /** Monotonic, in milliseconds. */
  readonly until: number;
}

/** What takes the answer. */
interface Receiver {
  value(value: unknown, size: number): void;
  end(): void;
  fail(error: unknown): void;
}

/** An exchange that the worker has opened, or is to open when there is a place. */
interface Opened {
  id: number;
  state: 'queued' | 'open' | 'canceled' | 'over';
  receiver: Receiver;
  balance: Balance;
  /** What the host may still send. */
  theirs: number;
  consumed: Consumed;
  /** Sends the opening Input. */
  open(): void;
  release(): void;
}

/** What calls need of their link. */
export interface Terms {
  credit: boolean;
  cancel: boolean;
  hostCall: boolean;
  ourWindow: number;
  theirWindow: number;
  concurrency: number;
}

/** Calls are the exchanges that the worker has open with its host. */
export class Calls {
  readonly #outbox: Outbox;
  readonly #open = new Map<number, Opened>();
  readonly #queue: Opened[] = [];
  #terms: Terms | undefined;
  #gone: KinwireError | undefined;
  #nextId = 2;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** The handshake is over. */
  establish(terms: Terms): void {
    this.#terms = terms;
  }

  /** Fails all calls, and those to come. */
  end(gone: KinwireError): void {
    this.#gone = gone;
    for (const call of [...this.#open.values(), ...this.#queue]) {
      this.#fail(call, gone);
    }
    this.#queue.length = 0;
    this.#open.clear();
  }

  /** Takes an Output. Reports false if the host had no credit for it. */
  output(id: number, flags: number, payload: () => unknown, size: number): boolean {
    const call = this.#open.get(id);
    if (call === undefined) {
      return true;
    }
    const counts = this.#terms?.credit === true && (flags & ERROR) === 0;
    if (counts && call.theirs <= 0) {
      return false;
    }
    const last = (flags & (END | ERROR)) !== 0;
    if (counts && !last) {
      call.theirs -= size;
    }
    if (call.state === 'open') {
      if ((flags & ERROR) !== 0) {
        call.receiver.fail(toError(payload()));
      } else if ((flags & EMPTY) === 0) {
        call.receiver.value(payload(), last ? 0 : size);
      } else if (!last) {
        call.consumed.add(size);
      }
    } else if (!last) {
      call.consumed.add(size);
      call.consumed.grantAll();
    }
    if (last) {
      this.#over(call);
    }
    return true;
  }

  credit(id: number, bytes: number): void {
    this.#open.get(id)?.balance.add(bytes);
  }

  /** Returns the methods of the host, for a handler or for the whole worker. */
  within(bounds: Bounds): Host {
    return {
      call: <Out>(method: string, input?: unknown, options: CallOptions = {}) => this.#call(bounds, method, input, options) as Promise<Out>,
      stream: <Out>(method: string, input?: unknown, options: CallOptions = {}) =>
        this.#stream(bounds, method, input, undefined, options) as AsyncIterableIterator<Out>,
      duplex: <Out>(method: string, inputs: Iterable<unknown> | AsyncIterable<unknown>, options: CallOptions = {}) =>
        this.#stream(bounds, method, NOTHING, inputs, options) as AsyncIterableIterator<Out>,
    };
  }

  #call(bounds: Bounds, method: string, input: unknown, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#start(bounds, method, END, input ?? null, options, {
        value: resolve,
        end: () => resolve(undefined),
        fail: reject,
      });
    });
  }

  async *#stream(
    bounds: Bounds,
    method: string,
    input: unknown,
    inputs: Iterable<unknown> | AsyncIterable<unknown> | undefined,
    options: CallOptions,
  ): AsyncGenerator<unknown, void> {
    let call: Opened | undefined;
    const inbox = new Inbox({
      consumed: (size) => call?.consumed.add(size),
      discarded: (size) => {
        call?.consumed.add(size);
        call?.consumed.grantAll();
      },
      abandoned: () => call && this.#giveUp(call, 'the caller has stopped reading'),
    });
    const receiver: Receiver = {
      value: (value, size) => {
        inbox.push(value, size);
        if (call !== undefined && this.#terms?.credit !== true && inbox.flooded) {
          this.#abandon(call, new KinwireError('overloaded', 'too much of the answer lies unread'));
        }
      },
      end: () => inbox.end(),
      fail: (error) => (error instanceof KinwireError && error === this.#gone ? inbox.abort(error) : inbox.end({ error })),
    };
    const flags = inputs === undefined ? END : 0;
    call = this.#start(bounds, method, flags, input ?? null, options, receiver);
    if (inputs !== undefined && call !== undefined) {
      void this.#sendAll(call, inputs);
    }
    yield* inbox;
  }

  /** Sends the further values of an exchange, as the host grants credit for them. */
  async #sendAll(call: Opened, inputs: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
    const ready = async () => {
      while (!call.balance.positive && call.state === 'open') {
        await call.balance.change();
      }
      while (call.state === 'queued' || (call.state === 'open' && !this.#outbox.hasRoom)) {
        await (call.state === 'queued' ? call.balance.change() : this.#outbox.room());
      }
      return call.state === 'open';
    };
    try {
      if (!(await ready())) {
        return;
      }
      for await (const value of inputs) {
        if (call.state !== 'open') {
          return;
        }
        call.balance.spend(this.#outbox.input(call.id, 0, null, null, value));
        if (!(await ready())) {
          return;
        }
      }
      if (await ready()) {
        this.#outbox.input(call.id, END, null, null, NOTHING);
      }
    } catch (error) {
      this.#abandon(call, error);
    }
  }

  /** Opens an exchange, or queues it, or fails it. */
  #start(bounds: Bounds, method: string, flags: number, input: unknown, options: CallOptions, receiver: Receiver): Opened | undefined {
    const terms = this.#terms;
    const signals = [bounds.signal, options.signal].filter((s) => s !== undefined);
    const aborted = signals.find((s) => s.aborted);
    const until = Math.min(bounds.until, options.timeout === undefined ? Infinity : performance.now() + options.timeout);
    const refusal =
      this.#gone ??
      (terms === undefined ? new KinwireError('unknown_method', 'the host takes no calls before the worker is ready') : undefined) ??
      (terms?.hostCall === false ? new KinwireError('unknown_method', 'the host takes no calls') : undefined) ??
      aborted?.reason;
    if (refusal !== undefined || terms === undefined) {
      receiver.fail(refusal);
      return undefined;
    }
    const call: Opened = {
      id: this.#nextId,
      state: 'queued',
      receiver,
      balance: new Balance(terms.credit ? terms.theirWindow : Infinity),
      theirs: terms.ourWindow,
      consumed: new Consumed(terms.ourWindow, (bytes) => {
        if (terms.credit && (call.state === 'open' || call.state === 'canceled')) {
          call.theirs += bytes;
          this.#outbox.message(Type.credit, call.id, bytes);
        }
      }),
      open: () => {
        const left = until - performance.now();
        const meta = left === Infinity ? (options.meta ?? null) : { ...options.meta, timeout_ms: Math.max(0, Math.ceil(left)) };
        try {
          this.#outbox.input(call.id, flags, method, meta, input);
        } catch (error) {
          this.#fail(call, error);
          return;
        }
        call.state = 'open';
        this.#open.set(call.id, call);
        call.balance.wake();
      },
      release: () => {},
    };
    this.#nextId += 2;
    this.#bound(call, signals, until);
    if (this.#open.size < terms.concurrency) {
      call.open();
    } else {
      this.#queue.push(call);
    }
    return call;
  }

  /** Gives the call up when its time is over or a signal says so. */
  #bound(call: Opened, signals: AbortSignal[], until: number): void {
    const timer =
      until === Infinity
        ? undefined
        : setTimeout(
            () => this.#abandon(call, new KinwireError('deadline_exceeded', 'the time was up before the host has answered')),
            Math.min(Math.max(0, until - performance.now()), 2 ** 31 - 1),
          );
    const stops = signals.map((signal) => {
      const stop = () => this.#abandon(call, signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      return () => signal.removeEventListener('abort', stop);
    });
    call.release = () => {
      clearTimeout(timer);
      for (const stop of stops) {
        stop();
      }
    };
  }

  /** Fails a call that its caller does not want any more. */
  #abandon(call: Opened, error: unknown): void {
    if (call.state === 'open' || call.state === 'queued') {
      const { receiver } = call;
      this.#giveUp(call, error instanceof Error ? error.message : String(error));
      receiver.fail(error);
    }
  }

  /** Tells the host that a call is not wanted any more. */
  #giveUp(call: Opened, reason: string): void {
    if (call.state === 'queued') {
      this.#queue.splice(this.#queue.indexOf(call), 1);
      call.state = 'over';
    } else if (call.state === 'open') {
      call.state = 'canceled';
      call.consumed.grantAll();
      if (this.#terms?.cancel) {
        this.#outbox.message(Type.cancel, call.id, reason.slice(0, 1000));
      }
    }
    call.release();
    call.balance.wake();
  }

  #fail(call: Opened, error: unknown): void {
    const told = call.state === 'canceled' || call.state === 'over';
    call.state = 'over';
    call.release();
    call.balance.wake();
    if (!told) {
      call.receiver.fail(error);
    }
  }

  /** An exchange has ended, and its place goes to the next. */
  #over(call: Opened): void {
    const open = call.state === 'open';
    call.state = 'over';
    this.#open.delete(call.id);
    call.release();
    call.balance.wake();
    if (open) {
      call.receiver.end();
    }
    const terms = this.#terms;
    while (terms && this.#open.size < terms.concurrency) {
      const next = this.#queue.shift();
      if (next === undefined) {
        break;
      }
      next.open();
    }
  }
}
