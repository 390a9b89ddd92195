/** What a handler sees of the exchange that it answers. */

import type { Context } from './context.js';
import type { Host } from './host.js';
import type { Logger } from './log.js';
import type { Served, Surroundings } from './served.js';

/** CallContext makes what most handlers don't ask for when it is asked for. */
export class CallContext implements Context {
  readonly method: string;
  readonly deadline: Date | undefined;
  readonly #served: Served;
  readonly #around: Surroundings;
  #host: Host | undefined;
  #meta: Record<string, unknown> | undefined;

  constructor(served: Served, around: Surroundings) {
    this.method = served.opening.method;
    this.deadline = served.until === Infinity ? undefined : new Date(Date.now() + served.until - performance.now());
    this.#served = served;
    this.#around = around;
  }

  get signal(): AbortSignal {
    return this.#served.signal;
  }

  get host(): Host {
    this.#host ??= this.#around.hostFor(this.#served);
    return this.#host;
  }

  get log(): Logger {
    return this.#around.log;
  }

  get meta(): Record<string, unknown> {
    this.#meta ??= this.#served.opening.meta?.() ?? {};
    return this.#meta;
  }
}
