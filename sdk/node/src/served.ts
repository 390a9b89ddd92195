/** An exchange that the host has opened, and the handler that answers it. */

import type { Context, Method } from './context.js';
import { KinwireError, stackOf, toAnswer, toError } from './errors.js';
import { Balance, Consumed } from './flow.js';
import type { Host } from './host.js';
import { Inbox } from './inbox.js';
import type { Logger } from './log.js';
import type { Shared } from './memory.js';
import { EncodeError } from './msgpack/encode.js';
import { NOTHING, type Outbox } from './outbox.js';
import { EMPTY, END, ERROR, Type } from './protocol.js';

/** How long a canceled handler may go on until its exchange ends without it. */
const CANCEL_PATIENCE_MS = 1000;
/** The longest time that a timer takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** After so many values a synchronous generator lets others have a turn. */
const TURN = 256;

/** What all exchanges of a link share. */
export interface Surroundings {
  readonly shared: Shared;
  readonly outbox: Outbox;
  readonly log: Logger;
  /** Features in force, and the windows. */
  readonly credit: boolean;
  readonly ourWindow: number;
  readonly theirWindow: number;
  hostFor(context: Served): Host;
  meta(bytes: Buffer, start: number): Record<string, unknown>;
  payload(bytes: Buffer, start: number, end: number): unknown;
  /** The exchange has ended, and its handler has returned or is given up. */
  over(served: Served): void;
}

/** What the link thread knows of an opening Input. */
export interface Opening {
  id: number;
  slot: number;
  tag: number;
  method: string;
  timeoutMs: number;
  metaBytes: Buffer | undefined;
  metaStart: number;
}

/**
 * Served is one exchange, and the context of its handler. It ends once: by what the handler
 * returns, by an error, or by the link thread.
 */
export class Served implements Context {
  readonly method: string;
  readonly deadline: Date | undefined;
  readonly opening: Opening;
  /** Its END is sent. */
  ended = false;
  readonly #around: Surroundings;
  readonly #method: Method;
  #running = false;
  #controller: AbortController | undefined;
  #reason: KinwireError | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #cancelTimer: NodeJS.Timeout | undefined;
  #balance: Balance | undefined;
  #consumed: Consumed | undefined;
  #inbox: Inbox | undefined;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #host: Host | undefined;
  #meta: Record<string, unknown> | undefined;
  /** Monotonic; Infinity without a deadline. */
  readonly until: number;

  constructor(around: Surroundings, method: Method, opening: Opening) {
    this.#around = around;
    this.#method = method;
    this.opening = opening;
    this.method = opening.method;
    this.until = Infinity;
    if (opening.timeoutMs >= 0) {
      this.deadline = new Date(Date.now() + opening.timeoutMs);
      this.until = performance.now() + opening.timeoutMs;
      const left = Math.min(opening.timeoutMs, LONGEST_TIMER_MS);
      this.#deadlineTimer = setTimeout(() => this.#late(), left);
    }
    if (method.kind === 'values') {
      this.#inbox = this.#newInbox();
    }
  }

  // What a handler uses. Most use little of it, so it is made when it is asked for.

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  get host(): Host {
    this.#host ??= this.#around.hostFor(this);
    return this.#host;
  }

  get log(): Logger {
    return this.#around.log;
  }

  get meta(): Record<string, unknown> {
    const { metaBytes, metaStart } = this.opening;
    this.#meta ??= metaBytes === undefined ? {} : this.#around.meta(metaBytes, metaStart);
    return this.#meta;
  }

  // What the host sends.

  /** Takes an Input, whose payload is within `bytes`. */
  input(flags: number, bytes: Buffer, start: number, end: number, size: number): void {
    if ((flags & ERROR) !== 0) {
      const error = toError(this.#around.payload(bytes, start, end));
      this.#inputEnds({ error });
      return;
    }
    if ((flags & EMPTY) === 0) {
      this.#value(this.#around.payload(bytes, start, end), size);
    } else if (size > 0) {
      this.#consume(size);
    }
    if ((flags & END) !== 0) {
      this.#inputEnds();
    }
  }

  /** Starts a handler that takes values as they come. */
  start(): void {
    if (this.#inbox !== undefined) {
      this.#run(this.#inbox);
    }
  }

  #value(value: unknown, size: number): void {
    if (this.#inbox === undefined) {
      this.#consume(size); // a method that takes one value ignores further ones
      if (!this.#running && !this.ended) {
        this.#run(value);
      }
      return;
    }
    this.#inbox.push(value, size);
    if (!this.#around.credit && this.#inbox.flooded) {
      const error = new KinwireError('failed', 'too much of the input lies unread');
      this.#finish(error);
      this.#abort(error);
    }
  }

  #inputEnds(failure?: { error: unknown }): void {
    if (this.#inbox !== undefined) {
      this.#inbox.end(failure);
    } else if (!this.#running && !this.ended) {
      if (failure) {
        this.#finish(failure.error);
      } else {
        this.#run(undefined);
      }
    }
  }

  #consume(size: number): void {
    if (this.#around.credit && size > 0 && !this.ended) {
      this.#consumed ??= new Consumed(this.#around.ourWindow, (bytes) => this.#grant(bytes));
      this.#consumed.add(size);
    }
  }

  #grant(bytes: number): void {
    if (!this.ended) {
      this.#around.shared.balance(this.opening.slot, bytes);
      this.#around.outbox.message(Type.credit, this.opening.id, bytes);
    }
  }

  #newInbox(): Inbox {
    return new Inbox({
      consumed: (size) => this.#consume(size),
      discarded: (size) => {
        this.#consume(size);
        this.#consumed?.grantAll();
      },
      abandoned: () => this.#consumed?.grantAll(),
    });
  }

  /** Takes a Credit. */
  credit(bytes: number): void {
    this.#balanceOut().add(bytes);
  }

  // The handler.

  #run(input: unknown): void {
    this.#running = true;
    try {
      const handler = this.#method.handler as (input: unknown, context: Context) => unknown;
      const answer = handler(input, this);
      if (!isThenable(answer)) {
        this.#answer(answer);
        return;
      }
      // A thenable of another kind may throw, or settle twice.
      Promise.resolve(answer).then(
        (value) => this.#answer(value),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #answer(value: unknown): void {
    let iterator: ReturnType<typeof iteratorOf>;
    try {
      iterator = iteratorOf(value);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (iterator === undefined) {
      this.#last(value);
      return;
    }
    this.#iterator = iterator;
    this.#stream(iterator).catch((error) => this.#fail(error));
  }

  /** Sends what an iterator yields, and asks it for no more than there is credit for. */
  async #stream(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
    const balance = this.#balanceOut();
    const { outbox } = this.#around;
    for (let turn = 1; ; turn++) {
      while (!balance.positive && this.#live) {
        await balance.change();
      }
      while (!outbox.hasRoom && this.#live) {
        await outbox.room();
      }
      if (!this.#live) {
        break;
      }
      const next = iterator.next();
      const { done, value } = 'then' in next ? await next : next;
      if (done) {
        break;
      }
      const item = isThenable(value) ? await value : value;
      if (this.#live) {
        this.#send(balance, item);
      }
      if (turn % TURN === 0) {
        await new Promise(setImmediate);
      }
    }
    await iterator.return?.(undefined);
    if (this.#live) {
      // An END counts as well.
      while (!balance.positive && this.#live) {
        await balance.change();
      }
      this.#last(NOTHING);
    } else {
      this.#fail(this.#reason);
    }
  }

  /** Sends one of many values. */
  #send(balance: Balance, value: unknown): void {
    if (!this.#around.shared.isOpen(this.opening.slot, this.opening.tag)) {
      this.ended = true;
      return;
    }
    try {
      balance.spend(this.#around.outbox.output(this.opening.id, 0, value));
    } catch (error) {
      void this.#stopIterator();
      throw error;
    }
  }

  /** The exchange is open, and its caller still wants to hear of it. */
  get #live(): boolean {
    return !this.ended && this.#reason === undefined;
  }

  #balanceOut(): Balance {
    this.#balance ??= new Balance(this.#around.credit ? this.#around.theirWindow : Infinity);
    return this.#balance;
  }

  // The end.

  /** Ends the exchange with a last value. It has had no output before, or credit for more. */
  #last(value: unknown): void {
    if (this.#reason !== undefined) {
      this.#fail(this.#reason);
    } else if (this.#claim()) {
      try {
        this.#around.outbox.output(this.opening.id, END, value);
      } catch (error) {
        this.#report(error);
        this.#sendError(error);
      }
    }
    this.#over();
  }

  /** Ends the exchange for a handler that has thrown. */
  #fail(error: unknown): void {
    if (this.#reason === undefined && !this.ended) {
      this.#report(error);
    }
    this.#finish(this.#reason ?? error);
    this.#over();
  }

  /** Writes to the log what the worker's author has to know. */
  #report(error: unknown): void {
    if (error instanceof EncodeError) {
      this.#around.log.error("the answer of the method %j can't be sent: %s", this.method, error.message);
    } else if (!(error instanceof KinwireError) || error.code === 'panicked') {
      this.#around.log.error('the method %j has failed: %s', this.method, stackOf(error));
    }
  }

  /** Sends the END, unless it is sent. The handler may still run. */
  #finish(error: unknown): void {
    if (this.#claim()) {
      this.#sendError(error);
    }
  }

  #claim(): boolean {
    const mine = !this.ended && this.#around.shared.claim(this.opening.slot, this.opening.tag);
    this.ended = true;
    return mine;
  }

  #sendError(error: unknown): void {
    const { outbox } = this.#around;
    const { id } = this.opening;
    const answer = toAnswer(error);
    const map: Record<string, unknown> = { code: answer.code, message: answer.message };
    try {
      outbox.output(id, END | ERROR, answer.data === undefined ? map : { ...map, data: answer.data });
      return;
    } catch (unsendable) {
      if (unsendable instanceof EncodeError) {
        this.#around.log.error("the data of the error %j can't be sent: %s", answer.code, unsendable.message);
      }
    }
    try {
      outbox.output(id, END | ERROR, map);
    } catch {
      outbox.output(id, END | ERROR, { code: answer.code.slice(0, 100), message: 'the error is larger than the host accepts' });
    }
  }

  #over(): void {
    clearTimeout(this.#deadlineTimer);
    clearTimeout(this.#cancelTimer);
    this.#inbox?.abort(new KinwireError('canceled', 'the exchange is over'));
    this.#reason ??= FINISHED;
    this.#around.over(this);
  }

  /** The opener gives up, or the worker is to end: the handler is told, and has a moment. */
  cancel(reason: KinwireError): void {
    if (this.#abort(reason)) {
      if (this.#running) {
        this.#cancelTimer = setTimeout(() => this.#finish(reason), CANCEL_PATIENCE_MS);
      } else {
        this.#fail(reason);
      }
    }
  }

  /** The exchange was ended by the link thread, or the link is over. */
  lost(reason: KinwireError): void {
    this.ended = true;
    this.#abort(reason);
  }

  /** Ends the exchange now if its handler has not heeded the signal. */
  giveUp(): void {
    if (this.#reason !== undefined) {
      this.#finish(this.#reason);
    }
  }

  #late(): void {
    const left = this.until - performance.now();
    if (left > 1) {
      this.#deadlineTimer = setTimeout(() => this.#late(), Math.min(left, LONGEST_TIMER_MS));
      return;
    }
    const reason = new KinwireError('deadline_exceeded', 'the time was up before the handler was done');
    this.#abort(reason);
    this.#finish(this.#reason ?? reason);
    if (!this.#running) {
      this.#over();
    }
  }

  /** Aborts the signal, unless it is; the first reason stays. */
  #abort(reason: KinwireError): boolean {
    if (this.#reason !== undefined) {
      return false;
    }
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#inbox?.abort(reason);
    this.#balance?.wake();
    void this.#stopIterator();
    return true;
  }

  /** Tells the iterator that nobody wants more of it. */
  async #stopIterator(): Promise<void> {
    try {
      await this.#iterator?.return?.(undefined);
    } catch {
      // Nobody is left whom it could interest.
    }
  }
}

/** Why the signal of a call that has ended is aborted, for those who hold on to it. */
const FINISHED = new KinwireError('canceled', 'the call has ended');

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

/** Returns the iterator of an answer of many values: an async iterable, or a generator. */
function iteratorOf(value: unknown): Iterator<unknown> | AsyncIterator<unknown> | undefined {
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  if (Symbol.asyncIterator in value) {
    return (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }
  if (Symbol.iterator in value && 'next' in value && typeof value.next === 'function') {
    return (value as Iterable<unknown>)[Symbol.iterator]();
  }
  return undefined;
}
