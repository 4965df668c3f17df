import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { SpoolsyncError } from '../../../src/core/errors.ts';
import { Dir } from '../../../src/io/dir.ts';
import type { Side } from '../../../src/io/wrap.ts';

const made: string[] = [];
afterAll(() => {
  for (const dir of made.splice(0)) fs.rmSync(dir, { recursive: true, force: true });
});

/** An empty directory of the test's own, removed at the end of the file. Its real path, without links. */
export function tempDir(): string {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'spoolsync-')));
  made.push(dir);
  return dir;
}

export function open(dir: string, side: Side = 'target'): Dir {
  const opened = Dir.openRoot(dir, side);
  if (opened === undefined) throw new Error(`missing: ${dir}`);
  return opened;
}

/** The error a call throws, as `CODE message`; fails if it throws nothing or something else. */
export function thrown(run: () => unknown): SpoolsyncError {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    if (error instanceof SpoolsyncError) return error;
    throw error;
  }
  throw new Error(`nothing was thrown, but returned: ${String(result)}`);
}

/**
 * Some tests make device nodes and other users' files, which only root can. They are never skipped: run as an ordinary
 * user they fail here and say why.
 */
export function needsRoot(): void {
  if (process.geteuid?.() !== 0)
    throw new Error(
      'this test makes devices or other users\u2019 files: run the tests as root, e.g. in a container',
    );
}
