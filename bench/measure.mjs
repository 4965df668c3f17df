import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Runs commands under native/measure.c, which says what they took. */

/**
 * @typedef {object} Measured
 * @property {number} seconds on the clock
 * @property {number} cpuSeconds of all processes of the command
 * @property {number} peakRss bytes: the largest resident set of any one of its processes
 */

/**
 * @typedef {object} RunOptions
 * @property {string} [flush] a directory whose file system is flushed behind the command, within the time
 * @property {readonly number[]} [allowed] exit statuses other than 0
 * @property {NodeJS.ProcessEnv} [env] beside the environment
 * @property {string} [cwd]
 */

const SOURCES = fileURLToPath(new URL('./native/', import.meta.url));

/** The small C programs of the bench, built into a directory of their own. */
export class Native {
  #dir = fs.mkdtempSync(path.join(os.tmpdir(), 'spoolsync-bench-'));
  compiler = '';

  constructor() {
    try {
      this.compiler = execFileSync('cc', ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '';
      for (const name of ['measure', 'floor'])
        execFileSync('cc', ['-O2', '-Wall', '-o', this.tool(name), `${SOURCES}${name}.c`], {
          stdio: 'inherit',
        });
    } catch (error) {
      this.close();
      throw new Error('a C compiler is needed as `cc` (packages gcc and libc6-dev)', { cause: error });
    }
  }

  /** @param {string} name */
  tool(name) {
    return path.join(this.#dir, name);
  }

  /**
   * Runs a command and waits for it; what it prints is dropped. Fails with its error output if its status is another than 0
   * or one of `allowed`.
   * @param {string} command @param {readonly string[]} args @param {RunOptions} options @returns {Measured}
   */
  run(command, args, { flush = '-', allowed = [0], env = {}, cwd = '/' } = {}) {
    const result = this.tool('result.json');
    fs.rmSync(result, { force: true });
    const run = spawnSync(this.tool('measure'), [result, flush, command, ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      maxBuffer: 1 << 28,
      cwd,
    });
    if (!allowed.includes(run.status ?? -1))
      throw new Error(`${command} ${args.join(' ')}: status ${run.status}\n${run.stderr.slice(-4000)}`);
    return JSON.parse(fs.readFileSync(result, 'utf8'));
  }

  close() {
    fs.rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Lets a file system write what it owes, so that nobody pays for what ran before. @param {string} dir */
export function settleDisk(dir) {
  execFileSync('sync', ['-f', dir]);
}

/**
 * Messages below a Maildir, or below Maildirs side by side: files in any `cur` or `new`, or those among them that `counts` takes.
 * @param {string} dir @param {(name: string) => boolean} counts @returns {number}
 */
export function countMessages(dir, counts = () => true) {
  let messages = 0;
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const below = path.join(dir, entry.name);
    const isMail = ['cur', 'new'].includes(entry.name);
    messages += isMail ? fs.readdirSync(below).filter(counts).length : countMessages(below, counts);
  }
  return messages;
}

/** Messages among them that have been read. @param {string} dir */
export const countSeen = (dir) => countMessages(dir, (name) => /:2,[A-Za-z]*S/.test(name));
