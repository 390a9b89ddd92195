/** The numbers and names of the protocol that both threads need. */

export const VERSION = 1;

export const Type = {
  initialize: 1,
  initialized: 2,
  ping: 3,
  pong: 4,
  input: 5,
  output: 6,
  cancel: 7,
  credit: 8,
  log: 9,
  shutdown: 10,
  shutdownAck: 11,
  exiting: 12,
} as const;

export const END = 1;
export const ERROR = 2;
export const EMPTY = 4;

/** The features that this package offers. */
export const FEATURES = ['credit', 'cancel', 'log', 'host-call'] as const;
export type Feature = (typeof FEATURES)[number];

export const DEFAULT_MAX_FRAME = 16 << 20;
export const LEAST_MAX_FRAME = 4096;
export const DEFAULT_WINDOW = 64 << 10;
export const DEFAULT_HOST_CONCURRENCY = 64;
export const MAX_INT31 = 2 ** 31 - 1;

/** The payloads of one exchange that may lie unread where there is no credit. */
export const UNREAD_LIMIT = 4 << 20;

/** The grace of a worker's own shutdown. */
export const TERM_GRACE_MS = 2000;

/** How long a canceled handler may go on until its exchange ends without it. */
export const CANCEL_PATIENCE_MS = 1000;

/** What Initialize says. */
export interface Hello {
  versions: number[];
  maxFrame: number;
  window: number;
  concurrency: number;
  features: string[];
  logLevel: string;
  /** One msgpack value, or nothing. */
  config: Uint8Array | undefined;
}

/** What is in force once the handshake is over. */
export interface Terms {
  readonly credit: boolean;
  readonly cancel: boolean;
  readonly hostCall: boolean;
  readonly ourWindow: number;
  readonly theirWindow: number;
  /** How many calls of the host may be open. */
  readonly concurrency: number;
}

/** Nothing is in force before. */
export const NO_TERMS: Terms = { credit: false, cancel: false, hostCall: false, ourWindow: 0, theirWindow: 0, concurrency: 0 };
