/** Runs what the author has for the start of the worker. */

import { KinwireError, stackOf, toAnswer } from './errors.js';
import { TERM_GRACE_MS } from './protocol.js';
import type { Init, InitContext } from './worker.js';

/** Runs one function after the other, and returns why there will be no worker. */
export async function initialise(inits: readonly Init[], config: unknown, context: InitContext): Promise<KinwireError | undefined> {
  const run = async () => {
    for (const init of inits) {
      await init(config, context);
    }
  };
  try {
    await Promise.race([run(), stopped(context.signal)]);
  } catch (error) {
    if (!(error instanceof KinwireError)) {
      context.log.error('init has failed: %s', stackOf(error));
    }
    return toAnswer(error);
  }
  return context.signal.aborted ? toAnswer(context.signal.reason) : undefined;
}

/** Rejects some time after the worker was told to end. */
function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => setTimeout(reject, TERM_GRACE_MS, signal.reason).unref());
  });
}
