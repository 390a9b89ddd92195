/** Reads the envelope of a body that has been checked, with the leniency of section 4 of the specification. */

import { Violation } from '../errors.js';
import { arrayLength, headSize, skip, uint } from '../msgpack/check.js';

const NIL = 0xc0;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** The elements of an array, one after the other. */
export class Elements {
  readonly bytes: Buffer;
  left: number;
  /** Where the next element begins. */
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.left = arrayLength(bytes, at);
    this.at = at + headSize(bytes, at);
  }

  /** Moves on, and returns where the element begins: -1 if there is none, or if it is nil. */
  next(): number {
    if (this.left === 0) {
      return -1;
    }
    this.left--;
    const at = this.at;
    this.at = skip(this.bytes, at);
    return this.bytes[at] === NIL ? -1 : at;
  }

  int(what: string): number | undefined {
    const at = this.next();
    return at < 0 ? undefined : intAt(this.bytes, at, what);
  }

  /** Returns an int from 0 to max. */
  range(what: string, max: number): number {
    return within(this.int(what), what, max);
  }

  id(): number {
    const id = this.int('id');
    if (id === undefined || id < 1 || id > MAX_SAFE) {
      throw new Violation('exchange-id', `${id ?? 'none'} is no id`);
    }
    return id;
  }
}

/** Returns the int at `at`, which may be a float without a fraction. */
export function intAt(b: Buffer, at: number, what: string): number {
  const c = b[at] as number;
  if (c < 0x80) {
    return c;
  }
  if (c >= 0xe0) {
    return c - 0x100;
  }
  switch (c) {
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return uint(b, at + 1, 2 ** (c - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
      return b.readIntBE(at + 1, 2 ** (c - 0xd0));
    case 0xd3:
      return Number(b.readBigInt64BE(at + 1));
    case 0xca:
    case 0xcb: {
      const n = c === 0xca ? b.readFloatBE(at + 1) : b.readDoubleBE(at + 1);
      if (Number.isInteger(n)) {
        return n;
      }
      break;
    }
    default:
  }
  throw new Violation('element-type', `${what} is no int`);
}

/** Returns an int or its default 0. Over 2^31-1, where that is the end of its range, it is that. */
export function within(n: number | undefined, what: string, max: number): number {
  if (n === undefined) {
    return 0;
  }
  if (n < 0 || (n > max && max === MAX_SAFE)) {
    throw new Violation('element-type', `${what} is ${n}`);
  }
  return Math.min(n, max);
}

/** Returns where the text of the str at `at` begins. */
export function strAt(b: Buffer, at: number, what: string): number {
  const c = b[at] as number;
  if ((c & 0xe0) !== 0xa0 && (c < 0xd9 || c > 0xdb)) {
    throw new Violation('element-type', `${what} is no str`);
  }
  return at + headSize(b, at);
}

/** Returns the str at `at`. */
export function textAt(b: Buffer, at: number, what: string): string {
  return b.toString('utf8', strAt(b, at, what), skip(b, at));
}

/** Calls f with each key of the map at `at`, and where its value begins: -1 if it is nil. */
export function eachKey(b: Buffer, at: number, what: string, f: (key: string, value: number) => void): void {
  const c = b[at] as number;
  if ((c & 0xf0) !== 0x80 && c !== 0xde && c !== 0xdf) {
    throw new Violation('element-type', `${what} is no map`);
  }
  let pairs = c === 0xde ? uint(b, at + 1, 2) : c === 0xdf ? uint(b, at + 1, 4) : c & 0x0f;
  let next = at + headSize(b, at);
  for (; pairs > 0; pairs--) {
    const key = textAt(b, next, `a key of ${what}`);
    const value = skip(b, next);
    f(key, b[value] === NIL ? -1 : value);
    next = skip(b, value);
  }
}

/** Calls f with where each element of the array at `at` begins. */
export function eachElement(b: Buffer, at: number, what: string, f: (element: number) => void): void {
  const c = b[at] as number;
  if ((c & 0xf0) !== 0x90 && c !== 0xdc && c !== 0xdd) {
    throw new Violation('element-type', `${what} is no array`);
  }
  let next = at + headSize(b, at);
  for (let n = arrayLength(b, at); n > 0; n--) {
    f(next);
    next = skip(b, next);
  }
}
