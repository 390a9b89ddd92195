/** The end of a worker: who is told, who is waited for and for how long, and the exit. */

import type { Calls } from './calls.js';
import { LONGEST_TIMER_MS, now } from './clock.js';
import { ExitCode, KinwireError, stackOf } from './errors.js';
import type { Logger } from './log.js';
import { type Shared, Word } from './memory.js';
import type { Outbox } from './outbox.js';
import { Type } from './protocol.js';
import type { Served } from './served.js';
import { cut, MAX_REASON, reasonOf } from './text.js';

/** How long handlers may go on once the grace is over, or the host is gone. */
const AFTER_GRACE_MS = 250;
/** How long hooks may go on then, even if handlers have taken longer. */
const HOOKS_MS = 450;
/** When the last frame should be written, counted from the end of the grace. */
const LAST_MS = 850;
/** How long it may take to be written at least. */
const FAREWELL_MS = 150;
/** How long a worker that ends of its own and has nothing to do waits for the host's word. */
const HEARING_MS = 1000;
/** For how many milliseconds an exit waits for who looks into this thread. */
const PATIENCE = 100;

/** How far the handshake is: nothing has come; Initialize has; the answer was an error, or none. */
export type State = 'silent' | 'greeted' | 'refused' | 'serving';

/** Ending knows whether the worker is to end, and sees to it. It ends the process once. */
export class Ending {
  state: State = 'silent';
  /** Nothing stops the end any more. */
  leaving = false;
  /** The process is about to exit: what still comes is not looked at. */
  exits = false;
  readonly #of: { readonly shared: Shared; readonly outbox: Outbox; readonly log: Logger };
  readonly #calls: Calls;
  readonly #open: ReadonlyMap<number, Served>;
  readonly #hooks: readonly ((reason: string) => unknown)[];
  readonly #controller = new AbortController();
  #graceTimer: NodeJS.Timeout | undefined;
  #graceUntil = Infinity;
  #reason: string | undefined;
  /** SIGTERM has come, and the host has not answered it. */
  #hearing = false;
  #hearingTimer: NodeJS.Timeout | undefined;

  constructor(
    of: { readonly shared: Shared; readonly outbox: Outbox; readonly log: Logger },
    calls: Calls,
    open: ReadonlyMap<number, Served>,
    hooks: readonly ((reason: string) => unknown)[],
  ) {
    this.#of = of;
    this.#calls = calls;
    this.#open = open;
    this.#hooks = hooks;
  }

  /** Aborts when the worker is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The host wants the worker to end by then. */
  shutdown(until: number, reason: string): void {
    this.#hearing = false;
    this.#reason ??= reason;
    this.#grace(until);
    this.#idle();
  }

  /** SIGTERM wants it. */
  terminate(until: number): void {
    const error = new KinwireError('canceled', 'the worker was told to end: SIGTERM');
    if (this.state !== 'serving') {
      this.#controller.abort(error);
      if (this.state === 'silent') {
        this.exit(ExitCode.shutdown);
      }
      return;
    }
    this.#hearing = this.#reason === undefined;
    this.#reason ??= 'SIGTERM';
    this.#grace(until);
    this.#idle();
  }

  /** Sets the grace anew. */
  #grace(until: number): void {
    clearTimeout(this.#graceTimer);
    this.#graceUntil = until;
    this.#graceTimer = setTimeout(() => void this.#end(), Math.min(Math.max(0, until - now()), LONGEST_TIMER_MS));
  }

  /** No exchange is open any more. What its handler has still to do this turn comes first. */
  idle(): void {
    if (this.#reason !== undefined) {
      setImmediate(() => this.#idle());
    }
  }

  /** Ends once nothing is open: at once, or when the host has had time to say so. */
  #idle(): void {
    if (this.#open.size > 0 || this.leaving) {
      return;
    }
    clearTimeout(this.#hearingTimer);
    if (this.#hearing) {
      this.#hearingTimer = setTimeout(() => {
        this.#hearing = false;
        this.#idle();
      }, HEARING_MS);
    } else {
      void this.#end();
    }
  }

  /** Ends what is open, runs the hooks, and says goodbye. */
  async #end(): Promise<void> {
    if (this.leaving) {
      return;
    }
    this.leaving = true;
    const reason = this.#reason ?? '';
    const error = new KinwireError('canceled', reasonOf('the worker is shutting down', reason));
    await this.#cancelAll(error, Math.min(this.#graceUntil, now()));
    await this.#runHooks(reason, this.#graceUntil);
    await this.leave(ExitCode.shutdown, reason);
  }

  /** Tells all handlers to stop, and gives them a moment. */
  async #cancelAll(error: KinwireError, since: number): Promise<void> {
    this.#controller.abort(error);
    for (const served of this.#open.values()) {
      served.cancel(error);
    }
    await this.#until(() => this.#open.size === 0, since + AFTER_GRACE_MS);
    for (const served of this.#open.values()) {
      served.giveUp();
    }
  }

  async #until(condition: () => boolean, end: number): Promise<void> {
    while (!condition() && now() < end) {
      await sleep(5);
    }
  }

  /** Runs the hooks, which may go on for a moment after the grace. */
  async #runHooks(reason: string, over: number): Promise<void> {
    const hooks = this.#hooks.map(async (hook) => {
      try {
        await hook(reason);
      } catch (error) {
        this.#of.log.error('a shutdown hook has failed: %s', stackOf(error));
      }
    });
    await Promise.race([Promise.all(hooks), sleep(over + HOOKS_MS - now())]);
  }

  /** The link has ended: nobody is left to tell. */
  async orphaned(why: string, since: number): Promise<void> {
    const gone = new KinwireError('host_gone', `the host is gone: ${why}`);
    const wasLeaving = this.leaving;
    this.leaving = true;
    this.#calls.end(gone);
    this.#of.outbox.drained();
    for (const served of this.#open.values()) {
      served.lost(gone);
    }
    this.#controller.abort(gone);
    if (!wasLeaving && this.state === 'serving') {
      await this.#until(() => this.#open.size === 0, since + AFTER_GRACE_MS);
      await this.#runHooks(gone.message, since);
    }
    this.exit(ExitCode.orphaned, gone.message);
  }

  /** Says goodbye, waits until that is written, and exits. */
  async leave(code: number, reason: string, line?: string): Promise<void> {
    this.leaving = true;
    this.sayLast(code, reason);
    const grace = this.#graceUntil === Infinity ? now() : this.#graceUntil;
    await this.#until(() => this.#of.outbox.waiting === 0, Math.max(now() + FAREWELL_MS, grace + LAST_MS));
    if (this.#of.outbox.waiting > 0) {
      this.exit(ExitCode.orphaned, 'the host is gone: it does not read');
    } else {
      this.exit(code, line);
    }
  }

  /** Sends Exiting, behind all else, unless it was sent. */
  sayLast(code: number, reason: string): void {
    if (this.#of.shared.get(Word.last) === 1) {
      return;
    }
    if (this.state === 'refused' || this.state === 'serving') {
      this.#of.outbox.message(Type.exiting, code, cut(reason, MAX_REASON));
      this.#of.outbox.flush('last');
    } else {
      this.#of.shared.set(Word.last, 1);
    }
  }

  /** Exits. Whatever else would end the process from now on comes too late. */
  exit(code: number, line?: string): void {
    if (this.exits) {
      return;
    }
    this.exits = true;
    this.leaving = true;
    this.#of.shared.set(Word.last, 1);
    this.#of.shared.set(Word.exits, 1);
    if (line !== undefined) {
      process.stderr.write(`${line}\n`);
    }
    this.#exitUnseen(code, PATIENCE);
  }

  /** Exits once nobody looks into this thread: Node would wait for that, and say so. */
  #exitUnseen(code: number, patience: number): void {
    if (this.#of.shared.get(Word.inspected) === 1 && patience > 0) {
      setTimeout(() => this.#exitUnseen(code, patience - 1), 1);
    } else {
      // The thread learns that its session is over when the loop has turned once more.
      setTimeout(() => process.exit(code), patience < PATIENCE ? 5 : 0);
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(ms, LONGEST_TIMER_MS)));
}
