/** Receives signals in this thread, where no handler of the worker holds them up. */

import { createRequire } from 'node:module';

/** The part of Node's own signal handles that is used here. */
interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
  unref(): void;
  close(): void;
}

/** Where Node has its own parts. */
type Binding = (name: 'signal_wrap') => { Signal: new () => SignalHandle };

/**
 * Calls f at each such signal, until what is returned is called. Returns undefined if this
 * Node does not allow that outside the main thread.
 *
 * Node has an official way in the main thread only, which is no use while that is busy. The
 * handles behind it work in any thread.
 */
export function onSignal(signal: number, f: () => void): (() => void) | undefined {
  try {
    const { Signal } = signalWrap();
    const handle = new Signal();
    handle.onsignal = f;
    if (handle.start(signal) !== 0) {
      handle.close();
      return undefined;
    }
    handle.unref();
    return () => handle.close();
  } catch {
    return undefined;
  }
}

/** Loads what this Node's signal handles are in; see `startThread`. */
function signalWrap(): ReturnType<Binding> {
  const inside = process as unknown as { noDeprecation: boolean; binding: Binding };
  inside.noDeprecation = true; // in this thread, which runs no code but this package's
  try {
    return inside.binding('signal_wrap');
  } catch {
    const { internalBinding } = createRequire(import.meta.url)('internal/test/binding') as { internalBinding: Binding };
    return internalBinding('signal_wrap');
  }
}
