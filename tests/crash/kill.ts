import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { completes, differences, inSlots, random, SEEDS, sample, shown, shownCall } from './cases.ts';
import { leftBy } from './end-state.ts';
import { type Prepared, type PreparedSlot, prepare, type Scenario } from './scenarios.ts';
import { failuresOf, type Moment, momentKey, type Plan } from './stage.ts';
import type { Tree } from './tree.ts';

/** Pairs of moments, in a pass and in the one that is to complete it, for each seed. */
const PAIRS = 12;
/** Further moments after which a user removes something. */
const ALSO = 12;
/** `SPOOLSYNC_KILLS=all`: every single moment by a process that is killed, which takes four times as long. */
const KILL_ALL = process.env['SPOOLSYNC_KILLS'] === 'all';

function moments({ slots }: Prepared): Moment[] {
  const changes = slots[0]?.changes ?? [];
  const torn = changes.filter(({ call, length = 0 }) => call === 'write' && length > 1);
  return [
    ...changes.map(({ n }): Moment => ({ at: n, do: 'kill' })),
    ...torn.map(({ n }): Moment => ({ at: n, do: 'torn' })),
  ].sort((a, b) => a.at - b.at);
}

function nameOf({ slots }: Prepared, { at, do: how }: Moment): string {
  const [place] = slots as [PreparedSlot];
  const call = place.changes.find(({ n }) => n === at);
  return `${how === 'torn' ? 'killed in' : 'killed before'} change ${shownCall(place, call)}`;
}

/** Whether the run died. */
async function dies(
  { slot, exit }: PreparedSlot,
  command: readonly string[],
  moment: Moment,
): Promise<boolean> {
  const plan: Plan = { count: 'changes', ...moment };
  const ended = await slot.runApart(command, plan);
  if (ended.status >= 0 && ended.status !== exit) throw new Error(`not killed, and yet: ${shown(ended)}`);
  return ended.status < 0;
}

/**
 * The tests of one pass that is killed. What a kill at any moment leaves is kept by one run that nothing kills, from a
 * process that is dead afterwards, as the owner of a lock is after a kill; those that are killed show that it is the same.
 */
export function killTests(scenario: Scenario): void {
  describe(`kill -9 in ${scenario.name}`, () => {
    let prepared: Prepared;
    const left = new Map<PreparedSlot, Map<string, Tree>>();

    beforeAll(async () => {
      prepared = await prepare(scenario);
      for (const place of prepared.slots) {
        place.slot.restore(place.before);
        await place.slot.runApart(scenario.command, { count: 'changes', keep: true });
        left.set(place, place.slot.left());
      }
    });

    const leftAt = (place: PreparedSlot, moment: Moment) => left.get(place)?.get(momentKey(moment));

    test('before every change, and in the middle of every write: the next run comes to the same end', async () => {
      const all = moments(prepared);
      expect(prepared.slots[0]?.changes.length).toBeGreaterThan(scenario.floor);
      const problems = await inSlots(
        prepared,
        all,
        (moment) => nameOf(prepared, moment),
        async (place, moment) => {
          const tree = leftAt(place, moment);
          if (tree === undefined) return ['did not happen'];
          place.slot.restore(KILL_ALL ? place.before : tree);
          if (KILL_ALL && !(await dies(place, scenario.command, moment))) return ['was not killed'];
          return completes(place, scenario.command);
        },
      );
      expect(problems).toEqual([]);
    }, 600_000);

    test.each(SEEDS)(
      'twice, the second time in the run that is to complete the first: seed %i',
      async (seed) => {
        const below = random(seed);
        const all = moments(prepared);
        const pairs = sample(all, PAIRS, below).map((first) => ({
          first,
          second: all[below(all.length)] as Moment,
        }));
        let killed = 0;
        const problems = await inSlots(
          prepared,
          pairs,
          ({ first, second }) => `${nameOf(prepared, first)}, then at ${second.at} (${second.do})`,
          async (place, { first, second }) => {
            place.slot.restore(place.before);
            if (!(await dies(place, scenario.command, first))) return ['was not killed'];
            const kept = leftBy(leftAt(place, first) ?? new Map(), first.do === 'torn');
            const got = leftBy(place.slot.state(), first.do === 'torn');
            if (await dies(place, scenario.command, { at: second.at, do: 'kill' })) killed++;
            return [
              ...differences(kept, got).map((line) => `not as kept without a kill, ${line}`),
              ...(await completes(place, scenario.command)),
            ];
          },
        );
        expect(problems).toEqual([]);
        expect(killed).toBeGreaterThan(PAIRS / 4);
      },
      600_000,
    );

    test.runIf(scenario.userRemoves).each(SEEDS)(
      'what its user then removes from the target stays removed: seed %i',
      async (seed) => {
        const removes = scenario.userRemoves as RegExp;
        const changes = prepared.slots[0]?.changes ?? [];
        // Around each change of a journal, and some others.
        const decisive = changes.flatMap(({ n, path: at, to = at }) =>
          to.endsWith('.begun') ? [n, n + 1] : [],
        );
        const others = sample(
          changes.map(({ n }) => n).filter((n) => !decisive.includes(n)),
          ALSO,
          random(seed),
        );
        const problems = await inSlots(
          prepared,
          [...decisive, ...others].map((at): Moment => ({ at, do: 'kill' })),
          (moment) => `${nameOf(prepared, moment)}, then a message removed`,
          async (place, moment) => {
            const { slot } = place;
            const found = () => [...slot.state().keys()].filter((at) => removes.test(at));
            const tree = leftAt(place, moment);
            if (tree === undefined) return ['did not happen'];
            slot.restore(tree);
            const removed = found();
            for (const at of removed) fs.rmSync(path.join(slot.at, at));
            const ended = await slot.run(scenario.command);
            if (failuresOf(ended).length > 0) return [`the next run ends with ${shown(ended)}`];
            return [
              ...(removed.length === 1 ? [] : [`${removed.length} files of the message`]),
              ...found().map((at) => `came back: ${at}`),
            ];
          },
        );
        expect(problems).toEqual([]);
      },
      600_000,
    );
  });
}
