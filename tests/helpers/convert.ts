import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OldUidls, parseOldUidls } from '../../src/codec/pop3-uidl.ts';
import { createZone } from '../../src/codec/time-zone.ts';
import type { RunEvent } from '../../src/core/events.ts';
import type { MboxRules, Unquote } from '../../src/core/types.ts';
import { toNameBytes } from '../../src/io/names.ts';
import type { Owner } from '../../src/io/owner.ts';
import { DEFAULT_MAX_REMOVE, type MaxRemove } from '../../src/plan/removals.ts';
import { Outcome } from '../../src/report/outcome.ts';
import { forEachAccount } from '../../src/run/accounts.ts';
import type { RunContext } from '../../src/run/context.ts';
import { finalAccounts } from '../../src/run/final.ts';
import type { FinalSettings } from '../../src/run/final-account.ts';
import { pairAccounts } from '../../src/run/pairs.ts';
import { planOf } from '../../src/run/source-plan.ts';

/** One account for a run inside the test's own process. */
export interface TestRun {
  /** Mail root, and optionally the INBOX file, of the source. */
  readonly root: string;
  readonly inbox?: string;
  /** The whole location, where it is not an mbox one of `root` and `inbox`. */
  readonly from?: string;
  readonly target: string;
  readonly state: string;
  readonly rules?: MboxRules | 'auto';
  readonly tz?: string;
  readonly unquote?: Unquote;
  /** As `--pop3-uidl` has it. */
  readonly uidl?: string;
  readonly now?: () => Date;
  readonly owner?: Owner;
  readonly maxRemove?: MaxRemove;
  readonly dryRun?: boolean;
}

/** What a run announced, and the exit status it would have had. */
export interface TestResult {
  readonly events: readonly RunEvent[];
  readonly exit: number;
}

export function convert(run: TestRun): Promise<TestResult> {
  return carryOut(run, (context, pairs) => {
    const { now = () => new Date(), maxRemove = DEFAULT_MAX_REMOVE, dryRun = false } = run;
    const settings = { state: toNameBytes(run.state), now, maxRemove, dryRun };
    return forEachAccount(context, { kind: 'convert', settings }, pairs);
  });
}

/** How `final` is run; its gate does not wait, and looks at no services of this host unless told so. */
export interface TestFinal extends Partial<Omit<FinalSettings, 'seal'>> {
  /** Path of the seal; beside the state unless given. */
  readonly seal?: string;
}

export function final(run: TestRun, how: TestFinal = {}): Promise<TestResult> {
  const { now = () => new Date(), maxRemove = DEFAULT_MAX_REMOVE } = run;
  const clock = { now: () => Date.now() + 60_000, sleep: () => Promise.resolve() };
  const settings: FinalSettings = {
    state: toNameBytes(run.state),
    now,
    maxRemove,
    dryRun: false,
    verify: 'changed',
    merge: false,
    forceQuiet: false,
    from: 'mbox:source',
    to: 'maildir:target',
    gate: { clock, services: () => [] },
    ...how,
    seal: toNameBytes(how.seal ?? `${run.state}.seal`),
  };
  return carryOut(run, (context, pairs) => finalAccounts(context, settings, pairs));
}

export function verify(run: TestRun): Promise<TestResult> {
  return carryOut(run, (context, pairs) =>
    forEachAccount(context, { kind: 'verify', state: toNameBytes(run.state) }, pairs),
  );
}

/** Any work over the account of a run. */
export async function carryOut(
  run: TestRun,
  work: (context: RunContext, pairs: ReturnType<typeof pairAccounts>['pairs']) => Promise<unknown>,
): Promise<TestResult> {
  const zone = createZone(run.tz ?? 'UTC');
  if (!zone.ok) throw new Error(zone.reason);
  const events: RunEvent[] = [];
  const outcome = new Outcome();
  const context: RunContext = {
    version: '0.0.0-test',
    reading: {
      rules: run.rules ?? 'auto',
      zone: zone.zone,
      unquote: run.unquote ?? 'none',
      uidls: run.uidl === undefined ? undefined : uidlsOf(run.uidl),
    },
    emit: (event) => {
      outcome.listen(event);
      if (event.event !== 'progress') events.push(event);
    },
    took: () => undefined,
    checkSignal: () => undefined,
  };
  const from = run.from ?? `mbox:${run.root}${run.inbox === undefined ? '' : `:INBOX=${run.inbox}`}`;
  const owner = run.owner && `${run.owner.uid}:${run.owner.gid}`;
  const to = toNameBytes(`maildir:${run.target}`);
  const { pairs } = pairAccounts([planOf(toNameBytes(from), to, [{ user: 'test' }], owner)]);
  await work(context, pairs);
  return { events, exit: outcome.exit };
}

function uidlsOf(text: string): OldUidls {
  const parsed = parseOldUidls(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.uidls;
}

/** A new empty directory that a Maildir, its state, and a source can be made in. */
export function scratchDir(): string {
  return mkdtempSync(join(tmpdir(), 'spoolsync-test-'));
}
