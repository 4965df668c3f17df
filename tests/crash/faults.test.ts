import { beforeAll, describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/core/errors.ts';
import { completes, inSlots, SEEDS, shown, shownCall } from './cases.ts';
import { linesOf } from './end-state.ts';
import { type Prepared, type PreparedSlot, prepare, SCENARIOS } from './scenarios.ts';
import { type Call, type Ended, failuresOf, type Plan } from './stage.ts';

/** A way in which a call can go wrong. */
interface Fault {
  readonly name: string;
  readonly plan: Pick<Plan, 'do' | 'errno' | 'again'>;
  /** Calls to which it can happen. */
  readonly hits: (call: Call) => boolean;
  /** Exit statuses that it may lead to, if it is not tolerated. */
  readonly exits: readonly number[];
  /** A seed takes every so many calls, the next seed those beside them: that many seeds take all. */
  readonly every: number;
}

const among =
  (...names: string[]) =>
  ({ call }: Call) =>
    names.includes(call);

const SPACE = ['create', 'mkdir', 'mkdtemp', 'write', 'rename', 'link', 'fsync'];
const OPENS = ['create', 'open', 'opendir'];
const LOOKS = ['lstat', 'stat', 'readlink', 'opendir', 'open', 'create', 'mkdir', 'mkdtemp'];

const FAULTS: readonly Fault[] = [
  {
    name: 'ENOSPC once',
    plan: { do: 'fail', errno: 'ENOSPC' },
    hits: among(...SPACE),
    exits: [74],
    every: 4,
  },
  {
    name: 'ENOSPC from then on',
    plan: { do: 'fail', errno: 'ENOSPC', again: SPACE },
    hits: among(...SPACE),
    exits: [74],
    every: 3,
  },
  { name: 'EIO', plan: { do: 'fail', errno: 'EIO' }, hits: () => true, exits: [74], every: 12 },
  {
    name: 'EACCES',
    plan: { do: 'fail', errno: 'EACCES' },
    hits: among(...LOOKS, 'rename', 'link', 'unlink', 'rmdir'),
    exits: [77],
    every: 10,
  },
  {
    name: 'EMFILE once',
    plan: { do: 'fail', errno: 'EMFILE' },
    hits: among(...OPENS),
    exits: [74],
    every: 8,
  },
  {
    name: 'EMFILE from then on',
    plan: { do: 'fail', errno: 'EMFILE', again: OPENS },
    hits: among(...OPENS),
    exits: [74],
    every: 8,
  },
  {
    name: 'a short write',
    plan: { do: 'short' },
    hits: ({ call, length = 0 }) => call === 'write' && length > 1,
    exits: [],
    every: 1,
  },
  {
    name: 'a short write, then ENOSPC',
    plan: { do: 'short', errno: 'ENOSPC', again: SPACE },
    hits: ({ call, length = 0 }) => call === 'write' && length > 1,
    exits: [74],
    every: 1,
  },
];

function pick(calls: readonly Call[], { hits, every }: Fault, seed: number): Call[] {
  return calls.filter(hits).filter((_, i) => i % every === seed % every);
}

function remarked({ events }: Ended, code: string): boolean {
  return events.some((event) => event.event === 'remark' && event.code === code);
}

/** What of a disturbed run is not as it should be, whatever it has left. */
function badlyEnded(place: PreparedSlot, fault: Fault, ended: Ended): string[] {
  const failures = failuresOf(ended);
  const problems: string[] = [];
  if (ended.stderr !== '') problems.push(`words on standard error: ${ended.stderr}`);
  const last = ended.events.at(-1);
  if (last?.event !== 'end' || last.exit !== ended.status)
    problems.push(`no true end event: ${shown(ended)}`);
  // A forced final pass that could not look again at a spool says that it moved.
  if (failures.length === 0 && ended.status === 2 && remarked(ended, 'SOURCE_MOVED')) return problems;
  if (failures.length === 0) {
    // Tolerated: then nothing may be missing.
    if (ended.status !== place.exit) problems.push(`no failure event, and yet ${shown(ended)}`);
    const now = linesOf(place.slot.state());
    if (now.join() !== place.wanted.join()) {
      const odd = now.filter((line) => !place.wanted.includes(line));
      problems.push(`ends with ${ended.status} and no failure, and yet ${JSON.stringify(odd).slice(0, 300)}`);
    }
    return problems;
  }
  for (const { code, message, advice, place: where } of failures) {
    if (message === '' || advice === '' || where === undefined || where === '')
      problems.push(`no clear failure: ${code} at ${where}: ${message} (${advice})`);
    // What could not be done is not sealed either.
    if (code === 'NOT_SEALED' && failures.length > 1) continue;
    if (!fault.exits.includes(ERROR_CODES[code])) problems.push(`the wrong failure: ${shown(ended)}`);
  }
  if (!fault.exits.includes(ended.status)) problems.push(`the wrong exit status: ${shown(ended)}`);
  return problems;
}

describe.each(SCENARIOS)('calls that fail in $name', (scenario) => {
  let prepared: Prepared;
  beforeAll(async () => {
    prepared = await prepare(scenario);
  });

  test.each(SEEDS.flatMap((seed) => FAULTS.map((fault) => ({ ...fault, seed }))))(
    '$name, seed $seed: a clear failure, and the next run comes to the same end',
    async (fault) => {
      let failed = 0;
      const cases = pick(prepared.slots[0]?.calls ?? [], fault, fault.seed);
      expect(cases.length).toBeGreaterThan(Math.min(20, scenario.floor / 4));
      const problems = await inSlots(
        prepared,
        cases,
        (call) => `${fault.name} at call ${shownCall(prepared.slots[0] as PreparedSlot, call)}`,
        async (place, call) => {
          const { slot } = place;
          slot.restore(place.before);
          const ended = await slot.run(scenario.command, { count: 'calls', at: call.n, ...fault.plan });
          if (!slot.calls().some(({ hit }) => hit)) return ['did not happen'];
          if (failuresOf(ended).length > 0) failed++;
          const problems = badlyEnded(place, fault, ended);
          // A lock that could not be removed is that of a process that has ended.
          if (linesOf(slot.state()).some((line) => /^\S*\.lock /.test(line))) await slot.close();
          return [...problems, ...(await completes(place, scenario.command))];
        },
      );
      expect(problems).toEqual([]);
      if (fault.exits.length > 0) expect(failed).toBeGreaterThan(cases.length / 2);
      else expect(failed).toBe(0);
    },
    600_000,
  );
});
