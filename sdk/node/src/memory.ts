/** The memory that the main thread and the link thread share: a lock, some counters, and a slot for each exchange of the host. */

/** Positions of the words in front of the slots. */
export const Word = {
  /** Who may write to the link. */
  lock: 0,
  /** Bytes that the link thread has still to write, or that are on their way to it. */
  backlog: 1,
  /** How many messages of the link thread the main thread has dealt with. */
  seen: 2,
  /** How many exchanges of the host are open. */
  open: 3,
  /** How many exchanges the link thread has ended in the main thread's place. */
  taken: 4,
  /** 1 once Initialized is on its way. */
  established: 5,
  /** 1 once Exiting is on its way: nothing may follow. */
  last: 6,
  /** 1 if the link thread receives signals. */
  signals: 7,
  /** 1 while the link thread looks into the main thread, which should not exit meanwhile. */
  inspected: 8,
  /** 1 once the main thread is to exit: nobody looks into it any more. */
  exits: 9,
  count: 10,
} as const;

/**
 * How often a thread waits a millisecond for the lock, which is only held for a system call. Waits
 * are counted, and not the time: a process that was stopped has waited once.
 */
const PATIENCE = { main: 10_000, link: 200 } as const;

/** State that both threads read and write. */
export class Shared {
  readonly words: Int32Array;
  readonly capacity: number;
  readonly #patience: number;

  constructor(capacity: number, thread: keyof typeof PATIENCE, buffer = new SharedArrayBuffer(4 * (Word.count + 2 * capacity))) {
    this.words = new Int32Array(buffer);
    this.capacity = capacity;
    this.#patience = PATIENCE[thread];
  }

  get buffer(): SharedArrayBuffer {
    return this.words.buffer as SharedArrayBuffer;
  }

  get(word: number): number {
    return Atomics.load(this.words, word);
  }

  set(word: number, value: number): void {
    Atomics.store(this.words, word, value);
  }

  add(word: number, n: number): number {
    return Atomics.add(this.words, word, n) + n;
  }

  /**
   * Runs f with the right to write to the link, and reports whether it could. No lock is held
   * across a wait, but the main thread may be stopped by a debugger while it has it, so that
   * the link thread is the one that tries again later.
   */
  locked(f: () => void): boolean {
    if (!this.#lock()) {
      return false;
    }
    try {
      f();
    } finally {
      Atomics.store(this.words, Word.lock, 0);
    }
    return true;
  }

  #lock(): boolean {
    for (let i = 0; i < 100; i++) {
      if (Atomics.compareExchange(this.words, Word.lock, 0, 1) === 0) {
        return true;
      }
    }
    for (let i = 0; i < this.#patience; i++) {
      if (Atomics.compareExchange(this.words, Word.lock, 0, 1) === 0) {
        return true;
      }
      Atomics.wait(this.words, Word.lock, 1, 1);
    }
    return false;
  }

  /** Opens an exchange in a slot. The tag, which is not 0, tells it from those before it. */
  open(slot: number, tag: number, balance: number): void {
    Atomics.store(this.words, this.#balance(slot), balance);
    Atomics.store(this.words, this.#state(slot), tag);
    this.add(Word.open, 1);
  }

  /** Takes the right to send the END of an exchange, which one thread gets and once. */
  claim(slot: number, tag: number): boolean {
    if (Atomics.compareExchange(this.words, this.#state(slot), tag, 0) !== tag) {
      return false;
    }
    this.add(Word.open, -1);
    return true;
  }

  /** Reports whether the exchange in that slot is open; without a tag, whether any is. */
  isOpen(slot: number, tag?: number): boolean {
    const state = Atomics.load(this.words, this.#state(slot));
    return tag === undefined ? state !== 0 : state === tag;
  }

  /** Changes what the host may still send, and returns what it was. */
  balance(slot: number, change: number): number {
    return Atomics.add(this.words, this.#balance(slot), change);
  }

  #state(slot: number): number {
    return Word.count + 2 * slot;
  }

  #balance(slot: number): number {
    return Word.count + 2 * slot + 1;
  }
}
