/** Cuts what is read into whole frames. */

import { Violation } from '../errors.js';
import { uint } from '../msgpack/check.js';

/** Bytes with one or more whole frames from 0 to `end`, valid until the next push. */
export interface Frames {
  bytes: Buffer;
  end: number;
}

/**
 * Splitter keeps the frame that has begun and not ended. Its memory grows with what arrives,
 * never with what a length promises.
 */
export class Splitter {
  #parts: Buffer[] = [];
  #size = 0;
  /** How many bytes it takes until there is a whole frame, as far as is known. */
  #wanted = 4;
  /** The largest body accepted. */
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /**
   * Takes what has been read, and returns the whole frames that there are now. It keeps no
   * reference to `chunk`, but the frames may be in it.
   */
  push(chunk: Buffer): Frames | undefined {
    this.#size += chunk.length;
    if (this.#size < this.#wanted) {
      this.#parts.push(Buffer.from(chunk));
      return undefined;
    }
    const bytes = this.#parts.length === 0 ? chunk : Buffer.concat([...this.#parts, chunk]);
    let end = 0;
    for (;;) {
      const left = bytes.length - end;
      this.#wanted = left < 4 ? 4 : 4 + this.#length(bytes, end);
      if (left < this.#wanted) {
        break;
      }
      end += this.#wanted;
    }
    const rest = bytes.subarray(end);
    this.#size = rest.length;
    this.#parts = rest.length > 0 ? [Buffer.from(rest)] : [];
    return end > 0 ? { bytes, end } : undefined;
  }

  #length(b: Buffer, at: number): number {
    const n = uint(b, at, 4);
    if (n === 0 || n > this.limit) {
      throw new Violation('frame-length', `a frame of ${n} bytes; from 1 to ${this.limit} are accepted`);
    }
    return n;
  }
}
