/** The values that come in one direction of an exchange, in order, for whoever iterates over them. */

import { UNREAD_LIMIT } from './protocol.js';

/** How an Inbox tells of what happens to it. */
export interface InboxOwner {
  /** So many bytes were consumed. */
  consumed(bytes: number): void;
  /** So many bytes will not be read. */
  discarded(bytes: number): void;
  /** The reader has stopped before the end. */
  abandoned(): void;
}

type Result = IteratorResult<unknown, undefined>;

/** Inbox is filled as frames arrive. Reading grants the host the right to send more. */
export class Inbox implements AsyncIterableIterator<unknown> {
  readonly #owner: InboxOwner;
  readonly #values: { value: unknown; size: number }[] = [];
  readonly #readers: { resolve: (r: Result) => void; reject: (e: unknown) => void }[] = [];
  #unread = 0;
  #ended = false;
  #failure: { error: unknown } | undefined;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  /** Adds a value that has come in a frame of that size. */
  push(value: unknown, size: number): void {
    if (this.#ended) {
      this.#owner.discarded(size);
      return;
    }
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ done: false, value });
      this.#owner.consumed(size);
      return;
    }
    this.#values.push({ value, size });
    this.#unread += size;
  }

  /** Reports whether more lies unread than may where nothing else bounds it. */
  get flooded(): boolean {
    return this.#unread > UNREAD_LIMIT && this.#values.length > 1;
  }

  /** Says that no more values come: the reader gets those that there are first. */
  end(failure?: { error: unknown }): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#failure = failure;
    for (const reader of this.#readers.splice(0)) {
      this.#last(reader.resolve, reader.reject);
    }
  }

  /** Fails the reader at once, whatever lies unread. */
  abort(error: unknown): void {
    this.#discard();
    if (this.#ended) {
      this.#failure = { error };
    } else {
      this.end({ error });
    }
  }

  next(): Promise<Result> {
    const item = this.#values.shift();
    if (item !== undefined) {
      this.#unread -= item.size;
      this.#owner.consumed(item.size);
      return Promise.resolve({ done: false, value: item.value });
    }
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        this.#last(resolve, reject);
      } else {
        this.#readers.push({ resolve, reject });
      }
    });
  }

  return(): Promise<Result> {
    this.#discard();
    this.#failure = undefined;
    this.#ended = true;
    this.#owner.abandoned();
    for (const reader of this.#readers.splice(0)) {
      reader.resolve({ done: true, value: undefined });
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #discard(): void {
    if (this.#unread > 0) {
      this.#owner.discarded(this.#unread);
    }
    this.#values.length = 0;
    this.#unread = 0;
  }

  /** What a reader gets behind the last value: the failure, once. */
  #last(resolve: (r: Result) => void, reject: (e: unknown) => void): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) {
      reject(failure.error);
    } else {
      resolve({ done: true, value: undefined });
    }
  }
}
