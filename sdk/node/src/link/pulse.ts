/** Tells how long the main thread has not turned. */

import { type Shared, Word } from '../memory.js';

/** Moments closer together than this are not told apart. */
const RESOLUTION_MS = 5;

/** Pulse knows when each message to the main thread was posted, and which were dealt with. */
export class Pulse {
  readonly #shared: Shared;
  #posted = 0;
  readonly #moments: { posted: number; at: number }[] = [];

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Notes that a message is posted. */
  post(now: number): void {
    this.#posted++;
    const last = this.#moments.at(-1);
    if (last !== undefined && now - last.at < RESOLUTION_MS) {
      last.posted = this.#posted;
    } else {
      this.#moments.push({ posted: this.#posted, at: now });
    }
    this.#forget();
  }

  /** Reports whether the main thread has dealt with all that was posted. */
  get idle(): boolean {
    return this.#shared.get(Word.seen) === (this.#posted | 0);
  }

  /** Returns since when the main thread is at the oldest message that it has not dealt with. */
  stuckMs(now: number): number {
    this.#forget();
    const oldest = this.#moments[0];
    return oldest === undefined || this.idle ? 0 : Math.max(0, Math.round(now - oldest.at));
  }

  #forget(): void {
    const seen = this.#shared.get(Word.seen);
    while (this.#moments[0] !== undefined && ((this.#moments[0].posted - seen) | 0) <= 0) {
      this.#moments.shift();
    }
  }
}
