/** What those who install the package get. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const options = { cwd: here, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };

test('the package has the compiled files, their types, and what tells of it', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json', '..'], options));
  const others = files.map((f) => f.path).filter((path) => !/^dist\/([a-z-]+\/)?[a-z-]+\.(js|d\.ts)$/.test(path));
  assert.deepEqual(others.sort(), ['LICENSE', 'README.md', 'package.json']);
});

test('its types hold in a strict program, whatever finds its modules', () => {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  for (const found of [['nodenext'], ['esnext', '--moduleResolution', 'bundler']]) {
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--target', 'es2022', '--lib', 'es2022'];
    const args = [compiler, '--noEmit', ...strict, '--types', 'node', '--module', ...found, 'types.ts'];
    try {
      execFileSync(process.execPath, args, options);
    } catch ({ stdout }) {
      assert.fail(stdout);
    }
  }
});
