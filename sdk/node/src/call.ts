/** One call of the host: an exchange that the worker has opened, or is to open when there is a place. */

import { LONGEST_TIMER_MS } from './clock.js';
import { KinwireError, textOf, toError, Violation } from './errors.js';
import { Balance, Consumed } from './flow.js';
import type { FrameReader } from './frame-reader.js';
import { NOTHING, type Outbox } from './outbox.js';
import { iteratorOf, type Outflow, sendAll } from './outflow.js';
import { EMPTY, END, ERROR, type Terms, Type } from './protocol.js';
import { cut, MAX_REASON } from './text.js';

/** What a call begins with. */
export interface Request {
  readonly method: string;
  /** END if there is one value, or 0 if more follow. */
  readonly flags: number;
  readonly input: unknown;
  readonly meta: Record<string, unknown> | undefined;
  /** When its time is up, on the monotonic clock, or Infinity. */
  readonly until: number;
}

/** What takes the answer. */
export interface Receiver {
  /** A value has come; its bytes are to be consumed or discarded. */
  value(value: unknown, size: number): void;
  end(): void;
  fail(error: unknown): void;
}

/** What a call needs of its link. */
export interface CallLink {
  readonly outbox: Outbox;
  readonly terms: Terms;
  /** The call does not wait for a place any more. */
  unqueue(call: Call): void;
}

/** Call tells its receiver of its end once. */
export class Call implements Outflow {
  readonly id: number;
  /** What may still be sent. */
  readonly balance: Balance;
  readonly #link: CallLink;
  readonly #request: Request;
  readonly #receiver: Receiver;
  readonly #consumed: Consumed;
  /** In the state canceled nobody waits for the answer, but the host has not ended it. */
  #state: 'queued' | 'open' | 'canceled' | 'over' = 'queued';
  /** What the host may still send. */
  #theirs: number;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void)[] = [];

  constructor(id: number, link: CallLink, request: Request, receiver: Receiver) {
    this.id = id;
    this.#link = link;
    this.#request = request;
    this.#receiver = receiver;
    this.balance = new Balance(link.terms);
    this.#theirs = link.terms.ourWindow;
    this.#consumed = new Consumed(link.terms.ourWindow, (bytes) => this.#grant(bytes));
  }

  get outbox(): Outbox {
    return this.#link.outbox;
  }

  get queued(): boolean {
    return this.#state === 'queued';
  }

  /** Credit bounds what lies unread of the answer. */
  get bounded(): boolean {
    return this.#link.terms.credit;
  }

  get live(): boolean {
    return this.#state === 'open';
  }

  /** Gives the call up when its time is over or a signal says so. */
  bound(signals: AbortSignal[]): void {
    if (this.#request.until !== Infinity) {
      this.#late();
    }
    for (const signal of signals) {
      const stop = () => this.abandon(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      this.#unlisten.push(() => signal.removeEventListener('abort', stop));
    }
  }

  #late(): void {
    const left = this.#request.until - performance.now();
    if (left > 0) {
      this.#timer = setTimeout(() => this.#late(), Math.min(left, LONGEST_TIMER_MS));
    } else {
      this.abandon(new KinwireError('deadline_exceeded', 'the time was up before the host has answered'));
    }
  }

  // What is sent.

  /** Sends the opening Input, and reports whether it could. If not, the call has failed. */
  open(): boolean {
    const { method, flags, input, meta, until } = this.#request;
    const left = Math.min(Math.max(0, Math.ceil(until - performance.now())), Number.MAX_SAFE_INTEGER);
    const all = until === Infinity ? (meta ?? null) : { ...meta, timeout_ms: left };
    try {
      this.outbox.input(this.id, flags, method, all, input);
    } catch (error) {
      this.fail(error);
      return false;
    }
    this.#state = 'open';
    this.balance.wake();
    return true;
  }

  /** Sends further values, once it is open, and says that there are no more. */
  async sendAll(values: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
    try {
      while (this.queued) {
        await this.balance.change();
      }
      if (await sendAll(this, iteratorOf(values))) {
        this.outbox.input(this.id, END, null, null, NOTHING);
      }
    } catch (error) {
      this.abandon(error);
    }
  }

  /** Sends one more value. */
  send(value: unknown): number {
    return this.outbox.input(this.id, 0, null, null, value);
  }

  /** Values of that many bytes were read. */
  consume(bytes: number): void {
    this.#consumed.add(bytes);
  }

  /** Values of that many bytes will not be read. */
  discard(bytes: number): void {
    this.#consumed.add(bytes);
    this.#consumed.grantAll();
  }

  #grant(bytes: number): void {
    if (this.#link.terms.credit && (this.#state === 'open' || this.#state === 'canceled')) {
      this.#theirs += bytes;
      this.outbox.message(Type.credit, this.id, bytes);
    }
  }

  // What comes.

  /**
   * Takes an Output, but leaves the end to {@link end}.
   *
   * @throws {Violation} if the host had no credit for it
   */
  output(frame: FrameReader): void {
    const { flags } = frame;
    const counts = this.#link.terms.credit && (flags & ERROR) === 0;
    if (counts && this.#theirs <= 0) {
      throw new Violation('credit', `an Output of ${this.id} without credit`);
    }
    const size = (flags & (END | ERROR)) === 0 ? frame.length : 0; // after the end nothing need be granted
    if (counts) {
      this.#theirs -= size;
    }
    if (this.#state !== 'open') {
      this.discard(size);
    } else if ((flags & ERROR) !== 0) {
      this.#receiver.fail(toError(frame.payload()));
    } else if ((flags & EMPTY) === 0) {
      this.#receiver.value(frame.payload(), size);
    } else {
      this.consume(size);
    }
  }

  // The end.

  /** The host has ended it. */
  end(): void {
    const { live } = this;
    this.#settle('over');
    if (live) {
      this.#receiver.end();
    }
  }

  /** It could not be sent, or the link has ended. */
  fail(error: unknown): void {
    const awaited = this.queued || this.live;
    this.#settle('over');
    if (awaited) {
      this.#receiver.fail(error);
    }
  }

  /** Fails a call that its caller does not want any more. */
  abandon(error: unknown): void {
    if (this.queued || this.live) {
      this.giveUp(textOf(error));
      this.#receiver.fail(error);
    }
  }

  /** Tells the host that nobody wants the answer any more. */
  giveUp(reason: string): void {
    if (this.queued) {
      this.#link.unqueue(this);
      this.#settle('over');
    } else if (this.live) {
      this.#consumed.grantAll();
      if (this.#link.terms.cancel) {
        this.outbox.message(Type.cancel, this.id, cut(reason, MAX_REASON));
      }
      this.#settle('canceled');
    }
  }

  #settle(state: 'canceled' | 'over'): void {
    this.#state = state;
    clearTimeout(this.#timer);
    for (const unlisten of this.#unlisten.splice(0)) {
      unlisten();
    }
    this.balance.wake();
  }
}
