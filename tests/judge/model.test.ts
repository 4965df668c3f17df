import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { type ModelReport, runModel } from '../helpers/model.ts';
import { STEP_KINDS } from '../helpers/model-steps.ts';
import { TAMPER_KINDS } from '../helpers/tamper.ts';

/**
 * Real changes made on the old server through Dovecot and by a delivery agent, passes between: both sides look the same
 * at the end. Other seeds are run with SPOOLSYNC_SEED (the first) and SPOOLSYNC_SEEDS (how many): 500 of them with
 * `SPOOLSYNC_SEEDS=500 npx vitest run tests/judge/model.test.ts`. A failure names its seed and tells its story.
 */
const { SPOOLSYNC_SEED, SPOOLSYNC_SEEDS } = process.env;
const FIRST = Number(SPOOLSYNC_SEED ?? 1);
const COUNT = Number(SPOOLSYNC_SEEDS ?? 60);
const MINUTES = 60_000;
/** Stories that are told side by side: a pass works, Dovecot waits. */
const ABREAST = 3;

const reports: ModelReport[] = [];

test(
  `${COUNT} seeds from ${FIRST}: the target shows what the source does, and verify sees what is tampered with`,
  async () => {
    const limit = pLimit(ABREAST);
    const seeds = Array.from({ length: COUNT }, (_, i) => FIRST + i);
    reports.push(...(await Promise.all(seeds.map((seed) => limit(() => runModel(seed))))));
    const failed = reports.filter(({ problems }) => problems.length > 0);
    // A few stories end early at a fault of Dovecot's.
    const early = reports.filter(({ tampered }) => tampered === undefined).length - failed.length;
    expect(early).toBeLessThanOrEqual(Math.max(1, COUNT / 10));
    expect(failed.map(({ seed, problems, story }) => ({ seed, problems, story }))).toEqual([]);
  },
  30 * MINUTES,
);

test.skipIf(COUNT < 50)('every kind of step was taken, and every kind of tampering had its turn', () => {
  const taken = new Set(reports.flatMap(({ kinds }) => [...kinds]));
  expect([...taken].sort()).toEqual([...STEP_KINDS, 'deliver target'].sort());
  expect(TAMPER_KINDS.filter((kind) => !reports.some(({ tampered }) => tampered === kind))).toEqual([]);
});
