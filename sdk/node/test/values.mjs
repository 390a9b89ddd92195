/** The values of the vectors, which are tagged so that nothing is lost. */

import { ExtData, encodeDateToTimeSpec, encodeTimeSpecToTimestamp } from '@msgpack/msgpack';

/** Returns the value that a tagged one stands for. */
export function untag(tagged) {
  if (tagged === null || typeof tagged !== 'object') {
    return tagged;
  }
  const [[tag, value]] = Object.entries(tagged);
  switch (tag) {
    case 'int':
      return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
    case 'float':
      return Number(value);
    case 'bin':
      return new Uint8Array(Buffer.from(value, 'hex'));
    case 'ext':
      return new ExtData(value[0], new Uint8Array(Buffer.from(value[1], 'hex')));
    case 'array':
      return value.map(untag);
    default:
      return mapOf(value.map(([k, v]) => [untag(k), untag(v)]));
  }
}

function mapOf(entries) {
  if (entries.some(([k]) => typeof k !== 'string')) {
    return new Map(entries);
  }
  const object = {};
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
  }
  return object;
}

/** Makes the Dates of a decoded value ext again, as the vectors have them. */
export function withoutDates(value) {
  if (value instanceof Date) {
    return new ExtData(-1, new Uint8Array(encodeTimeSpecToTimestamp(encodeDateToTimeSpec(value))));
  }
  if (Array.isArray(value)) {
    return value.map(withoutDates);
  }
  if (value instanceof Map) {
    return new Map([...value].map(([k, v]) => [withoutDates(k), withoutDates(v)]));
  }
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return mapOf(Object.entries(value).map(([k, v]) => [k, withoutDates(v)]));
  }
  return value;
}
