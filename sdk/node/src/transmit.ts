/** Writes frames to the link, from either thread, one whole frame behind the other. */

import { writeSync } from 'node:fs';
import { type Shared, Word } from './memory.js';

/** What becomes of bytes that the link does not take at once. */
export type Defer = (rest: Uint8Array) => void;

/**
 * Transmitter is one thread's right to write. The descriptor does not block: what it does
 * not take goes to the link thread, and until all of that is written everything goes there.
 */
export class Transmitter {
  readonly #shared: Shared;
  readonly #fd: number;
  readonly #defer: Defer;
  readonly #failed: (error: Error) => void;

  constructor(shared: Shared, fd: number, defer: Defer, failed: (error: Error) => void) {
    this.#shared = shared;
    this.#fd = fd;
    this.#defer = defer;
    this.#failed = failed;
  }

  /**
   * Writes whole frames, of which it keeps no reference; a function is asked for them when
   * nobody else can write any more. It reports whether it could get the lock.
   */
  send(frames: Uint8Array | (() => Uint8Array), last: 'last' | 'more' = 'more'): boolean {
    return this.#shared.locked(() => {
      if (this.#shared.get(Word.last) === 0) {
        this.#write(typeof frames === 'function' ? frames() : frames);
      }
      if (last === 'last') {
        this.#shared.set(Word.last, 1);
      }
    });
  }

  /** Writes with the lock held. */
  #write(frames: Uint8Array): void {
    let written = 0;
    if (this.#shared.get(Word.backlog) === 0) {
      try {
        while (written < frames.length) {
          written += writeSync(this.#fd, frames, written, frames.length - written);
        }
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'EAGAIN' && code !== 'EWOULDBLOCK') {
          this.#failed(error as Error);
          return;
        }
      }
    }
    this.#shared.add(Word.backlog, frames.length - written);
    this.#defer(new Uint8Array(frames.subarray(written)));
  }
}
