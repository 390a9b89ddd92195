/** Collects the frames of the main thread, and writes many of them at once. */

import { KinwireError } from './errors.js';
import { type Shared, Word } from './memory.js';
import { encode } from './msgpack/encode.js';
import { intAt, putBinHead, putInt } from './msgpack/heads.js';
import { DEFAULT_MAX_FRAME, EMPTY, Type } from './protocol.js';
import type { Transmitter } from './transmit.js';

/** From then on frames are written, whoever else may have some. */
const FULL = 64 << 10;
/** So many frames are written at once at most: the host has their answers to deal with meanwhile. */
const MANY = 16;
/** Above that the link thread has enough to write: whoever can wait does. */
const HIGH_WATER = 1 << 20;
/** The most that the head of a frame takes, method and meta aside. */
const HEAD = 64;

/** A payload of no value at all. */
export const NOTHING = Symbol('nothing');

/**
 * Outbox writes what was sent within one turn of the loop, at its end. Frames keep their
 * order. Nothing here waits.
 */
export class Outbox {
  /** The largest body that the host accepts. */
  limit = DEFAULT_MAX_FRAME;
  readonly #shared: Shared;
  readonly #transmitter: Transmitter;
  #buffer = Buffer.allocUnsafeSlow(FULL);
  #end = 0;
  #frames = 0;
  #scheduled = false;
  #taken = 0;
  #roomWaiters: (() => void)[] = [];
  /** Tells whether an exchange that is open here was ended by the link thread. */
  wasTaken: (id: number) => boolean = () => false;

  constructor(shared: Shared, transmitter: Transmitter) {
    this.#shared = shared;
    this.#transmitter = transmitter;
  }

  /**
   * Sends an Output, and returns the length of its body.
   *
   * @throws {EncodeError} and sends nothing
   * @throws {KinwireError} `too_large`, and sends nothing
   */
  output(id: number, flags: number, value: unknown): number {
    const payload = value === NOTHING ? undefined : value instanceof Uint8Array ? value : encode(value);
    const start = this.#reserve(HEAD + (payload?.length ?? 1));
    const b = this.#buffer;
    b[start + 4] = 0x95;
    b[start + 5] = Type.output;
    let at = putInt(b, start + 6, id);
    b[at++] = payload === undefined ? flags | EMPTY : flags;
    b[at++] = 0xc0;
    if (payload !== undefined && payload === value) {
      at = putBinHead(b, at, payload.length);
    }
    at = this.#payload(at, payload);
    return this.#finish(start, at);
  }

  /** Sends an opening Input, with a meta that is encoded as it is, or a continuing one. */
  input(id: number, flags: number, method: string | null, meta: Record<string, unknown> | null, value: unknown): number {
    const head = method === null ? NO_METHOD : Buffer.concat([Buffer.from(encode(method)), encode(meta)]);
    const payload = value === NOTHING ? undefined : encode(value);
    const start = this.#reserve(HEAD + head.length + (payload?.length ?? 1));
    const b = this.#buffer;
    b[start + 4] = 0x96;
    b[start + 5] = Type.input;
    let at = putInt(b, start + 6, id);
    b[at++] = payload === undefined ? flags | EMPTY : flags;
    b.set(head, at);
    at = this.#payload(at + head.length, payload);
    return this.#finish(start, at);
  }

  /** Sends any other message. */
  message(...elements: unknown[]): void {
    const body = encode(elements);
    const start = this.#reserve(4 + body.length);
    this.#buffer.set(body, start + 4);
    this.#finish(start, start + 4 + body.length);
  }

  /** Reports whether the host keeps up; else {@link room} says when it does again. */
  get hasRoom(): boolean {
    return this.#shared.get(Word.backlog) < HIGH_WATER;
  }

  /** How much waits to be written. */
  get waiting(): number {
    return this.#end + this.#shared.get(Word.backlog);
  }

  /** Resolves when everything was written, or the link has ended. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Everything is written. */
  drained(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) {
      resolve();
    }
  }

  /** Writes what was collected. */
  flush(last: 'last' | 'more' = 'more'): void {
    this.#scheduled = false;
    if (this.#end > 0 || last === 'last') {
      this.#transmitter.send(this.#collected, last);
    }
    this.#end = 0;
    this.#frames = 0;
    if (this.#buffer.length > 2 * FULL) {
      this.#buffer = Buffer.allocUnsafeSlow(FULL);
    }
  }

  readonly #collected = (): Uint8Array => {
    if (this.#shared.get(Word.taken) !== this.#taken) {
      this.#dropTaken();
    }
    return this.#buffer.subarray(0, this.#end);
  };

  /** Leaves out Outputs of exchanges that the link thread has ended meanwhile. */
  #dropTaken(): void {
    this.#taken = this.#shared.get(Word.taken);
    const b = this.#buffer;
    let kept = 0;
    for (let start = 0, end = 0; start < this.#end; start = end) {
      end = start + 4 + b.readUInt32BE(start);
      if (b[start + 5] === Type.output && this.wasTaken(intAt(b, start + 6))) {
        continue;
      }
      b.copyWithin(kept, start, end);
      kept += end - start;
    }
    this.#end = kept;
  }

  /** Makes room for a frame, and returns where it begins. */
  #reserve(size: number): number {
    if (this.#end > 0 && this.#end + size > FULL) {
      this.flush();
    }
    if (this.#end + size > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(size);
    }
    return this.#end;
  }

  #finish(start: number, end: number): number {
    const length = end - start - 4;
    if (length > this.limit) {
      throw new KinwireError('too_large', `a frame of ${length} bytes; the host accepts ${this.limit}`);
    }
    this.#buffer.writeUInt32BE(length, start);
    this.#end = end;
    if (++this.#frames >= MANY) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(() => this.#scheduled && this.flush());
    }
    return length;
  }

  #payload(at: number, payload: Uint8Array | undefined): number {
    if (payload === undefined) {
      this.#buffer[at] = 0xc0;
      return at + 1;
    }
    this.#buffer.set(payload, at);
    return at + payload.length;
  }
}

/** No method and no meta. */
const NO_METHOD = Uint8Array.of(0xc0, 0xc0);
