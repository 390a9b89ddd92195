/** What a handler is given besides its input. */

import type { Host } from './host.js';
import type { Logger } from './log.js';

/**
 * Context belongs to one call. It may be taken apart: `({ signal, log }) => ...`. What is not
 * asked for costs nothing.
 */
export interface Context {
  /** What was called. */
  readonly method: string;
  /**
   * Aborts when the caller gives up, when the deadline has come, when the grace of a shutdown
   * is over, or when the host is gone. Its reason is a `KinwireError`, whose code says which:
   * `canceled`, `deadline_exceeded`, or `host_gone`.
   */
  readonly signal: AbortSignal;
  /** When the caller's time is up, if it has set one. The call ends then, whatever the handler does. */
  readonly deadline: Date | undefined;
  /** What came with the request besides its values: `traceparent`, and the application's keys. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** The host's methods. Calls end with this one, and have what is left of its time. */
  readonly host: Host;
  /** The worker's log. */
  readonly log: Logger;
}

// biome-ignore lint/suspicious/noExplicitAny: what a caller sends has no type here
export type Any = any;

/** What a handler answers with: a value, or a promise of it, or an iterator of many. */
export type Answer = unknown;

/** Answers one value with one, or with as many as the iterator that it returns yields. */
export type Handler<In = Any> = (value: In, context: Context) => Answer;

/** Answers many values, as they come. */
export type DuplexHandler<In = Any> = (values: AsyncIterableIterator<In>, context: Context) => Answer;

/** A handler and how its input comes. */
export type Method = { kind: 'value'; handler: Handler } | { kind: 'values'; handler: DuplexHandler };
