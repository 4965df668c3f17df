import { parseOwnBaseName } from '../codec/maildir/name.ts';
import type { MailboxFacts } from '../core/message.ts';
import { baseOf } from '../maildir/base-of.ts';
import { type FolderState, folderState, type Inventory, takeInventory } from '../maildir/inspect.ts';
import { KeywordLetters } from '../maildir/keyword-letters.ts';
import type { TargetFolder } from '../maildir/target-folder.ts';
import { FolderView } from '../maildir/target-view.ts';
import { examineUidlist, type UidlistState, uidlistAsLeft } from '../maildir/uidlist-file.ts';
import type { Action, PlanSummary } from '../plan/action.ts';
import { type ForeignNumber, numberForeign } from '../plan/foreign.ts';
import { type Late, mappedOf } from '../plan/plan.ts';
import type { Journal } from '../state/journal.ts';
import type { Manifest } from '../state/manifest.ts';
import { knownNumbers, withUids } from './numbers.ts';
import { attentive, planPass } from './plan-pass.ts';
import type { SourceView } from './source-view.ts';

/** How a pass may change a target. */
export interface Manner {
  /** Late mail only, behind all that is there; nothing else is done. */
  readonly merge: boolean;
  /** Users have seen the target's UIDs: new mail comes behind all that is there, whatever UID the source gave it. */
  readonly sealed: boolean;
}

export interface Situation {
  readonly manifest: Manifest | undefined;
  readonly journal: Journal | undefined;
  readonly source: SourceView;
  /** `undefined`: it does not exist yet. */
  readonly folder: TargetFolder | undefined;
  readonly manner: Manner;
  /** Seconds since 1970: UIDVALIDITY of a mailbox that has none. */
  readonly now: number;
  readonly checkSignal: () => void;
}

/** What a pass will do to one mailbox, and what follows from it. Nothing has been written yet. */
export interface Decision {
  readonly state: FolderState;
  readonly inventory: Inventory | undefined;
  readonly uidlist: UidlistState;
  /** UIDVALIDITY, UIDNEXT and keywords, as the source has them. */
  readonly facts: MailboxFacts;
  /** UIDNEXT that the target will have. */
  readonly targetNext: number;
  readonly letters: KeywordLetters;
  readonly summary: PlanSummary;
  plan(): Iterable<Action>;
  readonly foreign: readonly ForeignNumber[];
  /** Messages in the folder that spoolsync did not put there, with or without a UID. */
  readonly others: number;
  /** Files that a pass left which was cut off, or whose manifest is lost, and that no message claims. */
  readonly unclaimed: number;
  readonly sweep: boolean;
  /** Whether anything in the folder has to change. */
  readonly work: boolean;
  readonly keepIndex: boolean;
  /** Whether the records of the uidlist stay as they are, and new ones only come behind them. */
  readonly appendOnly: boolean;
}

export async function decide(situation: Situation): Promise<Decision> {
  const { manifest, journal, source, folder, manner } = situation;
  const known = manifest?.header.target ?? { count: 0, sum: '0' };
  const state = folderState(folder, { listing: known, stamp: manifest?.header.stamp ?? '' });
  const asLeft = state.listing.count === known.count && state.listing.sum === known.sum;
  const inventory = asLeft || folder === undefined ? undefined : takeInventory(folder);
  const cutOff = journal !== undefined;
  const sweep = manifest === undefined || cutOff;
  const untouched = asLeft && !cutOff && isUidlistAsLeft(manifest, state);
  const uidlist =
    untouched && manifest !== undefined && folder !== undefined
      ? uidlistAsLeft(folder.dir, manifest.header.targetNext)
      : await examineUidlist(
          folder?.dir,
          attentive(manifest?.records() ?? [], situation.checkSignal),
          (base) => inventory === undefined || inventory.own.has(base) || inventory.others.has(base),
          (base) => !sweep || parseOwnBaseName(base) === undefined,
        );
  const first = factsOf(situation, uidlist);
  const late = manner.merge || manner.sealed ? lateBehind(uidlist, manifest) : undefined;
  const numbered = knownNumbers(first, manifest, inventory);
  const scan = () => withUids(first, numbered, source.records(), source.identified);
  const remembered = manifest?.header.letters.map((name) => name ?? undefined);
  const before = KeywordLetters.read(folder?.dir, remembered);
  const target = new FolderView(inventory, before, journal?.of ?? (() => []));
  const whole = asLeft && !cutOff && first.numbered && late === undefined;
  const how = { target, merge: manner.merge, late };
  const planned = await planPass({ manifest, source, scan, whole, checkSignal: situation.checkSignal }, how);
  const { summary } = planned;
  const facts = { ...first, uidNext: Math.max(first.uidNext, late === undefined ? summary.lastUid + 1 : 1) };
  const letters = before.extend(summary.keywordsInUse, facts.keywords);
  const floor = facts.numbered && late === undefined ? facts.uidNext : 1;
  const foreign = numberForeign(uidlist.foreign, floor);
  const sameValidity = uidlist.header?.uidValidity === facts.uidValidity;
  const least = Math.max(facts.uidNext, summary.lastUid + 1, (foreign.at(-1)?.uid ?? 0) + 1);
  const moved = foreign.some(({ record, uid }) => record.uid !== uid);
  const unclaimed = inventory === undefined || !sweep ? 0 : countUnclaimed(inventory, planned.plan());
  const extended = (facts.extensions ?? []).every((field) => uidlist.header?.extensions.includes(field));
  const fits = sameValidity && uidlist.sound && !moved && extended;
  const keepIndex = fits && summary.appendOnly && summary.firstNew >= uidlist.next;
  return {
    state,
    inventory,
    uidlist,
    facts,
    targetNext: sameValidity ? Math.max(uidlist.next, least) : least,
    letters,
    summary,
    plan: planned.plan,
    foreign,
    others: inventory?.others.size ?? manifest?.header.foreign ?? 0,
    unclaimed,
    sweep,
    // A pass that was cut off may have left its lock and half a uidlist, even where all its messages are as they should be.
    work: cutOff || !fits || uidlist.next < least || letters.changed || summary.writes || unclaimed > 0,
    keepIndex,
    appendOnly: keepIndex && untouched && summary.vanished === 0 && !summary.refielded,
  };
}

/** Whether the uidlist is the one that the last pass left, with no records but ours. */
function isUidlistAsLeft(manifest: Manifest | undefined, { uidlist }: FolderState): boolean {
  const header = manifest?.header;
  return header !== undefined && header.foreign === 0 && uidlist !== '' && uidlist === header.uidlist;
}

function lateBehind({ next }: UidlistState, manifest: Manifest | undefined): Late {
  return { nextUid: next, mapped: mappedOf(manifest?.records() ?? []) };
}

/** The source's numbers; where it has none, those that the target has, and they count all its mail. */
function factsOf({ manifest, source, manner, now }: Situation, { header, next }: UidlistState): MailboxFacts {
  const known = manifest?.header;
  const validity = known?.uidValidity ?? header?.uidValidity;
  const old =
    validity === undefined
      ? undefined
      : { uidValidity: validity, uidNext: known?.uidNext ?? 1, targetNext: next };
  const facts = source.facts(old, now);
  // Late mail joins what clients know, whatever has become of the source's numbers.
  return manner.merge && validity !== undefined ? { ...facts, uidValidity: validity } : facts;
}

/** Files with names of ours that nothing in the plan names. */
function countUnclaimed({ own }: Inventory, plan: Iterable<Action>): number {
  const claimed = new Set<string>();
  for (const action of plan) {
    if ('old' in action) claimed.add(baseOf(action.old));
    if ('next' in action) claimed.add(baseOf(action.next));
  }
  return [...own.keys()].filter((base) => !claimed.has(base)).length;
}
