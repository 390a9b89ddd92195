/** An exchange that the host has opened, and the handler that answers it. */

import { CallContext } from './call-context.js';
import { LONGEST_TIMER_MS } from './clock.js';
import type { Context, Method } from './context.js';
import { KinwireError, toError } from './errors.js';
import { Consumed } from './flow.js';
import type { FrameReader } from './frame-reader.js';
import type { Bounds, Host } from './host.js';
import { Inbox } from './inbox.js';
import { NOTHING } from './outbox.js';
import { type AnyIterator, isThenable, iteratorOfAnswer, quit, sendAll } from './outflow.js';
import { CANCEL_PATIENCE_MS, EMPTY, END, ERROR, Type } from './protocol.js';
import { type Place, Reply, type ReplyLink } from './reply.js';

/** What all exchanges of a link share. */
export interface Surroundings extends ReplyLink {
  hostFor(bounds: Bounds): Host;
  /** The exchange has ended, and its handler has returned or is given up. */
  over(served: Served): void;
}

/** What the link thread knows of an opening Input. */
export interface Opening extends Place {
  /** Below 0 if there is none. */
  readonly timeoutMs: number;
  readonly meta: (() => Record<string, unknown>) | undefined;
}

/**
 * Served is one exchange. It ends once: by what the handler returns, by an error, or by the
 * link thread.
 */
export class Served implements Bounds {
  readonly opening: Opening;
  /** When the caller's time is up, on the monotonic clock; Infinity without a deadline. */
  readonly until: number;
  readonly #around: Surroundings;
  readonly #method: Method;
  readonly #reply: Reply;
  #running = false;
  #controller: AbortController | undefined;
  #reason: KinwireError | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #cancelTimer: NodeJS.Timeout | undefined;
  #consumed: Consumed | undefined;
  #inbox: Inbox | undefined;
  #iterator: AnyIterator | undefined;

  constructor(around: Surroundings, method: Method, opening: Opening) {
    this.#around = around;
    this.#method = method;
    this.#reply = new Reply(around, opening);
    this.opening = opening;
    this.until = Infinity;
    if (opening.timeoutMs >= 0) {
      this.until = performance.now() + opening.timeoutMs;
      this.#deadlineTimer = setTimeout(() => this.#late(), Math.min(opening.timeoutMs, LONGEST_TIMER_MS));
    }
    if (method.kind === 'values') {
      this.#inbox = this.#newInbox();
    }
  }

  /** The link thread has ended it, and this thread has not heard of that. */
  get wasTaken(): boolean {
    return this.#reply.wasTaken;
  }

  /** Aborts when the handler is to stop. Most handlers don't ask for it, so it is made when they do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  // What the host sends.

  /** Takes an Input of which so many bytes count. */
  input(frame: FrameReader, size: number): void {
    const { flags } = frame;
    if ((flags & ERROR) !== 0) {
      this.#inputEnds({ error: toError(frame.payload()) });
      return;
    }
    if ((flags & EMPTY) === 0) {
      this.#value(frame.payload(), size);
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
      if (!this.#running && !this.#reply.ended) {
        this.#run(value);
      }
      return;
    }
    this.#inbox.push(value, size);
    if (!this.#around.terms.credit && this.#inbox.flooded) {
      const error = new KinwireError('failed', 'too much of the input lies unread');
      this.#reply.fail(error);
      this.#abort(error);
    }
  }

  #inputEnds(failure?: { error: unknown }): void {
    if (this.#inbox !== undefined) {
      this.#inbox.end(failure);
    } else if (!this.#running && !this.#reply.ended) {
      if (failure) {
        this.#fail(failure.error);
      } else {
        this.#run(undefined);
      }
    }
  }

  #consume(size: number): void {
    const { credit, ourWindow } = this.#around.terms;
    if (credit && size > 0 && !this.#reply.ended) {
      this.#consumed ??= new Consumed(ourWindow, (bytes) => this.#grant(bytes));
      this.#consumed.add(size);
    }
  }

  #grant(bytes: number): void {
    if (!this.#reply.ended) {
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
    this.#reply.balance.add(bytes);
  }

  // The handler.

  #run(input: unknown): void {
    this.#running = true;
    try {
      const handler = this.#method.handler as (input: unknown, context: Context) => unknown;
      const answer = handler(input, new CallContext(this, this.#around));
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
    let iterator: AnyIterator | undefined;
    try {
      iterator = iteratorOfAnswer(value);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (iterator === undefined) {
      this.#last(value);
      return;
    }
    this.#iterator = iterator;
    sendAll(this.#reply, iterator).then(
      (complete) => (complete ? this.#last(NOTHING) : this.#fail(this.#reason)),
      (error) => this.#fail(error),
    );
  }

  // The end.

  /** Ends the exchange with a last value. */
  #last(value: unknown): void {
    if (this.#reason !== undefined) {
      this.#reply.fail(this.#reason);
    } else {
      this.#reply.end(value);
    }
    this.#over();
  }

  /** Ends the exchange for a handler that has thrown. */
  #fail(error: unknown): void {
    if (this.#reply.live) {
      this.#reply.report(error);
    }
    this.#reply.fail(this.#reason ?? error);
    this.#over();
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
        this.#cancelTimer = setTimeout(() => this.#reply.fail(reason), CANCEL_PATIENCE_MS);
      } else {
        this.#fail(reason);
      }
    }
  }

  /** The exchange was ended by the link thread, or the link is over. */
  lost(reason: KinwireError): void {
    this.#reply.ended = true;
    this.#abort(reason);
  }

  /** Ends the exchange now if its handler has not heeded the signal. */
  giveUp(): void {
    if (this.#reason !== undefined) {
      this.#reply.fail(this.#reason);
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
    this.#reply.fail(this.#reason ?? reason);
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
    this.#reply.unwant();
    void quit(this.#iterator);
    return true;
  }
}

/** Why the signal of a call that has ended is aborted, for those who hold on to it. */
const FINISHED = new KinwireError('canceled', 'the call has ended');
