/**
 * Workers for kinwire: programs that a host starts, calls and supervises. A program makes a
 * {@link Worker}, adds methods, and runs it.
 *
 * Importing this package takes the link out of the environment, so that programs which the
 * worker starts are no workers, and points standard output at standard error where the link
 * was standard output.
 */

export type { Answer, Context, DuplexHandler, Handler } from './context.js';
export { KinwireError, type KinwireErrorOptions, type ProtocolCode } from './errors.js';
export type { CallOptions, Host } from './host.js';
export type { Fields, Logger, LogLevel } from './log.js';
export { EncodeError } from './msgpack/encode.js';
export { ExtData } from './msgpack/ext.js';
export { type Init, type InitContext, Worker, type WorkerOptions } from './worker.js';
