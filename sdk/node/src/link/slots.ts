/** Which exchanges of the host are open, as the link thread knows it. */

import type { Shared } from '../memory.js';

/** What the link thread keeps of an exchange of the host. */
export interface Place {
  readonly id: number;
  readonly slot: number;
  readonly tag: number;
  /** No more Inputs count. */
  read: boolean;
  /** When the main thread should have ended it, on this thread's clock; else Infinity. */
  due: number;
  /** What it is ended with if the main thread does not. */
  code: 'deadline_exceeded' | 'canceled';
}

/** Slots gives each exchange a slot of the shared memory. Either thread may end one. */
export class Slots {
  readonly #shared: Shared;
  readonly #places = new Map<number, Place>();
  readonly #free: number[] = [];
  #tag = 0;

  constructor(shared: Shared) {
    this.#shared = shared;
    for (let slot = shared.capacity - 1; slot >= 0; slot--) {
      this.#free.push(slot);
    }
  }

  /** Opens an exchange, or returns undefined if no place is left. */
  open(id: number, balance: number): Place | undefined {
    if (this.#free.length === 0) {
      this.sweep();
    }
    const slot = this.#free.pop();
    if (slot === undefined) {
      return undefined;
    }
    this.#tag = (this.#tag & 0x3fffffff) + 1;
    const stale = this.#places.get(id);
    if (stale) {
      this.#free.push(stale.slot);
    }
    const place: Place = { id, slot, tag: this.#tag, read: false, due: Infinity, code: 'canceled' };
    this.#places.set(id, place);
    this.#shared.open(slot, this.#tag, balance);
    return place;
  }

  /** Returns an exchange if it is open. */
  find(id: number): Place | undefined {
    const place = this.#places.get(id);
    return place !== undefined && this.#shared.isOpen(place.slot) ? place : undefined;
  }

  /** Returns those that are open, and takes back the slots of the others. */
  sweep(): Place[] {
    const open: Place[] = [];
    for (const [id, place] of this.#places) {
      if (this.#shared.isOpen(place.slot)) {
        open.push(place);
      } else {
        this.#places.delete(id);
        this.#free.push(place.slot);
      }
    }
    return open;
  }
}
