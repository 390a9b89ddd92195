/** Values to bytes and back, and bytes that are no values. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { ExtData } from '@msgpack/msgpack';
import { checkBody } from '../dist/msgpack/check.js';
import { decode } from '../dist/msgpack/decode.js';
import { EncodeError, encode } from '../dist/msgpack/encode.js';

const roundTrip = (value) => decode(Buffer.from(encode(value)), 0, 'own');

test('values survive', () => {
  const own = Object.defineProperty({ a: 1 }, '__proto__', {
    value: { polluted: 1 },
    configurable: true,
    enumerable: true,
    writable: true,
  });
  for (const value of [
    null,
    true,
    false,
    0,
    1,
    -1,
    127,
    128,
    -32,
    -33,
    2 ** 31,
    2 ** 32,
    -(2 ** 31),
    -(2 ** 40),
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    2n ** 53n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 64n - 1n,
    1.5,
    NaN,
    Infinity,
    -Infinity,
    '',
    'a',
    'ä'.repeat(100),
    'x'.repeat(70_000),
    '€🙂',
    new Uint8Array(),
    new Uint8Array([1, 2]),
    new Uint8Array(70_000),
    [],
    [[]],
    {},
    { a: { b: [1, { c: null }] } },
    own,
    new Map([
      [1, 'a'],
      [null, 2n ** 60n],
      [[1], new Uint8Array([3])],
    ]),
    new ExtData(5, new Uint8Array([1])),
    new ExtData(-2, new Uint8Array(300)),
    new Date(0),
    new Date(1_700_000_000_123),
    new Date(-1),
    [2n ** 63n, 2 ** 40, { a: -(2 ** 40) }],
    Array(70_000).fill(1),
    Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i])),
  ]) {
    assert.deepStrictEqual(roundTrip(value), value);
  }
  assert.equal({}.polluted, undefined);
});

test('what is no value of msgpack becomes the nearest that is', () => {
  assert.deepStrictEqual(roundTrip(undefined), null);
  assert.deepStrictEqual(roundTrip({ a: undefined }), { a: null });
  assert.deepStrictEqual(roundTrip(new Set([1, 2])), [1, 2]);
  assert.deepStrictEqual(roundTrip(Buffer.from('a')), new Uint8Array([97]));
  assert.deepStrictEqual(roundTrip(new URL('http://a/')), 'http://a/');
  assert.deepStrictEqual(roundTrip(5n), 5);
  class Point {
    x = 1;
    y = [
      new (class Inner {
        z = 2;
      })(),
    ];
  }
  assert.deepStrictEqual(roundTrip(new Point()), { x: 1, y: [{ z: 2 }] });
});

test('what can not be sent is named, with its place', () => {
  const circular = { a: {} };
  circular.a.b = circular;
  for (const [value, message] of [
    [() => {}, /^the value is a function/],
    [{ a: [0, { b: Symbol('s') }] }, /^value\.a\[1\]\.b is a symbol/],
    [[2n ** 64n], /^value\[0\] is a bigint of more than 64 bits/],
    [{ p: Promise.resolve() }, /^value\.p is a Promise: is an await missing/],
    [new Error('lost'), /^the value is an Error, which can't be sent: is a throw missing/],
    [[new Date(Number.NaN)], /^value\[0\] is an invalid Date/],
    [[new ExtData(200, new Uint8Array())], /^value\[0\] is an ExtData whose type is 200, and not from -128 to 127$/],
    [circular, /^[^\n]{1,200}$/],
    [circular, /nested more than 63 levels deep, or contains itself/],
    [new Map([['k', () => {}]]), /^value\.k is a function/],
  ]) {
    assert.throws(
      () => encode(value),
      (e) => e instanceof EncodeError && message.test(e.message),
      String(message),
    );
  }
});

test('invalid UTF-8 is replaced', () => {
  assert.equal(decode(Buffer.from([0xa3, 0x61, 0xff, 0x62]), 0, 'own'), 'a\ufffdb');
  assert.equal(decode(Buffer.from([0x92, 0xa1, 0xe2, 0xa1, 0x61]), 0, 'own')[0], '\ufffd');
});

test('nothing that is checked makes the decoder fail', () => {
  let seed = 7;
  const random = (n) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  let good = 0;
  for (let round = 0; round < 60_000; round++) {
    const b = Buffer.alloc(1 + random(24));
    b[0] = 0x90 | random(6);
    for (let i = 1; i < b.length; i++) {
      b[i] = random(4) > 0 ? [0x92, 0x81, 0xc4, 0xdc, 0xde, 0xd9, 0xc7, 0xa2, 0xcb, 0x01, 0x00, 0xc0, 0xd6, 0xcf][random(14)] : random(256);
    }
    try {
      checkBody(b, 0, b.length);
    } catch (error) {
      assert.match(error.rule, /^body-/);
      continue;
    }
    good++;
    assert.ok(Array.isArray(decode(b, 0, 'own')));
  }
  assert.ok(good > 300, `${good}`);
});

test('a promise of many items allocates nothing', () => {
  const before = process.memoryUsage().rss;
  for (const hex of ['91ddffffffff', '91dfffffffff', '91c6ffffffff', `91${'dd00100000'.repeat(5)}`]) {
    const b = Buffer.from(hex, 'hex');
    assert.throws(() => checkBody(b, 0, b.length), { rule: 'body-cut' });
  }
  const deep = Buffer.alloc(1 << 20, 0x91);
  assert.throws(() => checkBody(deep, 0, deep.length), { rule: 'body-depth' });
  assert.ok(process.memoryUsage().rss - before < 64 << 20);
});
