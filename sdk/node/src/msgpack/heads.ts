/** Writes the few values of which every frame has some, without an encoder. */

/** Writes an int from 0 to 2^53-1, and returns where it ends. */
export function putInt(b: Buffer, at: number, n: number): number {
  if (n < 0x80) {
    b[at] = n;
    return at + 1;
  }
  if (n < 2 ** 8) {
    b[at] = 0xcc;
    b[at + 1] = n;
    return at + 2;
  }
  if (n < 2 ** 16) {
    b[at] = 0xcd;
    b.writeUInt16BE(n, at + 1);
    return at + 3;
  }
  if (n < 2 ** 32) {
    b[at] = 0xce;
    b.writeUInt32BE(n, at + 1);
    return at + 5;
  }
  b[at] = 0xcf;
  b.writeUInt32BE(Math.floor(n / 2 ** 32), at + 1);
  b.writeUInt32BE(n % 2 ** 32, at + 5);
  return at + 9;
}

/** Writes the head of a bin of n bytes, and returns where it ends. */
export function putBinHead(b: Buffer, at: number, n: number): number {
  if (n < 2 ** 8) {
    b[at] = 0xc4;
    b[at + 1] = n;
    return at + 2;
  }
  if (n < 2 ** 16) {
    b[at] = 0xc5;
    b.writeUInt16BE(n, at + 1);
    return at + 3;
  }
  b[at] = 0xc6;
  b.writeUInt32BE(n, at + 1);
  return at + 5;
}

/** Reads what {@link putInt} has written. */
export function intAt(b: Buffer, at: number): number {
  switch (b[at]) {
    case 0xcc:
      return b[at + 1] as number;
    case 0xcd:
      return b.readUInt16BE(at + 1);
    case 0xce:
      return b.readUInt32BE(at + 1);
    case 0xcf:
      return b.readUInt32BE(at + 1) * 2 ** 32 + b.readUInt32BE(at + 5);
    default:
      return b[at] as number;
  }
}
