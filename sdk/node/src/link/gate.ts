/** Lets through what the host may send, answers what no handler is needed for, and stops the worker at a violation. */

import { type Batch, Field, Records } from '../batch.js';
import { now } from '../clock.js';
import { Violation } from '../errors.js';
import { errorOutput, frame } from '../frames.js';
import { type Shared, Word } from '../memory.js';
import { checkBody, uint } from '../msgpack/check.js';
import { CANCEL_PATIENCE_MS, EMPTY, END, ERROR, type Hello, MAX_INT31, Type } from '../protocol.js';
import { cut } from '../text.js';
import { Elements, eachKey, intAt, strAt, within } from './envelope.js';
import { readHello } from './hello.js';
import { type Place, Slots } from './slots.js';
import type { Frames } from './splitter.js';

const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** What the gate needs of the thread that it is in. */
export interface Surroundings {
  hello(hello: Hello): void;
  /** Shutdown has come. Returns when its grace ends. */
  shutdown(graceMs: number): number;
  /** How long the main thread has not turned. */
  stuckMs(): number;
}

/** Gate is the link's state, as far as it decides about what comes. */
export class Gate {
  readonly slots: Slots;
  /** No new exchanges are taken. */
  refusing = false;
  readonly #shared: Shared;
  readonly #around: Surroundings;
  readonly #window: number;
  #greeted = false;
  #methods = new Set<string>();
  #features = new Set<string>();
  /** Of the frames at hand. */
  readonly #records = new Records();
  #replies: Uint8Array[] = [];

  constructor(shared: Shared, window: number, around: Surroundings) {
    this.#shared = shared;
    this.#window = window;
    this.#around = around;
    this.slots = new Slots(shared);
  }

  establish(methods: string[], features: string[]): void {
    this.#methods = new Set(methods);
    this.#features = new Set(features);
  }

  /**
   * Takes whole frames, and returns what the main thread is to deal with, and what is to be
   * sent at once.
   *
   * @throws {Violation} at the first frame that breaks a rule; those before it count
   */
  take(frames: Frames): { batch: Batch | undefined; replies: Uint8Array | undefined } {
    for (let at = 0; at < frames.end; ) {
      const start = at + 4;
      at = start + uint(frames.bytes, at, 4);
      checkBody(frames.bytes, start, at);
      this.#message(new Elements(frames.bytes, start), at - start);
    }
    const replies = this.#replies.length > 0 ? Buffer.concat(this.#replies) : undefined;
    const index = this.#records.take();
    const batch = index.length > 0 ? { bytes: frames.bytes.subarray(0, frames.end), index } : undefined;
    this.#replies = [];
    return { batch, replies };
  }

  #message(elements: Elements, length: number): void {
    const at = elements.next();
    if (at < 0) {
      throw new Violation('element-type', 'the type is nil');
    }
    const type = intAt(elements.bytes, at, 'the type');
    switch (type) {
      case Type.initialized:
      case Type.pong:
      case Type.log:
      case Type.shutdownAck:
      case Type.exiting:
        throw new Violation('sender', `a message of the type ${type} from the parent`);
      case Type.initialize:
        if (this.#greeted) {
          throw new Violation('order', 'Initialize for the second time');
        }
        this.#greeted = true;
        this.#around.hello(readHello(elements));
        return;
      case Type.ping:
      case Type.input:
      case Type.output:
      case Type.cancel:
      case Type.credit:
      case Type.shutdown:
        if (this.#shared.get(Word.established) === 0) {
          throw new Violation('order', `a message of the type ${type} before the handshake is over`);
        }
        break;
      default:
        return;
    }
    switch (type) {
      case Type.ping:
        this.#ping(elements.range('seq', MAX_SAFE));
        break;
      case Type.input:
        this.#input(elements, length);
        break;
      case Type.output:
        this.#output(elements, length);
        break;
      case Type.cancel:
        this.#cancel(elements);
        break;
      case Type.credit:
        this.#credit(elements);
        break;
      default:
        this.#shutdown(elements);
    }
  }

  #ping(seq: number): void {
    const status = { in_flight: this.#shared.get(Word.open), stuck_ms: Math.min(this.#around.stuckMs(), MAX_INT31) };
    this.#replies.push(frame(Type.pong, seq, status));
  }

  #input(elements: Elements, length: number): void {
    const b = elements.bytes;
    const id = elements.id();
    const flags = elements.range('flags', MAX_SAFE);
    const [textStart, textEnd] = text(elements, 'method');
    const meta = elements.next();
    const timeout = readMeta(b, meta);
    const value = payload(elements, flags);
    const place = this.slots.find(id);
    if (textStart < 0) {
      if (id % 2 === 1 && place && !place.read) {
        this.#charge(place, flags, length);
        place.read = isLast(flags);
        this.#recordValue(Type.input, id, flags, value, length);
      }
      return;
    }
    if (id % 2 === 0) {
      throw new Violation('exchange-id', `the parent opens ${id}, which is even`);
    }
    if (place) {
      throw new Violation('exchange-id', `${id} is open already`);
    }
    const opened = this.#open(id, b.toString('utf8', textStart, textEnd), timeout);
    if (opened) {
      opened.read = isLast(flags);
      this.#recordValue(Type.input, id, flags, value, length);
      this.#records.set(Field.textStart, textStart);
      this.#records.set(Field.textEnd, textEnd);
      this.#records.set(Field.metaStart, meta);
      this.#records.set(Field.slot, opened.slot);
      this.#records.set(Field.tag, opened.tag);
      this.#records.set(Field.number, timeout ?? -1);
    }
  }

  /** Opens an exchange, or refuses it. */
  #open(id: number, method: string, timeout: number | undefined): Place | undefined {
    if (this.refusing) {
      return this.#refuse(id, 'shutting_down', 'no new requests are taken');
    }
    if (!this.#methods.has(method)) {
      return this.#refuse(id, 'unknown_method', `there is no method ${JSON.stringify(cut(method, 100))}`);
    }
    const open = this.#shared.get(Word.open);
    if (open >= this.#shared.capacity) {
      return this.#refuse(id, 'overloaded', `${open} exchanges are open, which is the limit`);
    }
    if (timeout !== undefined && timeout <= 0) {
      return this.#refuse(id, 'deadline_exceeded', 'the time was up when the request came');
    }
    const place = this.slots.open(id, this.#window);
    if (place && timeout !== undefined) {
      place.due = now() + timeout;
      place.code = 'deadline_exceeded';
    }
    return place ?? this.#refuse(id, 'overloaded', `${open} exchanges are open, which is the limit`);
  }

  #refuse(id: number, code: string, message: string): undefined {
    this.#replies.push(errorOutput(id, code, message));
  }

  /** Takes a frame's bytes from the host's balance. */
  #charge(place: Place, flags: number, length: number): void {
    if (this.#features.has('credit') && (flags & ERROR) === 0 && this.#shared.balance(place.slot, -length) <= 0) {
      throw new Violation('credit', `an Input of ${place.id} without credit`);
    }
  }

  #output(elements: Elements, length: number): void {
    const id = elements.id();
    const flags = elements.range('flags', MAX_SAFE);
    readMeta(elements.bytes, elements.next());
    const value = payload(elements, flags);
    if (id % 2 === 0) {
      this.#recordValue(Type.output, id, flags, value, length);
    }
  }

  #cancel(elements: Elements): void {
    const id = elements.id();
    const reason = text(elements, 'reason');
    const place = id % 2 === 1 ? this.slots.find(id) : undefined;
    if (place && this.#features.has('cancel')) {
      place.read = true;
      if (place.code !== 'canceled' || place.due === Infinity) {
        place.due = now() + CANCEL_PATIENCE_MS;
        place.code = 'canceled';
      }
      this.#recordText(Type.cancel, id, reason);
    }
  }

  #credit(elements: Elements): void {
    const id = elements.id();
    const bytes = elements.int('bytes');
    if (bytes === undefined || bytes < 1 || bytes > MAX_INT31) {
      throw new Violation('element-type', `Credit of ${bytes ?? 'no'} bytes`);
    }
    if (this.#features.has('credit') && (id % 2 === 0 || this.slots.find(id))) {
      this.#records.begin(Type.credit, id);
      this.#records.set(Field.number, bytes);
    }
  }

  #shutdown(elements: Elements): void {
    const grace = within(elements.int('grace_ms'), 'grace_ms', MAX_INT31);
    const reason = text(elements, 'reason');
    this.refusing = true;
    this.#replies.push(frame(Type.shutdownAck, this.#shared.get(Word.open)));
    this.#recordText(Type.shutdown, 0, reason);
    this.#records.set(Field.number, this.#around.shutdown(grace));
  }

  #recordValue(type: number, id: number, flags: number, [start, end]: Range, length: number): void {
    this.#records.begin(type, id);
    this.#records.set(Field.flags, flags);
    this.#records.set(Field.payloadStart, start);
    this.#records.set(Field.payloadEnd, end);
    this.#records.set(Field.length, length);
  }

  #recordText(type: number, id: number, [start, end]: Range): void {
    this.#records.begin(type, id);
    this.#records.set(Field.textStart, start);
    this.#records.set(Field.textEnd, end);
  }
}

/** Where something is in the frames at hand: -1 if there is none. */
type Range = readonly [start: number, end: number];

function isLast(flags: number): boolean {
  return (flags & (END | ERROR)) !== 0;
}

/** Checks meta, and returns its timeout_ms. */
function readMeta(b: Buffer, at: number): number | undefined {
  let timeout: number | undefined;
  if (at >= 0) {
    eachKey(b, at, 'meta', (key, value) => {
      if (key === 'timeout_ms') {
        timeout = value < 0 ? undefined : intAt(b, value, key);
      }
    });
  }
  return timeout;
}

/** Returns where the payload is. It must be the last element. */
function payload(elements: Elements, flags: number): Range {
  if (elements.left > 1) {
    throw new Violation('element-type', 'an element too many');
  }
  const start = elements.next();
  return start < 0 || (flags & (EMPTY | ERROR)) === EMPTY ? [-1, -1] : [start, elements.at];
}

/** Returns where the text of a str is. */
function text(elements: Elements, what: string): Range {
  const start = elements.next();
  return start < 0 ? [-1, -1] : [strAt(elements.bytes, start, what), elements.at];
}
