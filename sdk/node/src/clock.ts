/** The clock that both threads read: no step of the time of day moves it. */

/** The longest time that Node's timers take. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Returns milliseconds from some moment on, the same for all threads. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
