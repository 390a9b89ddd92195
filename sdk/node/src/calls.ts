/** The calls that the worker has open with its host, and those that wait for a place. */

import { inspect } from 'node:util';
import { Call, type CallLink, type Receiver } from './call.js';
import { KinwireError } from './errors.js';
import type { FrameReader } from './frame-reader.js';
import type { Bounds, CallOptions } from './host.js';
import type { Outbox } from './outbox.js';
import { END, ERROR, type Terms } from './protocol.js';

/** Calls fail at once before the handshake is over, and after the link has ended. */
export class Calls {
  /** Why all calls fail from now on. */
  gone: KinwireError | undefined;
  readonly #outbox: Outbox;
  readonly #open = new Map<number, Call>();
  readonly #queue = new Set<Call>();
  #link: CallLink | undefined;
  #nextId = 2;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** The handshake is over. */
  establish(terms: Terms): void {
    this.#link = { outbox: this.#outbox, terms, unqueue: (call) => this.#queue.delete(call) };
  }

  /** Fails all calls, and those to come. */
  end(gone: KinwireError): void {
    this.gone = gone;
    for (const call of [...this.#open.values(), ...this.#queue]) {
      call.fail(gone);
    }
    this.#queue.clear();
    this.#open.clear();
  }

  /**
   * Takes an Output.
   *
   * @throws {Violation} if the host had no credit for it
   */
  output(frame: FrameReader): void {
    const call = this.#open.get(frame.id);
    if (call === undefined) {
      return;
    }
    call.output(frame);
    if ((frame.flags & (END | ERROR)) !== 0) {
      this.#open.delete(frame.id);
      call.end();
      this.#openNext();
    }
  }

  credit(id: number, bytes: number): void {
    this.#open.get(id)?.balance.add(bytes);
  }

  /** Opens a call, or queues it, or fails it. */
  start(bounds: Bounds, method: string, flags: number, input: unknown, options: CallOptions, receiver: Receiver): Call | undefined {
    const { signal, timeout = Infinity, meta } = options;
    const signals = [bounds.signal, signal].filter((s) => s !== undefined);
    const link = this.#link;
    const refusal = this.gone ?? mistake(method, timeout) ?? unready(link) ?? signals.find((s) => s.aborted)?.reason;
    if (refusal !== undefined || link === undefined) {
      receiver.fail(refusal);
      return undefined;
    }
    const until = Math.min(bounds.until, performance.now() + timeout);
    const call = new Call(this.#nextId, link, { method, flags, input, meta, until }, receiver);
    this.#nextId += 2;
    this.#queue.add(call);
    call.bound(signals);
    this.#openNext();
    return call;
  }

  /** Opens as many calls as there are places for. */
  #openNext(): void {
    for (const call of this.#queue) {
      if (this.#open.size >= (this.#link?.terms.concurrency ?? 0)) {
        break;
      }
      this.#queue.delete(call);
      if (call.open()) {
        this.#open.set(call.id, call);
      }
    }
  }
}

/** Returns why the host takes no calls. */
function unready(link: CallLink | undefined): KinwireError | undefined {
  if (link === undefined) {
    return new KinwireError('unknown_method', 'the host takes no calls before the worker is ready');
  }
  return link.terms.hostCall ? undefined : new KinwireError('unknown_method', 'the host takes no calls');
}

/** Returns what is wrong with how a call is made. */
function mistake(method: unknown, timeout: unknown): TypeError | undefined {
  if (typeof method !== 'string') {
    return new TypeError(`the method of a call is a string, and not ${inspect(method)}`);
  }
  if (typeof timeout !== 'number' || Number.isNaN(timeout)) {
    return new TypeError(`the timeout of a call is a number of milliseconds, and not ${inspect(timeout)}`);
  }
  return undefined;
}
