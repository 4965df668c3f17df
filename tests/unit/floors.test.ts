import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** Holds the imports against the table of floors in ARCHITECTURE.md. */

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const ARCHITECTURE = fileURLToPath(new URL('../../ARCHITECTURE.md', import.meta.url));

/** Floors without disk, clock or chance: what they need of these is handed to them. */
const PURE = ['core', 'codec', 'plan'];
const IMPURE = [
  /from 'node:(?!crypto|stream)/,
  /\bDate\.now\b/,
  /\bMath\.random\b/,
  /\bprocess\.(?!memoryUsage)/,
];
/** `node:fs` and child processes are the io floor's, and the command line's for its own package.json. */
const DISK = /from 'node:(fs|fs\/promises|child_process)'/;

function floors(): Map<string, number> {
  const rows = fs.readFileSync(ARCHITECTURE, 'utf8').matchAll(/^\| (\d) +\| `src\/(\w+)` +\|/gm);
  return new Map([...rows].map(([, floor, folder]) => [folder ?? '', Number(floor)]));
}

const files = fs
  .readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({
    name,
    folder: name.split('/')[0] ?? '',
    text: fs.readFileSync(path.join(SRC, name), 'utf8'),
  }));

test('every folder of src has a floor', () => {
  expect(new Set(files.map(({ folder }) => folder))).toEqual(new Set(floors().keys()));
});

test('imports go down, or stay within a folder', () => {
  const table = floors();
  const wrong: string[] = [];
  for (const { name, folder, text } of files) {
    for (const [, target = ''] of text.matchAll(/from '(\.[^']+)'/g)) {
      const other = path.relative(SRC, path.resolve(SRC, path.dirname(name), target)).split('/')[0] ?? '';
      if (other === folder) continue;
      if ((table.get(other) ?? 99) >= (table.get(folder) ?? -1)) wrong.push(`${name} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('pure floors touch neither disk nor clock nor chance', () => {
  const wrong = files
    .filter(({ folder }) => PURE.includes(folder))
    .flatMap(({ name, text }) =>
      IMPURE.filter((pattern) => pattern.test(text)).map((pattern) => `${name}: ${pattern}`),
    );
  expect(wrong).toEqual([]);
});

test('only the io floor opens files', () => {
  const wrong = files.filter(({ folder, text }) => !['io', 'cli'].includes(folder) && DISK.test(text));
  expect(wrong.map(({ name }) => name)).toEqual(['source/walk.ts']); // types of node:fs, for fast-glob
});
