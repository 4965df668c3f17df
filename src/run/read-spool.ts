import { BlockDigests } from '../codec/digest.ts';
import type { ScanOptions, ScanRemark } from '../codec/mbox/message-scanner.ts';
import { LIMITS } from '../core/limits.ts';
import type { Stretch } from '../core/stretch.ts';
import { isMboxRules } from '../core/types.ts';
import { blockSizeFor, digestBlocks, type Unchanged, unchangedBlocks } from '../source/blocks.ts';
import { scanDelta } from '../source/delta.ts';
import {
  beginsWithSeparator,
  type ChosenRules,
  detectRules,
  dialectOf,
  forceRules,
  rulesByFirst,
  scanSpool,
} from '../source/scan.ts';
import { Spool } from '../source/spool.ts';
import type { Manifest } from '../state/manifest.ts';
import { Spill } from '../state/spill.ts';
import type { RunContext } from './context.ts';
import { FindingList } from './finding-list.ts';
import { headerUidlOf } from './pop3-uidls.ts';
import type { ReadInput, Reading } from './read-mailbox.ts';
import { readingKey } from './source-view.ts';

/** Reads a spool once: what changed since the last pass where that can be told, else all of it. */
export async function readSpool(context: RunContext, input: ReadInput): Promise<Reading> {
  const spool = await Spool.open(input.open());
  let spill = new Spill(input.known);
  const close = () => {
    spool.close();
    spill.close();
  };
  try {
    const known = spool.inPlace ? usable(context, input.known) : undefined;
    const blocks = known && (await digestBlocks(spool, known.header.blocks.size, context.took));
    const delta = known && blocks && (await readChanges({ context, input, spool, spill }, known, blocks));
    if (delta === undefined) {
      spill.close();
      spill = new Spill();
      input.store.clear();
    }
    const read = delta ?? (await readWhole({ context, input, spool, spill }, blocks));
    const blockSize = known?.header.blocks.size ?? blockSizeFor(spool.size);
    return { ...read, spool, spill, blockSize, settled: spool.settled, complete: spill.count, close };
  } catch (error) {
    close();
    throw error;
  }
}

interface Attempt {
  readonly context: RunContext;
  readonly input: ReadInput;
  readonly spool: Spool;
  readonly spill: Spill;
}

type Read = Pick<Reading, 'options' | 'rules' | 'totals' | 'findings' | 'blocks' | 'reused' | 'framed'>;

/** A manifest that says enough of the spool: made under the same options, and with all findings by name. */
function usable({ reading }: RunContext, known: Manifest | undefined): Manifest | undefined {
  const header = known?.header;
  if (header === undefined || header.blocks.count === 0 || header.findings.more > 0) return undefined;
  if (header.reading !== readingKey({ reading }) || reading.unquote !== 'none') return undefined;
  return known;
}

/** Remarks that are held back; with more, the whole spool is read. */
const MANY = 1000;

async function readChanges(
  attempt: Attempt,
  known: Manifest,
  blocks: readonly string[],
): Promise<Read | undefined> {
  const { context, input, spool } = attempt;
  const { header } = known;
  const unchanged = unchangedBlocks(known.blocks(), blocks, header.blocks.size);
  const rules = await sameRules(attempt, known, unchanged);
  if (rules === undefined) return undefined;
  const held: ScanRemark[] = [];
  // What is said counts only when the whole outcome does.
  const options = scanOptions(attempt, rules, (remark) => {
    if (held.length <= MANY) held.push(remark);
  });
  const onStretch = (stretch: Stretch) => {
    context.checkSignal();
    attempt.spill.addStretch(stretch);
  };
  const into = { ...options, onMessage: keeper(attempt), onStretch };
  const delta = await scanDelta(spool, known, unchanged, into);
  if (delta === undefined || held.length > MANY) return undefined;
  input.rules(rules, spool.place);
  const findings = new FindingList();
  for (const remark of held) say(attempt, findings, remark);
  const said = (remark: ScanRemark) => say({ context, input, spool }, findings, remark);
  return {
    options: { ...options, remark: said },
    rules,
    totals: delta.totals,
    findings: findings.all,
    blocks,
    reused: delta.reused,
    framed: delta.framed,
  };
}

/** The rules of the last pass, if a look at all of the spool would choose them again. */
async function sameRules(
  { context, input, spool }: Attempt,
  known: Manifest,
  unchanged: Unchanged,
): Promise<ChosenRules | undefined> {
  const { rules: wanted } = context.reading;
  const { rules, reason, ground } = known.header;
  if (!isMboxRules(rules)) return undefined;
  if (wanted !== 'auto') {
    const forced = forceRules(spool, wanted);
    return forced.rules === rules ? forced : undefined;
  }
  const first = await rulesByFirst(spool, input.indexes);
  if (first !== undefined) return first.rules === rules && first.ground === ground ? first : undefined;
  const dialect = dialectOf(rules);
  const holds =
    ground === 'lines'
      ? spool.size > 0 && beginsWithSeparator(spool, dialect)
      : typeof ground === 'number' && ground > 0 && leadsTo(ground, spool, known, unchanged);
  return holds ? { rules, reason, ground, dialect } : undefined;
}

/** Whether a look at all of the spool would come upon the line at `ground` again, and find the same in it. */
function leadsTo(ground: number, spool: Spool, { header, records }: Manifest, unchanged: Unchanged): boolean {
  const to = ground + LIMITS.fromLine + LIMITS.lookahead;
  if (spool.size !== header.bytes && to > Math.min(spool.size, header.bytes)) return false;
  if (!unchanged(0, Math.min(to, spool.size))) return false;
  for (const { start, claim } of records()) {
    if (start > ground) break;
    if (claim === 'other') return false; // bytes behind the line have a say in what comes before it
  }
  return true;
}

async function readWhole(attempt: Attempt, known: readonly string[] | undefined): Promise<Read> {
  const { context, input, spool } = attempt;
  const { rules: wanted } = context.reading;
  const rules = wanted === 'auto' ? await detectRules(spool, input.indexes) : forceRules(spool, wanted);
  input.rules(rules, spool.place);
  const findings = new FindingList();
  const options = scanOptions(attempt, rules, (remark) => say(attempt, findings, remark));
  const digests =
    known === undefined && spool.inPlace ? new BlockDigests(blockSizeFor(spool.size)) : undefined;
  const totals = await scanSpool(spool, { ...options, onMessage: keeper(attempt) }, (piece) => {
    digests?.push(piece);
    context.took(piece.length);
  });
  const blocks = known ?? digests?.finish() ?? [];
  return { options, rules, totals, findings: findings.all, blocks, reused: 0, framed: spool.size };
}

function keeper({ context, spill }: Attempt): ScanOptions['onMessage'] {
  return (record, _ordinal, staged) => {
    context.checkSignal();
    spill.add(record, staged);
  };
}

function scanOptions(
  { context: { reading }, input, spool }: Attempt,
  { dialect }: ChosenRules,
  remark: ScanOptions['remark'],
): Omit<ScanOptions, 'onMessage'> {
  const { zone, unquote, uidls } = reading;
  const uidl = headerUidlOf(uidls);
  return { dialect, zone, unquote, uidl, fallbackDate: spool.modified, store: input.store, remark };
}

function say(
  { input, spool }: Omit<Attempt, 'spill'>,
  findings: FindingList,
  { severity, code, message, offset }: ScanRemark,
): void {
  input.remark(severity, code, message, { place: `${spool.place}:${offset}` });
  if (severity === 'finding') findings.add({ code, offset, message });
}
