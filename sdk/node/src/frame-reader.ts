/** Reads the frames of a batch, which the link thread has checked, one after the other. */

import { type Batch, Field } from './batch.js';
import { decode } from './msgpack/decode.js';

/** A payload alone in its batch, of which it has more than half, is used where it was read. */
const SHARE = 0.5;

/** FrameReader is at one frame at a time, the first after the first call of {@link next}. */
export class FrameReader {
  readonly #bytes: Buffer;
  readonly #index: Float64Array;
  #at = -Field.count;

  constructor({ bytes, index }: Batch) {
    this.#bytes = bytes;
    this.#index = index;
  }

  /** Moves on, and reports whether there is another frame. */
  next(): boolean {
    this.#at += Field.count;
    return this.#at < this.#index.length;
  }

  get type(): number {
    return this.#field(Field.type);
  }

  get id(): number {
    return this.#field(Field.id);
  }

  get flags(): number {
    return this.#field(Field.flags);
  }

  /** The length of the body, which is what credit counts. */
  get length(): number {
    return this.#field(Field.length);
  }

  /** See {@link Field}. */
  get slot(): number {
    return this.#field(Field.slot);
  }

  get tag(): number {
    return this.#field(Field.tag);
  }

  get number(): number {
    return this.#field(Field.number);
  }

  /** The method or the reason, if there is one. */
  get text(): string | undefined {
    const start = this.#field(Field.textStart);
    return start < 0 ? undefined : this.#bytes.toString('utf8', start, this.#field(Field.textEnd));
  }

  /** What decodes meta, if there is one. It may be called when the reader has moved on. */
  get meta(): (() => Record<string, unknown>) | undefined {
    const start = this.#field(Field.metaStart);
    const bytes = this.#bytes;
    return start < 0 ? undefined : () => decode(bytes, start, 'own') as Record<string, unknown>;
  }

  /** Decodes the payload. No payload is null. */
  payload(): unknown {
    const start = this.#field(Field.payloadStart);
    if (start < 0) {
      return null;
    }
    const size = this.#field(Field.payloadEnd) - start;
    const alone = this.#index.length === Field.count && size > SHARE * this.#bytes.length;
    return decode(this.#bytes, start, alone ? 'shared' : 'own');
  }

  #field(field: number): number {
    return this.#index[this.#at + field] as number;
  }
}
