import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** vitest's `globalSetup`: the tests in tests/e2e run the built command, so dist/ is made anew once per run. */
export function setup(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: 'inherit' });
}
