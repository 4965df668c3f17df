import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');

const running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) await end(child);
});

/**
 * Another process that runs `script` (CommonJS; `fs`, `net` and `say` are at hand) until the test ends. Resolves with the
 * first thing it says, one line.
 */
export async function otherProcess(
  script: string,
): Promise<{ readonly child: ChildProcess; readonly pid: number; readonly said: string }> {
  const prelude = `const fs=require('fs'),net=require('net');const say=(text)=>console.log(text);
    setInterval(()=>{},1000);`;
  const child = spawn(process.execPath, ['-e', prelude + script], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  if (child.pid === undefined) throw new Error('the other process did not start');
  return { child, pid: child.pid, said: said.toString().trim() };
}

/** One that has a file open; `flags` as open(2) has them: `r`, `r+`, `a`. */
export function opener(file: string, flags: string) {
  return otherProcess(`fs.openSync(${JSON.stringify(file)},${JSON.stringify(flags)});say('open')`);
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
