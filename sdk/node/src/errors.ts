/** What fails: a call, a host that breaks the protocol, a worker that no host has started. */

import { inspect } from 'node:util';
import { theirs } from './text.js';

/** The codes that the protocol itself uses. All others are the application's. */
export type ProtocolCode =
  | 'unknown_method'
  | 'overloaded'
  | 'shutting_down'
  | 'bad_input'
  | 'failed'
  | 'panicked'
  | 'canceled'
  | 'deadline_exceeded'
  | 'too_large'
  | 'unsupported_version';

/** What else there is to say of an error, besides its code and message. */
export interface KinwireErrorOptions {
  /** Any value that can be sent; it reaches the caller as it is. */
  data?: unknown;
  /** What caused the error. It stays in this process. */
  cause?: unknown;
}

/**
 * An error with a code, as it travels between host and worker.
 *
 * A handler throws one to choose the code that its caller gets. Calls of the host reject with
 * one, and it is the reason of every signal that this package aborts. The codes
 * `unknown_method`, `overloaded` and `shutting_down` promise that no handler ran, so they
 * become `failed` if a handler throws them.
 *
 * A call that the end of the link has cut off has the code `host_gone`, which never travels.
 */
export class KinwireError extends Error {
  override readonly name: string = 'KinwireError';
  readonly code: ProtocolCode | (string & {});
  readonly data: unknown;

  constructor(code: ProtocolCode | (string & {}), message = '', options: KinwireErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = String(code); // in JavaScript it may be a number, as of HTTP
    this.data = options.data;
  }
}

/** A rule of the protocol, by its name in section 16 of the specification. */
export type Rule =
  | 'frame-length'
  | 'body-array'
  | 'body-cut'
  | 'body-rest'
  | 'body-byte'
  | 'body-depth'
  | 'element-type'
  | 'exchange-id'
  | 'sender'
  | 'order'
  | 'credit'
  | 'max-frame';

/** The host has broken a rule, which ends the worker. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly rule: Rule;

  constructor(rule: Rule, detail: string) {
    super(`the host broke the rule ${rule} of the kinwire protocol: ${detail}`);
    this.rule = rule;
  }
}

/** What the process exits with. */
export const ExitCode = {
  shutdown: 0,
  failure: 1,
  usage: 64,
  violation: 65,
  orphaned: 69,
} as const;

/** The codes which promise that no handler ran. */
const NOT_RUN = new Set<string>(['unknown_method', 'overloaded', 'shutting_down']);

/** Returns what the caller is told of whatever a handler has thrown. */
export function toAnswer(thrown: unknown): KinwireError {
  if (thrown instanceof KinwireError) {
    if (!NOT_RUN.has(thrown.code) && thrown.code !== '' && thrown.code !== 'host_gone') {
      return thrown;
    }
    const message = [thrown.code, thrown.message].filter((s) => s !== '').join(': ');
    return new KinwireError('failed', message, { data: thrown.data });
  }
  const message = textOf(thrown);
  const name = thrown instanceof Error ? thrown.name : '';
  if (name === 'AbortError') {
    return new KinwireError('canceled', message);
  }
  return new KinwireError(name === 'TimeoutError' ? 'deadline_exceeded' : 'failed', message);
}

/** Reads an error map. What is none was an error all the same. */
export function toError(value: unknown): KinwireError {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array || value instanceof Map) {
    return new KinwireError('failed', 'the error has no readable error map');
  }
  const { code = null, message = null, data } = value as Record<string, unknown>;
  if ((code !== null && typeof code !== 'string') || (message !== null && typeof message !== 'string')) {
    return new KinwireError('failed', 'the error has no readable error map');
  }
  return new KinwireError(code || 'failed', message ?? '', { data });
}

/** Returns the text of whatever was thrown, which may be nothing that has one. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message || thrown.name : shown(thrown);
  } catch {
    return 'something that has no text was thrown';
  }
}

/** Returns the stack of what was thrown, and of what has caused it, without this package's part of it. */
export function stackOf(thrown: unknown): string {
  try {
    return theirs(shown(thrown));
  } catch {
    return textOf(thrown);
  }
}

/** Takes out of an error's stack what {@link stackOf} leaves out. */
export function tidy(error: Error): void {
  try {
    error.stack = theirs(error.stack as string);
  } catch {
    // It is no error, or one that does not change.
  }
}

/** Shows a value as the console does. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { breakLength: Infinity });
}
