import fs from 'node:fs';
import { errnoOf } from './wrap.ts';

/** Whether a process of this host exists; one of another user counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

/**
 * When a process began, in clock ticks since boot (proc(5), field 22): with the pid it names one process even after
 * pids have been used again. `undefined` where there is no such process, or `/proc` hides it.
 */
export function startTicks(pid: number): number | undefined {
  try {
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/s, '').trim().split(' ');
    const ticks = Number(fields[19]);
    return Number.isSafeInteger(ticks) ? ticks : undefined;
  } catch {
    return undefined;
  }
}

/** Blocks this thread. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
