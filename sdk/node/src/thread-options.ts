/** What the link thread needs of Node to receive signals. */

/**
 * Returns the options of the link thread. Since version 24, Node has its signal handles for the
 * main thread alone, unless its internals are laid open; they are, in that thread, which runs
 * no code but this package's.
 */
export function threadOptions(): string[] {
  const major = Number.parseInt(process.versions.node, 10);
  return major >= 24 ? ['--expose-internals', '--no-warnings'] : [];
}
