import { exactly, linesOf, validities } from './end-state.ts';
import type { Prepared, PreparedSlot } from './scenarios.ts';
import { type Call, type Ended, failuresOf } from './stage.ts';
import type { Tree } from './tree.ts';

/** Other seeds are run with SPOOLSYNC_SEED (the first) and SPOOLSYNC_SEEDS (how many). */
const { SPOOLSYNC_SEED, SPOOLSYNC_SEEDS } = process.env;
export const SEEDS = Array.from(
  { length: Number(SPOOLSYNC_SEEDS ?? 1) },
  (_, i) => Number(SPOOLSYNC_SEED ?? 1) + i,
);

/** Whole numbers below a limit, the same for the same seed. */
export function random(seed: number): (limit: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** `count` of the items, in their order; all of them if there are no more. */
export function sample<T>(items: readonly T[], count: number, below: (limit: number) => number): T[] {
  let wanted = Math.min(count, items.length);
  return items.filter((_, i) => {
    if (below(items.length - i) >= wanted) return false;
    wanted--;
    return true;
  });
}

/** Differences that are shown of a case. */
const SHOWN = 4;

/** Works through the cases, in all slots at once; what `work` finds wrong comes back with the case's name. */
export async function inSlots<T>(
  { slots, scenario }: Prepared,
  cases: readonly T[],
  name: (item: T) => string,
  work: (place: PreparedSlot, item: T) => Promise<readonly string[]>,
): Promise<string[]> {
  const problems: string[] = [];
  const todo = cases[Symbol.iterator]();
  const one = async (place: PreparedSlot) => {
    // One iterator for all: each case is taken once.
    for (let next = todo.next(); !next.done; next = todo.next()) {
      const found = await work(place, next.value);
      problems.push(...found.map((problem) => `${scenario.name}, ${name(next.value)}: ${problem}`));
    }
  };
  try {
    await Promise.all(slots.map(one));
  } finally {
    await Promise.all(slots.map(({ slot }) => slot.close()));
  }
  return problems;
}

/** Outcomes by what lay there before: the same is not run twice. */
const known = new WeakMap<PreparedSlot, Map<string, readonly string[]>>();

/** Runs the command once more, in peace: what of the outcome is not as if nothing had happened. */
export async function completes(place: PreparedSlot, command: readonly string[]): Promise<readonly string[]> {
  const { slot, wanted, exit } = place;
  const cutOff = slot.state();
  const outcomes = known.get(place) ?? new Map<string, readonly string[]>();
  known.set(place, outcomes);
  const key = exactly(cutOff);
  const before = outcomes.get(key);
  if (before !== undefined) return before;
  const ended = await slot.run(command);
  const after = slot.state();
  const problems =
    ended.status === exit
      ? [...differences(wanted, linesOf(after)), ...lostValidities(place, cutOff, after)].slice(0, SHOWN)
      : [`the next run ends with ${shown(ended)}`];
  outcomes.set(key, problems);
  return problems;
}

/** A UIDVALIDITY that clients may have seen lasts, unless the pass takes it away in peace, too. */
function lostValidities(place: PreparedSlot, before: Tree, after: Tree): string[] {
  const [now, wanted] = [validities(after), validities(place.after)];
  return [...validities(before)]
    .filter(([folder, value]) => now.get(folder) !== value && now.get(folder) !== wanted.get(folder))
    .map(([folder, value]) => `${folder} had UIDVALIDITY ${value}, and has ${now.get(folder)}`);
}

export function differences(wanted: readonly string[], got: readonly string[]): string[] {
  const missing = wanted.filter((line) => !got.includes(line)).map((line) => `missing: ${cut(line)}`);
  return [...missing, ...got.filter((line) => !wanted.includes(line)).map((line) => `left: ${cut(line)}`)];
}

function cut(line: string): string {
  return JSON.stringify(line.length > 300 ? `${line.slice(0, 300)}…` : line);
}

export function shown(ended: Ended): string {
  const failures = failuresOf(ended).map(({ code, place, message }) => `${code} at ${place}: ${message}`);
  return [String(ended.status), ...failures, ended.stderr].join(' ').trim();
}

/** A call by number, name and paths. */
export function shownCall({ slot }: PreparedSlot, call: Call | undefined): string {
  const paths = [call?.path, call?.to].map((path) => path?.replace(slot.at, '')).join(' ');
  return `${call?.n} (${call?.call} ${paths.trim()})`;
}
