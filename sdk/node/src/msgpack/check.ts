/** Passes over msgpack without decoding it, so that whatever decodes it may trust lengths and counts. */

import { Violation } from '../errors.js';

/** How many levels of arrays and maps a body may have, its own array included. */
export const MAX_DEPTH = 64;

/** For each leading byte: up to the next item, the bytes that are known from that byte alone. */
const SIZE = new Uint8Array(256);
/** How many bytes of a length follow the leading byte. */
const WIDTH = new Uint8Array(256);
/** For an array 1, for a map 2: the values for each that the length counts; else 0. */
const ITEMS = new Uint8Array(256);

for (let c = 0; c < 256; c++) {
  if (c < 0x80 || c >= 0xe0 || c === 0xc0 || c === 0xc2 || c === 0xc3) {
    SIZE[c] = 1;
  } else if (c < 0xa0) {
    SIZE[c] = 1;
    ITEMS[c] = c < 0x90 ? 2 : 1;
  } else if (c < 0xc0) {
    SIZE[c] = 1 + (c - 0xa0);
  } else if (c >= 0xd4 && c <= 0xd8) {
    SIZE[c] = 2 + 2 ** (c - 0xd4);
  }
}
for (const [c, size] of [
  [0xcc, 2],
  [0xd0, 2],
  [0xcd, 3],
  [0xd1, 3],
  [0xce, 5],
  [0xd2, 5],
  [0xca, 5],
  [0xcf, 9],
  [0xd3, 9],
  [0xcb, 9],
] as const) {
  SIZE[c] = size;
}
for (const [first, head, items] of [
  [0xc4, 1, 0],
  [0xc7, 2, 0],
  [0xd9, 1, 0],
] as const) {
  for (let i = 0; i < 3; i++) {
    WIDTH[first + i] = 2 ** i;
    SIZE[first + i] = head + 2 ** i;
    ITEMS[first + i] = items;
  }
}
for (const [c, width, items] of [
  [0xdc, 2, 1],
  [0xdd, 4, 1],
  [0xde, 2, 2],
  [0xdf, 4, 2],
] as const) {
  WIDTH[c] = width;
  SIZE[c] = 1 + width;
  ITEMS[c] = items;
}

/** Items still to come at each level around the one at hand. Nothing that uses it can be interrupted. */
const outer = new Float64Array(MAX_DEPTH);

/**
 * Passes over the one value at `at`, which has at most `levels` levels of arrays and maps, and
 * returns where it ends. It neither recurses nor allocates.
 *
 * The items declared and not yet seen, over all open levels, never exceed the bytes that are
 * left, since every item takes one byte at least.
 *
 * @throws {Violation} if the value is cut, too deep, or no msgpack
 */
export function checkValue(b: Uint8Array, at: number, end: number, levels: number): number {
  let level = 0;
  let due = 1; // at the level at hand
  let owed = 1; // over all levels
  for (;;) {
    const left = end - at;
    if (owed > left) {
      throw new Violation('body-cut', `${owed} more items are due, but only ${left} bytes are left`);
    }
    due--;
    owed--;
    const c = b[at] as number;
    let size = SIZE[c] as number;
    if (size === 0) {
      throw new Violation('body-byte', '0xc1 is never used in msgpack');
    }
    const width = WIDTH[c] as number;
    let count = 0;
    if (width > 0) {
      if (left <= width) {
        throw new Violation('body-cut', 'the body ends inside a length');
      }
      count = uint(b, at + 1, width);
    }
    const each = ITEMS[c] as number;
    if (each === 0) {
      size += count;
    }
    if (size > left) {
      throw new Violation('body-cut', `a value of ${size} bytes, but only ${left} are left`);
    }
    at += size;
    if (each > 0) {
      const items = each * (width > 0 ? count : c & 0x0f);
      if (level === levels) {
        throw new Violation('body-depth', `more than ${MAX_DEPTH} levels`);
      }
      if (items > left) {
        throw new Violation('body-cut', `${items} items declared, but only ${left} bytes are left`);
      }
      outer[level++] = due;
      due = items;
      owed += items;
    }
    while (due === 0) {
      if (level === 0) {
        return at;
      }
      due = outer[--level] as number;
    }
  }
}

/**
 * Checks a whole body: one array that is not empty, with nothing behind it.
 *
 * @throws {Violation} that names the rule
 */
export function checkBody(b: Uint8Array, at: number, end: number): void {
  const c = b[at] as number;
  const isArray = (c & 0xf0) === 0x90 || c === 0xdc || c === 0xdd;
  if (!isArray) {
    throw new Violation(c === 0xc1 ? 'body-byte' : 'body-array', 'a body is an array');
  }
  const stop = checkValue(b, at, end, MAX_DEPTH);
  if (stop !== end) {
    throw new Violation('body-rest', `${end - stop} bytes behind the array`);
  }
  if (arrayLength(b, at) === 0) {
    throw new Violation('body-array', 'the array is empty');
  }
}

/** Returns where the value at `at` ends, which has been checked. */
export function skip(b: Uint8Array, at: number): number {
  for (let due = 1; due > 0; due--) {
    const c = b[at] as number;
    const width = WIDTH[c] as number;
    const count = width > 0 ? uint(b, at + 1, width) : c & 0x0f;
    const each = ITEMS[c] as number;
    at += SIZE[c] as number;
    if (each > 0) {
      due += each * count;
    } else if (width > 0) {
      at += count;
    }
  }
  return at;
}

/** Returns how many values the checked array at `at` has. */
export function arrayLength(b: Uint8Array, at: number): number {
  const c = b[at] as number;
  return c === 0xdc ? uint(b, at + 1, 2) : c === 0xdd ? uint(b, at + 1, 4) : c & 0x0f;
}

/** Returns the size of the head of the checked array or map at `at`. */
export function headSize(b: Uint8Array, at: number): number {
  return 1 + (WIDTH[b[at] as number] as number);
}

/** Reads a big-endian number. */
export function uint(b: Uint8Array, at: number, width: number): number {
  let n = b[at] as number;
  for (let i = 1; i < width; i++) {
    n = n * 256 + (b[at + i] as number);
  }
  return n;
}
