/**
 * Decodes a payload that has been checked.
 *
 * It is not the library's decoder, for which a 64-bit integer is a bigint always or never,
 * an unusual key of a map an error, and invalid UTF-8 whatever comes of it.
 */

import { decodeTimestampToTimeSpec, encodeTimeSpecToTimestamp } from '@msgpack/msgpack';
import { ExtData } from './ext.js';

/** Whether bytes in a decoded value refer to the memory that they came in. */
export type Memory = 'shared' | 'own';

/**
 * Decodes the one value in `b` between `start` and `end`, which has been checked and so is
 * nested less than 64 levels deep.
 *
 * An int is a number in the safe range, and a bigint beyond. A map whose keys are all strings
 * is an object, any other a Map. ext is an `ExtData`, or a Date if that loses nothing.
 */
export function decode(b: Buffer, start: number, memory: Memory): unknown {
  at = start;
  bytes = b;
  view = memory === 'shared';
  const value = next();
  bytes = EMPTY;
  return value;
}

const EMPTY = Buffer.alloc(0);
const LONGEST_LOOP = 24;

// Decoding neither waits nor runs foreign code, so one cursor is enough.
let bytes: Buffer = EMPTY;
let at = 0;
let view = false;

function next(): unknown {
  const c = bytes[at++] as number;
  if (c < 0x80) {
    return c;
  }
  if (c >= 0xe0) {
    return c - 0x100;
  }
  if (c < 0x90) {
    return map(c & 0x0f);
  }
  if (c < 0xa0) {
    return array(c & 0x0f);
  }
  if (c < 0xc0) {
    return text(c & 0x1f);
  }
  switch (c) {
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return bin(length(c - 0xc4));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return ext(length(c - 0xc7));
    case 0xca:
      return bytes.readFloatBE(move(4));
    case 0xcb:
      return bytes.readDoubleBE(move(8));
    case 0xcc:
    case 0xcd:
    case 0xce:
      return length(c - 0xcc);
    case 0xcf:
      return settle(bytes.readBigUInt64BE(move(8)));
    case 0xd0:
      return bytes.readInt8(move(1));
    case 0xd1:
      return bytes.readInt16BE(move(2));
    case 0xd2:
      return bytes.readInt32BE(move(4));
    case 0xd3:
      return settle(bytes.readBigInt64BE(move(8)));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return ext(2 ** (c - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return text(length(c - 0xd9));
    case 0xdc:
    case 0xdd:
      return array(length(c - 0xdb));
    case 0xde:
    case 0xdf:
      return map(length(c - 0xdd));
    default:
      return null;
  }
}

/** Moves on by n bytes, and returns where they begin. */
function move(n: number): number {
  at += n;
  return at - n;
}

/** Reads a length of 1, 2 or 4 bytes, for the width 0, 1 or 2. */
function length(width: number): number {
  switch (width) {
    case 0:
      return bytes[at++] as number;
    case 1:
      return bytes.readUInt16BE(move(2));
    default:
      return bytes.readUInt32BE(move(4));
  }
}

function settle(n: bigint): number | bigint {
  const number = Number(n);
  return Number.isSafeInteger(number) ? number : n;
}

function text(n: number): string {
  const start = move(n);
  if (n <= LONGEST_LOOP) {
    let s = '';
    for (let i = start; i < at; i++) {
      const c = bytes[i] as number;
      if (c >= 0x80) {
        return bytes.toString('utf8', start, at);
      }
      s += String.fromCharCode(c);
    }
    return s;
  }
  return bytes.toString('utf8', start, at);
}

function bin(n: number): Uint8Array {
  const start = move(n);
  if (view) {
    return new Uint8Array(bytes.buffer, bytes.byteOffset + start, n);
  }
  return new Uint8Array(bytes.subarray(start, at));
}

function array(n: number): unknown[] {
  const values: unknown[] = [];
  for (let i = 0; i < n; i++) {
    values.push(next());
  }
  return values;
}

function map(n: number): Record<string, unknown> | Map<unknown, unknown> {
  const object: Record<string, unknown> = {};
  for (let i = 0; i < n; i++) {
    const key = next();
    if (typeof key !== 'string') {
      return mapOf(object, key, n - i);
    }
    const value = next();
    if (key === '__proto__') {
      Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
    } else {
      object[key] = value;
    }
  }
  return object;
}

/** Goes on with a map whose key at hand is not a string. */
function mapOf(begun: Record<string, unknown>, key: unknown, left: number): Map<unknown, unknown> {
  const values = new Map<unknown, unknown>(Object.entries(begun));
  values.set(key, next());
  for (let i = 1; i < left; i++) {
    values.set(next(), next());
  }
  return values;
}

function ext(n: number): unknown {
  const type = bytes.readInt8(move(1));
  const start = move(n);
  const data = new Uint8Array(bytes.subarray(start, at));
  if (type === -1 && (n === 4 || n === 8 || n === 12)) {
    const time = decodeTimestampToTimeSpec(data);
    const date = new Date(time.sec * 1e3 + time.nsec / 1e6);
    if (time.nsec < 1e9 && !Number.isNaN(date.getTime()) && encodeTimeSpecToTimestamp(time).length === n && time.nsec % 1e6 === 0) {
      return date;
    }
  }
  return new ExtData(type, data);
}
