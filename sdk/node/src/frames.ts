/** Encodes the small frames of either thread. */

import { encode } from './msgpack/encode.js';
import { END, ERROR, Type } from './protocol.js';

/** Returns a message as a frame of its own. */
export function frame(...elements: unknown[]): Uint8Array {
  const body = encode(elements);
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, 4);
  return bytes;
}

/** Returns an Output that ends an exchange with an error. */
export function errorOutput(id: number, code: string, message: string): Uint8Array {
  return frame(Type.output, id, END | ERROR, null, { code, message });
}
