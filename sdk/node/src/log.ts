/** A logger like the console, whose lines go to the host. */

import { formatWithOptions } from 'node:util';
import { EncodeError, encode } from './msgpack/encode.js';
import type { Outbox } from './outbox.js';
import { Type } from './protocol.js';
import { cut } from './text.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a line says besides its text, by name. */
export type Fields = Record<string, unknown>;

/**
 * A logger like the console. The message is formatted as by `util.format`; a plain object
 * behind what the format takes is the line's fields:
 *
 * ```js
 * log.info('loaded %s', name, { ms: 12 });
 * ```
 *
 * Logging never waits and never throws. Lines below the host's level cost nothing; what the
 * host is too slow to take is dropped, and a later line says how many there were.
 */
export interface Logger {
  debug(message: unknown, ...args: unknown[]): void;
  info(message: unknown, ...args: unknown[]): void;
  warn(message: unknown, ...args: unknown[]): void;
  error(message: unknown, ...args: unknown[]): void;
  /** Returns a logger whose lines have these fields, too. */
  with(fields: Fields): Logger;
}

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'];
/** The most that may wait to be written while lines are still taken. */
const QUEUE_BYTES = 1 << 20;
/** From then on a message is cut. */
const LONGEST = 1 << 18;

/** LogSink is where the lines of all loggers go: to the host, or to stderr if it wants none. */
export class LogSink {
  least = LEVELS.indexOf('info');
  /** Undefined before Initialize, and if the host does not know the feature. */
  outbox: Outbox | undefined;
  #dropped = 0;

  /** Takes the host's level; one that is not known is `info`. */
  set level(name: string) {
    this.least = Math.max(LEVELS.indexOf(name), 0) || (name === 'debug' ? 0 : 1);
  }

  write(level: LogLevel, message: string, fields: Fields | undefined): void {
    if (this.outbox === undefined) {
      const more = fields === undefined ? '' : ` ${formatWithOptions({ breakLength: Infinity }, '%o', fields)}`;
      process.stderr.write(`${level}: ${message}${more}\n`);
      return;
    }
    if (this.outbox.waiting > QUEUE_BYTES) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) {
      const lost = `${this.#dropped} log messages were dropped, since the host did not keep up`;
      this.#dropped = 0;
      this.outbox.message(Type.log, 'warn', Date.now(), lost);
    }
    this.#send(this.outbox, level, message, fields);
  }

  #send(outbox: Outbox, level: LogLevel, message: string, fields: Fields | undefined): void {
    const longest = Math.min(LONGEST, outbox.limit >> 3);
    const text = cut(message, longest);
    try {
      outbox.message(Type.log, level, Date.now(), text, fields === undefined ? null : sendable(fields, longest));
    } catch {
      outbox.message(Type.log, level, Date.now(), text, { fields: 'they could not be sent' });
    }
  }
}

/** Makes of fields what can be sent: a line is never lost for one of them. */
function sendable(fields: Fields, longest: number): Fields {
  const result: Fields = {};
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(result, name, { value: plain(value, longest), enumerable: true });
  }
  return encode(result).length <= 4 * longest ? result : { fields: 'they are too large' };
}

function plain(value: unknown, longest: number): unknown {
  if (value instanceof Error) {
    return cut(value.stack ?? value.message, longest);
  }
  try {
    encode([[value]]);
    return value;
  } catch (error) {
    return error instanceof EncodeError ? cut(formatWithOptions({ depth: 4, breakLength: Infinity }, '%o', value), longest) : '?';
  }
}

/** Makes a logger. */
export function newLogger(sink: LogSink, bound?: Fields): Logger {
  const at =
    (level: LogLevel, rank: number) =>
    (message: unknown, ...args: unknown[]): void => {
      if (rank < sink.least) {
        return;
      }
      try {
        const given = takeFields(message, args);
        const fields = bound === undefined ? given : { ...bound, ...given };
        sink.write(level, formatWithOptions({ colors: false }, message, ...args), fields);
      } catch (error) {
        sink.write(level, `a line that can't be formatted: ${error}`, undefined);
      }
    };
  return {
    debug: at('debug', 0),
    info: at('info', 1),
    warn: at('warn', 2),
    error: at('error', 3),
    with: (fields) => newLogger(sink, { ...bound, ...fields }),
  };
}

/** Takes the fields off the end of what is to be formatted. */
function takeFields(message: unknown, args: unknown[]): Fields | undefined {
  const last = args.at(-1);
  const taken = typeof message === 'string' ? (message.match(/%[sdifjoOc]/g)?.length ?? 0) - 0 : 0;
  if (args.length <= taken || typeof last !== 'object' || last === null) {
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(last);
  if (prototype !== Object.prototype && prototype !== null) {
    return undefined;
  }
  args.pop();
  return last as Fields;
}
