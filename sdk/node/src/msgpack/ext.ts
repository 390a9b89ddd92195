/** Values of types that msgpack itself does not know. */

import { ExtData as Library } from '@msgpack/msgpack';

/** A value of an application's own type, a number from -128 to 127, in its bytes. */
export interface ExtData {
  readonly type: number;
  readonly data: Uint8Array;
}

/** The library's own class, by a type that needs none of the library's. */
export const ExtData = Library as new (type: number, data: Uint8Array) => ExtData;
