import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compare } from '../compare.mjs';

/** What needs no mail: the start of the program, and its inner loops from memory. */

/** @typedef {import('./common.mjs').Work} Work */

const MICRO = fileURLToPath(new URL('../micro.mjs', import.meta.url));

/** @type {Work} */
export const start = {
  name: 'start',
  places: ['tmpfs'],
  needs: () => 1e6,
  async run({ contenders, rounds }) {
    const all = [
      { name: 'spoolsync --version', run: () => contenders.spoolsyncStart() },
      {
        name: 'node -e 0',
        run: () => contenders.run(process.execPath, ['-e', '0']),
        target: { most: 1.5 },
      },
    ];
    const figures = await compare({ title: 'start of the program', messages: 0, bytes: 0 }, all, {
      rounds: 4 * rounds,
    });
    return { figures: [figures] };
  },
};

/** @type {Work} */
export const inMemory = {
  name: 'in memory',
  places: ['tmpfs'],
  needs: () => 1e8,
  async run({ root }) {
    process.stderr.write('\nbench/micro.mjs, on one core\n');
    const text = execFileSync('taskset', ['-c', '0', process.execPath, MICRO, '--json', '--dir', root], {
      encoding: 'utf8',
    });
    /** @type {import('../micro.mjs').Part[]} */
    const parts = JSON.parse(text);
    const whole = parts.find(({ name }) => name === 'whole scan, dovecot rules');
    return {
      figures: [],
      limits: [
        {
          what: 'framing, flags and digest from memory, one core (median)',
          value: (whole?.median ?? Number.NaN) / 1000,
          unit: 'GB/s',
          bound: { least: 1 },
        },
      ],
      parts,
    };
  },
};
