/** Sends the values of one direction of an exchange, as fast as the host takes them. */

import { inspect } from 'node:util';
import type { Balance } from './flow.js';
import type { Outbox } from './outbox.js';

/** After so many values a synchronous iterator lets others have a turn. */
const TURN = 256;

/** One direction of an exchange, with many values to send. */
export interface Outflow {
  readonly balance: Balance;
  readonly outbox: Outbox;
  /** The exchange is open, and the host still wants values. */
  readonly live: boolean;
  /** Sends a value, and returns the length of its frame. */
  send(value: unknown): number;
}

export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * Sends what an iterator yields, and asks it for no more than there is credit for. Resolves to
 * true when that was all and a frame more may be sent, or to false when no more is wanted.
 */
export async function sendAll(flow: Outflow, iterator: AnyIterator): Promise<boolean> {
  for (let turn = 1; isReady(flow) || (await becomesReady(flow)); turn++) {
    const next = iterator.next();
    const { done, value } = 'then' in next ? await next : next;
    if (done) {
      return becomesReady(flow); // an END counts as well
    }
    const item = isThenable(value) ? await value : value;
    if (flow.live) {
      try {
        flow.balance.spend(flow.send(item));
      } catch (error) {
        void quit(iterator);
        throw error;
      }
    }
    if (turn % TURN === 0) {
      await new Promise(setImmediate);
    }
  }
  await iterator.return?.(undefined);
  return false;
}

/** Tells an iterator that nobody wants more of it. */
export async function quit(iterator: AnyIterator | undefined): Promise<void> {
  try {
    await iterator?.return?.(undefined);
  } catch {
    // Nobody is left whom it could interest.
  }
}

/** Returns the iterator of an answer of many values: an async iterable, or a generator; of any other, undefined. */
export function iteratorOfAnswer(value: unknown): AnyIterator | undefined {
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  const isMany = Symbol.asyncIterator in value || (Symbol.iterator in value && 'next' in value && typeof value.next === 'function');
  return isMany ? iteratorOf(value as AsyncIterable<unknown>) : undefined;
}

/** Returns the iterator of an iterable, which may be an async one. */
export function iteratorOf(values: Iterable<unknown> | AsyncIterable<unknown>): AnyIterator {
  const iterable = values as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const iterator = iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.();
  if (iterator === undefined) {
    throw new TypeError(`many values are an iterable, and not ${inspect(values)}`);
  }
  return iterator;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

function isReady({ balance, outbox, live }: Outflow): boolean {
  return live && balance.positive && outbox.hasRoom;
}

/** Waits until a frame may be sent: false if none is wanted any more. */
async function becomesReady(flow: Outflow): Promise<boolean> {
  while (!flow.balance.positive && flow.live) {
    await flow.balance.change();
  }
  while (!flow.outbox.hasRoom && flow.live) {
    await flow.outbox.room();
  }
  return flow.live;
}
