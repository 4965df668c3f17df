import { BlockDigests } from '../codec/digest.ts';
import type { ScanOptions, ScanRemark } from '../codec/mbox/message-scanner.ts';
import { LIMITS } from '../core/limits.ts';
import type { Finding, Findings } from '../core/message.ts';
import { digestBlocks, unchangedBlocks } from '../source/blocks.ts';
import { scanDelta } from '../source/delta.ts';
import {
  beginsWithSeparator,
  type ChosenRules,
  detectRules,
  dialectOf,
  forceRules,
  rulesByMark,
  scanSpool,
} from '../source/scan.ts';
import { Spool } from '../source/spool.ts';
import type { Manifest } from '../state/manifest.ts';
import { Spill } from '../state/spill.ts';
import type { RunContext } from './context.ts';
import type { ReadInput, Reading } from './read-mailbox.ts';
import { readingKey } from './source-view.ts';

/** Reads a spool once: what changed since the last pass where that can be told, else all of it. */
export async function readSpool(context: RunContext, input: ReadInput): Promise<Reading> {
  const spool = await Spool.open(input.open());
  let spill = new Spill();
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
    const blockSize = known?.header.blocks.size ?? LIMITS.block;
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

type Read = Pick<Reading, 'options' | 'rules' | 'totals' | 'findings' | 'blocks' | 'framed'>;

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
  const rules = await sameRules(attempt, header, unchanged);
  if (rules === undefined) return undefined;
  const held: ScanRemark[] = [];
  // What is said counts only when the whole outcome does.
  const options = scanOptions(attempt, rules, (remark) => {
    if (held.length <= MANY) held.push(remark);
  });
  const delta = await scanDelta(spool, known, unchanged, { ...options, onMessage: keeper(attempt) });
  if (delta === undefined || held.length > MANY) return undefined;
  input.rules(rules, spool.place);
  const findings = new FindingList();
  for (const finding of delta.kept) {
    findings.add(finding);
    input.remark('finding', finding.code, finding.message, { place: `${spool.place}:${finding.offset}` });
  }
  for (const remark of held) say(attempt, findings, remark);
  const said = (remark: ScanRemark) => say({ context, input, spool }, findings, remark);
  return {
    options: { ...options, remark: said },
    rules,
    totals: delta.totals,
    findings: findings.all,
    blocks,
    framed: delta.framed,
  };
}

/** The rules of the last pass, if a look at all of the spool would choose them again. */
async function sameRules(
  { context, input, spool }: Attempt,
  { rules, reason, ground }: Manifest['header'],
  unchanged: (from: number, to: number) => boolean,
): Promise<ChosenRules | undefined> {
  const { rules: wanted } = context.reading;
  if (wanted !== 'auto') {
    const forced = forceRules(spool, wanted);
    return forced.rules === rules ? forced : undefined;
  }
  const marked = await rulesByMark(spool, input.indexes);
  if (marked !== undefined || ground === 'mark')
    return marked?.rules === rules && ground === 'mark' ? marked : undefined;
  const dialect = dialectOf(rules);
  const holds =
    ground === 'lines'
      ? spool.size > 0 && beginsWithSeparator(spool, dialect)
      : unchanged(0, Math.min(spool.size, ground + LIMITS.fromLine + LIMITS.lookahead));
  return holds ? { rules, reason, ground, dialect } : undefined;
}

async function readWhole(attempt: Attempt, known: readonly string[] | undefined): Promise<Read> {
  const { context, input, spool } = attempt;
  const { rules: wanted } = context.reading;
  const rules = wanted === 'auto' ? await detectRules(spool, input.indexes) : forceRules(spool, wanted);
  input.rules(rules, spool.place);
  const findings = new FindingList();
  const options = scanOptions(attempt, rules, (remark) => say(attempt, findings, remark));
  const digests = known === undefined && spool.inPlace ? new BlockDigests(LIMITS.block) : undefined;
  const totals = await scanSpool(spool, { ...options, onMessage: keeper(attempt) }, (piece) => {
    digests?.push(piece);
    context.took(piece.length);
  });
  const blocks = known ?? digests?.finish() ?? [];
  return { options, rules, totals, findings: findings.all, blocks, framed: spool.size };
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
  const { zone, unquote } = reading;
  return { dialect, zone, unquote, fallbackDate: spool.modified, store: input.store, remark };
}

function say(
  { input, spool }: Omit<Attempt, 'spill'>,
  findings: FindingList,
  { severity, code, message, offset }: ScanRemark,
): void {
  input.remark(severity, code, message, { place: `${spool.place}:${offset}` });
  if (severity === 'finding') findings.add({ code, offset, message });
}

/** The first findings one by one, the rest by number. */
class FindingList {
  readonly #list: Finding[] = [];
  #more = 0;

  add({ code, offset, message }: Finding): void {
    if (this.#list.length < LIMITS.findings) this.#list.push({ code, offset, message });
    else this.#more++;
  }

  get all(): Findings {
    return { list: this.#list, more: this.#more };
  }
}
