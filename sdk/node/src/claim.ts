/**
 * Takes the link out of the environment, as soon as this package is imported: no program that
 * the worker starts is a worker, and no print reaches the link.
 */

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';

const VARIABLE = 'KINWIRE_TRANSPORT';

/** Where the link is, or why there is none. */
export type Claim = { readFd: number; writeFd: number } | { problem: string };

/** What this process was started with. */
export const claim: Claim = isMainThread ? take() : { problem: 'this is not the main thread' };

function take(): Claim {
  const value = process.env[VARIABLE];
  if (value === undefined) {
    return { problem: `${VARIABLE} is not set` };
  }
  delete process.env[VARIABLE];
  try {
    const link = value === 'stdio' ? stdio() : descriptor(value);
    // The terminal sends SIGINT to host and worker alike, and the host decides. It is not
    // ignored with the system, since what the worker starts would inherit that.
    process.on('SIGINT', () => {});
    return link;
  } catch (error) {
    return { problem: `${VARIABLE} is ${JSON.stringify(value)}: ${(error as Error).message}` };
  }
}

/** Node has made the descriptors that it was started with close-on-exec. */
function descriptor(value: string): Claim {
  const number = /^fd:(\d{1,9})$/.exec(value)?.[1];
  if (number === undefined) {
    throw new Error('it must be fd:N or stdio');
  }
  const fd = Number(number);
  if (fd < 3) {
    throw new Error('the descriptor must be 3 or more');
  }
  if (!fstatSync(fd).isSocket()) {
    throw new Error('it is no socket');
  }
  return { readFd: fd, writeFd: fd };
}

/** Moves the link away from the standard files, so that whatever prints does no harm. */
function stdio(): Claim {
  for (const fd of [0, 1]) {
    const stat = fstatSync(fd);
    if (isatty(fd) || !(stat.isFIFO() || stat.isSocket())) {
      throw new Error(`descriptor ${fd} is no pipe to a host`);
    }
  }
  const moved = move();
  if (moved !== undefined) {
    return moved;
  }
  // A socket can't be opened anew, nor can anything on Windows. What JavaScript prints goes
  // elsewhere then; what the worker starts must not inherit its standard files.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return { readFd: 0, writeFd: 1 };
}

/** Opens the pipes anew under higher numbers, and gives 0 and 1 to harmless files. */
function move(): Claim | undefined {
  const directory = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd';
  const opened: number[] = [];
  try {
    opened.push(openSync(`${directory}/0`, constants.O_RDONLY | constants.O_NONBLOCK));
    opened.push(openSync(`${directory}/1`, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    opened.forEach(closeSync);
    return undefined;
  }
  const [readFd = 0, writeFd = 1] = opened;
  // A file takes the lowest number that is free.
  closeSync(0);
  openSync('/dev/null', 'r');
  closeSync(1);
  try {
    openSync(`${directory}/2`, 'a');
  } catch {
    openSync('/dev/null', 'w');
    process.stdout.write = process.stderr.write.bind(process.stderr);
  }
  return { readFd, writeFd };
}
