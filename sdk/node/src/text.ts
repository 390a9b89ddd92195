/** Texts as people are to read them: not too long, and without what is not theirs. */

/** Shortens a text to n UTF-16 units. */
export function cut(text: string, n: number): string {
  return text.length <= n ? text : `${text.slice(0, n)}...`;
}

/** Where this package's own code is. */
const OURS = new URL('.', import.meta.url).href;

/** Leaves out of a stack what is below the author's code: how this package came to call it. */
export function theirs(stack: string): string {
  const lines = stack.split('\n');
  const isFrame = (line: string) => /^ {4}at /.test(line);
  const first = lines.findIndex((line) => isFrame(line) && !line.includes(OURS) && !line.includes('(node:'));
  const below = first < 0 ? -1 : lines.findIndex((line, i) => i > first && isFrame(line) && line.includes(OURS));
  if (below < 0) {
    return stack;
  }
  const rest = lines.slice(below);
  const behind = rest.findIndex((line) => !isFrame(line)); // a cause, or the properties of the error
  return [...lines.slice(0, below), ...(behind < 0 ? [] : rest.slice(behind))].join('\n');
}
