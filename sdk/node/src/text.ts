/** Texts as people are to read them: not too long, and without what is not theirs. */

/** How much is told of the reason for an end. */
export const MAX_REASON = 1024;

/** Shortens a text to n UTF-16 units. */
export function cut(text: string, n: number): string {
  return text.length <= n ? text : `${text.slice(0, n)}...`;
}

/** Where this package's own code is. */
const OURS = new URL('.', import.meta.url).href;

/** Adds the reason for something, if there is one. */
export function reasonOf(what: string, reason = ''): string {
  return reason === '' ? what : `${what}: ${cut(reason, MAX_REASON)}`;
}

/** The frames of a stack, be it that of an error's cause, which is set in. Node leaves out what both have. */
const STACK = /(?:^ +(?:at|\.\.\. \d+ lines matching) .*\n?)+/gm;

/** Leaves out of stacks what is below the author's code: how Node and this package came to call it. */
export function theirs(text: string): string {
  return text.replace(STACK, (stack) => {
    const frames = stack.trimEnd().split('\n');
    let kept = frames.length;
    while (kept > 0 && !isTheirs(frames[kept - 1] as string)) {
      kept--;
    }
    if (kept === 0 || kept === frames.length) {
      return stack;
    }
    // A brace behind the last frame begins the properties of the error.
    const brace = stack.trimEnd().endsWith(' {') ? ' {' : '';
    return frames.slice(0, kept).join('\n') + brace + (stack.endsWith('\n') ? '\n' : '');
  });
}

function isTheirs(frame: string): boolean {
  return !frame.includes(OURS) && !/[( ]node:|\(<anonymous>\)|^ +\.\.\. /.test(frame);
}
