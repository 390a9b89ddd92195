/** Starts the link thread, with what it needs of Node to receive signals. */

import { Worker as Thread, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a thread with these flags, or with none if this Node does not know them.
 *
 * Since version 24, Node has its signal handles for the main thread alone, unless its internals
 * are laid open; they are, in that thread, which runs no code but this package's.
 */
export function startThread(program: URL, options: WorkerOptions, flags = signalFlags()): Thread {
  try {
    return new Thread(program, { ...options, execArgv: flags });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INVALID_EXEC_ARGV') {
      throw error;
    }
    return new Thread(program, { ...options, execArgv: [] });
  }
}

function signalFlags(): string[] {
  const major = Number.parseInt(process.versions.node, 10);
  return major >= 24 ? ['--expose-internals', '--no-warnings'] : [];
}
