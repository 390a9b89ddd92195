/** Stops the main thread wherever it is, to see its stack or to end what it is at. */

import type { Debugger, Session } from 'node:inspector';
import { type Shared, Word } from '../memory.js';

/** What becomes of the code at which the main thread was stopped. */
export type Then = 'resume' | 'terminate';

/** How long the main thread may take to stop. One that waits in the system does not. */
const STOP_MS = 1000;
/** How often it is stopped anew because it was writing to the link. */
const ATTEMPTS = 20;

/**
 * Stops the main thread, and goes on as `then` says: with what it was at, or with the next
 * turn of its loop. Resolves to its stack, or to undefined if it could not be stopped.
 *
 * V8 checks for interrupts in loops and calls, so this reaches `while (true)`, endless
 * microtasks, slow regular expressions and Atomics.wait alike.
 */
export async function stopMain(shared: Shared, then: Then, within = STOP_MS): Promise<string | undefined> {
  const session = await connect(shared);
  if (session === undefined) {
    return undefined;
  }
  return new Promise((resolve) => {
    let attempts = 0;
    const done = (stack: string | undefined) => {
      clearTimeout(timer);
      try {
        session.disconnect();
      } catch {
        // The process is ending.
      }
      shared.set(Word.inspected, 0);
      resolve(stack);
    };
    const timer = setTimeout(done, within, undefined);
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
    session.on('Debugger.paused', ({ params }) => {
      if (shared.get(Word.lock) !== 0 && ++attempts < ATTEMPTS) {
        session.post('Debugger.resume');
        session.post('Debugger.pause');
        return;
      }
      const stack = format(params.callFrames, urls);
      session.post('Debugger.resume', { terminateOnResume: then === 'terminate' }, () => done(stack));
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  });
}

/** Connects to the main thread, unless somebody debugs it. */
async function connect(shared: Shared): Promise<Session | undefined> {
  try {
    const inspector = await import('node:inspector');
    if (inspector.url() !== undefined) {
      return undefined;
    }
    const session = new inspector.Session();
    shared.set(Word.inspected, 1);
    if (shared.get(Word.exits) === 1) {
      throw new Error('the main thread exits');
    }
    session.connectToMainThread();
    return session;
  } catch {
    shared.set(Word.inspected, 0);
    return undefined; // this Node has no inspector, or forbids it, or the process ends
  }
}

function format(frames: Debugger.CallFrame[], urls: Map<string, string>): string {
  return frames
    .map(({ functionName, location }) => {
      const place = `${urls.get(location.scriptId) ?? ''}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`;
      return functionName === '' ? `    at ${place}` : `    at ${functionName} (${place})`;
    })
    .join('\n');
}
