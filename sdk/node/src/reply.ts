/** What goes back to the host in an exchange that it has opened: values, and one END. */

import { KinwireError, stackOf, toAnswer } from './errors.js';
import { Balance } from './flow.js';
import type { Logger } from './log.js';
import type { Shared } from './memory.js';
import { EncodeError } from './msgpack/encode.js';
import type { Outbox } from './outbox.js';
import type { Outflow } from './outflow.js';
import { END, ERROR, type Terms } from './protocol.js';

/** What a reply needs of its link. */
export interface ReplyLink {
  readonly shared: Shared;
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly terms: Terms;
}

/** What the link thread knows of the exchange. */
export interface Place {
  readonly id: number;
  readonly slot: number;
  readonly tag: number;
  readonly method: string;
}

/** Reply ends once: by this thread, or by the link thread. */
export class Reply implements Outflow {
  /** The END is sent, or is the link thread's to send. */
  ended = false;
  /** The host has not given up. */
  wanted = true;
  readonly #link: ReplyLink;
  readonly #place: Place;
  #balance: Balance | undefined;

  constructor(link: ReplyLink, place: Place) {
    this.#link = link;
    this.#place = place;
  }

  get outbox(): Outbox {
    return this.#link.outbox;
  }

  /** What may still be sent. Most replies are of one frame, and don't need it. */
  get balance(): Balance {
    this.#balance ??= new Balance(this.#link.terms);
    return this.#balance;
  }

  get live(): boolean {
    return !this.ended && this.wanted;
  }

  /** The link thread has sent the END. */
  get wasTaken(): boolean {
    return !this.ended && !this.#link.shared.isOpen(this.#place.slot, this.#place.tag);
  }

  /** The host has given up, or is to be told so. */
  unwant(): void {
    this.wanted = false;
    this.#balance?.wake();
  }

  /** Sends one of many values. */
  send(value: unknown): number {
    if (this.wasTaken) {
      this.ended = true;
      return 0;
    }
    return this.outbox.output(this.#place.id, 0, value);
  }

  /** Sends the END with a last value, unless it is sent. There is credit for it, or it is all there is. */
  end(value: unknown): void {
    if (this.#claim()) {
      try {
        this.outbox.output(this.#place.id, END, value);
      } catch (error) {
        this.report(error);
        this.#sendError(error);
      }
    }
  }

  /** Sends the END with an error, unless it is sent. */
  fail(error: unknown): void {
    if (this.#claim()) {
      this.#sendError(error);
    }
  }

  /** Writes to the log what the worker's author has to know. */
  report(error: unknown): void {
    const { method } = this.#place;
    if (error instanceof EncodeError) {
      this.#link.log.error("the answer of the method %j can't be sent: %s", method, error.message);
    } else if (!(error instanceof KinwireError) || error.code === 'panicked') {
      this.#link.log.error('the method %j has failed: %s', method, stackOf(error));
    }
  }

  /** Takes the right to send the END. */
  #claim(): boolean {
    const mine = !this.ended && this.#link.shared.claim(this.#place.slot, this.#place.tag);
    this.ended = true;
    return mine;
  }

  /** Sends as much of an error as can be sent. */
  #sendError(error: unknown): void {
    const { code, message, data } = toAnswer(error);
    const send = (map: Record<string, unknown>) => this.outbox.output(this.#place.id, END | ERROR, map);
    try {
      send(data === undefined ? { code, message } : { code, message, data });
      return;
    } catch (unsendable) {
      if (unsendable instanceof EncodeError) {
        this.#link.log.error("the data of the error %j can't be sent: %s", code, unsendable.message);
      }
    }
    try {
      send({ code, message });
    } catch {
      send({ code: code.slice(0, 100), message: 'the error is larger than the host accepts' });
    }
  }
}
