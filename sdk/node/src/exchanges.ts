/** Gives the frames that come to the exchanges that they are for. */

import { type Batch, unpack } from './batch.js';
import type { Calls } from './calls.js';
import type { Method } from './context.js';
import { KinwireError } from './errors.js';
import { FrameReader } from './frame-reader.js';
import { type Bounds, type Host, hostWithin } from './host.js';
import type { Logger } from './log.js';
import type { Shared } from './memory.js';
import type { Outbox } from './outbox.js';
import { NO_TERMS, type Terms, Type } from './protocol.js';
import { Served, type Surroundings } from './served.js';
import { reasonOf } from './text.js';

/** What exchanges need of their session. */
export interface ExchangesSession {
  readonly shared: Shared;
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly calls: Calls;
  readonly methods: ReadonlyMap<string, Method>;
  /** No exchange of the host is open any more. */
  idle(): void;
  /** Shutdown has come. */
  shutdown(until: number, reason: string): void;
}

/** Exchanges are those that the host has opened, and the way to those that the worker has. */
export class Exchanges implements Surroundings {
  readonly shared: Shared;
  readonly outbox: Outbox;
  readonly log: Logger;
  /** By their ids; those, too, whose handler still runs though their END is sent. */
  readonly open = new Map<number, Served>();
  terms: Terms = NO_TERMS;
  readonly #session: ExchangesSession;

  constructor(session: ExchangesSession) {
    this.#session = session;
    this.shared = session.shared;
    this.outbox = session.outbox;
    this.log = session.log;
    this.outbox.wasTaken = (id) => this.open.get(id)?.wasTaken === true;
  }

  /**
   * Deals with frames.
   *
   * @throws {Violation} at the first that breaks a rule
   */
  take(packed: ArrayBuffer): void {
    const batch: Batch = unpack(packed);
    for (const frame = new FrameReader(batch); frame.next(); ) {
      this.#frame(frame);
    }
  }

  #frame(frame: FrameReader): void {
    switch (frame.type) {
      case Type.input:
        this.#input(frame);
        break;
      case Type.output:
        this.#session.calls.output(frame);
        break;
      case Type.cancel:
        this.open.get(frame.id)?.cancel(new KinwireError('canceled', reasonOf('the caller has given up', frame.text)));
        break;
      case Type.credit:
        if (frame.id % 2 === 0) {
          this.#session.calls.credit(frame.id, frame.number);
        } else {
          this.open.get(frame.id)?.credit(frame.number);
        }
        break;
      default:
        this.#session.shutdown(frame.number, frame.text ?? '');
    }
  }

  #input(frame: FrameReader): void {
    const { id, text: name } = frame;
    if (name === undefined) {
      this.open.get(id)?.input(frame, frame.length);
      return;
    }
    const method = this.#session.methods.get(name);
    if (method === undefined) {
      return; // the link thread has answered
    }
    const { slot, tag, number: timeoutMs, meta } = frame;
    const served = new Served(this, method, { id, slot, tag, method: name, timeoutMs, meta });
    this.open.set(id, served);
    served.start();
    served.input(frame, 0); // what opens an exchange needs no credit
  }

  hostFor(bounds: Bounds): Host {
    return hostWithin(this.#session.calls, bounds);
  }

  over(served: Served): void {
    if (this.open.get(served.opening.id) === served) {
      this.open.delete(served.opening.id);
    }
    if (this.open.size === 0) {
      this.#session.idle();
    }
  }
}
