/** How the link thread hands frames over: all that one read has brought, and an index of it. */

/** Where a frame's record in the index has what. Offsets are into the bytes of the batch; -1 is none. */
export const Field = {
  type: 0,
  id: 1,
  flags: 2,
  /** Where the method, the reason or the map of a message begins, and where it ends. */
  textStart: 3,
  textEnd: 4,
  metaStart: 5,
  payloadStart: 6,
  payloadEnd: 7,
  /** The length of the body, which is what credit counts. */
  length: 8,
  /** The slot and the tag of an exchange that the host has opened. */
  slot: 9,
  tag: 10,
  /** timeout_ms of an opening Input, bytes of Credit, the end of the grace of Shutdown. */
  number: 11,
  count: 12,
} as const;

/** Frames that have been checked. */
export interface Batch {
  bytes: Buffer;
  index: Float64Array;
}

/** Records makes the index of a batch. */
export class Records {
  #fields = new Float64Array(64 * Field.count);
  #at = 0;
  #end = 0;

  /** Begins a record, in which all else is none. */
  begin(type: number, id: number): void {
    this.#at = this.#end;
    this.#end += Field.count;
    if (this.#end > this.#fields.length) {
      const more = new Float64Array(2 * this.#fields.length);
      more.set(this.#fields);
      this.#fields = more;
    }
    for (let i = this.#at; i < this.#end; i++) {
      this.#fields[i] = -1; // quicker than fill, for so few
    }
    this.set(Field.type, type);
    this.set(Field.id, id);
  }

  /** Sets a field of the record that was begun last. */
  set(field: number, value: number): void {
    this.#fields[this.#at + field] = value;
  }

  /** Returns the index, valid until the next record begins, and forgets it. */
  take(): Float64Array {
    const index = this.#fields.subarray(0, this.#end);
    this.#end = 0;
    return index;
  }
}

/** Packs a batch into memory of its own, which can be handed over: a count, the index, the bytes. */
export function pack({ bytes, index }: Batch): ArrayBuffer {
  const packed = new ArrayBuffer(8 + index.byteLength + bytes.length);
  const numbers = new Float64Array(packed, 0, 1 + index.length);
  numbers[0] = index.length;
  numbers.set(index, 1);
  new Uint8Array(packed).set(bytes, 8 + index.byteLength);
  return packed;
}

/** Returns what was packed, in the same memory. */
export function unpack(packed: ArrayBuffer): Batch {
  const [count = 0] = new Float64Array(packed, 0, 1);
  return { index: new Float64Array(packed, 8, count), bytes: Buffer.from(packed, 8 + 8 * count) };
}

/** What the link thread tells the main thread besides. */
export type Notice =
  /** Initialize has come. */
  | { kind: 'hello'; hello: import('./protocol.js').Hello }
  /** The host has broken a rule. */
  | { kind: 'violation'; message: string }
  /** The link has ended at that moment. */
  | { kind: 'gone'; why: string; at: number }
  /** Exchanges were ended in the main thread's place. */
  | { kind: 'ended'; id: number; code: string; message: string }
  /** What was to be written is written. */
  | { kind: 'drained' }
  /** Nothing: the main thread is to show that it turns. */
  | { kind: 'probe' }
  /** SIGTERM has come: the grace ends then. */
  | { kind: 'terminate'; until: number };

/** What the main thread tells the link thread. */
export type Order =
  /** What the link did not take at once. */
  | { kind: 'rest'; bytes: Uint8Array }
  /** Initialized is about to be sent. */
  | { kind: 'establish'; methods: string[]; features: string[] }
  /** Writing has failed. */
  | { kind: 'failed'; why: string }
  /** SIGTERM has come. */
  | { kind: 'terminate' };

/** What the link thread is started with. */
export interface LinkData {
  port: import('node:worker_threads').MessagePort;
  shared: SharedArrayBuffer;
  capacity: number;
  readFd: number;
  writeFd: number;
  maxFrame: number;
  window: number;
}
