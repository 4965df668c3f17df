import { beforeAll, describe, expect, test } from 'vitest';
import { completes, inSlots, random, SEEDS, sample, shownCall } from './cases.ts';
import { falseClaims } from './claims.ts';
import { Disk, type Luck } from './disk.ts';
import { MANY, type Prepared, type PreparedSlot, prepare, SCENARIOS } from './scenarios.ts';
import type { Call } from './stage.ts';
import type { FileNode, Tree } from './tree.ts';

/** What of all that nothing has flushed is there after a power cut. */
const LUCK: Readonly<Record<string, (seed: number) => Luck>> = {
  'nothing survives that was not flushed': () => ({
    names: ([first]) => first as ReturnType<Luck['names']>,
    file: (now, durable) => durable ?? empty(now),
  }),
  'names survive, and bytes do not: files are empty': () => ({
    names: (history) => history.at(-1) as ReturnType<Luck['names']>,
    file: (now, durable) => durable ?? empty(now),
  }),
  'names survive, and bytes do not: files are full of zeros': () => ({
    names: (history) => history.at(-1) as ReturnType<Luck['names']>,
    file: (now, durable) => (durable === now ? now : zeros(now)),
  }),
  'some of everything survives': (seed) => {
    const below = random(seed);
    return {
      names: (history) => history[below(history.length)] as ReturnType<Luck['names']>,
      file: (now, durable) =>
        [now, durable ?? empty(now), zeros(now), empty(now)][durable === now ? 0 : below(4)] as FileNode,
    };
  },
};

function empty(file: FileNode): FileNode {
  return { ...file, bytes: Buffer.alloc(0), seconds: 0 };
}

function zeros(file: FileNode): FileNode {
  return { ...file, bytes: Buffer.alloc(file.bytes.length) };
}

/** Cuts after which the command is run again, for each scenario and seed. */
const RERUNS = 150;

/** A power cut behind call number `point` of the journal. */
interface Cut {
  readonly point: number;
  readonly luck: string;
}

describe.each([...SCENARIOS, MANY])('power cuts in $name', (scenario) => {
  let prepared: Prepared;
  const journals = new Map<PreparedSlot, Call[]>();
  let points: number[] = [];

  beforeAll(async () => {
    prepared = await prepare(scenario);
    for (const place of prepared.slots) {
      place.slot.restore(place.before);
      // In a process that is dead afterwards, as the owner of a lock is after a power cut.
      await place.slot.runApart(scenario.command, { count: 'calls', data: true });
      journals.set(place, place.slot.calls());
    }
    const [place] = prepared.slots as [PreparedSlot];
    const disk = new Disk(place.slot.at, place.before);
    points = [...(journals.get(place) ?? []).entries()]
      .filter(([, call]) => disk.apply(call))
      .map(([i]) => i + 1);
  });

  function treeAfter(place: PreparedSlot, { point, luck }: Cut, seed: number): Tree {
    const disk = new Disk(place.slot.at, place.before);
    for (const call of journals.get(place)?.slice(0, point) ?? []) disk.apply(call);
    const tree = disk.afterPowerCut((LUCK[luck] as (seed: number) => Luck)(seed * 100_000 + point));
    return new Map([...tree, ['tmp', { mode: 0o700 }]]);
  }

  function nameOf({ point, luck }: Cut): string {
    const [place] = prepared.slots as [PreparedSlot];
    return `cut after call ${shownCall(place, journals.get(place)?.[point - 1])}, ${luck}`;
  }

  test('the double of the disk holds at the end what the disk holds', () => {
    const [place] = prepared.slots as [PreparedSlot];
    const all: Luck = { names: (history) => history.at(-1) as ReturnType<Luck['names']>, file: (now) => now };
    const disk = new Disk(place.slot.at, place.before);
    for (const call of journals.get(place) ?? []) disk.apply(call);
    const bytes = (tree: Tree) =>
      [...tree]
        .map(([at, node]) => `${at} ${node.mode} ${'bytes' in node ? node.bytes.toString('latin1') : ''}`)
        .sort();
    expect(bytes(new Map([...disk.afterPowerCut(all), ['tmp', { mode: 0o700 }]]))).toEqual(
      bytes(place.slot.state()),
    );
  });

  test.each(SEEDS)('a manifest claims only what has survived with it: seed %i', (seed) => {
    expect(points.length).toBeGreaterThan(scenario.floor);
    const [place] = prepared.slots as [PreparedSlot];
    const problems = points.flatMap((point) =>
      Object.keys(LUCK).flatMap((luck) =>
        falseClaims(treeAfter(place, { point, luck }, seed)).map(
          (text) => `${nameOf({ point, luck })}: ${text}`,
        ),
      ),
    );
    expect(problems).toEqual([]);
  });

  test.each(SEEDS)(
    'the next run comes to the same end: seed %i',
    async (seed) => {
      const cuts = points.flatMap((point) => Object.keys(LUCK).map((luck): Cut => ({ point, luck })));
      const problems = await inSlots(
        prepared,
        sample(cuts, RERUNS, random(seed)),
        nameOf,
        async (place, cut) => {
          place.slot.restore(treeAfter(place, cut, seed));
          return completes(place, scenario.command);
        },
      );
      expect(problems).toEqual([]);
    },
    600_000,
  );
});
