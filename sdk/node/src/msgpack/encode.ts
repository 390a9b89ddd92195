/** Encodes values, by the library where it can, and names what nobody could encode. */

import { Encoder } from '@msgpack/msgpack';
import { cut } from '../text.js';
import { MAX_DEPTH } from './check.js';
import { ExtData } from './ext.js';

/** How many levels a payload may have: the body's array is one more. */
const PAYLOAD_DEPTH = MAX_DEPTH - 1;

/** How much of a place in a value is told. */
const LONGEST_PATH = 100;

/** Above that an encoder's memory is not kept for the next value. */
const LARGEST_KEPT = 1 << 20;

/** A value can't be sent. The message says what it is, and where. */
export class EncodeError extends TypeError {
  override readonly name = 'EncodeError';
}

const UNUSUAL = new Error('this value is not for the library');

/** Keeps from the library what it would encode wrongly: a Map as an empty object, say. */
const usual = {
  tryToEncode(value: unknown): null {
    if (typeof value === 'object' && value !== null) {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype === Object.prototype || prototype === null || Array.isArray(value) || value instanceof Uint8Array) {
        return null;
      }
    }
    throw UNUSUAL;
  },
  decode(): never {
    throw UNUSUAL;
  },
};

const newEncoder = () => new Encoder({ extensionCodec: usual, maxDepth: PAYLOAD_DEPTH });
const leaf = new Encoder();
let quick = newEncoder();

/**
 * Encodes a value. The bytes are valid until the next call.
 *
 * `undefined` is nil; a Set is an array; an object that has a `toJSON` is what that returns;
 * any other object is a map of its own enumerable properties.
 *
 * @throws {EncodeError} that names what can't be sent, and where in the value it is
 */
export function encode(value: unknown): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = quick.encodeSharedRef(value);
  } catch {
    return carefully(value);
  }
  if (bytes.buffer.byteLength > LARGEST_KEPT) {
    quick = newEncoder();
  }
  return bytes;
}

/** Encodes what the library does not, or says why it can't be. */
function carefully(value: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  put(parts, value, '', 0);
  return Buffer.concat(parts);
}

function put(parts: Uint8Array[], value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case 'bigint':
      parts.push(integer(value, path));
      return;
    case 'function':
    case 'symbol':
      throw new EncodeError(`${where(path)} is a ${typeof value}, which can't be sent`);
    case 'object':
      if (value !== null) {
        putObject(parts, value, path, depth);
        return;
      }
      break;
    default:
  }
  parts.push(leaf.encode(value));
}

function putObject(parts: Uint8Array[], value: object, path: string, depth: number): void {
  if (value instanceof ExtData || value instanceof Date) {
    parts.push(extension(value, path));
  } else if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    parts.push(leaf.encode(new Uint8Array(value)));
  } else if (ArrayBuffer.isView(value)) {
    parts.push(leaf.encode(value));
  } else if (depth === PAYLOAD_DEPTH) {
    throw new EncodeError(`the value is nested more than ${PAYLOAD_DEPTH} levels deep, or contains itself: ${where(path)}`);
  } else if (Array.isArray(value) || value instanceof Set) {
    putArray(parts, [...value], path, depth);
  } else if (value instanceof Map) {
    putMap(parts, [...value], path, depth);
  } else if (value instanceof Promise) {
    throw new EncodeError(`${where(path)} is a Promise: is an await missing?`);
  } else if (value instanceof Error && !('toJSON' in value)) {
    throw new EncodeError(`${where(path)} is an Error, which can't be sent: is a throw missing?`);
  } else if ('toJSON' in value && typeof value.toJSON === 'function') {
    put(parts, value.toJSON(''), path, depth + 1);
  } else {
    putMap(parts, Object.entries(value), path, depth);
  }
}

function putArray(parts: Uint8Array[], values: unknown[], path: string, depth: number): void {
  parts.push(head(0x90, 0xdc, values.length));
  for (const [i, value] of values.entries()) {
    put(parts, value, `${path}[${i}]`, depth + 1);
  }
}

function putMap(parts: Uint8Array[], entries: [unknown, unknown][], path: string, depth: number): void {
  parts.push(head(0x80, 0xde, entries.length));
  for (const [key, value] of entries) {
    const name = typeof key === 'string' || typeof key === 'number' ? `${path}.${key}` : `${path}[a key]`;
    put(parts, key, name, depth + 1);
    put(parts, value, name, depth + 1);
  }
}

/** The head of an array or map. */
function head(fix: number, wide: number, n: number): Uint8Array {
  if (n < 16) {
    return Uint8Array.of(fix | n);
  }
  if (n < 1 << 16) {
    return Uint8Array.of(wide, n >> 8, n);
  }
  return Uint8Array.of(wide + 1, n >> 24, n >> 16, n >> 8, n);
}

function integer(n: bigint, path: string): Uint8Array {
  if (n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER) {
    return leaf.encode(Number(n));
  }
  if (BigInt.asIntN(64, n) !== n && BigInt.asUintN(64, n) !== n) {
    throw new EncodeError(`${where(path)} is a bigint of more than 64 bits`);
  }
  const bytes = Buffer.alloc(9);
  bytes[0] = n < 0n ? 0xd3 : 0xcf;
  bytes.writeBigUInt64BE(BigInt.asUintN(64, n), 1);
  return bytes;
}

function extension(value: ExtData | Date, path: string): Uint8Array {
  if (value instanceof Date && Number.isNaN(value.getTime())) {
    throw new EncodeError(`${where(path)} is an invalid Date`);
  }
  if (value instanceof ExtData && new Int8Array([value.type])[0] !== value.type) {
    throw new EncodeError(`${where(path)} is an ExtData whose type is ${value.type}, and not from -128 to 127`);
  }
  try {
    return leaf.encode(value);
  } catch (error) {
    throw new EncodeError(`${where(path)} can't be sent: ${(error as Error).message}`);
  }
}

function where(path: string): string {
  return path === '' ? 'the value' : `value${cut(path, LONGEST_PATH)}`;
}
