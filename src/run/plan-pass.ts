import type { Scanned } from '../core/message.ts';
import { breathing } from '../io/breathe.ts';
import type { Action, PlanSummary } from '../plan/action.ts';
import { pairRenumbered } from '../plan/pairing.ts';
import { makePlan, type PlanInput, Summary } from '../plan/plan.ts';
import type { Manifest } from '../state/manifest.ts';
import type { SourceView } from './source-view.ts';

export interface PassSides {
  readonly manifest: Manifest | undefined;
  readonly source: SourceView;
  /** The source's messages one by one, with their UIDs. */
  scan(): Iterable<Scanned>;
  /** Whether what neither side changed may go through the plan as stretches of the manifest. */
  readonly whole: boolean;
  readonly checkSignal: () => void;
}

interface Planned {
  plan(): Iterable<Action>;
  readonly summary: PlanSummary;
}

/** The plan, and what it comes to. Messages under new UIDs are looked for only where some vanished and others came. */
export async function planPass(
  { manifest, source, scan, whole, checkSignal }: PassSides,
  how: Omit<PlanInput, 'old' | 'scan' | 'renumbered'>,
): Promise<Planned> {
  const old = () => manifest?.records() ?? [];
  const first = () =>
    whole && manifest !== undefined
      ? makePlan({ ...how, old: manifest.stretches(), scan: source.items(), renumbered: new Map() })
      : makePlan({ ...how, old: old(), scan: scan(), renumbered: new Map() });
  const summarize = async (plan: Iterable<Action>) => {
    const summary = new Summary();
    for await (const action of attentive(plan, checkSignal)) summary.add(action);
    return summary.plan;
  };
  const summary = await summarize(first());
  const moved = summary.vanished > 0 || how.merge;
  if (manifest === undefined || summary.added === 0 || !moved) return { plan: first, summary };
  const renumbered = await pairRenumbered(old(), attentive(scan(), checkSignal));
  if (renumbered.size === 0) return { plan: first, summary };
  const plan = () => makePlan({ ...how, old: old(), scan: scan(), renumbered });
  return { plan, summary: await summarize(plan()) };
}

/** The same items, while signals are noticed: a walk over a million messages takes seconds. */
export async function* attentive<T>(
  items: Iterable<T>,
  checkSignal: () => void,
): AsyncGenerator<T, void, void> {
  for await (const item of breathing(items)) {
    checkSignal();
    yield item;
  }
}
