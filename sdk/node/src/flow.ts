/** Credit: what bounds the bytes that lie unread, in either direction of an exchange. */

import { MAX_INT31, type Terms } from './protocol.js';

/** Balance is what one direction of an exchange may still send. Without credit it is endless. */
export class Balance {
  #bytes: number;
  #waiter: (() => void) | undefined;

  constructor({ credit, theirWindow }: Terms) {
    this.#bytes = credit ? theirWindow : Infinity;
  }

  get positive(): boolean {
    return this.#bytes > 0;
  }

  spend(bytes: number): void {
    this.#bytes -= bytes;
  }

  add(bytes: number): void {
    this.#bytes = Math.min(this.#bytes + bytes, MAX_INT31);
    if (this.positive) {
      this.wake();
    }
  }

  /** Resolves when there is more, or when it does not matter any more. One may wait at a time. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiter = resolve;
    });
  }

  wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.();
  }
}

/** Consumed counts what was consumed until it is worth a Credit. */
export class Consumed {
  readonly #window: number;
  readonly #grant: (bytes: number) => void;
  #bytes = 0;

  constructor(window: number, grant: (bytes: number) => void) {
    this.#window = window;
    this.#grant = grant;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (2 * this.#bytes >= this.#window) {
      this.grantAll();
    }
  }

  /** Grants at once what there is. */
  grantAll(): void {
    if (this.#bytes > 0) {
      this.#grant(Math.min(this.#bytes, MAX_INT31));
      this.#bytes = 0;
    }
  }
}
