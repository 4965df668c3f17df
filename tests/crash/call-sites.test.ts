import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const IO = fileURLToPath(new URL('../../src/io', import.meta.url));
const { KNOWN } = createRequire(import.meta.url)('./preload.cjs') as { KNOWN: string[] };

/** Used on /proc and /etc alone. */
const ELSEWHERE = ['readFileSync', 'readdirSync'];
/** How programs are run: `sync`, which the preload sees, and `getent`. */
const PROGRAMS = ['spawnSync', 'execFileSync'];

const files = fs
  .readdirSync(IO)
  .map((name) => ({ name, text: fs.readFileSync(path.join(IO, name), 'utf8') }));

test('every call of src/io to the file system passes through the preload', () => {
  const used = new Set(
    files.flatMap(({ text }) => [...text.matchAll(/\bfs\.(\w+)\(/g)].map(([, call]) => call)),
  );
  expect(used.size).toBeGreaterThan(15);
  expect([...used].filter((call) => ![...KNOWN, ...ELSEWHERE].includes(call ?? ''))).toEqual([]);
});

test('where a call does not pass, it is for what is no one’s mail', () => {
  const where = files.flatMap(({ name, text }) =>
    ELSEWHERE.flatMap((call) =>
      [...text.matchAll(new RegExp(`fs\\.${call}\\((.*)`, 'g'))].map(([, rest]) => `${name} ${rest}`),
    ),
  );
  expect(where.length).toBeGreaterThan(0);
  expect(
    where.filter((line) => !/\/(proc|etc|sys)\/|^in-use\.ts directory|^listeners\.ts table/.test(line)),
  ).toEqual([]);
});

test('node:fs is imported whole, so that its functions can be replaced, and few programs are run', () => {
  const imports = files.flatMap(({ text }) => [
    ...text.matchAll(/^import (?!type)(.*) from 'node:(fs[^']*|child_process)'/gm),
  ]);
  const odd = imports
    .map(([, what = '', module]) => `${what} from ${module}`)
    .filter(
      (text) => text !== 'fs from fs' && !PROGRAMS.some((name) => text === `{ ${name} } from child_process`),
    );
  expect(odd).toEqual([]);
});
