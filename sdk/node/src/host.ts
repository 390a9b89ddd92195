/** The host's methods, as the worker's author calls them. */

import type { Call } from './call.js';
import type { Calls } from './calls.js';
import { KinwireError } from './errors.js';
import { Inbox } from './inbox.js';
import { NOTHING } from './outbox.js';
import { END } from './protocol.js';

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

type Many = Iterable<unknown> | AsyncIterable<unknown>;

/** Returns the methods of the host, for a handler or for the whole worker. */
export function hostWithin(calls: Calls, bounds: Bounds): Host {
  return {
    call: <Out>(method: string, input: unknown = null, options: CallOptions = {}) =>
      new Promise<unknown>((resolve, reject) => {
        const receiver = { value: resolve, end: () => resolve(undefined), fail: reject };
        calls.start(bounds, method, END, input, options, receiver);
      }) as Promise<Out>,
    stream: <Out>(method: string, input: unknown = null, options: CallOptions = {}) =>
      iterate(calls, bounds, method, { input }, options) as AsyncIterableIterator<Out>,
    duplex: <Out>(method: string, inputs: Many, options: CallOptions = {}) =>
      iterate(calls, bounds, method, { inputs }, options) as AsyncIterableIterator<Out>,
  };
}

/** Makes a call and iterates over its answer. */
async function* iterate(
  calls: Calls,
  bounds: Bounds,
  method: string,
  given: { input: unknown } | { inputs: Many },
  options: CallOptions,
): AsyncGenerator<unknown, void> {
  let call: Call | undefined;
  const inbox = new Inbox({
    consumed: (size) => call?.consume(size),
    discarded: (size) => call?.discard(size),
    abandoned: () => call?.giveUp('the caller has stopped reading'),
  });
  const receiver = {
    value(value: unknown, size: number) {
      inbox.push(value, size);
      if (inbox.flooded && call?.bounded === false) {
        call.abandon(new KinwireError('overloaded', 'too much of the answer lies unread'));
      }
    },
    end: () => inbox.end(),
    fail: (error: unknown) => (error === calls.gone ? inbox.abort(error) : inbox.end({ error })),
  };
  if ('inputs' in given) {
    call = calls.start(bounds, method, 0, NOTHING, options, receiver);
    void call?.sendAll(given.inputs);
  } else {
    call = calls.start(bounds, method, END, given.input, options, receiver);
  }
  yield* inbox;
}
