/** Does what the main thread should have done and can't, because a handler does not let it turn. */

import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { LONGEST_TIMER_MS, now } from '../clock.js';
import { errorOutput, frame } from '../frames.js';
import { type Shared, Word } from '../memory.js';
import { TERM_GRACE_MS, Type } from '../protocol.js';
import { stopMain } from './inspect.js';
import type { Pulse } from './pulse.js';
import { onSignal } from './signals.js';
import type { Place, Slots } from './slots.js';

/** How often exchanges that are open are looked at. */
const TICK_MS = 100;
/** From then on the main thread is stuck. */
const STUCK_MS = 250;
/** From then on its stack is worth a line of the log. */
const WARN_MS = 5000;
/** How long the main thread may take to end the process, until it is stopped in what it is at. */
const STOP_AFTER_MS = 250;
/** When it is told again, since what was stopped may have been its dealing with that. */
const TELL_AGAIN_AFTER_MS = 500;
/** How long it may take until the process is killed: an orphan has a second. */
const KILL_AFTER_MS = 900;
/** The same after a violation, of which the exit code tells. */
const KILL_VIOLATED_AFTER_MS = 5000;
/** How long a main thread that turns may take to exit after Exiting. */
const LATE_MS = 1500;
/** How long SIGABRT may take to show the stack. */
const DUMP_MS = 1000;

/** What the guard needs of the thread that it is in. */
export interface Actions {
  /** Sends whole frames at once. */
  send(frames: Uint8Array, last?: 'last'): void;
  /** Tells the main thread. */
  ended(place: Place, message: string): void;
  probe(): void;
  terminate(): void;
  /** Writes to the log of the worker. */
  warn(message: string, stack: string): void;
}

/** Guard is what is left of a worker whose main thread is stuck. */
export class Guard {
  readonly #shared: Shared;
  readonly #slots: Slots;
  readonly #pulse: Pulse;
  readonly #actions: Actions;
  #ticker: NodeJS.Timeout | undefined;
  #warned = false;
  /** How many messages the main thread had dealt with when it was made to turn. */
  #seenAtStop: number | undefined;
  #ends: NodeJS.Timeout[] = [];
  #graceUntil = Infinity;

  constructor(shared: Shared, slots: Slots, pulse: Pulse, actions: Actions) {
    this.#shared = shared;
    this.#slots = slots;
    this.#pulse = pulse;
    this.#actions = actions;
  }

  /** Watches for as long as exchanges are open. */
  watch(): void {
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    if (this.#shared.get(Word.open) === 0 && this.#pulse.idle) {
      clearInterval(this.#ticker);
      this.#ticker = undefined;
      this.#warned = false;
      return;
    }
    const time = now();
    const stuck = this.#pulse.stuckMs(time);
    if (stuck < STUCK_MS) {
      this.#warned = false;
    } else {
      this.#expire(time);
    }
    if (stuck >= WARN_MS && !this.#warned) {
      this.#warned = true;
      void this.#warn(stuck);
    }
    if (this.#pulse.idle) {
      this.#actions.probe();
    }
  }

  /** Ends exchanges whose time is up. */
  #expire(now: number): void {
    for (const place of this.#slots.sweep()) {
      if (place.due < now) {
        const message = place.code === 'canceled' ? 'the caller has given up' : 'the time was up before the handler was done';
        this.#end(place, message);
      }
    }
  }

  #end(place: Place, message: string): void {
    if (this.#shared.claim(place.slot, place.tag)) {
      this.#shared.add(Word.taken, 1);
      this.#actions.send(errorOutput(place.id, place.code, message));
      this.#actions.ended(place, message);
    }
  }

  async #warn(stuck: number): Promise<void> {
    const stack = await stopMain(this.#shared, 'resume');
    if (stack !== undefined) {
      this.#actions.warn(`the main thread is stuck for ${(stuck / 1000).toFixed(1)} s`, stack);
    }
  }

  /** The host is gone: the process ends within a second. `tell` tells the main thread. */
  orphaned(line: string, tell: () => void): void {
    this.#leave(line, tell, KILL_AFTER_MS);
  }

  /** The host has broken a rule: the process ends soon. `tell` tells the main thread. */
  violated(line: string, tell: () => void): void {
    this.#leave(line, tell, KILL_VIOLATED_AFTER_MS);
  }

  #leave(line: string, tell: () => void, killAfter: number): void {
    this.#clear();
    tell();
    this.#ends = [
      setTimeout(() => void this.#stop('this process is to end', killAfter), STOP_AFTER_MS),
      setTimeout(() => this.#pulse.idle || tell(), TELL_AGAIN_AFTER_MS),
      setTimeout(() => this.#kill(line), killAfter),
    ];
  }

  /** The process ends within a second after the grace, which replaces any before. Returns when it ends. */
  shutdown(graceMs: number): number {
    this.#clear();
    this.#graceUntil = now() + graceMs;
    const grace = Math.min(graceMs, LONGEST_TIMER_MS - KILL_AFTER_MS);
    this.#ends = [
      setTimeout(() => this.#actions.probe(), grace),
      setTimeout(() => this.#stopIfStuck(), grace + STOP_AFTER_MS),
      setTimeout(() => this.#lastWords(), grace + KILL_AFTER_MS),
    ];
    return this.#graceUntil;
  }

  /** SIGTERM shortens the grace, or begins one. */
  terminate(): number {
    return this.shutdown(Math.max(0, Math.min(this.#graceUntil - now(), TERM_GRACE_MS)));
  }

  #stopIfStuck(): void {
    if (this.#pulse.stuckMs(now()) > 0) {
      void this.#stop('the grace of the shutdown is over', KILL_AFTER_MS);
    }
  }

  async #stop(why: string, within: number): Promise<void> {
    this.#seenAtStop = this.#shared.get(Word.seen);
    const stack = await stopMain(this.#shared, 'terminate', within);
    if (stack !== undefined) {
      this.#actions.warn(`the main thread was stuck and has been stopped: ${why}`, stack);
    }
  }

  /** Says goodbye for a main thread that can't, or is late. */
  #lastWords(): void {
    const turned = this.#seenAtStop !== undefined && this.#shared.get(Word.seen) !== this.#seenAtStop;
    const turns = turned || this.#pulse.idle || this.#shared.get(Word.last) === 1;
    if (this.#shared.get(Word.last) === 0) {
      for (const place of this.#slots.sweep()) {
        place.code = 'canceled';
        this.#end(place, 'the worker is shutting down');
      }
      const [code, reason] = turns ? [0, ''] : [128 + constants.signals.SIGKILL, 'the main thread is stuck, and could not be stopped'];
      this.#actions.send(frame(Type.exiting, code, reason), 'last');
    }
    setTimeout(() => this.#kill('the main thread is stuck'), turns ? LATE_MS : 0);
  }

  #kill(line: string): void {
    try {
      writeSync(2, `${line}\n`);
    } finally {
      process.kill(process.pid, 'SIGKILL');
    }
  }

  #clear(): void {
    for (const timer of this.#ends) {
      clearTimeout(timer);
    }
  }

  /** Listens to the signals that a parent sends. Reports whether it can. */
  listen(): boolean {
    const stopped = onSignal(constants.signals.SIGABRT, () => {
      void this.#dump(stopped);
    });
    return onSignal(constants.signals.SIGTERM, () => this.#actions.terminate()) !== undefined;
  }

  /** Shows what the main thread is at, and dies of the signal, as without a handler. */
  async #dump(stopListening: (() => void) | undefined): Promise<void> {
    const stack = await stopMain(this.#shared, 'resume', DUMP_MS);
    try {
      writeSync(2, `SIGABRT: the main thread ${stack === undefined ? 'runs no JavaScript' : `is at\n${stack}`}\n`);
    } finally {
      stopListening?.();
      process.kill(process.pid, 'SIGABRT');
    }
  }
}
